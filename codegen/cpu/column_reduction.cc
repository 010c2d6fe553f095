// Sums over the rows of a matrix, its columns in lanes. A strip of columns is walked row by row, so that memory is read
// in long runs; the 16 accumulators of order R lie in memory for each column of the strip, and are loaded once for
// several rows of their lane.
#include <algorithm>
#include <bit>

#include "codegen/cpu/pass_emitter.h"
#include "codegen/cpu/prims.h"
#include "ir/scalar/order.h"

namespace sinter::codegen::cpu {

using llvm::Value;
using loops::Inst;
using loops::InstKind;
using loops::Pass;

namespace {

constexpr int64_t kBlock = ir::kOrderBlock;
constexpr int64_t kStripBytes = 64 << 10;  // of accumulators
constexpr int64_t kWidestStrip = 512;      // columns
constexpr int64_t kFewestRows = 64;

// Rows of one lane that share a load of its accumulator: as many as the schedule lets code repeat, and as there are.
int64_t rows_together(const loops::Kernel& kernel, std::optional<int64_t> rows) {
  int64_t together = 1;
  while (together < 8 && 2 * together <= kernel.schedule.unroll && (!rows || 2 * together * kLanes <= *rows))
    together *= 2;
  return together;
}

bool is_float_sum(const Inst& inst) {
  return inst.kind == InstKind::kReduce && !inst.combiner->exact && is_float(inst.dtype);
}

// What is computed again for every few rows costs next to nothing.
bool is_cheap(const Pass& pass) {
  constexpr size_t kMost = 8;
  return pass.insts.size() <= kMost && std::ranges::all_of(pass.insts, [](const Inst& inst) {
           return inst.kind == InstKind::kConstant || inst.kind == InstKind::kIndex || inst.kind == InstKind::kLoad ||
                  (inst.kind == InstKind::kApply && inst.row->cost <= 1);
         });
}

// Index of the one pass with inner ranges; none when there are none or several.
std::optional<size_t> only_loop(const loops::Kernel& kernel) {
  std::optional<size_t> found;
  for (size_t pass = 0; pass < kernel.passes.size(); ++pass) {
    if (kernel.passes[pass].inner.empty()) continue;
    if (found) return std::nullopt;
    found = pass;
  }
  return found;
}

}  // namespace

bool reduces_columns(const loops::Kernel& kernel) {
  const auto loop = only_loop(kernel);
  if (kernel.schedule.vector < 0 || !loop) return false;
  const Pass& pass = kernel.passes[*loop];
  int64_t rows = 1;
  for (const Dim dim : pass.inner) rows *= dim.is_symbol() ? kFewestRows : dim.value();
  const auto in_order = [](const Inst& inst) {  // of its inner points
    return inst.kind == InstKind::kAccumulate || inst.kind == InstKind::kCheckIndex || inst.kind == InstKind::kArgmax ||
           inst.kind == InstKind::kDot || (inst.kind == InstKind::kReduce && !is_float_sum(inst));
  };
  return rows >= kFewestRows && std::ranges::any_of(pass.insts, is_float_sum) &&
         std::ranges::none_of(pass.insts, in_order) &&
         std::all_of(kernel.passes.begin(), kernel.passes.begin() + static_cast<std::ptrdiff_t>(*loop), is_cheap);
}

void PassEmitter::emit_columns(uint32_t range, Value* first, Value* end) {
  auto& b = nest_.b;
  const size_t pass = *only_loop(kernel_);
  const Dim columns = kernel_.outer[range];
  const bool ragged = columns.is_symbol() || columns.value() % kLanes != 0;
  Value* count = inner_count(pass);
  const bool one_block = known(count) && *known(count) <= kBlock;
  const int64_t together = rows_together(kernel_, known(count)), group = together * kLanes;

  ranges_[range] = {.stride = 1, .aligned = true};  // so that reductions_of sees what varies between columns
  lanes_ = {.width = kLanes};
  std::vector<Reduction> reductions = reductions_of(pass);
  int64_t bytes = 0;
  for (const Reduction& r : reductions) bytes += int64_t{kLanes} * static_cast<int64_t>(size_of(r.inst->dtype));
  int64_t width = std::min(kWidestStrip, std::max<int64_t>(kStripBytes / bytes / kLanes, 1) * kLanes);
  if (!columns.is_symbol()) width = std::min(width, (columns.value() + kLanes - 1) / kLanes * kLanes);
  struct Slots {  // `width` columns of 16 accumulators each
    llvm::Type *element, *vector;
    Value *lanes, *blocks;
  };
  std::vector<Slots> slots;
  for (const Reduction& r : reductions) {
    llvm::Type* vector = r.fold.identity(kLanes)[0]->getType();
    llvm::Type* element = vector->getScalarType();
    const auto memory = [&] { return nest_.stack(element, static_cast<uint64_t>(kLanes * width)); };
    slots.push_back({element, vector, memory(), one_block ? nullptr : memory()});
  }

  // Passes of outer points alone, around the loop.
  const auto before_loop = [&] {
    for (size_t earlier = 0; earlier < pass; ++earlier) emit_insts(earlier);
  };
  nest_.loop(first, end, width, [&](Value* strip) {
    Value* strip_end = b.CreateAdd(strip, nest_.number(width));
    strip_end = b.CreateSelect(b.CreateICmpSLT(strip_end, end), strip_end, end);
    const auto each_vector = [&](auto&& body) {
      const auto vector = [&](Value* column) {
        bind(range, column, /*lanes=*/true);
        body(b.CreateSub(column, strip));
      };
      lanes_ = {.width = kLanes};
      if (!ragged) return nest_.loop(strip, strip_end, kLanes, vector, /*surely=*/true);
      Value* whole = b.CreateAdd(strip, b.CreateAnd(b.CreateSub(strip_end, strip), nest_.number(-int64_t{kLanes})));
      nest_.loop(strip, whole, kLanes, vector);
      nest_.loop(whole, strip_end, kLanes, [&](Value* column) {
        lanes_.mask = lane_mask(column, strip_end);
        vector(column);
      });
    };
    const auto slot = [&](const Slots& of, Value* memory, Value* lane, Value* column) {
      return b.CreateGEP(of.element, memory, b.CreateAdd(b.CreateMul(lane, nest_.number(width)), column));
    };
    const auto load = [&](const Slots& of, Value* pointer) {
      return Values{b.CreateAlignedLoad(of.vector, pointer, llvm::Align(64))};
    };
    const auto clear = [&](Value* Slots::* memory) {
      nest_.loop(nest_.number(0), nest_.number(kLanes), 1, [&](Value* lane) {
        each_vector([&](Value* column) {
          for (size_t k = 0; k < slots.size(); ++k)
            b.CreateAlignedStore(reductions[k].fold.identity(kLanes)[0], slot(slots[k], slots[k].*memory, lane, column),
                                 llvm::Align(64));
        });
      });
    };
    const auto tree = [&](size_t k, Value* memory, Value* column) {
      std::vector<std::optional<Values>> lanes(kLanes);
      for (unsigned lane = 0; lane < kLanes; ++lane)
        lanes[lane] = load(slots[k], slot(slots[k], memory, nest_.number(lane), column));
      return reductions[k].fold.tree(std::move(lanes));
    };
    // Folds `some` rows of a lane, 16 apart.
    const auto fold_rows = [&](Value* row, Value* lane, int64_t some) {
      std::vector<std::vector<Affine>> rows;
      for (int64_t i = 0; i < some; ++i) {
        bind_linear(pass, b.CreateAdd(row, nest_.number(i * kLanes)), /*lanes=*/false);
        rows.push_back(ranges_);
      }
      each_vector([&](Value* column) {
        const Affine here = ranges_[range];
        before_loop();
        std::vector<Values> acc;
        Values pointers;
        for (const Slots& of : slots) {
          pointers.push_back(slot(of, of.lanes, lane, column));
          acc.push_back(load(of, pointers.back()));
        }
        for (const std::vector<Affine>& at : rows) {
          ranges_ = at;
          ranges_[range] = here;
          emit_insts(pass);
          for (size_t k = 0; k < acc.size(); ++k)
            acc[k] = reductions[k].fold.add(acc[k], elements_of(reductions[k], 0, /*vector=*/true));
        }
        for (size_t k = 0; k < acc.size(); ++k) b.CreateAlignedStore(acc[k][0], pointers[k], llvm::Align(64));
      });
    };
    const auto fold_block = [&](Value* from, Value* to) {
      clear(&Slots::lanes);
      Value* grouped = b.CreateAdd(from, b.CreateAnd(b.CreateSub(to, from), nest_.number(-group)));
      nest_.loop(from, grouped, group, [&](Value* base) {
        nest_.loop(nest_.number(0), nest_.number(kLanes), 1,
                   [&](Value* lane) { fold_rows(b.CreateAdd(base, lane), lane, together); });
      });
      nest_.loop(grouped, to, 1, [&](Value* row) { fold_rows(row, b.CreateAnd(row, nest_.number(kLanes - 1)), 1); });
    };

    if (one_block) {
      fold_block(nest_.number(0), count);
    } else {
      clear(&Slots::blocks);
      nest_.loop(nest_.number(0), count, kBlock, [&](Value* from) {
        Value* to = b.CreateAdd(from, nest_.number(kBlock));
        to = b.CreateSelect(b.CreateICmpSLT(to, count), to, count);
        fold_block(from, to);
        Value* lane =
            b.CreateAnd(b.CreateLShr(from, nest_.number(std::countr_zero(uint64_t{kBlock}))), nest_.number(kLanes - 1));
        each_vector([&](Value* column) {
          for (size_t k = 0; k < slots.size(); ++k) {
            Value* pointer = slot(slots[k], slots[k].blocks, lane, column);
            const Values joined = reductions[k].fold.join(load(slots[k], pointer), tree(k, slots[k].lanes, column));
            b.CreateAlignedStore(joined[0], pointer, llvm::Align(64));
          }
        });
      });
    }
    each_vector([&](Value* column) {
      before_loop();
      for (size_t k = 0; k < slots.size(); ++k) {
        Value* folded = tree(k, one_block ? slots[k].lanes : slots[k].blocks, column)[0];
        values_[reductions[k].value] = {.at = {folded}, .varying = true, .level = nest_.level()};
      }
      emit_passes(pass + 1);
    });
  });
}

}  // namespace sinter::codegen::cpu
