// Files: read whole, mapped, and written whole or not at all. Every failure is a FileError that names the path.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sinter::runtime {

using Bytes = std::span<const std::byte>;

// The content of a regular file.
[[nodiscard]] std::vector<std::byte> read_file(const std::filesystem::path& path);

// A regular file mapped for reading. Must not be shortened by others while it is mapped; write_file never does that.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  [[nodiscard]] Bytes bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

struct WriteOptions {
  unsigned mode = 0666;  // of a new file, less the umask
  bool durable = true;   // on return the file survives a loss of power; leftovers of killed writers are removed
};
// Makes `pieces`, one after the other, the content of the file at `path`: they are written beside it under another
// name, which is then renamed. Whatever happens (a full disk, kill -9), a reader finds the old content or the new,
// whole. On an error nothing is left behind. A symbolic link is followed.
void write_file(const std::filesystem::path& path, std::span<const Bytes> pieces, WriteOptions how = {});

// The name of the file that write_file was making when it was killed and left a file of this name; "" for other names.
[[nodiscard]] std::string temporary_target(std::string_view name);

// Makes the folder and those above it that are missing, private to the user (mode 0700).
void make_private_folder(const std::filesystem::path& folder);

}  // namespace sinter::runtime
