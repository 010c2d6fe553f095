#include "frontend/trace.h"

#include <algorithm>

#include "frontend/apply.h"
#include "frontend/transfer.h"
#include "ir/graph/row.h"
#include "passes/differentiate.h"

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
Trace::~Trace() { g_trace = nullptr; }
Trace* Trace::current() { return g_trace; }

void Trace::runs_on(Device wanted, std::string_view what) {
  if (!device) device = wanted;
  if (*device != wanted)
    throw ValueError(fmt::format("{}: on {}, expected {}, where the jitted function's other tensors are", what,
                                 to_string(wanted), to_string(*device)),
                     "move tensors before the call: a jitted function runs on one device");
}

Ref<Impl> Trace::wrap(ir::Value value, bool requires_grad) const {
  auto impl = make<Impl>();
  impl->dtype = graph.type(value).dtype;
  impl->shape = Sizes(graph.type(value).shape);
  impl->trace = number_;
  impl->value = value;
  impl->requires_grad = requires_grad && is_float(impl->dtype);
  return impl;
}

Ref<Impl> Trace::add_input(DType dtype, const Sizes& shape, const std::string& name) {
  return wrap(graph.add_parameter({dtype, shape.shape()}, name), false);
}

CellUse& Trace::use(const Ref<Cell>& cell) {
  const auto found = std::ranges::find(cells, cell, &CellUse::cell);
  if (found != cells.end()) return *found;
  const std::string name = cell->name.get().empty() ? "cell" + std::to_string(cells.size()) : cell->name.get();
  const Ref<Impl> now = current_value(*cell);
  if (!cell->roams) runs_on(now->device(), name);
  const ir::Value value = graph.add_parameter({now->dtype, now->shape.shape()}, name);
  cells.push_back({.cell = cell, .parameter = graph.parameters().size() - 1, .value = value, .leaves = {value}});
  return cells.back();
}

Ref<Impl> Trace::read(const Ref<Cell>& cell) { return wrap(use(cell).value, cell->requires_grad); }

void Trace::write(const Ref<Cell>& cell, const Ref<Impl>& value) {
  // A cell's value is a leaf: what it was computed from is not behind it.
  const ir::Value next = detail::requires_grad(*value) ? stopped(value_of(value)) : value_of(value);
  CellUse& written = use(cell);
  written.value = next;
  written.leaves.push_back(next);
  written.written = true;
}

ir::Value Trace::value_of(const Ref<Impl>& x) {
  if (x->trace != 0) return x->value;
  if (x->cell) return use(x->cell).value;
  if (const auto found = std::ranges::find(captured, x, &Captured::impl); found != captured.end()) return found->value;
  if (x->node && grad_enabled())
    throw GraphError(
        "jit: a captured tensor was computed from leaves that require gradients, which would not reach them from here",
        "compute it inside the function, or capture x.detach()");
  if (x->numel() == 1) {
    const Ref<Impl> memory = on_host(contiguous(x));
    ir::Literal literal = ir::Literal::zeros({x->dtype, x->shape.shape()});
    std::copy_n(memory->data(), literal.bytes.size(), literal.bytes.data());
    const ir::Value value = ir::constant(builder_, std::move(literal));
    captured.push_back({x, SIZE_MAX, value});
    return value;
  }
  runs_on(x->device(), "a captured tensor");
  const ir::Value value =
      graph.add_parameter({x->dtype, x->shape.shape()}, "captured" + std::to_string(captured.size()));
  captured.push_back({x, graph.parameters().size() - 1, value});
  return value;
}

ir::Value Trace::stopped(ir::Value value) {
  const auto [at, fresh] = stopped_.try_emplace(value);
  if (fresh) at->second = ir::stop_gradient(builder_, value);
  return at->second;
}

Ref<Impl> Trace::apply(const ir::OpDef& def, const ir::Attributes& attributes, std::span<const Ref<Impl>> operands) {
  builder_.scope = current_scope();
  bool wanted = false;
  std::vector<ir::Value> values;
  for (const Ref<Impl>& operand : operands) {
    ir::Value value = value_of(operand);
    const bool flows = detail::requires_grad(*operand) && is_float(operand->dtype);
    if (flows && !grad_enabled() && def.vjp != nullptr) value = stopped(value);
    wanted |= flows;
    values.push_back(value);
  }
  const ir::Value result = builder_.add(def, attributes, values);
  return wrap(result, wanted && grad_enabled() && is_differentiable(def, graph.type(result).dtype));
}

Ref<Impl> Trace::sum(const Ref<Impl>& a, const Ref<Impl>& b) {
  if (!a || !b) return a ? a : b;
  return wrap(ir::elementwise(builder_, "add", {value_of(a), value_of(b)}), a->requires_grad || b->requires_grad);
}

