#include "passes/lower/coordinates.h"

#include <algorithm>

namespace sinter::passes {
namespace {

using loops::Atom;
using loops::Index;
using loops::Term;

int64_t floor_quotient(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0); }

std::optional<Bounds> bounds(const Atom& atom, const Extents& extents) {
  switch (atom.kind) {
    case Atom::Kind::kRange:
      if (atom.id >= extents.size() || extents[atom.id].is_symbol()) return std::nullopt;
      return Bounds{0, std::max<int64_t>(extents[atom.id].value() - 1, 0)};
    case Atom::Kind::kValue:
    case Atom::Kind::kSymbol:
      return std::nullopt;
    case Atom::Kind::kDiv: {
      auto inside = passes::bounds(*atom.of, extents);
      if (!inside || atom.by.is_symbol()) return std::nullopt;
      return Bounds{floor_quotient(inside->low, atom.by.value()), floor_quotient(inside->high, atom.by.value())};
    }
    case Atom::Kind::kMod:
      if (atom.by.is_symbol()) return std::nullopt;
      return Bounds{0, atom.by.value() - 1};
  }
  return std::nullopt;
}

// index = multiple + rest, where every coefficient of `multiple` is divisible by `by`.
struct Split {
  Index multiple, rest;
};
Split split(const Index& index, int64_t by) {
  Split parts;
  parts.rest.base = index.base - floor_quotient(index.base, by) * by;
  parts.multiple.base = index.base - parts.rest.base;
  for (const Term& term : index.terms) {
    const bool divides = !term.coefficient.is_symbol() && term.coefficient.value() % by == 0;
    (divides ? parts.multiple : parts.rest).terms.push_back(term);
  }
  return parts;
}

Index atom_index(Atom::Kind kind, const Index& of, int64_t by) {
  return {0, {{1, {kind, 0, std::make_shared<const Index>(of), by}}}};
}

}  // namespace

std::optional<Bounds> bounds(const Index& index, const Extents& extents) {
  Bounds sum{index.base, index.base};
  for (const Term& term : index.terms) {
    auto atom = bounds(term.atom, extents);
    if (!atom || term.coefficient.is_symbol()) return std::nullopt;
    const int64_t factor = term.coefficient.value();
    sum.low += factor * (factor < 0 ? atom->high : atom->low);
    sum.high += factor * (factor < 0 ? atom->low : atom->high);
  }
  return sum;
}

Index floor_div(const Index& index, int64_t by, const Extents& extents) {
  if (by == 1) return index;
  auto [multiple, rest] = split(index, by);
  Index quotient{multiple.base / by, multiple.terms};
  for (Term& term : quotient.terms) term.coefficient = term.coefficient.value() / by;
  const auto range = bounds(rest, extents);
  if (range && range->low >= 0 && range->high < by) return quotient;
  return quotient + atom_index(Atom::Kind::kDiv, rest, by);
}

Index modulo(const Index& index, int64_t by, const Extents& extents) {
  if (by == 1) return Index::constant(0);
  Index rest = split(index, by).rest;
  const auto range = bounds(rest, extents);
  if (range && range->low >= 0 && range->high < by) return rest;
  return atom_index(Atom::Kind::kMod, rest, by);
}

Index scale(const Index& index, Dim factor) {
  if (!factor.is_symbol()) return index * factor.value();
  if (index.terms.empty() && index.base == 0) return index;
  invariant(index.base == 0 && index.terms.size() == 1 && index.terms[0].coefficient.is(1),
            "a symbolic stride multiplies a plain range");
  return {0, {{factor, index.terms[0].atom}}};
}

Index linearize(const std::vector<Index>& at, const std::vector<Dim>& strides) {
  Index sum;
  for (size_t axis = 0; axis < at.size(); ++axis) sum = sum + scale(at[axis], strides[axis]);
  return sum;
}

Coordinates through_reshape(const Coordinates& at, const Shape& from, const Shape& to, const Extents& extents) {
  Coordinates result;
  const auto from_strides = from.strides();
  result.linear = at.linear ? *at.linear : linearize(at.at, {from_strides.begin(), from_strides.end()});
  result.at.resize(static_cast<size_t>(to.rank()));
  if (to.numel() == 0) return result;  // nothing will ever be read
  // Axes are matched in groups of equal element count, so that what a group does not mix stays simple.
  int64_t i = 0, j = 0;
  while (j < to.rank()) {
    const int64_t group_to = j;
    int64_t count_from = 1, count_to = to[j++].value();
    Index inside;
    do {
      while (count_from < count_to && i < from.rank()) {
        inside = inside * from[i].value() + at.at[static_cast<size_t>(i)];
        count_from *= from[i++].value();
      }
      while (count_to < count_from && j < to.rank()) count_to *= to[j++].value();
    } while (count_from != count_to && (i < from.rank() || j < to.rank()));
    int64_t stride = 1;
    for (int64_t axis = j - 1; axis >= group_to; --axis) {
      const int64_t size = to[axis].value();
      Index quotient = floor_div(inside, stride, extents);
      result.at[static_cast<size_t>(axis)] = axis == group_to ? std::move(quotient) : modulo(quotient, size, extents);
      stride *= std::max<int64_t>(size, 1);
    }
  }
  return result;
}

bool is_affine(const Index& index) {
  return std::all_of(index.terms.begin(), index.terms.end(),
                     [](const Term& term) { return term.atom.kind == Atom::Kind::kRange; });
}

}  // namespace sinter::passes
