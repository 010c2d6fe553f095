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
    case Atom::Kind::kSymbol:
      return {Walk::kStill, false};
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
           if (term.atom.kind == Atom::Kind::kDiv) return never_negative(*term.atom.of);
           return term.atom.kind != Atom::Kind::kValue;
         });
}

bool has_constant_layout(const Kernel& kernel) {
  const auto constant = [](const std::vector<Dim>& extents) {
    return std::none_of(extents.begin(), extents.end(), [](Dim extent) { return extent.is_symbol(); });
  };
  const auto indexed = [](const auto& self, const Index& index) -> bool {
    return std::all_of(index.terms.begin(), index.terms.end(), [&](const Term& term) {
      return !term.coefficient.is_symbol() && !term.atom.by.is_symbol() && (!term.atom.of || self(self, *term.atom.of));
    });
  };
  return constant(kernel.outer) &&
         std::none_of(kernel.buffers.begin(), kernel.buffers.end(),
                      [](const Buffer& buffer) { return buffer.size.is_symbol(); }) &&
         std::all_of(kernel.passes.begin(), kernel.passes.end(), [&](const Pass& pass) {
           return constant(pass.inner) && std::all_of(pass.insts.begin(), pass.insts.end(), [&](const Inst& inst) {
                    return !inst.extent.is_symbol() && indexed(indexed, inst.index);
                  });
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
