#include "passes/lower/collapse.h"

#include <algorithm>

namespace sinter::passes {
namespace {

using loops::Atom;
using loops::Index;
using loops::Kernel;
using loops::Term;

Dim coefficient(const Index& index, uint32_t range) {
  for (const Term& term : index.terms)
    if (term.atom.kind == Atom::Kind::kRange && term.atom.id == range) return term.coefficient;
  return 0;
}

// Whether the index, and every index inside it, steps over range `left` as over `extent` steps of its right neighbour.
bool walks_as_one(const Index& index, uint32_t left, int64_t extent) {
  const Dim outer = coefficient(index, left), inner = coefficient(index, left + 1);
  if (outer.is_symbol() || inner.is_symbol() || outer.value() != inner.value() * extent) return false;
  return std::all_of(index.terms.begin(), index.terms.end(),
                     [&](const Term& term) { return !term.atom.of || walks_as_one(*term.atom.of, left, extent); });
}

// Drops range `left`; its right neighbour, and all ranges after it, move down by one.
Index join(const Index& index, uint32_t left) {
  Index joined = Index::constant(index.base);
  for (Term term : index.terms) {
    if (term.atom.kind == Atom::Kind::kRange) {
      if (term.atom.id == left) continue;
      if (term.atom.id > left) --term.atom.id;
    }
    if (term.atom.of) term.atom.of = std::make_shared<const Index>(join(*term.atom.of, left));
    joined.terms.push_back(std::move(term));
  }
  return joined;
}

bool can_join(const loops::Pass& pass, uint32_t left, int64_t extent) {
  return std::all_of(pass.insts.begin(), pass.insts.end(),
                     [&](const loops::Inst& inst) { return walks_as_one(inst.index, left, extent); });
}

void join(loops::Pass& pass, uint32_t left) {
  for (loops::Inst& inst : pass.insts) inst.index = join(inst.index, left);
}

}  // namespace

void collapse(Kernel& kernel) {
  if (kernel.is_dot()) return;
  for (uint32_t left = 0; left + 1 < kernel.outer.size();) {
    const Dim a = kernel.outer[left], b = kernel.outer[left + 1];
    const bool joins = !a.is_symbol() && !b.is_symbol() &&
                       std::all_of(kernel.passes.begin(), kernel.passes.end(),
                                   [&](const auto& pass) { return can_join(pass, left, b.value()); });
    if (!joins) {
      ++left;
      continue;
    }
    for (loops::Pass& pass : kernel.passes) join(pass, left);
    kernel.outer[left] = a.value() * b.value();
    kernel.outer.erase(kernel.outer.begin() + left + 1);
  }
  const auto first = static_cast<uint32_t>(kernel.outer.size());
  for (loops::Pass& pass : kernel.passes) {
    for (uint32_t left = 0; left + 1 < pass.inner.size();) {
      const Dim a = pass.inner[left], b = pass.inner[left + 1];
      if (a.is_symbol() || b.is_symbol() || !can_join(pass, first + left, b.value())) {
        ++left;
        continue;
      }
      join(pass, first + left);
      pass.inner[left] = a.value() * b.value();
      pass.inner.erase(pass.inner.begin() + left + 1);
    }
  }
}

}  // namespace sinter::passes
