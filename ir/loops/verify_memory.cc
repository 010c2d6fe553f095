#include "ir/loops/verify_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

namespace sinter::loops {
namespace {

using Wide = __int128;  // products of a few 63-bit numbers that matter here fit, sums of them too

constexpr int64_t kManyPoints = 1 << 14;  // more are not tried one by one

struct Interval {
  Wide low = 0, high = 0;
};

// Lowest and highest value of an index. `exact`: both are reached, whatever the values that come out of buffers.
class Bounds {
 public:
  Bounds(const Kernel& kernel, const Pass& pass) : kernel_(kernel), pass_(pass) {}

  std::optional<Interval> of(const Index& index) {
    Interval sum{index.base, index.base};
    for (const Term& term : index.terms) {
      const auto range = of(term.atom);
      if (!range || term.coefficient.is_symbol()) return std::nullopt;
      const Wide coefficient = term.coefficient.value();
      sum.low += coefficient * range->low;
      sum.high += coefficient * range->high;
      constexpr Wide kLimit = Wide{1} << 62;
      if (sum.low < -kLimit || sum.high > kLimit) return std::nullopt;
    }
    return sum;
  }
  [[nodiscard]] bool exact() const { return exact_; }

 private:
  std::optional<Interval> of(const Atom& atom) {
    switch (atom.kind) {
      case Atom::Kind::kRange:
        return of_range(atom.id);
      case Atom::Kind::kValue:
        return of_value(atom.id);
      case Atom::Kind::kSymbol:
        return std::nullopt;
      case Atom::Kind::kDiv:
      case Atom::Kind::kMod:
        break;
    }
    const auto inside = of(*atom.of);
    if (!inside || atom.by.is_symbol()) return std::nullopt;
    const Wide by = atom.by.value();
    const auto quotient = [&](Wide x) { return x / by - (x % by < 0 ? 1 : 0); };
    if (atom.kind == Atom::Kind::kDiv) return Interval{quotient(inside->low), quotient(inside->high)};
    if (quotient(inside->low) == quotient(inside->high)) {
      const Wide below = quotient(inside->low) * by;
      return Interval{inside->low - below, inside->high - below};
    }
    exact_ = false;
    return Interval{0, by - 1};
  }

  std::optional<Interval> of_range(uint32_t id) {
    once(id);
    const size_t outer = kernel_.outer.size();
    const Dim extent = id < outer ? kernel_.outer[id] : pass_.inner[id - outer];
    if (extent.is_symbol()) return std::nullopt;
    return Interval{0, Wide{extent.value()} - 1};
  }

  std::optional<Interval> of_value(uint32_t value) {
    const Inst& inst = kernel_.inst(value);
    if (inst.kind == InstKind::kIndex) return of(inst.index);
    if (inst.kind == InstKind::kConstant)
      return Interval{static_cast<int64_t>(inst.bits), static_cast<int64_t>(inst.bits)};
    if (inst.kind != InstKind::kCheckIndex || inst.extent.is_symbol()) return std::nullopt;
    once(value + (uint64_t{1} << 32));
    // What is checked may be far less than what the check lets through.
    exact_ = exact_ && kernel_.inst(inst.operands[0]).kind == InstKind::kLoad;
    return Interval{0, Wide{inst.extent.value()} - 1};
  }

  // Atoms that occur twice are not independent.
  void once(uint64_t atom) { exact_ = exact_ && seen_.insert(atom).second; }

