#include "codegen/cpu/map_kernel.h"

#include "codegen/cpu/pass_emitter.h"
#include "codegen/cpu/units.h"

namespace sinter::codegen::cpu {

using llvm::Value;

namespace {

// The last factor's range from `low` to `high`: whole groups of vectors, then single vectors of which the last is
// masked; or all of it at once.
void emit_lanes(Nest& nest, PassEmitter& passes, const Units& units, bool by_columns, Value* low, Value* high) {
  auto& b = nest.b;
  const int64_t step = int64_t{kLanes} * units.copies;
  Value* extent = passes.number(units.factors.back().symbol < 0 ? Dim(units.factors.back().extent)
                                                                : Dim::symbol(units.factors.back().symbol));
  const auto known_extent = known(extent);
  const bool whole = known_extent && *known_extent % step == 0;
  Value* first = b.CreateMul(low, nest.number(step));
  Value* end = b.CreateMul(high, nest.number(step));
  if (!whole) end = b.CreateSelect(b.CreateICmpSLT(end, extent), end, extent);
  if (by_columns) return passes.emit_columns(units.ranges.back(), first, end);
  Value* main_end = whole ? end : b.CreateAdd(first, b.CreateAnd(b.CreateSub(end, first), nest.number(-step)));
  const auto body = [&](Value* i) {
    passes.bind(units.ranges.back(), i, /*lanes=*/true);
    passes.emit_passes(0);
  };
  if (!known_extent || *known_extent >= step) {
    passes.set_lanes({.width = kLanes, .copies = units.copies});
    nest.loop(first, main_end, step, body);
  } else {
    main_end = first;
  }
  if (main_end == end) return;
  nest.loop(main_end, end, kLanes, [&](Value* i) {
    passes.set_lanes({.width = kLanes, .mask = passes.lane_mask(i, end)});
    body(i);
  });
}

}  // namespace

void emit_map_kernel(llvm::Function& function, const loops::Kernel& kernel) {
  Nest nest(function);
  auto& b = nest.b;
  const KernelArguments arguments = load_arguments(nest, function.getArg(0), kernel);
  PassEmitter passes(nest, kernel, arguments);
  const Units units = map_units(kernel);
  const bool by_columns = reduces_columns(kernel);

  const auto row = [&](Value* low, Value* high) {
    if (units.lanes) return emit_lanes(nest, passes, units, by_columns, low, high);
    nest.loop(low, high, 1, [&](Value* i) {
      if (!units.ranges.empty()) passes.bind(units.ranges.back(), i);
      passes.emit_passes(0);
    });
  };
  const auto count = [&](const runtime::KernelCode::Factor& factor) {
    Value* extent =
        factor.symbol < 0 ? nest.number(factor.extent) : arguments.symbols[static_cast<size_t>(factor.symbol)];
    return b.CreateUDiv(b.CreateAdd(extent, nest.number(factor.divisor - 1)), nest.number(factor.divisor));
  };
  // Rows: all factors but the last as one linear index.
  const auto rows = [&] {
    Value* length = count(units.factors.back());
    Value* first_row = b.CreateUDiv(arguments.begin, length);
    Value* last_row = b.CreateUDiv(b.CreateSub(arguments.end, nest.number(1)), length);
    nest.loop(first_row, b.CreateAdd(last_row, nest.number(1)), 1, [&](Value* linear) {
      Value* rest = linear;
      for (size_t f = units.factors.size() - 1; f-- > 0;) {
        Value* extent = f == 0 ? nullptr : count(units.factors[f]);
        passes.bind(units.ranges[f], f == 0 ? rest : b.CreateURem(rest, extent));
        if (f > 0) rest = b.CreateUDiv(rest, extent);
      }
      Value* start = b.CreateMul(linear, length);
      Value* low = b.CreateSub(arguments.begin, start);
      Value* high = b.CreateSub(arguments.end, start);
      row(b.CreateSelect(b.CreateICmpSGT(low, nest.number(0)), low, nest.number(0)),
          b.CreateSelect(b.CreateICmpSLT(high, length), high, length));
    });
  };
  nest.when(b.CreateICmpSLT(arguments.begin, arguments.end), [&] {
    if (units.ranges.size() <= 1)
      row(arguments.begin, arguments.end);
    else
      rows();
  });
  b.CreateRetVoid();
}

}  // namespace sinter::codegen::cpu
