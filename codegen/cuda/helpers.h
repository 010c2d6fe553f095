// The functions that generated kernels call: each of these adds its text to the kernel's helpers and returns its name.
// Helpers start with a dtype or a word of their own; functions of rows end in a dtype.
#pragma once

#include <string>
#include <string_view>

#include "codegen/cuda/prims.h"

namespace sinter::codegen::cuda {

// what: add, sub, mul, neg, abs, div, rem, mul_high, shift_left, shift_right, shift_right_signed. Wrapping, no traps.
[[nodiscard]] std::string integer_helper(Helpers& helpers, std::string_view what, DType dtype);
// Truncates, saturates, NaN gives 0.
[[nodiscard]] std::string to_integer_helper(Helpers& helpers, DType from, DType to);
// double -> double: denormals become zero of their sign.
[[nodiscard]] std::string flush_helper(Helpers& helpers);
// (x, by) rounded down, by > 0; or what is left of it. wide: long long, else int.
[[nodiscard]] std::string floor_helper(Helpers& helpers, bool remainder, bool wide);
// (seed, stream, element) -> 32 bits in a long long.
[[nodiscard]] std::string philox_helper(Helpers& helpers);
// (index, extent, number of the check, status) -> the index, or 0 after noting that the check failed.
[[nodiscard]] std::string check_index_helper(Helpers& helpers);
// kMul, kDiv or kFma of f64 where denormals are zero, with x86's rule of what counts as denormal.
[[nodiscard]] std::string flushed_helper(Helpers& helpers, ir::Prim prim);

// What is known of neighbours in memory.
enum class Vector : uint8_t {
  kWhole,     // all exist, and the first is aligned to the vector
  kPart,      // the first is aligned
  kAnywhere,  // nothing: of views, which may begin at any element
};
// (T* x, const T* p): loads neighbours. Other than kWhole: (x, p, count), of which only `count` exist.
[[nodiscard]] std::string load_helper(Helpers& helpers, DType dtype, int width, Vector known);
// (T* p, const T* x), other than kWhole: (p, x, count).
[[nodiscard]] std::string store_helper(Helpers& helpers, DType dtype, int width, Vector known);

}  // namespace sinter::codegen::cuda
