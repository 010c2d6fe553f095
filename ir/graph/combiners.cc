// The table of reductions.
#include <algorithm>
#include <limits>

#include "ir/graph/combiner.h"
#include "ir/graph/row.h"

namespace sinter::ir {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int64_t kLowest = std::numeric_limits<int64_t>::min(), kHighest = std::numeric_limits<int64_t>::max();

// The reduction of x along the axes, spread over x's shape again.
Node spread(std::string_view combiner, Node x, const Integers& axes) {
  Builder& b = *x.builder;
  return {&b, broadcast_in(b, reduce(b, combiner, x.value, axes), x.type().shape, axes)};
}

Node as_number(Node condition, DType dtype) {
  return {condition.builder, convert(*condition.builder, condition.value, dtype)};
}

Node flow_sum(Node ct, Node, Node, const Integers&) { return ct; }

// The product of the other elements. Of those, the ones that are not zero are multiplied by division; zeros enter as
// what is there to differentiate again: one zero among the others as itself (their sum, less this element), two or more
// as 0. So first and second derivatives are exact at any number of zeros; a third is not where three elements are zero.
Node flow_prod(Node ct, Node, Node x, const Integers& axes) {
  const Node is_zero = x == 0.0;
  const Node zero = as_number(is_zero, x.type().dtype);
  const Node filled = select(is_zero, 1.0, x), zeros = select(is_zero, x, 0.0);
  const Node others = spread("sum", zero, axes) - zero, the_other = spread("sum", zeros, axes) - zeros;
  const Node nonzero = ct * (spread("prod", filled, axes) / filled);
  return select(others == 0.0, nonzero, select(others == 1.0, nonzero * the_other, 0.0));
}

// Shared evenly by the elements that equal the result.
Node flow_extreme(Node ct, Node y, Node x, const Integers& axes) {
  const Node chosen = as_number(x == y, x.type().dtype);
  return ct * chosen / spread("sum", chosen, axes);
}

constexpr Combiner kCombiners[] = {
    {.name = "sum",
     .doc = "sum; 0 of nothing",
     .dtypes = kNumbers,
     .exact = false,
     .identity_double = 0,
     .identity_int = 0,
     .row = "add",
     .flow = flow_sum},
    {.name = "prod",
     .doc = "product; 1 of nothing",
     .dtypes = kNumbers,
     .exact = false,
     .identity_double = 1,
     .identity_int = 1,
     .row = "mul",
     .flow = flow_prod},
    {.name = "max",
     .doc = "largest element, NaN if any is; gradient shared evenly among equals",
     .dtypes = kNumbers,
     .exact = true,
     .identity_double = -kInfinity,
     .identity_int = kLowest,
     .row = "maximum",
     .flow = flow_extreme},
    {.name = "min",
     .doc = "smallest element, NaN if any is; gradient shared evenly among equals",
     .dtypes = kNumbers,
     .exact = true,
     .identity_double = kInfinity,
     .identity_int = kHighest,
     .row = "minimum",
     .flow = flow_extreme},
};

}  // namespace

std::span<const Combiner> combiners() { return kCombiners; }

const Combiner& find_combiner(std::string_view name) {
  const Combiner* found =
      std::find_if(std::begin(kCombiners), std::end(kCombiners), [&](const Combiner& c) { return c.name == name; });
  invariant(found != std::end(kCombiners), "a combiner of that name exists");
  return *found;
}

}  // namespace sinter::ir
