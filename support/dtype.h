// Element types: names, sizes and kinds. Tensors use bool, i64, f32 and f64 today; i32 exists inside scalar
// expressions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sinter {

enum class DType : uint8_t { kBool, kI32, kI64, kF32, kF64 };

inline constexpr DType kBool = DType::kBool;
inline constexpr DType kInt32 = DType::kI32;
inline constexpr DType kInt64 = DType::kI64;
inline constexpr DType kFloat32 = DType::kF32;
inline constexpr DType kFloat64 = DType::kF64;

// The name in IR text: "bool", "i32", "i64", "f32", "f64".
[[nodiscard]] std::string_view name(DType dtype);
// The name PyTorch prints: "torch.float32" without the module, "float32".
[[nodiscard]] std::string_view torch_name(DType dtype);
[[nodiscard]] std::optional<DType> parse_dtype(std::string_view ir_name);
// Bytes of one element in memory (bool takes one).
[[nodiscard]] size_t size_of(DType dtype);
[[nodiscard]] constexpr bool is_float(DType dtype) { return dtype == kFloat32 || dtype == kFloat64; }
[[nodiscard]] constexpr bool is_integer(DType dtype) { return dtype == kInt32 || dtype == kInt64; }

template <class T>
inline constexpr DType dtype_of = [] {
  static_assert(sizeof(T) == 0, "no Sinter dtype for this C++ type");
  return kBool;
}();
template <>
inline constexpr DType dtype_of<bool> = kBool;
template <>
inline constexpr DType dtype_of<int32_t> = kInt32;
template <>
inline constexpr DType dtype_of<int64_t> = kInt64;
template <>
inline constexpr DType dtype_of<float> = kFloat32;
template <>
inline constexpr DType dtype_of<double> = kFloat64;

// Calls f with a value-initialised C++ object of the type that stands for dtype in memory.
template <class F>
decltype(auto) visit_dtype(DType dtype, F&& f) {
  switch (dtype) {
    case kBool:
      return f(bool{});
    case kInt32:
      return f(int32_t{});
    case kInt64:
      return f(int64_t{});
    case kFloat32:
      return f(float{});
    case kFloat64:
      break;
  }
  return f(double{});
}

}  // namespace sinter
