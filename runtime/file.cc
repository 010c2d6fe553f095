#include "runtime/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <system_error>
#include <utility>

#include "support/error.h"

namespace sinter::runtime {
namespace {

namespace fs = std::filesystem;

std::string reason(int error) { return std::generic_category().message(error); }

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags, unsigned mode = 0)
      : number_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] bool open() const { return number_ >= 0; }
  [[nodiscard]] int number() const { return number_; }
  // Closes at once; whether that succeeded (some file systems report a full disk only here).
  [[nodiscard]] bool close() { return ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

// The size of the regular file open at `file`.
size_t regular_size(const Descriptor& file, const fs::path& path) {
  struct stat facts{};
  if (fstat(file.number(), &facts) != 0)
    throw FileError(fmt::format("cannot read {}: {}", path.native(), reason(errno)));
  if (S_ISDIR(facts.st_mode)) throw FileError(fmt::format("cannot read {}: it is a folder", path.native()));
  if (!S_ISREG(facts.st_mode)) throw FileError(fmt::format("cannot read {}: it is not a regular file", path.native()));
  return static_cast<size_t>(facts.st_size);
}

// O_NONBLOCK: a pipe without a writer would otherwise be waited for.
constexpr int kReadFlags = O_RDONLY | O_NONBLOCK;

void require_open(const Descriptor& file, const fs::path& path) {
  if (!file.open()) throw FileError(fmt::format("cannot read {}: {}", path.native(), reason(errno)));
}

size_t total_size(std::span<const Bytes> pieces) {
  size_t total = 0;
  for (Bytes piece : pieces) total += piece.size();
  return total;
}

// 0, or the errno of the write that failed.
int write_all(const Descriptor& file, std::span<const Bytes> pieces) {
  for (Bytes piece : pieces)
    while (!piece.empty()) {
      const ssize_t written = ::write(file.number(), piece.data(), piece.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return errno;
      if (written == 0) return ENOSPC;
      piece = piece.subspan(static_cast<size_t>(written));
    }
  return 0;
}

constexpr std::string_view kTemporaryMark = ".sinter-tmp-";

fs::path temporary_beside(const fs::path& path) {
  static std::atomic<uint64_t> count{0};
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return path.parent_path() / fmt::format(".{}{}{}-{:x}-{}", path.filename().native(), kTemporaryMark, getpid(),
                                          now.tv_nsec, count.fetch_add(1));
}

// Removes what killed writers left of `path`: files that are not of just now and that no writer holds locked.
void remove_leftovers(const fs::path& path) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(path.parent_path(), ignored)) {
    if (temporary_target(entry.path().filename().native()) != path.filename()) continue;
    const Descriptor file(entry.path(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    struct stat facts{};
    if (!file.open() || fstat(file.number(), &facts) != 0 || facts.st_mtime > std::time(nullptr) - 60) continue;
    if (flock(file.number(), LOCK_EX | LOCK_NB) == 0) ::unlink(entry.path().c_str());
  }
}

// Where the content really goes: links are followed, and the folder is always named.
fs::path resolved(const fs::path& path) {
  std::error_code problem;
  fs::path target = fs::is_symlink(path, problem) ? fs::weakly_canonical(path, problem) : path;
  if (problem || target.empty()) target = path;
  return target.has_parent_path() ? target : "." / target;
}

}  // namespace

std::vector<std::byte> read_file(const fs::path& path) {
  const Descriptor file(path, kReadFlags);
  require_open(file, path);
  std::vector<std::byte> content(regular_size(file, path));
  size_t have = 0;
  while (have < content.size()) {
    const ssize_t got = ::read(file.number(), content.data() + have, content.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw FileError(fmt::format("cannot read {}: {}", path.native(), reason(errno)));
    if (got == 0) break;  // it shrank meanwhile
    have += static_cast<size_t>(got);
  }
  content.resize(have);
  return content;
}

MappedFile::MappedFile(const fs::path& path) {
  const Descriptor file(path, kReadFlags);
  require_open(file, path);
  const size_t size = regular_size(file, path);
  if (size == 0) return;
  void* mapping = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number(), 0);
  if (mapping == MAP_FAILED) throw FileError(fmt::format("cannot map {}: {}", path.native(), reason(errno)));
  bytes_ = {static_cast<const std::byte*>(mapping), size};
}
MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}
MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

void write_file(const fs::path& path, std::span<const Bytes> pieces, WriteOptions how) {
  const fs::path target = resolved(path), temporary = temporary_beside(target);
  bool made = false;
  const auto fail = [&](int error) {
    if (made) ::unlink(temporary.c_str());
    throw FileError(
        fmt::format("cannot write {} bytes to {}: {}", total_size(pieces), path.native(), reason(error)),
        error == ENOSPC || error == EDQUOT ? "free space on that disk; the file that was there is as before" : "");
  };
  struct stat old{};
  const bool exists = stat(target.c_str(), &old) == 0;
  if (exists && !S_ISREG(old.st_mode)) fail(S_ISDIR(old.st_mode) ? EISDIR : EINVAL);
  if (how.durable) remove_leftovers(target);

  Descriptor file(temporary, O_WRONLY | O_CREAT | O_EXCL, how.mode);
  if (!file.open()) fail(errno);
  made = true;
  flock(file.number(), LOCK_EX);  // tells remove_leftovers that this writer lives
  if (exists) fchmod(file.number(), old.st_mode & 0777);
  if (const int error = write_all(file, pieces)) fail(error);
  if (how.durable && fsync(file.number()) != 0) fail(errno);
  if (!file.close()) fail(errno);
  if (::rename(temporary.c_str(), target.c_str()) != 0) fail(errno);
  // The new name itself reaches the disk with its folder.
  if (const Descriptor folder(target.parent_path(), O_RDONLY | O_DIRECTORY); how.durable && folder.open())
    fsync(folder.number());
}

std::string temporary_target(std::string_view name) {
  const size_t mark = name.rfind(kTemporaryMark);
  if (!name.starts_with('.') || mark == std::string_view::npos || mark < 2) return "";
  return std::string(name.substr(1, mark - 1));
}

void make_private_folder(const fs::path& folder) {
  std::error_code ignored;
  if (folder.empty() || fs::is_directory(folder, ignored)) return;
  if (folder.has_parent_path() && folder.parent_path() != folder) make_private_folder(folder.parent_path());
  int error = ::mkdir(folder.c_str(), 0700) == 0 ? 0 : errno;
  if (error == EEXIST) error = fs::is_directory(folder, ignored) ? 0 : ENOTDIR;
  if (error != 0) throw FileError(fmt::format("cannot make the folder {}: {}", folder.native(), reason(error)));
}

}  // namespace sinter::runtime