  const Kernel& kernel_;
  const Pass& pass_;
  bool exact_ = true;
  std::set<uint64_t> seen_;
};

struct Range {
  uint32_t id;
  int64_t extent;
};

// The ranges of the pass, or none when one has no constant extent.
std::optional<std::vector<Range>> constant_ranges(const Kernel& kernel, const Pass& pass) {
  std::vector<Range> ranges;
  for (const auto* extents : {&kernel.outer, &pass.inner}) {
    for (const Dim extent : *extents) {
      if (extent.is_symbol()) return std::nullopt;
      ranges.push_back({static_cast<uint32_t>(ranges.size()), extent.value()});
    }
  }
  return ranges;
}

// Whether an atom or coefficient anywhere in the index is of some kind.
template <class Predicate>
bool any_term(const Index& index, const Predicate& predicate) {
  return std::any_of(index.terms.begin(), index.terms.end(), [&](const Term& term) {
    return predicate(term) || (term.atom.of && any_term(*term.atom.of, predicate));
  });
}

bool has_value(const Index& index) {
  return any_term(index, [](const Term& term) { return term.atom.kind == Atom::Kind::kValue; });
}

// Whether an index into an empty axis takes part: it fails its check, and nothing is accessed.
bool never_passes(const Kernel& kernel, const Index& index) {
  return any_term(index, [&](const Term& term) {
    if (term.atom.kind != Atom::Kind::kValue) return false;
    const Inst& value = kernel.inst(term.atom.id);
    return value.kind == InstKind::kCheckIndex && value.extent.is(0);
  });
}

bool has_symbol(const Index& index) {
  return any_term(index, [](const Term& term) {
    return term.atom.kind == Atom::Kind::kSymbol || term.coefficient.is_symbol() || term.atom.by.is_symbol();
  });
}

bool uses_range(const Index& index, uint32_t id) {
  return any_term(index, [&](const Term& term) { return term.atom.kind == Atom::Kind::kRange && term.atom.id == id; });
}

int64_t value_at(const Index& index, const std::vector<int64_t>& ranges) {
  auto sum = static_cast<uint64_t>(index.base);
  for (const Term& term : index.terms) {
    int64_t atom = 0;
    if (term.atom.kind == Atom::Kind::kRange) {
      atom = ranges[term.atom.id];
    } else {
      const int64_t x = value_at(*term.atom.of, ranges), by = term.atom.by.value();
      const int64_t remainder = x % by < 0 ? x % by + by : x % by;
      atom = term.atom.kind == Atom::Kind::kMod ? remainder : (x - remainder) / by;
    }
    sum += static_cast<uint64_t>(term.coefficient.value()) * static_cast<uint64_t>(atom);
  }
  return static_cast<int64_t>(sum);
}

// Every range counts on its own digits: coefficients, sorted, each larger than all that smaller ones can add up to.
bool is_mixed_radix(const Index& index, const std::vector<Range>& ranges) {
  struct Digit {
    Wide coefficient = 0, extent = 0;
  };
  std::vector<Digit> digits;
  for (const Range& range : ranges) {
    if (range.extent <= 1) continue;
    Digit digit{0, range.extent};
    for (const Term& term : index.terms)
      if (term.atom.kind == Atom::Kind::kRange && term.atom.id == range.id)
        digit.coefficient += term.coefficient.value();
    digits.push_back(digit);
  }
  std::sort(digits.begin(), digits.end(), [](const Digit& a, const Digit& b) { return a.coefficient < b.coefficient; });
  Wide reach = 0;
  for (const Digit& digit : digits) {
    if (digit.coefficient <= reach) return false;
    reach += digit.coefficient * (digit.extent - 1);
    if (reach > Wide{1} << 62) return false;
  }
  return std::all_of(index.terms.begin(), index.terms.end(),
                     [](const Term& term) { return term.atom.kind == Atom::Kind::kRange; });
}

// Steps through all points; the visitor says whether to go on.
template <class Visit>
void each_point(const std::vector<Range>& ranges, Visit visit) {
  std::vector<int64_t> at(ranges.size());
  for (;;) {
    if (!visit(at)) return;
    size_t r = ranges.size();
    while (r-- > 0) {
      if (++at[r] < ranges[r].extent) break;
      at[r] = 0;
    }
    if (r == SIZE_MAX) return;
  }
}

std::optional<std::string> collision_by_trial(const Index& index, const std::vector<Range>& ranges, size_t outer,
                                              bool inner_too) {
  std::unordered_map<int64_t, int64_t> owner;  // element: linear point
  std::optional<std::string> problem;
  each_point(ranges, [&](const std::vector<int64_t>& at) {
    int64_t point = 0;
    for (size_t r = 0; r < (inner_too ? ranges.size() : outer); ++r) point = point * ranges[r].extent + at[r];
    const int64_t element = value_at(index, at);
    const auto [seen, fresh] = owner.try_emplace(element, point);
    if (!fresh && seen->second != point) problem = fmt::format("two points store to element {}", element);
    return !problem;
  });
  return problem;
}

}  // namespace

std::optional<std::string> memory_problem(const Kernel& kernel, const Pass& pass, const Inst& inst) {
  if (inst.guard >= 0) return std::nullopt;  // what it lets through is not known here
  const auto empty = [](Dim extent) { return extent.is(0); };
  if (std::any_of(kernel.outer.begin(), kernel.outer.end(), empty)) return std::nullopt;
  if (std::any_of(pass.inner.begin(), pass.inner.end(), empty)) return std::nullopt;
  if (never_passes(kernel, inst.index)) return std::nullopt;

  const auto ranges = constant_ranges(kernel, pass);
  int64_t points = 1;
  if (ranges)
    for (const Range& range : *ranges) points = std::min<Wide>(Wide{points} * range.extent, kManyPoints + 1);
  const bool countable = ranges && points <= kManyPoints && !has_value(inst.index) && !has_symbol(inst.index);

  const Dim size = kernel.buffers[inst.buffer].size;
  if (!size.is_symbol()) {
    Bounds bounds(kernel, pass);
    const auto reach = bounds.of(inst.index);
    const bool outside = reach && (reach->low < 0 || reach->high >= size.value());
    if (outside && bounds.exact())
      return fmt::format("elements {} to {} of a buffer of {}", static_cast<int64_t>(reach->low),
                         static_cast<int64_t>(reach->high), size.value());
    if (outside && countable) {
      std::optional<int64_t> bad;
      each_point(*ranges, [&](const std::vector<int64_t>& at) {
        const int64_t element = value_at(inst.index, at);
        if (element < 0 || element >= size.value()) bad = element;
        return !bad;
      });
      if (bad) return fmt::format("element {} of a buffer of {}", *bad, size.value());
    }
  }

  if (inst.kind == InstKind::kLoad) return std::nullopt;
  const bool inner_too = inst.kind == InstKind::kStore;
  for (uint32_t r = 0; r < kernel.outer.size() + (inner_too ? pass.inner.size() : 0); ++r) {
    const Dim extent = r < kernel.outer.size() ? kernel.outer[r] : pass.inner[r - kernel.outer.size()];
    if (!has_value(inst.index) && !extent.is_symbol() && extent.value() > 1 && !uses_range(inst.index, r))
      return fmt::format("points that differ in range {} store to the same element", r);
  }
  if (!countable || is_mixed_radix(inst.index, *ranges)) return std::nullopt;
  return collision_by_trial(inst.index, *ranges, kernel.outer.size(), inner_too);
}

}  // namespace sinter::loops
