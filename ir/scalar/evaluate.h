// Interprets scalar expressions over arrays, with exactly the rounding of the declared types: the typed reference and
// the constant folder stand on it. Must agree bit for bit with the machine code of both targets.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "ir/scalar/expr.h"
#include "support/float_mode.h"

namespace sinter::ir {

// Evaluates every root for `count` elements. arguments[i] points at `count` elements of argument i's dtype, or at one
// element when strides[i] is 0. results[r] receives `count` elements of root r's dtype. Runs under flush-to-zero as
// compiled code does.
void evaluate(const ExprGraph& graph, size_t count, std::span<const std::byte* const> arguments,
              std::span<const int> strides, std::span<std::byte* const> results);

// The mode of compiled code while it lives: denormals are zero, unless SINTER_FTZ is off.
using FlushToZeroScope = FloatModeScope;

}  // namespace sinter::ir
