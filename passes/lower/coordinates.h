// Exact index maps: where in its operand an operation's result element comes from. Views disappear here: lowering pulls
// values at coordinates, and a view only rewrites them.
#pragma once

#include <optional>
#include <vector>

#include "ir/graph/graph.h"
#include "ir/loops/kernel.h"

namespace sinter::passes {

// The position of one element, as a function of a kernel's ranges.
struct Coordinates {
  std::vector<loops::Index> at;        // one an axis
  std::optional<loops::Index> linear;  // row-major position, where a reshape made it known more simply than `at` says
  bool operator==(const Coordinates&) const = default;
};

// Extents of the ranges in scope, for exact simplification: a constant extent bounds its range.
using Extents = std::vector<Dim>;

// Smallest and largest value of an index; nullopt when a symbol or a value takes part.
struct Bounds {
  int64_t low, high;
};
[[nodiscard]] std::optional<Bounds> bounds(const loops::Index& index, const Extents& extents);

// floor(index / by) and index mod by, by > 0, in the simplest exact form: multiples of `by` leave, what is bounded
// below `by` vanishes.
[[nodiscard]] loops::Index floor_div(const loops::Index& index, int64_t by, const Extents& extents);
[[nodiscard]] loops::Index modulo(const loops::Index& index, int64_t by, const Extents& extents);

// index * factor; a symbolic factor needs an index that is a plain range or zero.
[[nodiscard]] loops::Index scale(const loops::Index& index, Dim factor);

// Sum of coordinate times stride.
[[nodiscard]] loops::Index linearize(const std::vector<loops::Index>& at, const std::vector<Dim>& strides);

// Coordinates in `to` of the element with coordinates `at` in `from`; both static and of equal element count.
[[nodiscard]] Coordinates through_reshape(const Coordinates& at, const Shape& from, const Shape& to,
                                          const Extents& extents);

// Whether the index is a sum of ranges with coefficients: no division, remainder, or value.
[[nodiscard]] bool is_affine(const loops::Index& index);
// Whether an atom of the index, however deep, satisfies the predicate.
template <class Predicate>
[[nodiscard]] bool any_atom(const loops::Index& index, const Predicate& predicate) {
  for (const loops::Term& term : index.terms) {
    if (predicate(term.atom)) return true;
    if (term.atom.of && any_atom(*term.atom.of, predicate)) return true;
  }
  return false;
}

}  // namespace sinter::passes