Trace::Leaf* Trace::leaf_of(const Impl& x) {
  const auto found = std::ranges::find(leaves_, x.value, &Leaf::value);
  return found == leaves_.end() ? nullptr : &*found;
}

void Trace::make_leaf(Impl& x) {
  x.requires_grad = true;
  if (leaf_of(x) == nullptr) leaves_.push_back({x.value, {}});
}

Ref<Impl> Trace::grad(const Ref<Impl>& x) {
  if (!x->cell) {
    const Leaf* leaf = leaf_of(*x);
    return leaf != nullptr ? leaf->grad : Ref<Impl>();
  }
  CellUse& cell = use(x->cell);
  if (!cell.grad_touched && !cell.grad_entered) {
    cell.grad_entered = true;
    if (const Ref<Impl> earlier = current_grad(*x->cell)) {
      cell.grad = add_input(earlier->dtype, earlier->shape, "grad" + std::to_string(cell.parameter));
      cell.grad_parameter = graph.parameters().size() - 1;
    }
  }
  return cell.grad;
}

void Trace::set_grad(const Ref<Impl>& x, const Ref<Impl>& grad) {
  if (!x->cell) {
    if (Leaf* leaf = leaf_of(*x)) leaf->grad = grad;
    return;
  }
  const Ref<Impl> traced = grad ? wrap(value_of(grad), grad->requires_grad) : grad;
  CellUse& cell = use(x->cell);
  cell.grad = traced;
  cell.grad_touched = true;
}

void Trace::backward(const Ref<Impl>& root, const Ref<Impl>& seed, BackwardOptions options) {
  const ir::Value of = value_of(root);
  if (std::ranges::find(walked_, of) != walked_.end())
    throw GraphError("backward: went through this graph before, and the values it saved are gone since",
                     "call backward({.retain_graph = true}) the first time, or compute the loss again");
  if (!options.retain_graph && !options.create_graph) walked_.push_back(of);
  // Every value that a cell has had is a place where its gradient is collected.
  std::vector<ir::Value> targets;
  std::vector<std::pair<bool, size_t>> owners;  // whether a cell, and which
  for (size_t i = 0; i < cells.size(); ++i) {
    if (!cells[i].cell->requires_grad) continue;
    for (ir::Value leaf : cells[i].leaves) {
      targets.push_back(leaf);
      owners.emplace_back(true, i);
    }
  }
  for (size_t i = 0; i < leaves_.size(); ++i) {
    targets.push_back(leaves_[i].value);
    owners.emplace_back(false, i);
  }
  const std::optional<ir::Value> start = seed ? std::optional(value_of(seed)) : std::nullopt;
  const auto found = passes::differentiate(graph, of, targets, start);
  std::vector<Ref<Impl>> totals_of_cells(cells.size()), totals_of_leaves(leaves_.size());
  for (size_t i = 0; i < found.size(); ++i) {
    if (!found[i]) continue;
    Ref<Impl>& total = (owners[i].first ? totals_of_cells : totals_of_leaves)[owners[i].second];
    total = sum(total, wrap(options.create_graph ? *found[i] : stopped(*found[i]), options.create_graph));
  }
  for (size_t i = 0; i < totals_of_cells.size(); ++i) {
    if (!totals_of_cells[i]) continue;
    auto handle = make<Impl>();
    handle->cell = cells[i].cell;
    const Ref<Impl> earlier = grad(handle);
    cells[i].grad = sum(earlier, totals_of_cells[i]);
    cells[i].grad_touched = true;
  }
  for (size_t i = 0; i < totals_of_leaves.size(); ++i)
    if (totals_of_leaves[i]) leaves_[i].grad = sum(leaves_[i].grad, totals_of_leaves[i]);
}

std::vector<Ref<Impl>> Trace::gradients(const Ref<Impl>& root, const Ref<Impl>& seed,
                                        std::span<const Ref<Impl>> with_respect_to, BackwardOptions options) {
  std::vector<ir::Value> targets;
  for (const Ref<Impl>& target : with_respect_to) targets.push_back(value_of(target));
  const std::optional<ir::Value> start = seed ? std::optional(value_of(seed)) : std::nullopt;
  std::vector<Ref<Impl>> gradients;
  for (const std::optional<ir::Value>& value : passes::differentiate(graph, value_of(root), targets, start))
    gradients.push_back(value ? wrap(options.create_graph ? *value : stopped(*value), options.create_graph)
                              : Ref<Impl>());
  return gradients;
}

Trace& require_trace(std::span<const Ref<Impl>> operands) {
  Trace* trace = Trace::current();
  for (const Ref<Impl>& operand : operands)
    if (operand->trace != 0 && (trace == nullptr || operand->trace != trace->number()))
      throw GraphError("a tensor that was made while a function was traced is used after the trace has ended",
                       "return it from the jitted function");
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
