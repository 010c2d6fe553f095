#include "codegen/cpu/units.h"

#include <algorithm>

#include "codegen/cpu/target.h"
#include "codegen/cpu/tile_kernel.h"

namespace sinter::codegen::cpu {

using loops::InstKind;
using loops::Kernel;
using loops::Schedule;

Units map_units(const Kernel& kernel) {
  Units units;
  if (turns_tiles(kernel)) {  // one unit a tile
    for (uint32_t r = 0; r + 2 < kernel.outer.size(); ++r) {
      const Dim extent = kernel.outer[r];
      units.ranges.push_back(r);
      units.factors.push_back(
          {.extent = extent.is_symbol() ? 0 : extent.value(), .symbol = extent.is_symbol() ? extent.symbol_id() : -1});
    }
    return units;
  }
  const int lanes_over = kernel.schedule.vector;
  units.lanes = lanes_over >= 0;
  for (uint32_t r = 0; r < kernel.outer.size(); ++r)
    if (static_cast<int>(r) != lanes_over) units.ranges.push_back(r);
  if (units.lanes) {
    units.ranges.push_back(static_cast<uint32_t>(lanes_over));
    const Dim extent = kernel.outer[static_cast<size_t>(lanes_over)];
    const auto wanted = static_cast<unsigned>(std::clamp(kernel.schedule.unroll, 1, 8));
    while (2 * units.copies <= wanted && (extent.is_symbol() || 2 * units.copies * kLanes <= extent.value()))
      units.copies *= 2;
  }
  for (const uint32_t r : units.ranges) {
    const Dim extent = kernel.outer[r];
    const bool last = r == units.ranges.back();
    units.factors.push_back({.extent = extent.is_symbol() ? 0 : extent.value(),
                             .symbol = extent.is_symbol() ? extent.symbol_id() : -1,
                             .divisor = last && units.lanes ? int64_t{kLanes} * units.copies : 1});
  }
  return units;
}

double map_cost(const Kernel& kernel, const Units& units) {
  constexpr double kNanosecondsPerVectorOperation = 0.3, kNanosecondsPerScalarOperation = 0.35;
  double per_point = 0;
  for (const loops::Pass& pass : kernel.passes) {
    double operations = 0;
    for (const loops::Inst& inst : pass.insts) {
      const bool memory = inst.kind == InstKind::kLoad || inst.kind == InstKind::kStore;
      operations += inst.kind == InstKind::kApply     ? inst.row->cost
                    : memory                          ? 2
                    : inst.kind == InstKind::kRngBits ? 40
                                                      : 1;
    }
    for (const Dim dim : pass.inner)
      if (!dim.is_symbol()) operations *= static_cast<double>(dim.value());
    const bool in_lanes = units.lanes || (kernel.schedule.vector == Schedule::kInner && !pass.inner.empty());
    per_point += operations * (in_lanes ? kNanosecondsPerVectorOperation / kLanes : kNanosecondsPerScalarOperation);
  }
  return per_point * static_cast<double>(units.factors.empty() ? 1 : units.factors.back().divisor);
}

}  // namespace sinter::codegen::cpu
