#include "codegen/cpu/units.h"

#include <algorithm>

#include "codegen/cpu/target.h"
#include "codegen/cpu/tile_kernel.h"

namespace sinter::codegen::cpu {

using loops::Kernel;

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

}  // namespace sinter::codegen::cpu
