#include "passes/fuse/cost.h"

#include <algorithm>

namespace sinter::passes {
namespace {

constexpr double kNanosecondsPerAddition = 0.02;  // an element, in vectors
constexpr double kNanosecondsPerFma = 0.016;

double cost(const loops::Inst& inst) {
  switch (inst.kind) {
    case loops::InstKind::kApply:
      return inst.row->cost;
    case loops::InstKind::kRngBits:
      return 60;
    case loops::InstKind::kLoad:
    case loops::InstKind::kStore:
      return 1;
    case loops::InstKind::kAccumulate:
      return 8;
    case loops::InstKind::kReduce:
    case loops::InstKind::kArgmax:
      return 2;
    case loops::InstKind::kDot:
      return kNanosecondsPerFma / kNanosecondsPerAddition;
    case loops::InstKind::kConstant:
    case loops::InstKind::kIndex:
    case loops::InstKind::kCheckIndex:
      break;
  }
  return 0;
}

}  // namespace

double instructions(const loops::Pass& pass) {
  constexpr double kOfRandomBits = 100;
  double count = 0;
  for (const loops::Inst& inst : pass.insts)
    count += inst.kind == loops::InstKind::kApply     ? std::max(1.0, inst.row->cost)
             : inst.kind == loops::InstKind::kRngBits ? kOfRandomBits
                                                      : 1;
  return count;
}

Cost::Cost(const loops::Kernel& kernel) {
  for (size_t pass = 0; pass < kernel.passes.size(); ++pass) {
    Part part{0, kernel.outer};
    part.extents.insert(part.extents.end(), kernel.passes[pass].inner.begin(), kernel.passes[pass].inner.end());
    for (const loops::Inst& inst : kernel.passes[pass].insts)
      if (!(kernel.is_dot() && pass == 0 && inst.kind == loops::InstKind::kLoad))
        part.per_point += cost(inst);  // loads are part of a dot's price
    parts_.push_back(std::move(part));
  }
}

double Cost::nanoseconds(std::span<const int64_t> symbols) const {
  constexpr double kUnknown = 256;
  double total = 0;
  for (const Part& part : parts_) {
    double points = 1;
    for (Dim extent : part.extents) {
      const auto symbol = extent.is_symbol() ? static_cast<size_t>(extent.symbol_id()) : SIZE_MAX;
      points *= !extent.is_symbol()       ? static_cast<double>(extent.value())
                : symbol < symbols.size() ? static_cast<double>(symbols[symbol])
                                          : kUnknown;
    }
    total += points * part.per_point * kNanosecondsPerAddition;
  }
  return total;
}

}  // namespace sinter::passes
