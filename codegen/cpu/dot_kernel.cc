#include "codegen/cpu/dot_kernel.h"

#include <llvm/IR/Function.h>

#include <bit>
#include <map>

#include "codegen/cpu/dot_tile.h"
#include "codegen/cpu/pass_emitter.h"
#include "codegen/cpu/prims.h"

namespace sinter::codegen::cpu {

using llvm::Value;

namespace {

class DotEmitter {
 public:
  DotEmitter(llvm::Function& function, const loops::Kernel& kernel, const DotPlan& plan, Isa isa)
      : nest_(function),
        kernel_(kernel),
        plan_(plan),
        arguments_(load_arguments(nest_, function.getArg(0), kernel)),
        passes_(nest_, kernel, arguments_),
        element_(register_type(b().getContext(), plan.dtype)) {
    llvm::Module& module = *function.getParent();
    if (plan.tiles) {
      heights_ = {plan.tile_rows};
      if (*plan.tall_tiles < *plan.tiles) heights_.push_back(plan.tile_rows - 1);
    } else {
      heights_ = {plan.tile_rows};
      if (plan.tile_rows > 2) heights_.push_back(2);
      if (plan.tile_rows > 1) heights_.push_back(1);
    }
    for (const unsigned rows : heights_) tiles_.push_back(emit_tile(module, plan, isa, rows));
    if (plan.pack != DotPlan::Pack::kNone) pack_ = emit_pack(module, plan, isa);
    if (plan.pack_rows) pack_rows_ = emit_pack_rows(module, plan, isa);
    packed_ = b().CreateConstGEP1_64(element_, arguments_.scratch, static_cast<uint64_t>(plan.tile_elements()));
    if (plan.pack_rows)
      packed_rows_ =
          b().CreateConstGEP1_64(element_, packed_, static_cast<uint64_t>(plan.panel_elements() * plan.block_panels));
    rows_ = passes_.number(plan.rows);
    columns_ = passes_.number(plan.columns);
    depth_ = passes_.number(plan.depth);
  }

  void emit() {
    nest_.loop(arguments_.begin, arguments_.end, 1, [&](Value* unit) { emit_unit(unit); });
    b().CreateRetVoid();
  }

 private:
  llvm::IRBuilder<>& b() { return nest_.b; }
  Value* number(int64_t value) { return nest_.number(value); }
  Value* minimum(Value* x, Value* y) { return b().CreateSelect(b().CreateICmpSLT(x, y), x, y); }
  Value* ceil_div(Value* x, int64_t by) { return b().CreateUDiv(b().CreateAdd(x, number(by - 1)), number(by)); }

  // rest + line * (row or column), in elements.
  Value* line_start(const DotOperand& operand, Value* line) {
    Value* offset = b().CreateMul(line, passes_.number(operand.line));
    offset = b().CreateAdd(offset, number(operand.rest.base));
    for (const loops::Term& term : operand.rest.terms) {
      const bool symbol = term.atom.kind == loops::Atom::Kind::kSymbol;
      Value* atom = symbol ? arguments_.symbols[term.atom.id] : others_[term.atom.id];
      offset = b().CreateAdd(offset, b().CreateMul(atom, passes_.number(term.coefficient)));
    }
    return b().CreateGEP(element_, arguments_.buffers[operand.buffer], offset);
  }

