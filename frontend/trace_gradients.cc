// Gradients while tracing: the backward pass is appended to the graph, and means what the tape's walk means.
#include <algorithm>
#include <unordered_set>

#include "frontend/derivative_needs.h"
#include "frontend/trace.h"
#include "passes/differentiate.h"
#include "support/scope.h"

namespace sinter::detail {

Ref<Impl> Trace::grad(const Ref<Impl>& x) {
  if (!x->cell) return {};
  CellUse& cell = use(x->cell);
  const Ref<Impl> grad = grad_of(cell, "grad");
  if (!cell.grad_touched && cell.grad_entered == GradState::kOnTape && grad_enabled())
    throw GraphError(
        fmt::format("grad: the gradient of cell {} was made by backward({{.create_graph = true}}) outside the jitted "
                    "function, and gradients would not go on there from inside",
                    described(*x->cell)),
        "call c.set_grad(c.grad().detach()) before the call, or make the gradient inside the function");
  return grad;
}

// The gradient now; what a cell had before the call enters when it is first asked for.
Ref<Impl> Trace::grad_of(CellUse& use, const char* what) {
  if (use.grad_touched || use.grad_entered || !use.parameter) return use.grad;
  use.cell->require_grad_kept(what);
  const Ref<Impl> earlier = current_grad(*use.cell);
  use.grad_entered = state_of_gradient(earlier);
  if (earlier) {
    use.grad = add_input(earlier->dtype, earlier->shape, "grad" + std::to_string(*use.parameter), earlier->cut_by);
    use.grad_parameter = graph.parameters().size() - 1;
  }
  return use.grad;
}

void Trace::set_grad(const Ref<Impl>& x, const Ref<Impl>& grad) {
  Ref<Impl> given;
  if (grad) {
    const ir::Value value = value_of(grad);
    given = wrap(flow_of(value) != 0 ? stopped(value) : value);
  }
  CellUse& cell = use(x->cell);
  cell.grad = given;
  cell.grad_touched = true;
}

// What was computed before the call is not in the graph.
void Trace::require_computed_here(const Impl& root, const char* what) const {
  if (root.trace == 0 && !root.cell)
    throw GraphError(fmt::format("{}: the tensor was computed before the jitted function was called", what),
                     "compute it inside the function, or differentiate it outside");
}

// The tape's rule: an operation that saved something for its derivative can be gone through once, unless it is
// retained.
void Trace::note_visit(uint32_t op, bool retain) {
  released_.resize(graph.ops().size());
  if (released_[op]) report_second_backward();
  if (retain) return;
  const ir::Op& visited = graph.ops()[op];
  uint32_t flows = 0;
  for (size_t i = 0; i < visited.operands.size() && i < kMostTrackedOperands; ++i)
    if ((flow_of(visited.operands[i]) & kVaried) != 0) flows |= 1u << i;
  const auto type_of = [&](size_t i) {
    return i == visited.operands.size() ? visited.types[0] : graph.type(visited.operands[i]);
  };
  released_[op] = derivative_needs(*visited.def, visited.attributes, visited.operands.size(), flows, type_of) != 0;
}

// reached: the gradients at the values of `cuts_`.
void Trace::require_not_cut(std::span<const std::optional<ir::Value>> reached, ir::Value root) {
  for (size_t i = 0; i < cuts_.size(); ++i) {
    if (!reached[i]) continue;
    Location line;
    for (uint32_t op = root.op; op > cuts_[i].first.op && !line.known(); --op)
      if (const ir::Op& user = graph.ops()[op];
          std::ranges::find(user.operands, cuts_[i].first) != user.operands.end() && !user.locations.empty())
        line = user.locations.front();
    const LocationScope location(line);
    report_cut(*cuts_[i].second);
  }
}

void Trace::backward(const Ref<Impl>& root, const Ref<Impl>& seed, BackwardOptions options) {
  require_computed_here(*root, "backward");
  const bool retain = options.retain_graph || options.create_graph;
  const ir::Value of = value_of(root);
  const std::optional<ir::Value> start = seed ? std::optional(value_of(seed)) : std::nullopt;
  std::vector<ir::Value> others;  // all other places where gradients end: the walk leads there, too
  for (const auto& [value, function] : cuts_) others.push_back(value);
  others.insert(others.end(), marked_.begin(), marked_.end());
  std::vector<std::vector<ir::Value>> leaves;
  std::vector<size_t> owners;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].versions.empty()) continue;
    leaves.push_back(cells[i].versions);
    owners.push_back(i);
  }
  const passes::GradientResult found = passes::differentiate(
      graph, {.of = of, .seed = start, .values = others, .leaves = leaves, .before = [&](uint32_t op) {
                note_visit(op, retain);
              }});
  require_not_cut(found.values, of);
  for (const size_t leaf : found.arrivals) (void)grad_of(cells[owners[leaf]], "backward");
  builder_.scope = current_scope();
  for (const size_t leaf : found.arrivals) {
    CellUse& cell = cells[owners[leaf]];
    ir::Value total = *found.leaves[leaf];
    if (const Ref<Impl> earlier = cell.grad) total = ir::elementwise(builder_, "add", {value_of(earlier), total});
    cell.grad = wrap(options.create_graph || flow_of(total) == 0 ? total : stopped(total));
    cell.grad_touched = true;
  }
}

