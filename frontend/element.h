// One number as one element: converted on the host by the rule of docs/numerics.md, as the conversion operations do.
#pragma once

#include <cmath>
#include <type_traits>

#include "frontend/tensor.h"
#include "ir/graph/host_scalar.h"
#include "ir/graph/type.h"

namespace sinter::detail {

// Float to integer truncates and saturates, NaN gives 0; to bool is "is not zero".
template <class To, class From>
[[nodiscard]] To element_cast(From x) {
  if constexpr (std::is_same_v<To, bool>)
    return x != 0;
  else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>)
    return static_cast<To>(ir::host::saturate(static_cast<double>(x)));
  else
    return static_cast<To>(x);
}

template <class To>
[[nodiscard]] To element_cast(const Arg& number) {
  return is_float(number.kind()) ? element_cast<To>(number.real()) : element_cast<To>(number.integer());
}

// Whether a tensor of this type can hold the number, rounded perhaps.
[[nodiscard]] inline bool fits(double x, DType dtype) {
  if (dtype == kInt64) return x >= -0x1p63 && x < 0x1p63;
  return dtype != kFloat32 || !std::isfinite(x) || std::isfinite(static_cast<float>(x));
}

// The number as a constant without dimensions.
[[nodiscard]] inline ir::Literal literal_of(const Arg& number, DType dtype) {
  ir::Literal literal = ir::Literal::zeros({dtype, {}});
  visit_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    literal.view<T>()[0] = element_cast<T>(number);
  });
  return literal;
}

// The number as a tensor of the dynamic engine without dimensions.
[[nodiscard]] inline Ref<Impl> element_of(const Arg& number, DType dtype) {
  Ref<Impl> element = allocate(dtype, {});
  visit_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    *element->as<T>() = element_cast<T>(number);
  });
  return element;
}

}  // namespace sinter::detail