  void emit_unit(Value* unit) {
    const int64_t panel = plan_.tile_columns();
    Value* row_blocks = plan_.tiles ? number((*plan_.tiles + plan_.block_tiles - 1) / plan_.block_tiles)
                                    : ceil_div(rows_, plan_.block_tiles * plan_.tile_rows);
    Value* column_blocks = ceil_div(columns_, plan_.block_panels * panel);
    Value *fast = row_blocks, *slow = column_blocks;
    if (plan_.rows_first) std::swap(fast, slow);
    Value *first_block = b().CreateURem(unit, fast), *rest = b().CreateUDiv(unit, fast);
    Value* second_block = b().CreateURem(rest, slow);
    rest = b().CreateUDiv(rest, slow);
    row_block_ = plan_.rows_first ? second_block : first_block;
    Value* column_block = plan_.rows_first ? first_block : second_block;
    for (size_t i = plan_.others.size(); i-- > 0;) {
      Value* extent = passes_.number(kernel_.outer[plan_.others[i]]);
      Value* range = i == 0 ? rest : b().CreateURem(rest, extent);
      rest = b().CreateUDiv(rest, extent);
      others_[plan_.others[i]] = range;
      passes_.bind(plan_.others[i], range);
    }
    first_column_ = b().CreateMul(column_block, number(plan_.block_panels * panel));
    Value* left = ceil_div(b().CreateSub(columns_, first_column_), panel);
    panels_ = plan_.block_panels == 1 ? number(1) : minimum(left, number(plan_.block_panels));
    if (plan_.one_block()) {
      // Where the units of one column block follow each other, its panels stay packed.
      const auto pack = [&] { pack_panels(number(0), depth_); };
      if (pack_ != nullptr && plan_.rows_first) pack();
      if (pack_ != nullptr && !plan_.rows_first)
        nest_.when(b().CreateOr(b().CreateICmpEQ(row_block_, number(0)), b().CreateICmpEQ(unit, arguments_.begin)),
                   pack);
      emit_tiles(number(0), depth_);
      return;
    }
    Value* at_least_one =
        b().CreateSelect(b().CreateICmpEQ(depth_, number(0)), number(1), depth_);  // sums of nothing are 0
    nest_.loop(number(0), at_least_one, plan_.block_depth, [&](Value* k) {
      Value* length = minimum(b().CreateSub(depth_, k), number(plan_.block_depth));
      if (pack_ != nullptr) pack_panels(k, length);
      emit_tiles(k, length);
    });
  }

  Value* column_of(Value* panel) {
    return b().CreateAdd(first_column_, b().CreateMul(panel, number(plan_.tile_columns())));
  }
  Value* packed_panel(Value* panel) {
    return b().CreateGEP(element_, packed_, b().CreateMul(panel, number(plan_.panel_elements())));
  }
  Value* columns_in(Value* column) { return minimum(b().CreateSub(columns_, column), number(plan_.tile_columns())); }

  void pack_panels(Value* k, Value* length) {
    nest_.loop(number(0), panels_, 1, [&](Value* panel) {
      Value* column = column_of(panel);
      Value* from =
          b().CreateGEP(element_, line_start(plan_.b, column), b().CreateMul(k, passes_.number(plan_.b.depth)));
      b().CreateCall(pack_, {from, packed_panel(panel), length, columns_in(column), passes_.number(plan_.b.line),
                             passes_.number(plan_.b.depth)});
    });
  }

  Value* rows_at(Value* row, Value* k) {
    return b().CreateGEP(element_, line_start(plan_.a, row), b().CreateMul(k, passes_.number(plan_.a.depth)));
  }
  void pack_rows(Value* from, Value* length, Value* tiles, Value* tall, Value* rows) {
    b().CreateCall(pack_rows_, {from, packed_rows_, length, tiles, tall, rows, passes_.number(plan_.a.depth)});
  }

