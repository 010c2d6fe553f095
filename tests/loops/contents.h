// Random contents of a kernel's buffers, and how what two runs made of them is compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ir/loops/kernel.h"

namespace sinter::loops {

using Contents = std::vector<std::vector<std::byte>>;  // one a buffer

struct ContentOptions {
  std::vector<int64_t> symbols;
  uint64_t seed = 1;
  int64_t index_limit = 4;     // i64 elements are drawn from [0, index_limit)
  bool special_values = true;  // floats include NaN, infinities, zeros of both signs
};
[[nodiscard]] Contents random_contents(const Kernel& kernel, const ContentOptions& options);

// Where two buffers first differ, in words; "" if nowhere. NaNs are equal, denormals are zero.
[[nodiscard]] std::string difference(std::span<const std::byte> expected, std::span<const std::byte> given,
                                     DType dtype);

}  // namespace sinter::loops
