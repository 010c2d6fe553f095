// Reverse-mode differentiation by appending: the backward pass becomes part of the same graph, so that "save or
// recompute" is a question for fusion. Works on its own result. Golden test: tests/golden/differentiate.sir
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "ir/graph/rewriter.h"

namespace sinter::passes {

// What is asked for. A leaf's versions are one place: contributions to all of them are one sum.
struct GradientRequest {
  ir::Value of;                                         // a scalar, unless seeded
  std::optional<ir::Value> seed = std::nullopt;         // a value of its type; nullopt: 1
  std::span<const ir::Value> values = {};               // with respect to these,
  std::span<const std::vector<ir::Value>> leaves = {};  // and to these, each by the values that it had
  // What has reached values (first) from uses that come after `of`, elsewhere: the sums go on from these.
  std::span<const std::pair<ir::Value, ir::Value>> earlier = {};
  // Called before an operation (its index) hands on what has reached it. May throw.
  std::function<void(uint32_t)> before = nullptr;
};
struct GradientResult {
  std::vector<std::optional<ir::Value>> values, leaves;  // as asked for; nullopt where nothing flows
  std::vector<size_t> arrivals;                          // the leaves that were reached, in order
};

// Appends the gradients to `graph`. Nothing flows through stop_gradient, integers and bool. Contributions that meet are
// added in one stated order: the use that comes last in the graph first, then the next, left to right. Sums of leaves
// are added up last, in the order in which the leaves were reached. Locations and scopes of new operations are those of
// the operation they differentiate. Visits what `of` depends on, each operation once.
[[nodiscard]] GradientResult differentiate(ir::Graph& graph, const GradientRequest& request);

// The same with respect to values.
[[nodiscard]] std::vector<std::optional<ir::Value>> differentiate(
    ir::Graph& graph, ir::Value of, std::span<const ir::Value> with_respect_to,
    std::optional<ir::Value> seed = std::nullopt, std::span<const std::pair<ir::Value, ir::Value>> earlier = {});

// As a pass, for tests and tools: appends the gradients of the graph's first result with respect to each float
// parameter to its results, zeros where nothing flows.
[[nodiscard]] ir::Rewritten differentiate_first_result(const ir::Graph& graph);

}  // namespace sinter::passes