  // The unit's tiles, for `length` elements of k from `k` on: row by row of tiles, so that its rows of a stay near.
  void emit_tiles(Value* k, Value* length) {
    Value *first_tile = nullptr, *tile_count = nullptr, *first_row = nullptr, *end_row = nullptr, *enough = nullptr;
    if (plan_.tiles) {
      first_tile = b().CreateMul(row_block_, number(plan_.block_tiles));
      tile_count = minimum(b().CreateSub(number(*plan_.tiles), first_tile), number(plan_.block_tiles));
      Value* tall = minimum(first_tile, number(*plan_.tall_tiles));
      first_row = b().CreateAdd(b().CreateMul(first_tile, number(plan_.tile_rows - 1)), tall);
    } else {
      const int64_t block_rows = plan_.block_tiles * plan_.tile_rows;
      first_row = b().CreateMul(row_block_, number(block_rows));
      end_row = minimum(b().CreateAdd(first_row, number(block_rows)), rows_);
      Value* rows = b().CreateSub(end_row, first_row);
      Value* pairs = b().CreateAdd(b().CreateLShr(rows, number(1)), b().CreateAnd(rows, number(1)));
      enough = b().CreateICmpSGE(rows_, number(plan_.tile_rows));
      tile_count = b().CreateSelect(enough, ceil_div(rows, plan_.tile_rows), plan_.tile_rows > 2 ? pairs : rows);
    }
    if (packed_rows_ != nullptr && plan_.tiles) {
      Value* tall = b().CreateSub(number(*plan_.tall_tiles), first_tile);
      pack_rows(rows_at(first_row, k), length, tile_count, tall, b().CreateSub(rows_, first_row));
    }
    nest_.loop(number(0), tile_count, 1, {first_row}, [&](Value* tile, const Values& carried) {
      Value* row = carried[0];
      Value *height = number(heights_[0]), *function = tiles_[0], *done = number(0);
      if (plan_.tiles && heights_.size() == 2) {
        Value* tall = b().CreateICmpSLT(b().CreateAdd(first_tile, tile), number(*plan_.tall_tiles));
        height = b().CreateSelect(tall, height, number(heights_[1]));
        function = b().CreateSelect(tall, function, tiles_[1]);
      } else if (!plan_.tiles) {
        // The last tile starts early and so repeats rows of the one before, whose passes are not run again. Too few
        // rows for that come in twos.
        Value* start = minimum(row, b().CreateSub(end_row, number(plan_.tile_rows)));
        done = b().CreateSelect(enough, b().CreateSub(row, start), number(0));
        row = b().CreateSelect(enough, start, row);
        Value* left = b().CreateSub(end_row, row);
        height = number(heights_.back());
        function = tiles_.back();
        for (size_t i = heights_.size() - 1; i-- > 0;) {
          Value* fits = i == 0 ? enough : b().CreateICmpSGE(left, number(heights_[i]));
          height = b().CreateSelect(fits, number(heights_[i]), height);
          function = b().CreateSelect(fits, tiles_[i], function);
        }
      }
      Value* a = packed_rows_;
      if (a == nullptr) {
        a = rows_at(row, k);
      } else if (plan_.tiles) {
        a = b().CreateGEP(element_, a, b().CreateMul(tile, number(plan_.packed_rows_elements())));
      } else {
        pack_rows(rows_at(row, k), length, number(1), number(1), height);
      }
      nest_.loop(number(0), panels_, 1,
                 [&](Value* panel) { emit_tile_of({tile, row, height, done, function}, a, panel, k, length); });
      return Values{b().CreateAdd(row, height)};
    });
  }

  // A tile's number within its unit, its first row, its rows and those of them whose passes have been run, its
  // function.
  struct Tile {
    Value *number, *row, *height, *done, *function;
  };

  void emit_tile_of(const Tile& tile, Value* a, Value* panel, Value* k, Value* length) {
    Value* column = column_of(panel);
    Value* columns = columns_in(column);
    Value* source = pack_ != nullptr ? packed_panel(panel)
                                     : b().CreateGEP(element_, line_start(plan_.b, column),
                                                     b().CreateMul(k, passes_.number(plan_.b.depth)));
    Value* c = arguments_.scratch;
    if (!plan_.one_block()) {
      Value* at = b().CreateAdd(b().CreateMul(tile.number, number(plan_.block_panels)), panel);
      c = b().CreateGEP(element_, c, b().CreateMul(at, number(int64_t{plan_.tile_rows} * plan_.tile_columns())));
    }
    Value* resume = b().CreateICmpSGT(k, number(0));
    b().CreateCall(tiles_[0]->getFunctionType(), tile.function,
                   {a, source, c, length, passes_.number(plan_.a.line), passes_.number(plan_.a.depth),
                    passes_.number(plan_.b.depth), columns, resume});
    if (plan_.one_block())
      emit_epilogue(tile, column, columns, c);
    else
      nest_.when(b().CreateICmpSGE(b().CreateAdd(k, length), depth_), [&] { emit_epilogue(tile, column, columns, c); });
  }

