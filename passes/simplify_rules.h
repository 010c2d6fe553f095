// The rules of `simplify`: one line each where the pattern can be written down, one function each where it cannot.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "ir/graph/combiner.h"
#include "ir/graph/graph.h"
#include "ir/graph/row.h"

namespace sinter::passes {

// An operation about to be built. Building moves the graph's operations: a rule copies what it needs before it builds.
struct Subject {
  const ir::Graph& graph;
  ir::Builder& builder;  // simplifies what it builds
  const ir::OpDef& def;
  const ir::Attributes& attributes;
  std::span<const ir::Value> operands;
  const ir::Type& type;  // of the result
};

struct Rule {
  std::string_view name;
  std::optional<ir::Value> (*apply)(
      const Subject& subject);  // what to use instead; nullopt where the rule does not fit
};

// A rule over elementwise operations as text, "mul(x, 1)" -> "x". One letter is a variable; a number matches a constant
// (also a broadcast one) of a number type with exactly those bits (-0 is not 0; for integers it is), true and false
// match those of bool. Commutative operations match in either order. A replacement is a variable, a number, or
// operations on variables.
struct PatternRule {
  std::string_view pattern, replacement;
  uint8_t dtypes = ir::kAnything;  // of x (ir::DTypes); a replacement of another type than the result never fits
};

[[nodiscard]] std::span<const PatternRule> pattern_rules();
[[nodiscard]] std::span<const Rule> scalar_rules();  // elementwise, but beyond patterns
[[nodiscard]] std::span<const Rule> view_rules();    // views, reductions, scatter_add
[[nodiscard]] std::span<const Rule> fold_rules();    // constants

// Tries all of pattern_rules().
[[nodiscard]] std::optional<ir::Value> apply_patterns(const Subject& subject);
// Builds the text of a pattern or a replacement: x and y are operands, numbers are constants of `type`. For tests.
[[nodiscard]] ir::Value build_pattern(ir::Builder& builder, std::string_view text, std::span<const ir::Value> variables,
                                      const ir::Type& type);

// The one element that all elements of a constant, or of a broadcast of one, are; nullptr when it is none, or has many.
[[nodiscard]] const ir::Literal* splat_of(const ir::Graph& graph, ir::Value value);

}  // namespace sinter::passes
