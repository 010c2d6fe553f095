#include "runtime/disk_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <system_error>

#include "runtime/cache_entry.h"
#include "runtime/file.h"
#include "support/error.h"
#include "support/options.h"

namespace sinter::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".entry";
constexpr time_t kAbandonedAfter = 3600;  // seconds until a temporary file counts as left by a killed process

// Why the folder's content may not be run; "" when it may.
std::string distrust(const fs::path& folder) {
  struct stat facts{};
  if (stat(folder.c_str(), &facts) != 0) return std::generic_category().message(errno);
  if (!S_ISDIR(facts.st_mode)) return "it is not a folder";
  if (facts.st_uid != geteuid()) return "it belongs to another user";
  if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0) return "others may write into it";
  return "";
}

bool may_be_read(const fs::path& path, uint64_t most_bytes) {
  struct stat facts{};
  return lstat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_uid == geteuid() &&
         (facts.st_mode & (S_IWGRP | S_IWOTH)) == 0 && static_cast<uint64_t>(facts.st_size) <= most_bytes;
}

// The problem alone, without the user's line.
std::string first_line(const FileError& error) {
  const std::string_view text = error.what();
  return std::string(text.substr(0, text.find('\n')));
}

bool is_entry_name(std::string_view name) {
  if (!name.ends_with(kSuffix)) return false;
  name.remove_suffix(kSuffix.size());
  return name.size() == 32 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

struct Entry {
  fs::path path;
  uint64_t bytes;
  timespec used;
};

// The entries of the folder. Files that are still being written are left out; those that killed processes left are
// removed. Any other file is somebody's own, for instance in a home folder that was named as the cache.
std::vector<Entry> entries_of(const fs::path& folder) {
  std::vector<Entry> entries;
  std::error_code ignored;
  for (const fs::directory_entry& file : fs::directory_iterator(folder, ignored)) {
    std::string name = file.path().filename();
    const std::string target = temporary_target(name);
    const bool temporary = !target.empty();
    if (temporary) name = target;
    if (!is_entry_name(name)) continue;
    struct stat facts{};
    if (lstat(file.path().c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) continue;
    if (!temporary)
      entries.push_back({file.path(), static_cast<uint64_t>(facts.st_size), facts.st_mtim});
    else if (facts.st_mtime < std::time(nullptr) - kAbandonedAfter)
      ::unlink(file.path().c_str());
  }
  return entries;
}

uint64_t total(const std::vector<Entry>& entries) {
  uint64_t bytes = 0;
  for (const Entry& entry : entries) bytes += entry.bytes;
  return bytes;
}

// If there is more than the limit, removes the entries used longest ago until a fifth of it is free.
void sweep(const fs::path& folder, uint64_t limit) {
  std::vector<Entry> entries = entries_of(folder);
  uint64_t used = total(entries);
  if (used <= limit) return;
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.used.tv_sec, a.used.tv_nsec) < std::pair(b.used.tv_sec, b.used.tv_nsec);
  });
  for (const Entry& entry : entries) {
    if (used <= limit - limit / 5) break;
    ::unlink(entry.path.c_str());
    used -= entry.bytes;
  }
}

// A number from 0 to 1 that differs from call to call and between processes: the clock's nanoseconds.
double dice() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<double>(now.tv_nsec & 0xffff) / 0x10000;
}

}  // namespace

fs::path default_cache_folder() {
  const auto absolute = [](const char* variable) {
    const char* value = std::getenv(variable);
    const fs::path path = value != nullptr ? value : "";
    return path.is_absolute() ? path : fs::path();
  };
  if (const fs::path caches = absolute("XDG_CACHE_HOME"); !caches.empty()) return caches / "sinter";
  if (const fs::path home = absolute("HOME"); !home.empty()) return home / ".cache" / "sinter";
  return {};
}

DiskCache::DiskCache(fs::path folder, uint64_t limit_bytes) : limit_(limit_bytes) {
  try {
    make_private_folder(folder);
  } catch (const FileError& error) {
    problem_ = fmt::format("off: {}", first_line(error));
    return;
  }
  if (const std::string why = distrust(folder); !why.empty()) {
    problem_ = fmt::format("off: {} is not used: {}", folder.native(), why);
    return;
  }
  writable_ = access(folder.c_str(), W_OK | X_OK) == 0;
  if (!writable_) problem_ = std::generic_category().message(errno);
  folder_ = std::move(folder);
}

DiskCache DiskCache::off(std::string reason) { return DiskCache("off: " + std::move(reason)); }

DiskCache& DiskCache::global() {
  static DiskCache& cache = *[] {
    const Options& asked = options();
    if (asked.cache == "off") return new DiskCache("off: SINTER_CACHE is off");
    const fs::path folder = asked.cache.empty() ? default_cache_folder() : fs::path(asked.cache);
    if (folder.empty()) return new DiskCache("off: neither XDG_CACHE_HOME nor HOME names a folder; set SINTER_CACHE");
    auto* made = new DiskCache(folder, uint64_t{static_cast<uint32_t>(asked.cache_mb)} << 20);
    if (!made->writable_)
      fmt::print(
          stderr,
          "sinter: the cache of compiled code is {}; set SINTER_CACHE to a folder that only you can write to, or "
          "to off\n",
          made->state());
    return made;
  }();
  return cache;
}

fs::path DiskCache::entry_path(std::string_view key) const {
  return folder_ / (cache_entry_name(key) + std::string(kSuffix));
}

std::optional<std::vector<std::byte>> DiskCache::load(std::string_view key) {
  if (folder_.empty()) return std::nullopt;
  const fs::path path = entry_path(key);
  if (!may_be_read(path, limit_)) return std::nullopt;
  try {
    std::vector<std::byte> content = read_file(path);
    if (!cache_entry_value(key, content)) {
      if (writable_) ::unlink(path.c_str());
      return std::nullopt;
    }
    if (writable_) utimensat(AT_FDCWD, path.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);  // used now
    content.erase(content.begin(), content.begin() + kCacheEntryHeadBytes);
    return content;
  } catch (const FileError&) {  // another process removed it
    return std::nullopt;
  }
}

void DiskCache::store(std::string_view key, std::span<const std::byte> value) {
  const uint64_t bytes = kCacheEntryHeadBytes + value.size();
  if (!writable_ || bytes > limit_) return;
  const auto head = cache_entry_head(key, value);
  const Bytes pieces[] = {head, value};
  try {
    write_file(entry_path(key), pieces, {.mode = 0600, .durable = false});
  } catch (const FileError& error) {
    std::lock_guard lock(mutex_);
    problem_ = first_line(error);
    return;
  }
  sweep_sometimes(bytes);
}

// Listing a folder of many small entries takes long, and no process knows what the others store. So each store sweeps
// with the chance that makes it happen once in every sixteenth of the limit stored, whoever stores it.
void DiskCache::sweep_sometimes(uint64_t stored_bytes) const {
  if (dice() < 16.0 * static_cast<double>(stored_bytes) / static_cast<double>(limit_)) sweep(folder_, limit_);
}

std::string DiskCache::state() const {
  std::lock_guard lock(mutex_);
  if (folder_.empty()) return problem_;
  const std::vector<Entry> entries = entries_of(folder_);
  std::string text =
      fmt::format("{}: {} entries, {:.1f} of {} MiB{}", folder_.native(), entries.size(),
                  static_cast<double>(total(entries)) / (1 << 20), limit_ >> 20, writable_ ? "" : ", read-only");
  if (!problem_.empty()) text += fmt::format(" ({})", problem_);
  return text;
}

}  // namespace sinter::runtime
