#include "codegen/cpu/tile_kernel.h"

#include <algorithm>
#include <array>

#include "codegen/cpu/pass_emitter.h"
#include "codegen/cpu/prims.h"
#include "codegen/cpu/units.h"

namespace sinter::codegen::cpu {
namespace {

using llvm::Value;
using loops::Inst;
using loops::InstKind;

bool is_plain(const loops::Index& index) {
  return std::ranges::all_of(index.terms, [](const loops::Term& term) {
    return term.atom.kind == loops::Atom::Kind::kRange || term.atom.kind == loops::Atom::Kind::kSymbol;
  });
}

Dim coefficient(const loops::Index& index, size_t range) {
  for (const loops::Term& term : index.terms)
    if (term.atom.kind == loops::Atom::Kind::kRange && term.atom.id == range) return term.coefficient;
  return 0;
}

// Rows become columns: at each step, blocks of `side` lanes change places with those of the vector `side` further on.
void turn(llvm::IRBuilder<>& b, Values& rows) {
  for (unsigned side = 1; side < kLanes; side *= 2) {
    std::array<int, kLanes> upper, lower;
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      const bool first = (lane & side) == 0;
      upper[lane] = static_cast<int>(first ? lane : kLanes + lane - side);
      lower[lane] = static_cast<int>(first ? lane + side : kLanes + lane);
    }
    for (unsigned i = 0; i < kLanes; ++i) {
      if ((i & side) != 0) continue;
      Value *x = rows[i], *y = rows[i + side];
      rows[i] = b.CreateShuffleVector(x, y, upper);
      rows[i + side] = b.CreateShuffleVector(x, y, lower);
    }
  }
}

class TileEmitter {
 public:
  TileEmitter(llvm::Function& function, const loops::Kernel& kernel)
      : nest_(function), kernel_(kernel), arguments_(load_arguments(nest_, function.getArg(0), kernel)) {}

  void emit() {
    auto& b = nest_.b;
    nest_.loop(arguments_.begin, arguments_.end, 1, [&](Value* tile) {
      // Where the tile lies: its ranges but the last two, of which the last changes fastest.
      const size_t ranges = kernel_.outer.size() - 2;
      Values position(ranges);
      for (size_t r = ranges; r-- > 0;) {
        Value* extent = r == 0 ? nullptr : number(kernel_.outer[r]);
        position[r] = r == 0 ? tile : b.CreateURem(tile, extent);
        if (r > 0) tile = b.CreateUDiv(tile, extent);
      }
      const Inst &load = kernel_.passes[0].insts[0], &store = kernel_.passes[0].insts[1];
      auto* element = memory_type(b.getContext(), load.dtype);
      auto* type = llvm::FixedVectorType::get(element, kLanes);
      const llvm::Align align(size_of(load.dtype));
      const auto row = [&](const Inst& inst, Value* start, size_t range, unsigned i) {
        Value* offset = b.CreateMul(number(coefficient(inst.index, range)), nest_.number(i));
        return b.CreateGEP(element, start, offset);
      };
      Values rows;
      Value* from = start(load, element, position);
      for (unsigned i = 0; i < kLanes; ++i)
        rows.push_back(b.CreateAlignedLoad(type, row(load, from, ranges + 1, i), align));
      turn(b, rows);
      Value* to = start(store, element, position);
      for (unsigned i = 0; i < kLanes; ++i) b.CreateAlignedStore(rows[i], row(store, to, ranges, i), align);
    });
    b.CreateRetVoid();
  }

 private:
  Value* number(Dim dim) {
    return dim.is_symbol() ? arguments_.symbols[static_cast<size_t>(dim.symbol_id())] : nest_.number(dim.value());
  }

  // The tile's first element.
  Value* start(const Inst& inst, llvm::Type* element, const Values& position) {
    auto& b = nest_.b;
    Value* offset = nest_.number(inst.index.base);
    for (size_t r = 0; r < position.size(); ++r)
      offset = b.CreateAdd(offset, b.CreateMul(number(coefficient(inst.index, r)), position[r]));
    for (const loops::Term& term : inst.index.terms)
      if (term.atom.kind == loops::Atom::Kind::kSymbol)
        offset = b.CreateAdd(offset, b.CreateMul(number(term.coefficient), arguments_.symbols[term.atom.id]));
    return b.CreateGEP(element, arguments_.buffers[inst.buffer], offset);
  }

  Nest nest_;
  const loops::Kernel& kernel_;
  const KernelArguments arguments_;
};

}  // namespace

bool turns_tiles(const loops::Kernel& kernel) {
  const size_t ranges = kernel.outer.size();
  if (ranges < 3 || kernel.passes.size() != 1 || !kernel.passes[0].inner.empty()) return false;
  if (!kernel.outer[ranges - 1].is(kLanes) || !kernel.outer[ranges - 2].is(kLanes)) return false;
  const auto& insts = kernel.passes[0].insts;
  if (insts.size() != 2 || insts[0].kind != InstKind::kLoad || insts[1].kind != InstKind::kStore) return false;
  const auto plain = [](const Inst& inst) { return inst.guard < 0 && is_plain(inst.index); };
  return std::ranges::all_of(insts, plain) && coefficient(insts[0].index, ranges - 2).is(1) &&
         coefficient(insts[1].index, ranges - 1).is(1);
}

void emit_tile_kernel(llvm::Function& function, const loops::Kernel& kernel) { TileEmitter(function, kernel).emit(); }

}  // namespace sinter::codegen::cpu
