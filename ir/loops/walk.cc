#include "ir/loops/walk.h"

#include <algorithm>

namespace sinter::loops {
namespace {

// An index or atom along the range: its walk, kOneByOne whatever the first element is, and whether the first element is
// a multiple of width.
struct Motion {
  Walk walk = Walk::kStill;
  bool multiple = true;
};

Motion motion(const Index& index, uint32_t range, int64_t width);

Motion motion(const Atom& atom, uint32_t range, int64_t width) {
  switch (atom.kind) {
    case Atom::Kind::kRange:
      return atom.id == range ? Motion{Walk::kOneByOne, true} : Motion{Walk::kStill, false};
    case Atom::Kind::kValue:
      return {Walk::kOther, false};
    case Atom::Kind::kDiv:
    case Atom::Kind::kMod:
      break;
  }
  const Motion of = motion(*atom.of, range, width);
  if (of.walk == Walk::kStill) return {Walk::kStill, false};
  if (of.walk == Walk::kOther || !of.multiple || atom.by.is_symbol() || atom.by.value() % width != 0)
    return {Walk::kOther, false};
  // No multiple of `by` lies between the first point and the last.
  return atom.kind == Atom::Kind::kDiv ? Motion{Walk::kStill, false} : Motion{Walk::kOneByOne, true};
}

Motion motion(const Index& index, uint32_t range, int64_t width) {
  Motion sum{Walk::kStill, index.base % width == 0};
  for (const Term& term : index.terms) {
    Motion part = motion(term.atom, range, width);
    if (part.walk != Walk::kStill && !term.coefficient.is(1)) return {Walk::kOther, false};
    part.multiple = part.multiple || (!term.coefficient.is_symbol() && term.coefficient.value() % width == 0);
    if (part.walk == Walk::kOther || (part.walk == Walk::kOneByOne && sum.walk == Walk::kOneByOne))
      return {Walk::kOther, false};
    if (part.walk == Walk::kOneByOne) sum.walk = Walk::kOneByOne;
    sum.multiple = sum.multiple && part.multiple;
  }
  return sum;
}

}  // namespace

Walk walk(const Index& index, uint32_t range, int width) {
  const Motion found = motion(index, range, width);
  return found.walk == Walk::kOneByOne && !found.multiple ? Walk::kOther : found.walk;
}

bool never_negative(const Index& index) {
  return index.base >= 0 && std::all_of(index.terms.begin(), index.terms.end(), [](const Term& term) {
           return term.atom.kind == Atom::Kind::kRange || term.atom.kind == Atom::Kind::kMod ||
                  (term.atom.kind == Atom::Kind::kDiv && never_negative(*term.atom.of));
         });
}

std::optional<int64_t> constant_points(const std::vector<Dim>& extents) {
  int64_t product = 1;
  for (const Dim extent : extents) {
    if (extent.is_symbol()) return std::nullopt;
    invariant(!__builtin_mul_overflow(product, extent.value(), &product), "points of a kernel fit in 63 bits");
  }
  return product;
}

}  // namespace sinter::loops
