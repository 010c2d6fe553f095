// One reduction = one row: identity, how two elements join, and how cotangents flow back.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "ir/graph/node.h"
#include "ir/scalar/expr.h"

namespace sinter::ir {

struct Combiner {
  std::string_view name, doc;  // "sum": the operation is reduce_sum
  uint8_t dtypes;              // DTypes of the operand
  bool exact;                  // the order of combination cannot change the result (max, min, integers)
  double identity_double;      // for floats; -inf for max
  int64_t identity_int;        // for integers; lowest for max
  std::string_view row;        // the elementwise row that joins two: "add", "mul", "maximum", "minimum"
  // Cotangent of the operand. x: operand, y and ct: result and its cotangent, already broadcast to x's shape; axes
  // reduced.
  Node (*flow)(Node ct, Node y, Node x, const std::vector<int64_t>& axes);
};

[[nodiscard]] std::span<const Combiner> combiners();
[[nodiscard]] const Combiner& find_combiner(std::string_view name);

}  // namespace sinter::ir
