// Reverse-mode differentiation by appending: the backward pass becomes part of the same graph, so that "save or
// recompute" is a question for fusion. Works on its own result. Golden test: tests/golden/differentiate.sir
#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "ir/graph/rewriter.h"

namespace sinter::passes {

// Appends to `graph` the gradients of `of` (a scalar, or seeded by `seed`, a value of its type) with respect to each of
// `with_respect_to`; nullopt where nothing flows. Nothing flows through stop_gradient, integers and bool. Contributions
// that meet are added in one stated order: the use that comes last in the graph first, then the next, left to right.
// Locations and scopes of new operations are those of the operation they differentiate.
// earlier: what has reached values (first) from uses that come after `of`, elsewhere: the sums go on from these.
[[nodiscard]] std::vector<std::optional<ir::Value>> differentiate(
    ir::Graph& graph, ir::Value of, std::span<const ir::Value> with_respect_to,
    std::optional<ir::Value> seed = std::nullopt, std::span<const std::pair<ir::Value, ir::Value>> earlier = {});

// As a pass, for tests and tools: appends the gradients of the graph's first result with respect to each float
// parameter to its results, zeros where nothing flows.
[[nodiscard]] ir::Rewritten differentiate_first_result(const ir::Graph& graph);

}  // namespace sinter::passes
