#include "codegen/cpu/dot_tile.h"

#include <llvm/IR/Module.h>

#include "codegen/cpu/masked_memory.h"
#include "codegen/cpu/nest.h"
#include "codegen/cpu/prims.h"
#include "codegen/cpu/target.h"

namespace sinter::codegen::cpu {

using llvm::Value;

namespace {

llvm::Function* start_function(llvm::Module& module, const char* name, Isa isa, unsigned pointers, unsigned numbers,
                               bool flag) {
  auto& context = module.getContext();
  llvm::SmallVector<llvm::Type*, 9> parameters(pointers, llvm::PointerType::get(context, 0));
  parameters.append(numbers, llvm::Type::getInt64Ty(context));
  if (flag) parameters.push_back(llvm::Type::getInt1Ty(context));
  auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), parameters, false);
  auto* function = llvm::Function::Create(type, llvm::Function::InternalLinkage, name, module);
  set_target_attributes(*function, isa);
  function->addFnAttr(llvm::Attribute::NoInline);
  for (unsigned i = 0; i < pointers; ++i) function->addParamAttr(i, llvm::Attribute::NoAlias);
  return function;
}

Value* stride(Nest& nest, Dim dim, Value* at_run_time) {
  return dim.is_symbol() ? at_run_time : nest.number(dim.value());
}

// Which of `width` lanes, the first standing for number `first`, lie before `count`.
Value* lanes_before(Nest& nest, Value* count, int64_t first, unsigned width) {
  auto& b = nest.b;
  llvm::SmallVector<uint32_t, 16> numbers;
  for (unsigned i = 0; i < width; ++i) numbers.push_back(i);
  Value* left = b.CreateTrunc(b.CreateSub(count, nest.number(first)), b.getInt32Ty());
  return b.CreateICmpSLT(llvm::ConstantDataVector::get(b.getContext(), numbers), b.CreateVectorSplat(width, left));
}

// Lanes of each of the panel's vectors that are columns.
Values column_masks(Nest& nest, const DotPlan& plan, Value* columns) {
  Values masks;
  for (unsigned v = 0; v < plan.vectors; ++v)
    masks.push_back(lanes_before(nest, columns, v * plan.vector, plan.vector));
  return masks;
}

// Where in a line the panel's vectors begin, in elements: those without a column of their own at the first column,
// since a load of no lane at an address without memory would stall the processor.
Values column_starts(Nest& nest, const DotPlan& plan, Value* columns) {
  auto& b = nest.b;
  Values starts{nest.number(0)};
  for (unsigned v = 1; v < plan.vectors; ++v) {
    Value* start = nest.number(v * plan.vector);
    starts.push_back(b.CreateSelect(b.CreateICmpSLT(start, columns), start, nest.number(0)));
  }
  return starts;
}

// Rows become columns: a square of registers, by exchanging ever larger off-diagonal blocks.
void transpose(llvm::IRBuilder<>& b, std::vector<Value*>& rows) {
  const size_t n = rows.size();
  for (size_t distance = 1; distance < n; distance *= 2)
    for (size_t i = 0; i < n; ++i) {
      if ((i & distance) != 0) continue;
      llvm::SmallVector<int, 16> upper, lower;
      for (size_t j = 0; j < n; ++j) {
        const bool second = (j & distance) != 0;
        upper.push_back(static_cast<int>(second ? n + j - distance : j));
        lower.push_back(static_cast<int>(second ? n + j : j + distance));
      }
      Value *x = rows[i], *y = rows[i + distance];
      rows[i] = b.CreateShuffleVector(x, y, upper);
      rows[i + distance] = b.CreateShuffleVector(x, y, lower);
    }
}

struct PackEmitter {
  Nest& nest;
  const DotPlan& plan;
  Value *from, *to, *depth, *columns, *line, *depth_stride;
  llvm::Type* element = register_type(nest.b.getContext(), plan.dtype);
  llvm::FixedVectorType* type = llvm::FixedVectorType::get(element, plan.vector);
  llvm::Align align = llvm::Align(size_of(plan.dtype));

  Value* target(Value* k, Value* column) const {
    auto& b = nest.b;
    return b.CreateGEP(element, to, b.CreateAdd(b.CreateMul(k, nest.number(plan.tile_columns())), column));
  }

  // Lines of b are contiguous in memory already.
  void copy() const {
    auto& b = nest.b;
    const Values masks = column_masks(nest, plan, columns), starts = column_starts(nest, plan, columns);
    nest.loop(nest.number(0), depth, 1, [&](Value* k) {
      Value* row = b.CreateGEP(element, from, b.CreateMul(k, depth_stride));
      for (unsigned v = 0; v < plan.vectors; ++v) {
        Value* loaded = masked_load(b, type, b.CreateGEP(element, row, starts[v]), masks[v]);
        b.CreateAlignedStore(loaded, target(k, nest.number(v * plan.vector)), align);
      }
    });
  }

