// What every primitive computes, on arrays of its operands' C++ types. Part of the interpreter.
#pragma once

#include <array>
#include <cstddef>

#include "ir/scalar/expr.h"

namespace sinter::ir {

using Operands = std::array<const std::byte*, 3>;  // those a primitive does not take are ignored

// out[i] = prim(in[0][i], in[1][i], ...) for n elements. `operand` is the dtype of the first operand; the node was
// checked.
void run_primitive(Prim prim, DType result, DType operand, std::byte* out, const Operands& in, size_t n);

}  // namespace sinter::ir
