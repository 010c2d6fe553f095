// Sizes that allocators recycle blocks by: four per power of two, from 64 bytes on, so at most a quarter of a block
// lies idle.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace sinter::runtime {

inline constexpr size_t kLargestBlock = size_t{1} << 46;

[[nodiscard]] constexpr uint32_t size_class(size_t bytes) {
  if (bytes <= 64) return 0;
  const uint32_t power = static_cast<uint32_t>(std::bit_width(bytes - 1)) - 1;  // 2^power < bytes <= 2^(power + 1)
  const uint32_t quarter = static_cast<uint32_t>((bytes - 1) >> (power - 2)) & 3u;
  return (power - 6) * 4 + quarter + 1;
}
// The bytes of the class's blocks, a multiple of 64.
[[nodiscard]] constexpr size_t class_bytes(uint32_t index) {
  if (index == 0) return 64;
  const uint32_t power = (index - 1) / 4 + 6, quarter = (index - 1) % 4;
  const size_t bytes = (size_t{1} << power) + (size_t{quarter + 1} << (power - 2));
  return (bytes + 63) / 64 * 64;
}
inline constexpr uint32_t kSizeClasses = size_class(kLargestBlock) + 1;

static_assert(size_class(65) == 1 && size_class(80) == 1 && size_class(81) == 2 && size_class(128) == 4);
static_assert(class_bytes(size_class(1 << 20)) == 1 << 20 && class_bytes(size_class((1 << 20) + 1)) == 5 << 18);
static_assert(class_bytes(size_class(size_t{5} << 32)) == size_t{5} << 32);

}  // namespace sinter::runtime
