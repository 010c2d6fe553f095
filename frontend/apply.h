// The one path of every operation of the front end: promotion and broadcasting made explicit, then to the graph being
// traced or to the dynamic engine.
#pragma once

#include <span>
#include <string_view>

#include "frontend/call_scope.h"
#include "frontend/tensor.h"
#include "ir/graph/op_def.h"
#include "support/location.h"
#include "support/scope.h"

namespace sinter::detail {

// The operation on operands of fitting dtypes and shapes.
[[nodiscard]] Tensor apply(const ir::OpDef& def, const ir::Attributes& attributes, std::span<const Tensor> operands);
[[nodiscard]] inline Tensor apply(const ir::OpDef& def, const ir::Attributes& attributes,
                                  std::initializer_list<Tensor> operands) {
  return apply(def, attributes, std::span(operands.begin(), operands.size()));
}

// Whether operations on x are traced rather than executed.
[[nodiscard]] bool is_traced(const Tensor& x);

// The elementwise operation of a row's name; looked up once per call site.
[[nodiscard]] const ir::OpDef& op_named(std::string_view name);
// Applies a row with PyTorch's promotion and broadcasting; `name`: the function that errors speak of.
[[nodiscard]] Tensor apply_row(const ir::OpDef& def, std::string_view name, std::span<const Arg> operands);
[[nodiscard]] inline Tensor apply_row(const ir::OpDef& def, std::string_view name,
                                      std::initializer_list<Arg> operands) {
  return apply_row(def, name, std::span(operands.begin(), operands.size()));
}

// A number as a 0-d tensor of this dtype, made where operations on `beside` are.
[[nodiscard]] Tensor number_beside(const Tensor& beside, const Arg& number, DType dtype);
// An operation without operands, executed or traced as operations on `beside` are.
[[nodiscard]] Tensor made_beside(const Tensor& beside, const ir::OpDef& def, const ir::Attributes& attributes);
[[nodiscard]] Tensor converted(const Tensor& x, DType dtype);
// x spread to `shape`; ShapeError unless it broadcasts to it.
[[nodiscard]] Tensor broadcast_to(const Tensor& x, const Sizes& shape, std::string_view name);
// The shape that both broadcast to; nullopt: none.
[[nodiscard]] std::optional<Sizes> broadcast_of(const Sizes& a, const Sizes& b);
// The same; ShapeError names the function and argument `position`, which is the one of shape b.
[[nodiscard]] Sizes broadcast_shape(const Sizes& a, const Sizes& b, std::string_view name, int position);
// PyTorch's result type of these operands.
[[nodiscard]] DType result_type(std::span<const Arg> operands);
// ShapeError unless `shape`, argument `position`, is one of a tensor that memory may hold.
void require_sizes(const Sizes& shape, std::string_view name, int position = 1);
// ValueError when the tensor is undefined.
void require_defined(const Tensor& x, std::string_view name, int position);
// GraphError unless it is a handle to a cell.
void require_cell(const Tensor& x, std::string_view name);
// The axis, counted from the front; a tensor without dimensions has an axis 0, as in PyTorch. IndexError names the
// function.
[[nodiscard]] int64_t axis_of(const Tensor& x, int64_t axis, const char* name);
// DTypeError unless it is a float tensor.
void require_float(const Tensor& x, std::string_view name, int position);

// Sets the name that printing gives for what made x, as PyTorch calls it: "MeanBackward0".
[[nodiscard]] Tensor named(Tensor x, const char* made_by);

// Names a composite ("softmax") or a module's path while it lives; and the argument that is checked.
using Scope = NameScope;
using sinter::ArgumentScope;

}  // namespace sinter::detail
