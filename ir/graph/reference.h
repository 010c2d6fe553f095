// Runs a graph in the interpreter, slowly and obviously. kOracle judges accuracy; kTyped gives the exact bits that
// compiled code must produce, whatever was fused (docs/numerics.md).
#pragma once

#include <span>
#include <vector>

#include "ir/graph/graph.h"

namespace sinter::ir {

// Inputs have the parameters' types (kOracle: floats as f64 literals, which is what results are too). Symbolic
// dimensions take their values from the inputs and, first, from `symbols` (of s0, s1, ...). Errors: ShapeError when
// inputs do not fit, IndexError from gather and scatter_add.
[[nodiscard]] std::vector<Literal> evaluate(const Graph& graph, std::span<const Literal> inputs, Arithmetic arithmetic,
                                            std::span<const int64_t> symbols = {});

// The same literal with floats as f64, and rounded back.
[[nodiscard]] Literal to_oracle(const Literal& literal);
[[nodiscard]] Literal from_oracle(const Literal& literal, DType dtype);

}  // namespace sinter::ir
