// Loops of a pass without reductions, and what all passes share.
#include <algorithm>

#include "codegen/cpu/pass_emitter.h"
#include "codegen/cpu/prims.h"

namespace sinter::codegen::cpu {

using llvm::Value;
using loops::Index;
using loops::InstKind;
using loops::Pass;

namespace {

bool has(const Pass& pass, std::initializer_list<InstKind> kinds) {
  return std::any_of(pass.insts.begin(), pass.insts.end(), [&](const loops::Inst& inst) {
    return std::find(kinds.begin(), kinds.end(), inst.kind) != kinds.end();
  });
}

// More would only lengthen straight code.
constexpr int64_t kStraightPoints = 16, kStraightInsts = 64;

}  // namespace

KernelArguments load_arguments(Nest& nest, Value* call, const loops::Kernel& kernel) {
  auto& b = nest.b;
  llvm::Type* pointer = b.getPtrTy();
  const auto field = [&](llvm::Type* type, size_t offset) {
    return b.CreateLoad(type, b.CreateConstGEP1_64(b.getInt8Ty(), call, offset));
  };
  using Call = runtime::KernelCall;
  KernelArguments made;
  Value* buffers = field(pointer, offsetof(Call, buffers));
  for (size_t i = 0; i < kernel.buffers.size(); ++i)
    made.buffers.push_back(b.CreateLoad(pointer, b.CreateConstGEP1_64(pointer, buffers, i)));
  if (kernel.symbols > 0) {
    Value* symbols = field(pointer, offsetof(Call, symbols));
    for (int i = 0; i < kernel.symbols; ++i)
      made.symbols.push_back(
          b.CreateLoad(b.getInt64Ty(), b.CreateConstGEP1_64(b.getInt64Ty(), symbols, static_cast<uint64_t>(i))));
  }
  made.begin = field(b.getInt64Ty(), offsetof(Call, begin));
  made.end = field(b.getInt64Ty(), offsetof(Call, end));
  made.scratch = field(pointer, offsetof(Call, scratch));
  made.status = field(pointer, offsetof(Call, status));
  return made;
}

PassEmitter::PassEmitter(Nest& nest, const loops::Kernel& kernel, const KernelArguments& arguments)
    : nest_(nest), kernel_(kernel), arguments_(arguments), values_(kernel.value_count()) {
  size_t inner = 0;
  for (const Pass& pass : kernel.passes) inner = std::max(inner, pass.inner.size());
  ranges_.resize(kernel.outer.size() + inner + 1);  // one more for the linear index of bind_linear
}

void PassEmitter::bind(uint32_t range, Value* value, bool lanes) {
  const int level = llvm::isa<llvm::Constant>(value) ? 0 : nest_.level();
  ranges_[range] = {.scalars = {{value, level}}, .stride = lanes ? 1 : 0, .level = level, .aligned = lanes};
}

Value* PassEmitter::inner_count(size_t pass) {
  Value* count = nest_.number(1);
  for (const Dim dim : kernel_.passes[pass].inner) {
    const auto so_far = known(count);
    count = so_far && !dim.is_symbol() ? nest_.number(*so_far * dim.value()) : nest_.multiply(0, count, number(dim));
  }
  return count;
}

Value* PassEmitter::lane_mask(Value* first, Value* end, unsigned width) {
  auto& b = nest_.b;
  Value* left = b.CreateSub(end, first);  // lanes that exist, as 32 bits: compares of 64 would take two registers
  Value* count = b.CreateTrunc(left, b.getInt32Ty());
  llvm::SmallVector<uint32_t, 16> lanes;
  for (unsigned i = 0; i < width; ++i) lanes.push_back(i);
  Value* numbers = llvm::ConstantDataVector::get(b.getContext(), lanes);
  return b.CreateICmpSLT(numbers, b.CreateVectorSplat(width, count));
}

// Vectors in flight for a loop of so many points: a power of two, as blocks of order R hold whole groups. The
// schedule's number is for the longest pass; shorter ones may be as long in all.
unsigned PassEmitter::copies_for(size_t pass, std::optional<int64_t> count) const {
  constexpr unsigned kOfShortPasses = 4;
  const auto length = [](const Pass& of) {
    double sum = 0;
    for (const loops::Inst& inst : of.insts) sum += inst.row != nullptr ? std::max(1.0, inst.row->cost) : 1;
    return sum;
  };
  const auto wanted = static_cast<unsigned>(std::clamp(kernel_.schedule.unroll, 1, 8));
  double longest = 0;
  for (const Pass& other : kernel_.passes) longest = std::max(longest, length(other));
  unsigned copies = 1;
  const auto fits = [&](unsigned more) {
    return more <= wanted || (more <= kOfShortPasses && more * length(kernel_.passes[pass]) <= wanted * longest);
  };
  while (fits(2 * copies) && (!count || 2 * copies * kLanes <= *count)) copies *= 2;
  return copies;
}

// The pass's inner ranges at a linear inner index; in lanes, at as many consecutive ones.
void PassEmitter::bind_linear(size_t pass, Value* linear, bool lanes) {
  const auto& inner = kernel_.passes[pass].inner;
  const auto first = static_cast<uint32_t>(kernel_.outer.size());
  if (inner.size() == 1) return bind(first, linear, lanes);
  const auto whole = static_cast<uint32_t>(ranges_.size() - 1);
  bind(whole, linear, lanes);
  Index rest = Index::range(whole);
  const auto atom = [&](loops::Atom::Kind kind, Dim by) {
    return Index{0, {{1, {.kind = kind, .of = std::make_shared<const Index>(rest), .by = by}}}};
  };
  for (size_t r = inner.size(); r-- > 0;) {
    ranges_[first + r] = affine(r == 0 ? rest : atom(loops::Atom::Kind::kMod, inner[r]));
    rest = atom(loops::Atom::Kind::kDiv, inner[r]);
  }
}

void PassEmitter::emit_insts(size_t pass) {
  uint32_t value = kernel_.first_value(pass);
  for (const loops::Inst& inst : kernel_.passes[pass].insts) emit_inst(value++, inst);
}

void PassEmitter::emit_map(size_t pass) {
  const auto& inner = kernel_.passes[pass].inner;
  const auto nest = [&](auto&& self, size_t range) -> void {
    if (range == inner.size()) return emit_insts(pass);
    nest_.loop(nest_.number(0), number(inner[range]), 1, [&](Value* i) {
      bind(static_cast<uint32_t>(kernel_.outer.size() + range), i);
      self(self, range + 1);
    });
  };
  nest(nest, 0);
}

// Lanes over the last inner range.
void PassEmitter::emit_vector_map(size_t pass) {
  const Lanes outside = lanes_;
  const auto& inner = kernel_.passes[pass].inner;
  const auto first = static_cast<uint32_t>(kernel_.outer.size());
  const auto nest = [&](auto&& self, size_t range) -> void {
    if (range + 1 < inner.size()) {
      nest_.loop(nest_.number(0), number(inner[range]), 1, [&](Value* i) {
        bind(static_cast<uint32_t>(first + range), i);
        self(self, range + 1);
      });
      return;
    }
    Value* end = number(inner[range]);
    const unsigned copies = copies_for(pass, known(end));
    const int64_t step = copies * kLanes;
    Value* main_end = nest_.at(0, [&] { return nest_.b.CreateAnd(end, nest_.number(-step)); });
    const auto body = [&](Value* i) {
      bind(static_cast<uint32_t>(first + range), i, /*lanes=*/true);
      emit_insts(pass);
    };
    lanes_ = {.width = kLanes, .copies = copies};
    nest_.loop(nest_.number(0), main_end, step, body);
    lanes_.copies = 1;
    nest_.loop(main_end, end, kLanes, [&](Value* i) {
      lanes_.mask = lane_mask(i, end);
      body(i);
    });
    lanes_ = outside;
  };
  nest(nest, 0);
}

void PassEmitter::emit_pass(size_t number_of_pass) {
  const Pass& pass = kernel_.passes[number_of_pass];
  const bool reduces = has(pass, {InstKind::kReduce, InstKind::kArgmax, InstKind::kDot});
  if (pass.inner.empty() && !reduces) return emit_insts(number_of_pass);
  const bool in_lanes = kernel_.schedule.vector == loops::Schedule::kInner && lanes_.width == 1 &&
                        !has(pass, {InstKind::kAccumulate, InstKind::kDot}) && !pass.inner.empty();
  if (in_lanes) return reduces ? emit_lane_reduction(number_of_pass) : emit_vector_map(number_of_pass);
  if (!reduces) return emit_map(number_of_pass);
  const auto count = known(inner_count(number_of_pass));
  const auto insts = static_cast<int64_t>(pass.insts.size());
  if (count && *count > 0 && *count <= kStraightPoints && *count * insts * lanes_.copies <= kStraightInsts)
    emit_straight_reduction(number_of_pass, *count);
  else
    emit_point_reduction(number_of_pass);
}

void PassEmitter::emit_passes(size_t first) {
  for (size_t pass = first; pass < kernel_.passes.size(); ++pass) emit_pass(pass);
}

}  // namespace sinter::codegen::cpu