std::vector<Ref<Impl>> Trace::gradients(const Ref<Impl>& root, const Ref<Impl>& seed,
                                        std::span<const Ref<Impl>> with_respect_to, BackwardOptions options) {
  require_computed_here(*root, "gradients");
  const bool retain = options.retain_graph || options.create_graph;
  const ir::Value of = value_of(root);
  const std::optional<ir::Value> start = seed ? std::optional(value_of(seed)) : std::nullopt;
  std::vector<ir::Value> values;
  std::vector<std::vector<ir::Value>> leaves;
  std::map<const Cell*, size_t> places;  // in `leaves`: a cell may be asked for twice
  for (const Ref<Impl>& target : with_respect_to) {
    if (!target->cell)
      values.push_back(value_of(target));
    else if (places.try_emplace(target->cell.get(), leaves.size()).second)
      leaves.push_back(use(target->cell).versions);
  }
  const size_t targets = values.size();
  if (!leaves.empty())  // a jitted function may have cut off what leads to a leaf
    for (const auto& [value, function] : cuts_) values.push_back(value);
  const passes::GradientResult found = passes::differentiate(
      graph, {.of = of, .seed = start, .values = values, .leaves = leaves, .before = [&](uint32_t op) {
                note_visit(op, retain);
              }});
  if (!leaves.empty()) require_not_cut(std::span(found.values).subspan(targets), of);
  std::vector<Ref<Impl>> gradients;
  size_t next = 0;
  for (const Ref<Impl>& target : with_respect_to) {
    const std::optional<ir::Value> total =
        target->cell ? found.leaves[places.at(target->cell.get())] : found.values[next++];
    if (!total)
      gradients.emplace_back();
    else
      gradients.push_back(wrap(options.create_graph || flow_of(*total) == 0 ? *total : stopped(*total)));
  }
  return gradients;
}

Ref<Impl> Trace::marked(const Ref<Impl>& x) {
  const ir::Value value = apply(ir::ops::kReshape, ir::ShapeAttributes{x->shape.shape()}, std::array{x})->value;
  add_source(value, kVaried);
  marked_.push_back(value);
  return wrap(value);
}

bool Trace::depends_on_others(const Ref<Impl>& root, std::span<const Ref<Impl>> marked) {
  std::unordered_set<uint32_t> seen;
  for (const Ref<Impl>& mark : marked) seen.insert(mark->value.op);
  std::vector<uint32_t> stack;
  const auto visit = [&](ir::Value value) {
    if (flow_of(value) != 0 && seen.insert(value.op).second) stack.push_back(value.op);
  };
  visit(value_of(root));
  while (!stack.empty()) {
    const uint32_t op = stack.back();
    stack.pop_back();
    if ((flows_[op] & kSource) != 0) return true;
    std::ranges::for_each(graph.ops()[op].operands, visit);
  }
  return false;
}

}  // namespace sinter::detail
