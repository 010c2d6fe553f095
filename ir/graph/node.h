// A graph value that can be computed with: what the flow rules of rows and combiners are run on, and a convenience for
// whoever builds graphs in C++. Arithmetic on nodes adds operations to the builder; a number takes the other side's
// dtype and shape.
#pragma once

#include <optional>
#include <vector>

#include "ir/graph/builder.h"

namespace sinter::ir {

struct Node {
  Builder* builder = nullptr;
  Value value;
  [[nodiscard]] const Type& type() const { return builder->type(value); }
};

// The elementwise row of that name applied to nodes.
Node apply_row(std::string_view name, std::initializer_list<Node> operands);

Node operator+(Node a, Node b);
Node operator-(Node a, Node b);
Node operator*(Node a, Node b);
Node operator/(Node a, Node b);
Node operator-(Node a);
Node operator+(Node a, double b);
Node operator+(double a, Node b);
Node operator-(Node a, double b);
Node operator-(double a, Node b);
Node operator*(Node a, double b);
Node operator*(double a, Node b);
Node operator/(Node a, double b);
Node operator/(double a, Node b);
Node operator<(Node a, Node b);
Node operator<=(Node a, Node b);
Node operator>(Node a, Node b);
Node operator>=(Node a, Node b);
Node operator==(Node a, Node b);
Node operator<(Node a, double b);
Node operator<=(Node a, double b);
Node operator>(Node a, double b);
Node operator>=(Node a, double b);
Node operator==(Node a, double b);
Node operator&(Node a, Node b);
Node operator|(Node a, Node b);
Node operator!(Node a);
Node select(Node condition, Node a, Node b);
Node select(Node condition, Node a, double b);
Node select(Node condition, double a, Node b);
Node abs(Node x);
Node sqrt(Node x);
Node exp(Node x);
Node log(Node x);
Node sin(Node x);
Node cos(Node x);
Node pow(Node x, Node y);

// What a flow rule returns: one entry an operand; `none` where nothing flows.
using Flow = std::vector<std::optional<Node>>;
inline constexpr std::nullopt_t none = std::nullopt;
template <class... T>
[[nodiscard]] Flow flow(T... cotangents) {
  return {std::optional<Node>(cotangents)...};
}

}  // namespace sinter::ir
