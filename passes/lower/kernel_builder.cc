#include "passes/lower/kernel_builder.h"

#include <algorithm>
#include <cstring>

#include "support/work.h"

namespace sinter::passes {

using ir::OpClass;
using loops::Atom;
using loops::Index;
using loops::Inst;
using loops::InstKind;

KernelBuilder::KernelBuilder(const LowerContext& context, const Cluster& cluster)
    : context_(&context), graph_(context.graph), cluster_(&cluster), drafts_(1) {
  kernel_.symbols = context.symbols;
}

bool KernelBuilder::member(uint32_t op) const {
  return std::binary_search(cluster_->ops.begin(), cluster_->ops.end(), op);
}

bool KernelBuilder::makes(ir::Value value) const {
  return member(value.op) ||
         std::find(cluster_->outputs.begin(), cluster_->outputs.end(), value) != cluster_->outputs.end();
}

void KernelBuilder::fail(std::string reason) {
  if (reason_.empty()) reason_ = std::move(reason);
}

Index KernelBuilder::add_outer_range(Dim extent) {
  if (extent.is(1)) return Index::constant(0);
  kernel_.outer.push_back(extent);
  extents_.push_back(extent);
  return Index::range(static_cast<uint32_t>(extents_.size() - 1));
}

std::vector<Index> KernelBuilder::open_pass(const std::vector<Dim>& inner) {
  close_pass();
  Draft pass;
  std::vector<Index> indices;
  for (Dim extent : inner) {
    if (extent.is(1)) {
      indices.push_back(Index::constant(0));
      continue;
    }
    indices.push_back(Index::range(static_cast<uint32_t>(extents_.size())));
    extents_.push_back(extent);
    pass.inner.push_back(extent);
  }
  if (pass.inner.empty()) pass.inner.emplace_back(1);  // a pass over one element is still a pass
  drafts_.emplace_back();                              // for what the pass needs and does not vary in it
  drafts_.push_back(std::move(pass));
  open_ = drafts_.size() - 1;
  return indices;
}

void KernelBuilder::close_pass() {
  if (open_ == 0) return;
  open_ = 0;
  inner_memo_.clear();
  extents_.erase(extents_.begin() + static_cast<std::ptrdiff_t>(kernel_.outer.size()), extents_.end());
  drafts_.emplace_back();
}

bool KernelBuilder::is_inner(const Index& index) const {
  return any_atom(index, [&](const Atom& atom) {
    return (atom.kind == Atom::Kind::kRange && atom.id >= kernel_.outer.size()) ||
           (atom.kind == Atom::Kind::kValue && inner_[atom.id]);
  });
}

uint32_t KernelBuilder::emit(Inst inst, bool inner) {
  inner = inner || inside_ || is_inner(inst.index) || (inst.guard >= 0 && inner_[static_cast<size_t>(inst.guard)]) ||
          std::any_of(inst.operands.begin(), inst.operands.end(), [&](uint32_t operand) { return inner_[operand]; });
  count_work();
  const auto id = static_cast<uint32_t>(insts_.size());
  const size_t place = open_ == 0 ? drafts_.size() - 1 : (inner ? open_ : open_ - 1);
  drafts_[place].ids.push_back(id);
  insts_.push_back(std::move(inst));
  inner_.push_back(inner && open_ != 0);
  return id;
}

uint32_t KernelBuilder::apply(std::string_view row, DType dtype, std::vector<uint32_t> operands) {
  return emit({.kind = InstKind::kApply, .dtype = dtype, .operands = std::move(operands), .row = &ir::find_row(row)},
              false);
}

uint32_t KernelBuilder::index_value(Index index) {
  return emit({.kind = InstKind::kIndex, .dtype = kInt64, .index = std::move(index)}, false);
}

uint32_t KernelBuilder::constant(const ir::Literal& literal, DType dtype) {
  uint64_t bits = 0;
  std::memcpy(&bits, literal.bytes.data(), size_of(dtype));
  return emit({.kind = InstKind::kConstant, .dtype = dtype, .bits = bits}, false);
}

Dim KernelBuilder::product(const std::vector<Dim>& dims) {
  std::vector<Dim> factors;
  int64_t constant = 1;
  for (Dim dim : dims) dim.is_symbol() ? factors.push_back(dim) : void(constant *= dim.value());
  if (factors.empty()) return constant;
  if (factors.size() == 1 && constant == 1) return factors[0];
  factors.emplace_back(constant);
  const auto at = std::find(products_.begin(), products_.end(), factors);
  const auto number = static_cast<int>(at - products_.begin());
  if (at == products_.end()) products_.push_back(std::move(factors));
  return Dim::symbol(context_->symbols + number);
}

std::vector<Dim> KernelBuilder::strides(ir::Value value) {
  if (context_->layouts)
    if (auto given = context_->layouts(value)) return *given;
  const Shape& shape = graph_->type(value).shape;
  std::vector<Dim> strides;
  strides.reserve(static_cast<size_t>(shape.rank()));
  for (int64_t axis = 0; axis < shape.rank(); ++axis)
    strides.push_back(product({shape.begin() + axis + 1, shape.end()}));
  return strides;
}

uint32_t KernelBuilder::buffer(ir::Value value, loops::Buffer::Role role) {
  const bool out = role != loops::Buffer::Role::kIn;
  const auto [at, fresh] = buffers_.try_emplace({value, out}, static_cast<uint32_t>(kernel_.buffers.size()));
  if (fresh) {
    const ir::Type& type = graph_->type(value);
    kernel_.buffers.push_back(
        {fmt::format("{}{}", out ? "o" : "b", kernel_.buffers.size()), type.dtype, role, product(type.shape.dims())});
    values_.push_back(value);
  }
  return at->second;
}

uint32_t KernelBuilder::load(ir::Value value, const Coordinates& at) {
  const bool dense = !context_->layouts || !context_->layouts(value);
  Index index = at.linear && dense ? *at.linear : linearize(at.at, strides(value));
  return emit({.kind = InstKind::kLoad,
               .dtype = graph_->type(value).dtype,
               .guard = guard_,
               .buffer = buffer(value, loops::Buffer::Role::kIn),
               .index = std::move(index),
               .locations = graph_->op(value).locations},
              false);
}

void KernelBuilder::store(ir::Value value, const Coordinates& at) {
  const uint32_t stored = pull(value, at);
  if (failed()) return;
  Index index = linearize(at.at, strides(value));
  emit({.kind = InstKind::kStore,
        .dtype = graph_->type(value).dtype,
        .operands = {stored},
        .buffer = buffer(value, loops::Buffer::Role::kOut),
        .index = std::move(index),
        .locations = graph_->op(value).locations},
       open_ != 0);
}

void KernelBuilder::define(ir::Value value, const Coordinates& at, uint32_t id) {
  defined_[value] = {at, -1, id};
  inner_[id] = false;  // a reduction stands in its pass, its result belongs to the outer point
}

uint32_t KernelBuilder::pull(ir::Value value, const Coordinates& at) {
  if (failed()) return 0;
  count_work();
  if (const auto known = defined_.find(value); known != defined_.end()) {
    if (known->second.at.at != at.at) fail("a reduced value is needed at other positions than where it is made");
    return known->second.id;
  }
  if (!inside_)
    for (Memo* memo : {&outer_memo_, &inner_memo_})
      for (const Known& known : (*memo)[value]) {
        count_work();
        if (known.guard == guard_ && known.at.at == at.at) return known.id;
      }
  constexpr int kMaxDepth = 2000;
  if (++depth_ > kMaxDepth || insts_.size() > context_->most_instructions)
    fail("the expression is too large for one kernel");
  const uint32_t id = failed() ? 0 : compute(value, at);
  --depth_;
  if (!failed() && !inside_) (inner_[id] ? inner_memo_ : outer_memo_)[value].push_back({at, guard_, id});
  return id;
}

std::optional<uint32_t> KernelBuilder::pull_plain(ir::Value value, const Coordinates& at) {
  const size_t before = insts_.size();
  inside_ = true;
  const uint32_t id = pull(value, at);
  inside_ = false;
  if (failed() || insts_.size() != before + 1) return std::nullopt;
  const Inst& load = insts_[id];
  return load.kind == InstKind::kLoad && load.guard < 0 && is_affine(load.index) ? std::optional(id) : std::nullopt;
}

uint32_t KernelBuilder::compute(ir::Value value, const Coordinates& at) {
  const ir::Op& op = graph_->op(value);
  const DType dtype = graph_->type(value).dtype;
  // No element of it is ever needed, so that coordinates mean nothing: what does not vary in an empty pass still runs.
  const Shape& shape = graph_->type(value).shape;
  const bool empty = std::any_of(shape.begin(), shape.end(), [](Dim size) { return size.is(0); });
  if (empty && !inside_) return constant(ir::Literal::scalar<int64_t>(0), dtype);
  if (!makes(value) && (*context_->in_memory)[value.op]) return load(value, at);
  switch (op.def->op_class) {
    case OpClass::kElementwise: {
      if (!member(value.op)) break;
      Inst inst{.kind = InstKind::kApply, .dtype = dtype, .row = op.def->row, .locations = op.locations};
      for (ir::Value operand : op.operands) inst.operands.push_back(pull(operand, at));
      return failed() ? 0 : emit(std::move(inst), false);
    }
    case OpClass::kConstant: {
      const ir::Literal& literal = *std::get<ir::ConstantAttributes>(op.attributes).value;
      const size_t size = size_of(dtype);
      for (size_t i = size; i < literal.bytes.size(); i += size)
        if (std::memcmp(literal.bytes.data(), literal.bytes.data() + i, size) != 0) return load(value, at);
      return constant(literal.bytes.empty() ? ir::Literal::scalar<int64_t>(0) : literal, dtype);
    }
    case OpClass::kView:
      return pull_view(value, at);
    case OpClass::kIndexed: {
      if (op.def == &ir::ops::kIota) {
        const int64_t axis = std::get<ir::IotaAttributes>(op.attributes).axis;
        return index_value(at.at[static_cast<size_t>(axis)]);
      }
      const Coordinates seed{{Index::constant(0)}, std::nullopt}, stream{{Index::constant(1)}, std::nullopt};
      const uint32_t key0 = pull(op.operands[0], seed), key1 = pull(op.operands[0], stream);
      const uint32_t element = index_value(at.linear ? *at.linear : linearize(at.at, strides(value)));
      return emit(
          {.kind = InstKind::kRngBits, .dtype = kInt64, .operands = {key0, key1, element}, .locations = op.locations},
          false);
    }
    case OpClass::kGather:
      return pull_gather(op, at);
    case OpClass::kParameter:
      return load(value, at);
    case OpClass::kReduction:
    case OpClass::kDot:
    case OpClass::kScatter:
    case OpClass::kCall:
      break;
  }
  fail(fmt::format("{} is made by another kernel and not in memory", op.def->name));
  return 0;
}

bool KernelBuilder::computes_more_than_needed() const {
  if (kernel_.outer.size() < 2) return false;
  const auto last = static_cast<uint32_t>(kernel_.outer.size() - 1);
  std::vector<bool> varies(insts_.size());
  for (size_t id = 0; id < insts_.size(); ++id) {
    const Inst& inst = insts_[id];
    const auto of = [&](uint32_t operand) { return varies[operand]; };
    varies[id] =
        std::any_of(inst.operands.begin(), inst.operands.end(), of) || any_atom(inst.index, [&](const Atom& atom) {
          return atom.kind == Atom::Kind::kRange ? atom.id == last : atom.kind == Atom::Kind::kValue && varies[atom.id];
        });
    const bool constant_operands = std::all_of(inst.operands.begin(), inst.operands.end(), [&](uint32_t operand) {
      return insts_[operand].kind == InstKind::kConstant;
    });
    if (inst.kind == InstKind::kApply && !varies[id] && !constant_operands) return true;
  }
  return false;
}

LoweredKernel KernelBuilder::finish(std::string name) && {
  kernel_.name = std::move(name);
  kernel_.symbols = context_->symbols + static_cast<int>(products_.size());
  std::vector<uint32_t> number(insts_.size());
  uint32_t next = 0;
  for (const Draft& draft : drafts_)
    for (uint32_t id : draft.ids) number[id] = next++;
  const auto renumber = [&](const auto& self, Index& index) -> void {
    for (loops::Term& term : index.terms) {
      if (term.atom.kind == Atom::Kind::kValue) term.atom.id = number[term.atom.id];
      if (!term.atom.of) continue;
      Index inside = *term.atom.of;
      self(self, inside);
      term.atom.of = std::make_shared<const Index>(std::move(inside));
    }
  };
  std::vector<Check> checks;
  for (Draft& draft : drafts_) {
    if (draft.ids.empty()) continue;
    loops::Pass pass{std::move(draft.inner), {}};
    for (uint32_t id : draft.ids) {
      if (const auto check = checks_.find(id); check != checks_.end()) checks.push_back(check->second);
      Inst inst = std::move(insts_[id]);
      for (uint32_t& operand : inst.operands) operand = number[operand];
      if (inst.guard >= 0) inst.guard = static_cast<int32_t>(number[static_cast<size_t>(inst.guard)]);
      renumber(renumber, inst.index);
      pass.insts.push_back(std::move(inst));
    }
    kernel_.passes.push_back(std::move(pass));
  }
  return {std::move(kernel_), std::move(values_), std::move(products_), std::move(checks)};
}

}  // namespace sinter::passes
