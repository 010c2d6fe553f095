// IR text (.sir): print and parse round-trip exactly.
//
//   func @f(%x: f32[4], %w: f32[4] state) -> (f32[4], f32[4] updates %w) {
//     %0 = add %x, %w                                   loc("train.cc":12)
//     %1 = reduce_sum %0 {axes = [0]}
//     %2 = constant f32[] {0.5}
//     return %0, %1
//   }
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/graph/graph.h"

namespace sinter::ir {

struct PrintOptions {
  bool locations = true;  // user lines and scopes
};

// The graph, and before it every graph it calls, callees first. Values are named by position (%0, %1, ...), parameters
// by name.
[[nodiscard]] std::string print(const Graph& graph, const PrintOptions& options = {});
// One operation as print writes it, operands shown with their types: for error messages.
[[nodiscard]] std::string print_op(const Graph& graph, Value value);

// The graphs of a text, in order; `call` refers to earlier ones. ParseError with line and column; types are inferred
// and checked as a builder would. Never crashes, whatever the text.
[[nodiscard]] std::vector<Graph> parse(std::string_view text, std::string_view file_name = "<text>");

// Throws InternalError, naming the operation and showing its neighbours, unless every invariant of graph.h holds:
// operands before users, types as inferred, attributes of the right alternative, results and states in range and of
// equal type.
void verify(const Graph& graph);

}  // namespace sinter::ir