  // Rows of both halves of a tile by turns. One by one, they would teach the processor to fetch ahead the rows beyond
  // the last tile, which another core is writing (batch 8 of an MLP's step: 91 us rather than 70 on two far cores).
  Value* row_at(const Tile& tile, Value* turn) {
    if (!plan_.tiles) return turn;
    Value* half = b().CreateLShr(b().CreateAdd(tile.height, number(1)), number(1));
    Value* second = b().CreateMul(b().CreateAnd(turn, number(1)), half);
    return b().CreateAdd(b().CreateLShr(turn, number(1)), second);
  }

  // The passes after the dot, on a tile of rows x columns whose sums lie at c.
  void emit_epilogue(const Tile& tile, Value* column, Value* columns, Value* c) {
    const unsigned width = std::min(kLanes, plan_.tile_columns());
    const int64_t panel = plan_.tile_columns();
    const auto rows = [&](Value* first, unsigned copies, Value* end) {
      nest_.loop(tile.done, tile.height, 1, [&](Value* turn) {
        Value* r = row_at(tile, turn);
        if (plan_.row_range >= 0) passes_.bind(static_cast<uint32_t>(plan_.row_range), b().CreateAdd(tile.row, r));
        const auto vectors = [&](Value* at) {
          Value* mask = end == nullptr ? nullptr : passes_.lane_mask(at, end, width);
          passes_.set_lanes({.width = width, .copies = copies, .mask = mask});
          passes_.bind(static_cast<uint32_t>(plan_.column_range), at, /*lanes=*/true);
          Val sums{.varying = true, .level = nest_.level()};
          auto* type = llvm::FixedVectorType::get(element_, width);
          for (unsigned copy = 0; copy < copies; ++copy) {
            Value* offset = b().CreateAdd(b().CreateSub(at, column), number(copy * width));
            offset = b().CreateAdd(b().CreateMul(r, number(panel)), offset);
            sums.at.push_back(
                b().CreateAlignedLoad(type, b().CreateGEP(element_, c, offset), llvm::Align(size_of(plan_.dtype))));
          }
          passes_.set_value(2, std::move(sums));
          passes_.emit_passes(1);
        };
        if (end == nullptr)
          vectors(first);
        else
          nest_.loop(first, end, width, vectors);
      });
    };
    const bool whole_only = !plan_.columns.is_symbol() && plan_.columns.value() % panel == 0;
    const bool partial_only = !plan_.columns.is_symbol() && plan_.columns.value() < panel;
    if (!partial_only) {
      const auto whole = [&] { rows(column, static_cast<unsigned>(panel) / width, nullptr); };
      if (whole_only) return whole();
      nest_.when(b().CreateICmpEQ(columns, number(panel)), whole);
    }
    const auto partial = [&] { rows(column, 1, b().CreateAdd(column, columns)); };
    if (partial_only) return partial();
    nest_.when(b().CreateICmpSLT(columns, number(panel)), partial);
  }

  Nest nest_;
  const loops::Kernel& kernel_;
  const DotPlan& plan_;
  KernelArguments arguments_;
  PassEmitter passes_;
  llvm::Type* element_;
  std::vector<unsigned> heights_;       // that tiles may have, falling
  std::vector<llvm::Function*> tiles_;  // by height
  llvm::Function *pack_ = nullptr, *pack_rows_ = nullptr;
  std::map<uint32_t, Value*> others_;  // the outer point, by range
  Value *packed_ = nullptr, *packed_rows_ = nullptr, *rows_ = nullptr, *columns_ = nullptr, *depth_ = nullptr;
  Value *row_block_ = nullptr, *first_column_ = nullptr, *panels_ = nullptr;  // of the unit
};

}  // namespace

void emit_dot_kernel(llvm::Function& function, const loops::Kernel& kernel, const DotPlan& plan, Isa isa) {
  DotEmitter(function, kernel, plan, isa).emit();
}

}  // namespace sinter::codegen::cpu
