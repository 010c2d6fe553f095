#include "ir/loops/kernel.h"

#include <algorithm>

namespace sinter::loops {
namespace {

int64_t checked_add(int64_t a, int64_t b) {
  int64_t sum = 0;
  invariant(!__builtin_add_overflow(a, b, &sum), "index arithmetic fits in 64 bits");
  return sum;
}

int64_t checked_mul(int64_t a, int64_t b) {
  int64_t product = 0;
  invariant(!__builtin_mul_overflow(a, b, &product), "index arithmetic fits in 64 bits");
  return product;
}

void add_term(Index& index, const Term& term) {
  if (!term.coefficient.is_symbol()) {
    const auto same = std::find_if(index.terms.begin(), index.terms.end(), [&](const Term& other) {
      return !other.coefficient.is_symbol() && other.atom == term.atom;
    });
    if (same != index.terms.end()) {
      same->coefficient = checked_add(same->coefficient.value(), term.coefficient.value());
      return;
    }
  }
  index.terms.push_back(term);
}

}  // namespace

bool Atom::operator==(const Atom& other) const {
  if (kind != other.kind) return false;
  if (kind != Kind::kDiv && kind != Kind::kMod) return id == other.id;
  if (by != other.by) return false;
  return of == other.of || (of && other.of && *of == *other.of);
}

Index Index::range(uint32_t id, Dim coefficient) {
  if (coefficient.is(0)) return constant(0);
  return {0, {Term{coefficient, Atom{.kind = Atom::Kind::kRange, .id = id}}}};
}

Index operator+(Index a, const Index& b) {
  a.base = checked_add(a.base, b.base);
  for (const Term& term : b.terms) add_term(a, term);
  return a;
}

Index operator*(const Index& a, int64_t factor) {
  invariant(factor >= 0, "coefficients of an index are not negative");
  if (factor == 0) return Index::constant(0);
  if (factor == 1) return a;
  Index product = Index::constant(checked_mul(a.base, factor));
  for (const Term& term : a.terms) {
    if (!term.coefficient.is_symbol()) {
      product.terms.push_back({checked_mul(term.coefficient.value(), factor), term.atom});
      continue;
    }
    // A coefficient is a constant or a symbol, not their product: the symbolic term becomes an atom of its own.
    auto symbolic = std::make_shared<const Index>(Index{0, {term}});
    add_term(product, {factor, Atom{.kind = Atom::Kind::kDiv, .of = std::move(symbolic), .by = 1}});
  }
  return product;
}

uint32_t Kernel::first_value(size_t pass) const {
  size_t count = 0;
  for (size_t p = 0; p < pass; ++p) count += passes[p].insts.size();
  return static_cast<uint32_t>(count);
}

const Inst& Kernel::inst(uint32_t value) const {
  size_t at = value;
  for (const Pass& pass : passes) {
    if (at < pass.insts.size()) return pass.insts[at];
    at -= pass.insts.size();
  }
  throw InternalError(fmt::format("kernel {} has a value %{}", name, value));
}

bool Kernel::is_dot() const {
  const auto dots = [](const Pass& pass) {
    return std::count_if(pass.insts.begin(), pass.insts.end(), [](const Inst& i) { return i.kind == InstKind::kDot; });
  };
  if (passes.empty() || passes[0].insts.size() != 3) return false;
  if (std::any_of(passes.begin() + 1, passes.end(), [&](const Pass& pass) { return dots(pass) > 0; })) return false;
  const auto& insts = passes[0].insts;
  const auto is_load = [](const Inst& inst) { return inst.kind == InstKind::kLoad && inst.guard < 0; };
  return is_load(insts[0]) && is_load(insts[1]) && insts[2].kind == InstKind::kDot &&
         (insts[2].operands == std::vector<uint32_t>{0, 1} || insts[2].operands == std::vector<uint32_t>{1, 0});
}

}  // namespace sinter::loops