  // The last valid column stands for those beyond.
  Value* line_of(Value* column) const {
    auto& b = nest.b;
    Value* last = b.CreateSub(columns, nest.number(1));
    column = b.CreateSelect(b.CreateICmpSLT(column, columns), column, last);
    return b.CreateGEP(element, from, b.CreateMul(column, line));
  }

  // Elements of k are contiguous: squares are turned in registers.
  void turn() const {
    auto& b = nest.b;
    const int64_t n = plan.vector;
    nest.loop(nest.number(0), nest.number(plan.tile_columns()), n, [&](Value* column) {
      std::vector<Value*> lines;
      for (int64_t i = 0; i < n; ++i) lines.push_back(line_of(b.CreateAdd(column, nest.number(i))));
      const auto square = [&](Value* k, Value* mask) {
        std::vector<Value*> rows;
        for (Value* pointer : lines) {
          Value* source = b.CreateGEP(element, pointer, k);
          rows.push_back(mask == nullptr ? static_cast<Value*>(b.CreateAlignedLoad(type, source, align))
                                         : masked_load(b, type, source, mask));
        }
        transpose(b, rows);
        for (int64_t i = 0; i < n; ++i)
          b.CreateAlignedStore(rows[static_cast<size_t>(i)], target(b.CreateAdd(k, nest.number(i)), column), align);
      };
      Value* whole = b.CreateAnd(depth, nest.number(-n));
      nest.loop(nest.number(0), whole, n, [&](Value* k) { square(k, nullptr); });
      nest.loop(whole, depth, n,
                [&](Value* k) { square(k, lanes_before(nest, b.CreateSub(depth, k), 0, plan.vector)); });
    });
  }

  void elements() const {
    auto& b = nest.b;
    nest.loop(nest.number(0), nest.number(plan.tile_columns()), 1, [&](Value* column) {
      Value* source = line_of(column);
      nest.loop(nest.number(0), depth, 1, [&](Value* k) {
        Value* loaded = b.CreateAlignedLoad(element, b.CreateGEP(element, source, b.CreateMul(k, depth_stride)), align);
        b.CreateAlignedStore(loaded, target(k, column), align);
      });
    });
  }
};

}  // namespace

llvm::Function* emit_tile(llvm::Module& module, const DotPlan& plan, Isa isa, unsigned rows) {
  llvm::Function* function = start_function(module, "tile", isa, 3, 5, /*flag=*/true);
  Nest nest(*function);
  auto& b = nest.b;
  llvm::Type* element = register_type(b.getContext(), plan.dtype);
  auto* type = llvm::FixedVectorType::get(element, plan.vector);
  const llvm::Align align(size_of(plan.dtype));
  const auto argument = [&](unsigned i) { return function->getArg(i); };
  Value *a = argument(0), *columns_of_b = argument(1), *c = argument(2), *depth = argument(3), *resume = argument(8);
  const bool packed = plan.pack != DotPlan::Pack::kNone, known_depth = plan.one_block();
  if (known_depth) depth = nest.number(plan.depth.value());
  Value* a_line = plan.pack_rows ? nest.number(1) : stride(nest, plan.a.line, argument(4));
  Value* a_depth = plan.pack_rows ? nest.number(plan.packed_row_step()) : stride(nest, plan.a.depth, argument(5));
  Value* b_depth = packed ? nest.number(plan.tile_columns()) : stride(nest, plan.b.depth, argument(6));
  const bool masked = !packed && (plan.columns.is_symbol() || plan.columns.value() % plan.tile_columns() != 0);
  const Values masks = masked ? column_masks(nest, plan, argument(7)) : Values{};
  const Values starts = masked ? column_starts(nest, plan, argument(7)) : Values{};

  const auto place_in_c = [&](unsigned row, unsigned v) {
    return b.CreateConstGEP1_64(element, c, uint64_t{row} * plan.tile_columns() + v * plan.vector);
  };
  Values accumulators;
  for (unsigned row = 0; row < rows; ++row)
    for (unsigned v = 0; v < plan.vectors; ++v) {
      Value* zero = llvm::Constant::getNullValue(type);
      accumulators.push_back(
          known_depth ? zero : b.CreateSelect(resume, b.CreateAlignedLoad(type, place_in_c(row, v), align), zero));
    }
  Values lines;
  for (unsigned row = 0; row < rows; ++row)
    lines.push_back(b.CreateGEP(element, a, b.CreateMul(nest.number(row), a_line)));

  const auto step = [&](Value* k, Values acc) {
    Values columns;
    Value* source = b.CreateGEP(element, columns_of_b, b.CreateMul(k, b_depth));
    for (unsigned v = 0; v < plan.vectors; ++v) {
      Value* pointer = b.CreateGEP(element, source, masked ? starts[v] : nest.number(v * plan.vector));
      columns.push_back(masked ? masked_load(b, type, pointer, masks[v])
                               : static_cast<Value*>(b.CreateAlignedLoad(type, pointer, align)));
    }
    Value* at = b.CreateMul(k, a_depth);
    for (unsigned row = 0; row < rows; ++row) {
      Value* x =
          b.CreateVectorSplat(plan.vector, b.CreateAlignedLoad(element, b.CreateGEP(element, lines[row], at), align));
      for (unsigned v = 0; v < plan.vectors; ++v) {
        Value*& sum = acc[row * plan.vectors + v];
        sum = emit_prim(b, ir::Prim::kFma, plan.dtype, plan.dtype, {x, columns[v], sum});
      }
    }
    return acc;
  };
  constexpr int64_t kUnroll = 2;
  Value* whole = b.CreateAnd(depth, nest.number(-kUnroll));
  accumulators = nest.loop(nest.number(0), whole, kUnroll, accumulators, [&](Value* k, const Values& acc) {
    Values now = acc;
    for (int64_t u = 0; u < kUnroll; ++u) now = step(b.CreateAdd(k, nest.number(u)), now);
    return now;
  });
  accumulators = nest.loop(whole, depth, 1, accumulators, step);

  for (unsigned row = 0; row < rows; ++row)
    for (unsigned v = 0; v < plan.vectors; ++v)
      b.CreateAlignedStore(accumulators[row * plan.vectors + v], place_in_c(row, v), align);
  b.CreateRetVoid();
  return function;
}

