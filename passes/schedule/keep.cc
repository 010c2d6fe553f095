#include "passes/schedule/keep.h"

#include <algorithm>
#include <map>
#include <optional>

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

// For each value of pass `later` the value of pass `earlier` that is the same at the same point.
std::map<uint32_t, uint32_t> twins(const Kernel& kernel, size_t earlier, size_t later) {
  std::map<uint32_t, uint32_t> found;
  const uint32_t first = kernel.first_value(later);
  const auto same = [&](const Inst& a, const Inst& b) {  // a of the later pass
    if (a.kind != b.kind || a.dtype != b.dtype || a.row != b.row || a.bits != b.bits || a.buffer != b.buffer ||
        !(a.index == b.index) || a.operands.size() != b.operands.size() || a.guard >= 0 || b.guard >= 0)
      return false;
    for (size_t i = 0; i < a.operands.size(); ++i) {
      const auto twin = found.find(a.operands[i]);
      if ((twin == found.end() ? a.operands[i] : twin->second) != b.operands[i]) return false;
    }
    return true;
  };
  for (uint32_t value = first; value < first + kernel.passes[later].insts.size(); ++value) {
    const Inst& inst = kernel.inst(value);
    const bool load = inst.kind == InstKind::kLoad && !is_written(kernel, inst.buffer);
    if ((inst.kind != InstKind::kApply && inst.kind != InstKind::kConstant && !load) || has_value(inst.index)) continue;
    const uint32_t begin = kernel.first_value(earlier);
    for (uint32_t other = begin; other < begin + kernel.passes[earlier].insts.size(); ++other)
      if (same(inst, kernel.inst(other))) {
        found.emplace(value, other);
        break;
      }
  }
  return found;
}

// What need not be computed when `value` is at hand, in the units of row costs.
double saving(const Kernel& kernel, uint32_t value, uint32_t first_of_pass) {
  const Inst& inst = kernel.inst(value);
  if (inst.kind != InstKind::kApply) return 0;
  double cost = inst.row->cost;
  for (const uint32_t operand : inst.operands)
    if (operand >= first_of_pass) cost += saving(kernel, operand, first_of_pass);
  return cost;
}

struct Keep {
  size_t earlier, later;
  uint32_t value, twin;  // of the later and of the earlier pass
  uint32_t buffer;
  Index index;
};

std::optional<Keep> find(const Kernel& kernel) {
  for (size_t later = 1; later < kernel.passes.size(); ++later) {
    uint32_t number = kernel.first_value(later);
    for (const Inst& store : kernel.passes[later].insts) {
      const uint32_t own = number++;
      if (store.kind != InstKind::kStore || store.guard >= 0 || has_value(store.index) ||
          uses(kernel, store.buffer) != 1 || kernel.passes[later].inner.empty())
        continue;
      std::optional<Keep> best;
      double most = kDear;
      for (size_t earlier = 0; earlier < later; ++earlier) {
        if (kernel.passes[earlier].inner != kernel.passes[later].inner) continue;
        for (const auto& [value, twin] : twins(kernel, earlier, later)) {
          if (value > own) continue;  // it would be read when the buffer holds what is stored there
          const double saved = saving(kernel, value, kernel.first_value(later));
          if (kernel.inst(value).dtype != store.dtype || saved <= most) continue;
          most = saved;
          best = Keep{earlier, later, value, twin, store.buffer, store.index};
        }
      }
      if (best) return best;
    }
  }
  return std::nullopt;
}

// Gives every value that an instruction names its new number.
template <class Now>
void renumber(Kernel& kernel, const Now& now) {
  const auto inside = [&](const auto& self, Index& index) -> void {
    for (loops::Term& term : index.terms) {
      if (term.atom.kind == Atom::Kind::kValue) term.atom.id = now(term.atom.id);
      if (!term.atom.of) continue;
      Index of = *term.atom.of;
      self(self, of);
      term.atom.of = std::make_shared<const Index>(std::move(of));
    }
  };
  for (Pass& pass : kernel.passes)
    for (Inst& inst : pass.insts) {
      for (uint32_t& operand : inst.operands) operand = now(operand);
      if (inst.guard >= 0) inst.guard = static_cast<int32_t>(now(static_cast<uint32_t>(inst.guard)));
      inside(inside, inst.index);
    }
}

void append(Kernel& kernel, size_t pass, Inst inst) {
  const uint32_t at = kernel.first_value(pass + 1);
  renumber(kernel, [&](uint32_t value) { return value >= at ? value + 1 : value; });
  kernel.passes[pass].insts.push_back(std::move(inst));
}

void drop_unused(Kernel& kernel, size_t pass) {
  auto& insts = kernel.passes[pass].insts;
  const uint32_t first = kernel.first_value(pass);
  for (uint32_t i = static_cast<uint32_t>(insts.size()); i-- > 0;) {
    const InstKind kind = insts[i].kind;
    if (kind != InstKind::kApply && kind != InstKind::kConstant && kind != InstKind::kLoad && kind != InstKind::kIndex)
      continue;
    bool used = false;
    renumber(kernel, [&](uint32_t value) {
      used |= value == first + i;
      return value;
    });
    if (used) continue;
    insts.erase(insts.begin() + i);
    renumber(kernel, [&](uint32_t value) { return value > first + i ? value - 1 : value; });
  }
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
