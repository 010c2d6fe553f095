#include "frontend/trace.h"

#include <algorithm>

#include "frontend/apply.h"
#include "frontend/transfer.h"
#include "ir/graph/row.h"

namespace sinter::detail {
namespace {

thread_local Trace* g_trace = nullptr;
std::atomic<uint64_t> g_traces{0};

}  // namespace

Switch::operator bool() const {
  const bool on = on_->load(std::memory_order_relaxed);
  if (Trace* trace = Trace::current())
    if (std::ranges::find(trace->guards, on_, &Guard::setting) == trace->guards.end())
      trace->guards.push_back({on_, on});
  return on;
}

Trace::Trace() : number_(++g_traces), builder_(graph) {
  invariant(g_trace == nullptr, "one trace a thread");
  g_trace = this;
}
Trace::~Trace() {
  for (const CellUse& use : cells) use.cell->requires_grad = use.requires_grad;
  g_trace = nullptr;
}
Trace* Trace::current() { return g_trace; }

void Trace::runs_on(Device wanted, std::string_view what) {
  if (!device) device = wanted;
  if (*device != wanted)
    throw ValueError(fmt::format("{}: on {}, expected {}, where the jitted function's other tensors are", what,
                                 to_string(wanted), to_string(*device)),
                     "move tensors before the call: a jitted function runs on one device");
}

Ref<Impl> Trace::wrap(ir::Value value) {
  auto impl = make<Impl>();
  impl->dtype = graph.type(value).dtype;
  impl->shape = Sizes(graph.type(value).shape);
  impl->trace = number_;
  impl->value = value;
  impl->requires_grad = (flow_of(value) & kVaried) != 0;
  impl->cut_by = cut_of(value);
  return impl;
}

Ref<Impl> Trace::add_input(DType dtype, const Sizes& shape, const std::string& name, const std::string* cut_by) {
  const ir::Value value = graph.add_parameter({dtype, shape.shape()}, name);
  if (cut_by != nullptr && is_float(dtype)) {
    cuts_.emplace_back(value, cut_by);
    add_source(value, kCut);
  }
  return wrap(value);
}

Ref<Impl> Trace::add_differentiable_input(DType dtype, const Sizes& shape, const std::string& name) {
  const ir::Value value = graph.add_parameter({dtype, shape.shape()}, name);
  if (is_float(dtype)) add_source(value, kVaried);
  return wrap(value);
}

const CellUse* Trace::find(const Cell* cell) const {
  const auto found = uses_.find(cell);
  return found == uses_.end() ? nullptr : &cells[found->second];
}

CellUse& Trace::use(const Ref<Cell>& cell) {
  if (const auto found = uses_.find(cell.get()); found != uses_.end()) return cells[found->second];
  const std::string name = cell->name.get().empty() ? "cell" + std::to_string(cells.size()) : cell->name.get();
  const Ref<Impl> now = current_value(*cell);
  if (!cell->roams) runs_on(now->device(), "cell " + described(*cell));
  const ir::Value value = graph.add_parameter({now->dtype, now->shape.shape()}, name);
  uses_[cell.get()] = cells.size();
  CellUse& use = cells.emplace_back();
  use.cell = cell;
  use.parameter = graph.parameters().size() - 1;
  use.value = value;
  use.requires_grad = cell->requires_grad;
  if (use.requires_grad) {  // the parameter itself is its first version
    use.leaf = value;
    use.versions.push_back(value);
    add_source(value, kVaried);
  }
  return use;
}

Ref<Impl> Trace::make_cell(const Ref<Impl>& value, bool requires_grad) {
  ir::Value now = value_of(value);
  if (flow_of(now) != 0) now = stopped(now);
  const Ref<Cell> cell(new Cell);
  cell->trace = number_;
  cell->requires_grad = requires_grad;
  uses_[cell.get()] = cells.size();
  CellUse& use = cells.emplace_back();
  use.cell = cell;
  use.value = now;
  use.requires_grad = requires_grad;
  auto handle = make<Impl>();
  handle->dtype = value->dtype;
  handle->shape = value->shape;
  handle->cell = cell;
  return handle;
}

// Every version is a value of its own, so that what was written and what is read from the cell are told apart.
ir::Value Trace::read(CellUse& use) {
  if (!use.cell->requires_grad) return flow_of(use.value) != 0 ? stopped(use.value) : use.value;
  if (!use.leaf) {
    use.leaf = ir::stop_gradient(builder_, use.value);
    use.versions.push_back(*use.leaf);
    add_source(*use.leaf, kVaried);
  }
  return *use.leaf;
}

// A cell's value is a leaf: what it was computed from is not behind it.
void Trace::write(const Ref<Cell>& cell, const Ref<Impl>& value) {
  const ir::Value given = value_of(value);
  CellUse& written = use(cell);
  written.value = flow_of(given) != 0 ? stopped(given) : given;
  written.leaf.reset();
  written.written = true;
}

void Trace::set_requires_grad(const Ref<Cell>& cell, bool wanted) {
  (void)use(cell);
  cell->requires_grad = wanted;
}

ir::Value Trace::value_of(const Ref<Impl>& x) {
  if (x->trace != 0) return x->value;
  if (x->cell) return read(use(x->cell));
  if (const auto found = captured_at_.find(x.get()); found != captured_at_.end()) return captured[found->second].value;
  if (x->node && grad_enabled())
    throw GraphError(
        "jit: a captured tensor was computed from leaves that require gradients, which would not reach them from here",
        "compute it inside the function, or capture x.detach()");
  const ir::Value value = constant_or_parameter(x);
  if (x->cut_by != nullptr && is_float(x->dtype)) {
    cuts_.emplace_back(value, x->cut_by);
    add_source(value, kCut);
  }
  return value;
}

ir::Value Trace::constant_or_parameter(const Ref<Impl>& x) {
  captured_at_[x.get()] = captured.size();
  if (x->numel() == 1) {
    const Ref<Impl> memory = on_host(contiguous(x));
    ir::Literal literal = ir::Literal::zeros({x->dtype, x->shape.shape()});
    std::copy_n(memory->data(), literal.bytes.size(), literal.bytes.data());
    return captured.emplace_back(Captured{x, {}, ir::constant(builder_, std::move(literal))}).value;
  }
  runs_on(x->device(), "a captured tensor");
  const ir::Value value =
      graph.add_parameter({x->dtype, x->shape.shape()}, "captured" + std::to_string(captured.size()));
  return captured.emplace_back(Captured{x, graph.parameters().size() - 1, value}).value;
}

ir::Value Trace::stopped(ir::Value value) {
  const auto [at, fresh] = stopped_.try_emplace(value);
  if (fresh) at->second = ir::stop_gradient(builder_, value);
  return at->second;
}

Ref<Impl> Trace::apply(const ir::OpDef& def, const ir::Attributes& attributes, std::span<const Ref<Impl>> operands) {
  builder_.scope = current_scope();
  std::vector<ir::Value> values;
  for (const Ref<Impl>& operand : operands) {
    ir::Value value = value_of(operand);
    if (!grad_enabled() && def.vjp != nullptr && flow_of(value) != 0) value = stopped(value);
    values.push_back(value);
  }
  return wrap(builder_.add(def, attributes, values));
}

uint8_t Trace::flow_of(ir::Value value) {
  while (flows_.size() < graph.ops().size()) {
    const ir::Op& op = graph.ops()[flows_.size()];
    uint8_t flow = 0;
    if (op.def->vjp != nullptr)
      for (const ir::Value operand : op.operands)
        if (is_float(graph.type(operand).dtype)) flow |= flows_[operand.op] & (kVaried | kCut);
    flows_.push_back(flow);
  }
  return is_float(graph.type(value).dtype) ? flows_[value.op] : 0;
}

void Trace::add_source(ir::Value value, Flow kind) {
  (void)flow_of(value);
  flows_[value.op] |= kSource | kind;
}

// Which jitted function cut off what a value depends on; null if none did.
const std::string* Trace::cut_of(ir::Value value) {
  while ((flow_of(value) & kCut) != 0) {
    const auto found = std::ranges::find(cuts_, value, &std::pair<ir::Value, const std::string*>::first);
    if (found != cuts_.end()) return found->second;
    value = *std::ranges::find_if(graph.op(value).operands,
                                  [&](ir::Value operand) { return (flow_of(operand) & kCut) != 0; });
  }
  return nullptr;
}

void report_ended_trace() {
  throw GraphError("a tensor that was made while a function was traced is used after the trace has ended",
                   "return it from the jitted function");
}

Trace& require_trace(std::span<const Ref<Impl>> operands) {
  Trace* trace = Trace::current();
  for (const Ref<Impl>& operand : operands)
    if (operand->trace != 0 && (trace == nullptr || operand->trace != trace->number())) report_ended_trace();
  invariant(trace != nullptr, "traced operands belong to an open trace");
  return *trace;
}

Location line_that_made(const Impl& x) {
  const Trace* trace = Trace::current();
  if (trace == nullptr || x.trace != trace->number() || trace->graph.op(x.value).locations.empty()) return {};
  return trace->graph.op(x.value).locations.front();
}

void report_data_access(const char* what) {
  throw GraphError(fmt::format("{}: the values of a tensor are not known while a jitted function is traced", what),
                   "choose with where(condition, a, b), or return the tensor from the function and look at it outside");
}

}  // namespace sinter::detail
