// The IDX format of the MNIST data: arrays of bytes, raw or compressed with gzip.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace sinter::runtime {

struct IdxArray {
  std::vector<int64_t> shape;
  std::vector<uint8_t> values;  // row-major
};

// Reads a whole file of unsigned bytes. FileError names the file and what is wrong with it: another format or element
// type, a size that does not fit the header, damaged compression. Memory is asked for only once the sizes are
// plausible.
[[nodiscard]] IdxArray read_idx(const std::filesystem::path& path);

}  // namespace sinter::runtime