llvm::Function* emit_pack(llvm::Module& module, const DotPlan& plan, Isa isa) {
  llvm::Function* function = start_function(module, "pack", isa, 2, 4, /*flag=*/false);
  Nest nest(*function);
  PackEmitter pack{
      .nest = nest,
      .plan = plan,
      .from = function->getArg(0),
      .to = function->getArg(1),
      .depth = plan.one_block() ? static_cast<Value*>(nest.number(plan.depth.value())) : function->getArg(2),
      .columns = function->getArg(3),
      .line = stride(nest, plan.b.line, function->getArg(4)),
      .depth_stride = stride(nest, plan.b.depth, function->getArg(5))};
  if (plan.pack == DotPlan::Pack::kCopy)
    pack.copy();
  else if (plan.pack == DotPlan::Pack::kTranspose)
    pack.turn();
  else
    pack.elements();
  nest.b.CreateRetVoid();
  return function;
}

llvm::Function* emit_pack_rows(llvm::Module& module, const DotPlan& plan, Isa isa) {
  llvm::Function* function = start_function(module, "pack_rows", isa, 2, 5, /*flag=*/false);
  Nest nest(*function);
  auto& b = nest.b;
  llvm::Type* element = register_type(b.getContext(), plan.dtype);
  const unsigned step = plan.packed_row_step();
  auto* type = llvm::FixedVectorType::get(element, step);
  const llvm::Align align(size_of(plan.dtype));
  Value *from = function->getArg(0), *to = function->getArg(1), *depth = function->getArg(2),
        *tiles = function->getArg(3), *tall = function->getArg(4), *rows = function->getArg(5);
  Value* depth_stride = stride(nest, plan.a.depth, function->getArg(6));
  Value* last = b.CreateSub(tiles, nest.number(1));
  nest.loop(nest.number(0), depth, 1, [&](Value* k) {
    Value* source = b.CreateGEP(element, from, b.CreateMul(k, depth_stride));
    Value* target = b.CreateGEP(element, to, b.CreateMul(k, nest.number(step)));
    const auto store = [&](Value* tile, Value* loaded) {
      Value* place = b.CreateGEP(element, target, b.CreateMul(tile, nest.number(plan.packed_rows_elements())));
      b.CreateAlignedStore(loaded, place, align);
    };
    // Two neighbouring tiles have at least a step's rows: only the last tile's are counted.
    const Values end = nest.loop(nest.number(0), last, 1, {nest.number(0)}, [&](Value* tile, const Values& row) {
      store(tile, b.CreateAlignedLoad(type, b.CreateGEP(element, source, row[0]), align));
      Value* height = b.CreateSelect(b.CreateICmpSLT(tile, tall), nest.number(plan.tile_rows),
                                     nest.number(int64_t{plan.tile_rows} - 1));
      return Values{b.CreateAdd(row[0], height)};
    });
    Value* mask = lanes_before(nest, b.CreateSub(rows, end[0]), 0, step);
    store(last, masked_load(b, type, b.CreateGEP(element, source, end[0]), mask));
  });
  b.CreateRetVoid();
  return function;
}

}  // namespace sinter::codegen::cpu
