// Named arrays in the safetensors format (F32, F64, I64, BOOL), whole or not at all.
// Files that Sinter writes carry a checksum of everything in them as the first metadata entry, "sinter.xxh3".
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/file.h"
#include "support/dtype.h"

namespace sinter::runtime {

struct NamedArray {
  std::string name;
  DType dtype = kFloat32;
  std::vector<int64_t> shape;
  std::span<const std::byte> data;  // row-major, little endian; may lie at any address
};

using Metadata = std::map<std::string, std::string>;

// An open file. Its arrays point into the mapped file and live as long as this object.
class SafetensorsFile {
 public:
  // Checks everything: FileError names the file, and the array where one is at fault.
  explicit SafetensorsFile(const std::filesystem::path& path);
  // In the order of their bytes.
  [[nodiscard]] const std::vector<NamedArray>& arrays() const { return arrays_; }
  // Null when there is none of that name.
  [[nodiscard]] const NamedArray* find(std::string_view name) const;
  // Without the checksum.
  [[nodiscard]] const Metadata& metadata() const { return metadata_; }
  // Whether the file carried Sinter's checksum, so that damage of any kind would have been found.
  [[nodiscard]] bool checked() const { return checked_; }

 private:
  MappedFile file_;
  std::vector<NamedArray> arrays_;
  std::map<std::string_view, size_t> by_name_;
  Metadata metadata_;
  bool checked_ = false;
};

// Writes the arrays in the order given; equal arguments give equal bytes. ValueError when an array's data has not the
// size that shape and dtype ask for, or a name is used twice, reserved, or not UTF-8. FileError when the disk refuses:
// what was at `path` is then as before.
void write_safetensors(const std::filesystem::path& path, std::span<const NamedArray> arrays,
                       const Metadata& metadata = {});

}  // namespace sinter::runtime
