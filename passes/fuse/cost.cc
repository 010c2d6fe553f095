#include "passes/fuse/cost.h"

namespace sinter::passes {
namespace {

constexpr double kNanosecondsPerAddition = 0.02;  // an element, in vectors
constexpr double kNanosecondsPerFma = 0.01;

double count(Dim extent) { return extent.is_symbol() ? 256 : static_cast<double>(extent.value()); }

double cost(const loops::Inst& inst) {
  switch (inst.kind) {
    case loops::InstKind::kApply: return inst.row->cost;
    case loops::InstKind::kRngBits: return 60;
    case loops::InstKind::kLoad:
    case loops::InstKind::kStore: return 1;
    case loops::InstKind::kAccumulate: return 8;
    case loops::InstKind::kReduce:
    case loops::InstKind::kArgmax: return 2;
    case loops::InstKind::kDot: return kNanosecondsPerFma / kNanosecondsPerAddition;
    case loops::InstKind::kConstant:
    case loops::InstKind::kIndex:
    case loops::InstKind::kCheckIndex: break;
  }
  return 0;
}

}  // namespace

double nanoseconds(const loops::Kernel& kernel) {
  double points = 1;
  for (Dim extent : kernel.outer) points *= count(extent);
  double total = 0;
  for (size_t pass = 0; pass < kernel.passes.size(); ++pass) {
    double iterations = points, work = 0;
    for (Dim extent : kernel.passes[pass].inner) iterations *= count(extent);
    for (const loops::Inst& inst : kernel.passes[pass].insts)
      if (!(kernel.is_dot() && pass == 0 && inst.kind == loops::InstKind::kLoad)) work += cost(inst);  // dot loads are part of its price
    total += iterations * work * kNanosecondsPerAddition;
  }
  return total;
}

}  // namespace sinter::passes
