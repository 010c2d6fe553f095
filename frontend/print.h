// Tensors as text, exactly as PyTorch prints them, and graphs as DOT.
#pragma once

#include <fmt/format.h>

#include <iosfwd>
#include <string>

#include "frontend/tensor.h"

namespace sinter {

// "tensor([[1., 2.],\n        [3., 4.]])"; "None" when undefined.
[[nodiscard]] std::string to_string(const Tensor& x);
std::ostream& operator<<(std::ostream& out, const Tensor& x);
// "float32".
std::ostream& operator<<(std::ostream& out, DType dtype);

// "MulBackward0": what made a tensor, or "" of a leaf.
[[nodiscard]] std::string grad_fn_name(const Tensor& x);

// What a tensor was computed from, for Graphviz: leaves by name, operations by what the tape calls them.
[[nodiscard]] std::string to_dot(const Tensor& x);

}  // namespace sinter

template <>
struct fmt::formatter<sinter::Tensor> : fmt::formatter<std::string> {
  template <class Context>
  auto format(const sinter::Tensor& x, Context& context) const {
    return fmt::formatter<std::string>::format(sinter::to_string(x), context);
  }
};
template <>
struct fmt::formatter<sinter::DType> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(sinter::DType dtype, Context& context) const {
    return fmt::formatter<std::string_view>::format(sinter::torch_name(dtype), context);
  }
};
template <>
struct fmt::formatter<sinter::Sizes> : fmt::formatter<std::string> {
  template <class Context>
  auto format(const sinter::Sizes& x, Context& context) const {
    return fmt::formatter<std::string>::format(sinter::to_string(x), context);
  }
};
