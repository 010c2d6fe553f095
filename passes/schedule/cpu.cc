#include "passes/schedule/cpu.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "passes/fuse/cost.h"

namespace sinter::passes {
namespace {

using loops::Atom;
using loops::Inst;
using loops::InstKind;
using loops::Kernel;
using loops::Pass;
using loops::Schedule;

constexpr double kLanes = 16;
constexpr double kStridedAccess = 12;  // vectors of an access that lanes do not walk one by one

double count(Dim extent) { return extent.is_symbol() ? 256 : static_cast<double>(extent.value()); }

// Cost of one vector access whose lanes run over `range`.
double access(const loops::Index& index, uint32_t range) {
  double cost = 1;
  for (const loops::Term& term : index.terms) {
    if (term.atom.kind == Atom::Kind::kSymbol) continue;
    if (term.atom.kind == Atom::Kind::kRange && term.atom.id != range) continue;
    const bool one_by_one = term.atom.kind == Atom::Kind::kRange && term.coefficient.is(1);
    if (!one_by_one) cost = kStridedAccess;
  }
  return cost;
}

// Vector operations of a pass per point of the ranges that lanes do not cover.
double vector_work(const Pass& pass, std::optional<uint32_t> range) {
  double work = 0;
  for (const Inst& inst : pass.insts) {
    const bool memory =
        inst.kind == InstKind::kLoad || inst.kind == InstKind::kStore || inst.kind == InstKind::kAccumulate;
    work += memory ? (range ? access(inst.index, *range) : 1) : inst.kind == InstKind::kApply ? inst.row->cost : 1;
  }
  return work;
}

double estimate(const Kernel& kernel, int vector) {
  const auto first_inner = static_cast<uint32_t>(kernel.outer.size());
  double total = 0;
  for (const Pass& pass : kernel.passes) {
    std::optional<uint32_t> range;
    if (vector >= 0) range = static_cast<uint32_t>(vector);
    if (vector == Schedule::kInner && !pass.inner.empty())
      range = first_inner + static_cast<uint32_t>(pass.inner.size()) - 1;
    double iterations = 1;
    const auto ranges = first_inner + pass.inner.size();
    for (uint32_t r = 0; r < ranges; ++r) {
      const double extent = count(r < first_inner ? kernel.outer[r] : pass.inner[r - first_inner]);
      iterations *= range && r == *range ? std::ceil(extent / kLanes) : extent;
    }
    for (const Inst& inst : pass.insts)
      if (inst.kind == InstKind::kAccumulate && vector == Schedule::kInner)
        return std::numeric_limits<double>::infinity();
    total += iterations * vector_work(pass, range);
  }
  return total;
}

}  // namespace

void schedule_cpu(Kernel& kernel) {
  kernel.schedule = {};
  if (kernel.is_dot()) return;
  const bool has_inner =
      std::any_of(kernel.passes.begin(), kernel.passes.end(), [](const Pass& pass) { return !pass.inner.empty(); });
  double best = estimate(kernel, Schedule::kScalar);
  const auto consider = [&](int vector) {
    const double cost = estimate(kernel, vector);
    if (cost >= best) return;
    best = cost;
    kernel.schedule.vector = vector;
  };
  for (int range = static_cast<int>(kernel.outer.size()) - 1; range >= 0; --range) consider(range);
  if (has_inner) consider(Schedule::kInner);
  double longest = 0;
  for (const Pass& pass : kernel.passes)
    if (kernel.schedule.vector != Schedule::kInner || !pass.inner.empty())  // lanes of inner ranges alone are unrolled
      longest = std::max(longest, instructions(pass));
  kernel.schedule.unroll = longest <= 12 ? 4 : longest <= 40 ? 2 : 1;
  // Sums over columns lie in memory, not in registers, and walk it by pages: the wider a step, the better.
  constexpr double kWide = 512;
  const int range = kernel.schedule.vector;
  if (has_inner && range >= 0 && longest <= 12 && count(kernel.outer[static_cast<size_t>(range)]) >= kWide)
    kernel.schedule.unroll = 8;
}

}  // namespace sinter::passes
