#include "passes/schedule/keep.h"

#include <algorithm>
#include <map>
#include <optional>
#include <ranges>
#include <set>
#include <span>
#include <unordered_map>

#include "support/work.h"

namespace sinter::passes {
namespace {

using loops::Atom;
using loops::Index;
using loops::Inst;
using loops::InstKind;
using loops::Kernel;
using loops::Pass;

constexpr double kDear = 10;  // as much as storing and loading a value from a near cache, and then some

bool has_value(const Index& index) {
  return std::any_of(index.terms.begin(), index.terms.end(), [](const loops::Term& term) {
    return term.atom.kind == Atom::Kind::kValue || (term.atom.of && has_value(*term.atom.of));
  });
}

bool touches(const Inst& inst, uint32_t buffer) {
  return (inst.kind == InstKind::kLoad || inst.kind == InstKind::kStore || inst.kind == InstKind::kAccumulate) &&
         inst.buffer == buffer;
}

int uses(const Kernel& kernel, uint32_t buffer) {
  int count = 0;
  for (const Pass& pass : kernel.passes)
    for (const Inst& inst : pass.insts) count += touches(inst, buffer) ? 1 : 0;
  return count;
}

bool is_written(const Kernel& kernel, uint32_t buffer) {
  return kernel.buffers[buffer].role != loops::Buffer::Role::kIn;
}

using Twins = std::map<uint32_t, uint32_t>;

// For each value of pass `later` the value of pass `earlier` that is the same at the same point.
Twins find_twins(const Kernel& kernel, size_t earlier, size_t later) {
  Twins found;
  const auto twin = [&](uint32_t operand) {
    const auto at = found.find(operand);
    return at == found.end() ? operand : at->second;
  };
  const auto hash = [](const Inst& inst, const auto& operand) {
    size_t sum = static_cast<size_t>(inst.kind) ^ std::hash<const void*>()(inst.row) ^ inst.bits ^ inst.buffer;
    for (uint32_t each : inst.operands) sum = sum * 0x9e3779b97f4a7c15 + operand(each);
    return sum;
  };
  const auto same = [&](const Inst& a, const Inst& b) {  // a of the later pass
    count_work();
    return a.kind == b.kind && a.dtype == b.dtype && a.row == b.row && a.bits == b.bits && a.buffer == b.buffer &&
           a.index == b.index && a.guard < 0 && b.guard < 0 && std::ranges::equal(a.operands, b.operands, {}, twin);
  };
  std::unordered_map<size_t, std::vector<uint32_t>> values;  // of the earlier pass, by hash
  const auto itself = [](uint32_t value) { return value; };
  for (uint32_t i = 0; i < kernel.passes[earlier].insts.size(); ++i)
    values[hash(kernel.passes[earlier].insts[i], itself)].push_back(kernel.first_value(earlier) + i);

  const uint32_t first = kernel.first_value(later);
  for (uint32_t i = 0; i < kernel.passes[later].insts.size(); ++i) {
    const Inst& inst = kernel.passes[later].insts[i];
    const bool load = inst.kind == InstKind::kLoad && !is_written(kernel, inst.buffer);
    if ((inst.kind != InstKind::kApply && inst.kind != InstKind::kConstant && !load) || has_value(inst.index)) continue;
    const auto alike = values.find(hash(inst, twin));
    if (alike == values.end()) continue;
    for (uint32_t other : alike->second)
      if (same(inst, kernel.passes[earlier].insts[other - kernel.first_value(earlier)])) {
        found.emplace(first + i, other);
        break;
      }
  }
  return found;
}

// What need not be computed when `value` is at hand, in the units of row costs. `seen`: by value of the pass, those
// that were part of an earlier answer; this one's are added.
double saving(const Pass& pass, uint32_t first_of_pass, uint32_t value, std::vector<bool>& seen) {
  double cost = 0;
  std::set<uint32_t> counted{value};
  std::vector<uint32_t> stack{value};
  while (!stack.empty()) {
    const uint32_t at = stack.back() - first_of_pass;
    stack.pop_back();
    count_work();
    seen[at] = true;
    if (pass.insts[at].kind != InstKind::kApply) continue;
    cost += pass.insts[at].row->cost;
    for (uint32_t operand : pass.insts[at].operands)
      if (operand >= first_of_pass && counted.insert(operand).second) stack.push_back(operand);
  }
  return cost;
}

struct Keep {
  size_t earlier, later;
  uint32_t value, twin;  // of the later and of the earlier pass
  uint32_t buffer;
  Index index;
};

// The dearest value of pass `later` that an earlier pass could leave where `store`, which is value `own`, stores.
std::optional<Keep> dearest(const Kernel& kernel, size_t later, const Inst& store, uint32_t own,
                            std::span<const Twins> twins) {
  const Pass& pass = kernel.passes[later];
  const uint32_t first = kernel.first_value(later);
  std::optional<Keep> best;
  double most = kDear;
  for (size_t earlier = 0; earlier < later; ++earlier) {
    std::vector<bool> seen(pass.insts.size());  // what another value is made of costs less than that
    std::optional<Keep> here;
    for (const auto& [value, twin] : std::views::reverse(twins[earlier])) {
      // What comes behind the store would be read when the buffer holds what is stored there.
      if (value > own || seen[value - first] || pass.insts[value - first].dtype != store.dtype) continue;
      const double saved = saving(pass, first, value, seen);
      if (saved < most || (saved == most && !here)) continue;
      most = saved;
      here = Keep{earlier, later, value, twin, store.buffer, store.index};
    }
    if (here) best = here;
  }
  return best;
}

std::optional<Keep> find(const Kernel& kernel) {
  for (size_t later = 1; later < kernel.passes.size(); ++later) {
    if (kernel.passes[later].inner.empty()) continue;
    std::vector<Twins> twins;
    for (size_t earlier = 0; earlier < later; ++earlier) {
      const bool alike = kernel.passes[earlier].inner == kernel.passes[later].inner;
      twins.push_back(alike ? find_twins(kernel, earlier, later) : Twins());
    }
    uint32_t number = kernel.first_value(later);
    for (const Inst& store : kernel.passes[later].insts) {
      const uint32_t own = number++;
      if (store.kind != InstKind::kStore || store.guard >= 0 || has_value(store.index) ||
          uses(kernel, store.buffer) != 1)
        continue;
      if (auto best = dearest(kernel, later, store, own, twins)) return best;
    }
  }
  return std::nullopt;
}

// Gives every value that the instruction names its new number.
template <class Now>
void renumber(Inst& inst, const Now& now) {
  const auto inside = [&](const auto& self, Index& index) -> void {
    for (loops::Term& term : index.terms) {
      if (term.atom.kind == Atom::Kind::kValue) term.atom.id = now(term.atom.id);
      if (!term.atom.of) continue;
      Index of = *term.atom.of;
      self(self, of);
      term.atom.of = std::make_shared<const Index>(std::move(of));
    }
  };
  for (uint32_t& operand : inst.operands) operand = now(operand);
  if (inst.guard >= 0) inst.guard = static_cast<int32_t>(now(static_cast<uint32_t>(inst.guard)));
  inside(inside, inst.index);
}
template <class Now>
void renumber(Kernel& kernel, const Now& now) {
  for (Pass& pass : kernel.passes)
    for (Inst& inst : pass.insts) renumber(inst, now);
}

void append(Kernel& kernel, size_t pass, Inst inst) {
  const uint32_t at = kernel.first_value(pass + 1);
  renumber(kernel, [&](uint32_t value) { return value >= at ? value + 1 : value; });
  kernel.passes[pass].insts.push_back(std::move(inst));
}

void drop_unused(Kernel& kernel, size_t pass) {
  std::vector<uint32_t> users(kernel.value_count()), number(kernel.value_count());
  renumber(kernel, [&](uint32_t value) {
    ++users[value];
    return value;
  });
  auto& insts = kernel.passes[pass].insts;
  const uint32_t first = kernel.first_value(pass);
  std::vector<bool> dropped(kernel.value_count());
  for (uint32_t i = static_cast<uint32_t>(insts.size()); i-- > 0;) {
    count_work();
    const InstKind kind = insts[i].kind;
    if (kind != InstKind::kApply && kind != InstKind::kConstant && kind != InstKind::kLoad && kind != InstKind::kIndex)
      continue;
    dropped[first + i] = users[first + i] == 0;
    if (!dropped[first + i]) continue;
    renumber(insts[i], [&](uint32_t value) {
      --users[value];
      return value;
    });
  }
  uint32_t next = 0;
  for (uint32_t value = 0; value < number.size(); ++value) number[value] = dropped[value] ? next : next++;
  uint32_t value = first;
  std::erase_if(insts, [&](const Inst&) { return dropped[value++]; });
  renumber(kernel, [&](uint32_t old) { return number[old]; });
}

}  // namespace

bool keep_values(Kernel& kernel) {
  bool changed = false;
  while (const auto keep = find(kernel)) {
    Inst& value = kernel.passes[keep->later].insts[keep->value - kernel.first_value(keep->later)];
    value = {.kind = InstKind::kLoad,
             .dtype = value.dtype,
             .buffer = keep->buffer,
             .index = keep->index,
             .locations = value.locations};
    const Inst kept = value;
    append(kernel, keep->earlier,
           {.kind = InstKind::kStore,
            .dtype = kept.dtype,
            .operands = {keep->twin},
            .buffer = keep->buffer,
            .index = keep->index,
            .locations = kept.locations});
    drop_unused(kernel, keep->later);
    changed = true;
  }
  return changed;
}

}  // namespace sinter::passes
