#include "frontend/tape.h"

#include <algorithm>
#include <mutex>
#include <queue>
#include <shared_mutex>
#include <unordered_map>
#include <unordered_set>

#include "frontend/cell.h"
#include "frontend/derivative_needs.h"
#include "frontend/eager.h"
#include "frontend/lazy_builder.h"
#include "frontend/transfer.h"

namespace sinter::detail {
namespace {

thread_local bool g_grad_enabled = true;
std::atomic<uint64_t> g_sequence{0};
thread_local uint64_t g_next_replayed = 0;  // set: the number of the next node that a composite's replay makes

// The last of so many numbers of nodes.
uint64_t take_numbers(uint64_t count) {
  if (g_next_replayed != 0) return std::exchange(g_next_replayed, g_next_replayed + count) + count - 1;
  return g_sequence.fetch_add(count, std::memory_order_relaxed) + count;
}

class GradModeScope {
 public:
  explicit GradModeScope(bool enabled) : outer_(set_grad_enabled(enabled)) {}
  ~GradModeScope() { set_grad_enabled(outer_); }
  GradModeScope(const GradModeScope&) = delete;
  GradModeScope& operator=(const GradModeScope&) = delete;

 private:
  bool outer_;
};

// What a value had on the tape, restored for derivatives of derivatives.
Ref<Impl> unpack(const Edge& edge, bool create_graph) {
  if (!edge.saved || !create_graph || !(edge.flows() || edge.cut_by != nullptr)) return edge.saved;
  Ref<Impl> tensor = detached(*edge.saved);
  tensor->node = edge.node;
  tensor->cut_by = edge.cut_by;
  if (edge.cell) {
    tensor->cell = edge.cell;
    tensor->snapshot = true;
  }
  tensor->requires_grad = edge.flows();
  return tensor;
}

std::mutex g_expanding;

// The node that contributions to this one belong to: a composite that was replayed has handed them over.
Ref<Node> standing_for(const Ref<Node>& node) {
  if (!node || !node->composite) return node;
  const std::lock_guard lock(g_expanding);
  return node->composite->expanded ? node->composite->expanded : node;
}

// The nodes of a composite's operations, which have the numbers that the composite's call took: contributions meet in
// the order in which they would without it. The one of its result; null when nothing flows.
Ref<Node> expand(Node& node) {
  const std::lock_guard lock(g_expanding);
  CompositeCall& call = *node.composite;
  if (call.expanded) return call.expanded;
  std::vector<Ref<Impl>> operands;
  for (const Edge& edge : node.operands) operands.push_back(unpack(edge, /*create_graph=*/true));
  const GradModeScope recording(true);
  const struct Numbers {
    explicit Numbers(uint64_t first) { g_next_replayed = first; }
    ~Numbers() { g_next_replayed = 0; }
    Numbers(const Numbers&) = delete;
    Numbers& operator=(const Numbers&) = delete;
  } numbers(node.sequence - call.operations());
  const Ref<Impl> result = replay(call, operands);
  invariant(g_next_replayed <= node.sequence, "a composite's replay makes the nodes that it has numbers for");
  return call.expanded = result->node;
}

class Walk {
 public:
  Walk(BackwardOptions options) : options_(options) { options_.retain_graph |= options.create_graph; }

  // Restricts the walk to what leads to these nodes and cells.
  void restrict_to(const Ref<Impl>& root, std::span<const Ref<Impl>> targets) {
    restricted_ = true;
    for (const Ref<Impl>& target : targets) {
      if (target->node) target_nodes_.insert({target->node.get(), standing_for(target->node).get()});
      if (target->cell) target_cells_.insert(target->cell.get());
    }
    find_useful(standing_for(root->node));
  }

  void run(const Ref<Impl>& root, const Ref<Impl>& seed) {
    const GradModeScope mode(options_.create_graph);
    arrive(root->node, root->cell, seed);
    while (!queue_.empty()) {
      Ref<Node> node = queue_.top().node;
      queue_.pop();
      Sum sum = std::move(pending_.extract(node.get()).mapped());
      {
        const LocationScope location(node->at);
        add_up(sum);
      }
      const Ref<Impl>& cotangent = sum.value;
      if (target_nodes_.contains(node.get())) at_target_[node.get()] = cotangent;
      if (!restricted_ || leads_on(*node)) visit(*node, cotangent);
    }
    for (auto& [cell, sum] : cells) add_up(sum);
  }

  // What has reached a place. Where the additions are recorded, they are made once all is there, as in a static graph:
  // gradients of gradients meet in the order in which operations were recorded.
  struct Sum {
    Ref<Impl> value;
    std::vector<Ref<Impl>> more;
  };
  std::vector<std::pair<Ref<Cell>, Sum>> cells;  // in order of first arrival
  [[nodiscard]] Ref<Impl> at(const Impl& target) const {
    if (target.node) {
      auto found = at_target_.find(target.node.get());
      if (found == at_target_.end()) found = at_target_.find(standing_for(target.node).get());
      return found == at_target_.end() ? Ref<Impl>() : found->second;
    }
    for (const auto& [cell, sum] : cells)
      if (cell == target.cell) return sum.value;
    return {};
  }

 private:
  struct Waiting {
    Ref<Node> node;
    bool operator<(const Waiting& other) const { return node->sequence < other.node->sequence; }
  };

  [[nodiscard]] bool leads_on(const Node& node) const {
    return std::ranges::any_of(node.operands, [&](const Edge& edge) { return is_wanted(edge) || is_lost(edge); });
  }
  // Whether a gradient that is asked for may lie behind a jitted function. Results of other operations do not: those
  // are no arguments of jitted functions.
  [[nodiscard]] bool is_lost(const Edge& edge) const {
    return edge.cut_by != nullptr && (!restricted_ || !target_cells_.empty());
  }
  [[nodiscard]] bool is_wanted(const Edge& edge) const {
    if (!restricted_) return edge.flows();
    return edge.node ? useful_.contains(standing_for(edge.node).get())
                     : edge.cell && target_cells_.contains(edge.cell.get());
  }

  // Marks the nodes from which a target can be reached, without recursion; those numbered up to `known` are marked.
  void find_useful(const Ref<Node>& root, uint64_t known = 0) {
    if (!root) return;
    std::vector<Node*> order, stack{root.get()};
    std::unordered_set<Node*> seen{root.get()};
    while (!stack.empty()) {
      Node* node = stack.back();
      stack.pop_back();
      order.push_back(node);
      for (const Edge& edge : node->operands) {
        const Ref<Node> next = standing_for(edge.node);
        if (next && next->sequence > known && seen.insert(next.get()).second) stack.push_back(next.get());
      }
    }
    std::ranges::sort(order, {}, [](const Node* node) { return node->sequence; });
    for (Node* node : order)
      if (target_nodes_.contains(node) || leads_on(*node)) useful_.insert(node);
  }

  // Where contributions to a node or cell, one of which it is, are added up; null before the first.
  Sum& sum_at(const Ref<Node>& made_by, const Ref<Cell>& cell) {
    if (const Ref<Node> node = standing_for(made_by)) {
      Sum& sum = pending_[node.get()];
      if (!sum.value) queue_.push({node});
      return sum;
    }
    auto found = std::ranges::find(cells, cell, &std::pair<Ref<Cell>, Sum>::first);
    if (found == cells.end()) found = cells.insert(cells.end(), {cell, {}});
    return found->second;
  }
  // What has reached it; null if nothing has.
  [[nodiscard]] Ref<Impl> sum_so_far(const Edge& edge) const {
    if (const Ref<Node> node = standing_for(edge.node)) {
      const auto found = pending_.find(node.get());
      return found == pending_.end() ? Ref<Impl>() : found->second.value;
    }
    const auto found = std::ranges::find(cells, edge.cell, &std::pair<Ref<Cell>, Sum>::first);
    return found == cells.end() ? Ref<Impl>() : found->second.value;
  }

  void arrive(const Ref<Node>& node, const Ref<Cell>& cell, const Ref<Impl>& cotangent) {
    Sum& sum = sum_at(node, cell);
    if (!sum.value)
      sum.value = cotangent;
    else if (options_.create_graph)
      sum.more.push_back(cotangent);
    else
      sum.value = added(sum.value, cotangent);
  }
  static Ref<Impl> added(const Ref<Impl>& a, const Ref<Impl>& b) {
    static const ir::OpDef& add = *ir::find_op("add");
    return apply_eager(add, ir::NoAttributes{}, std::array{a, b});
  }
  static void add_up(Sum& sum) {
    for (const Ref<Impl>& each : std::exchange(sum.more, {})) sum.value = added(sum.value, each);
  }

  void visit_composite(Node& node, const Ref<Impl>& cotangent) {
    for (const Edge& edge : node.operands)
      if (is_lost(edge)) report_cut(*edge.cut_by);
    if (options_.create_graph || !visit_fused(node, cotangent)) {
      const Ref<Node> expanded = expand(node);
      if (restricted_) find_useful(expanded, node.sequence - node.composite->operations() - 1);
      if (expanded) arrive(expanded, {}, cotangent);
    }
    if (!options_.retain_graph) release(node);
  }

  // All at once. Sums go on from what has reached the operands before, as they would operation by operation.
  bool visit_fused(const Node& node, const Ref<Impl>& cotangent) {
    std::vector<Ref<Impl>> operands, earlier;
    for (size_t i = 0; i < node.operands.size(); ++i) {
      const Edge& edge = node.operands[i];
      operands.push_back(edge.saved);
      earlier.push_back(is_wanted(edge) ? sum_so_far(edge) : Ref<Impl>());
      // Contributions of two operands to one place: their order is that of the operations.
      for (size_t k = 0; k < i; ++k)
        if (edge.flows() && node.operands[k].node == edge.node && node.operands[k].cell == edge.cell) return false;
    }
    const std::vector<Ref<Impl>> gradients = composite_gradients(*node.composite, operands, cotangent, earlier);
    for (size_t i = 0; i < gradients.size(); ++i)
      if (gradients[i] && is_wanted(node.operands[i]))
        sum_at(node.operands[i].node, node.operands[i].cell).value = gradients[i];
    return !gradients.empty();
  }

  void visit(Node& node, const Ref<Impl>& cotangent) {
    if (node.released) report_second_backward();
    const LocationScope location(node.at);
    if (node.composite) return visit_composite(node, cotangent);
    LazyBuilder builder(cotangent->device());
    std::vector<ir::Value> operands;
    for (const Edge& edge : node.operands)
      operands.push_back(builder.import(unpack(edge, options_.create_graph), edge.dtype, edge.shape));
    Ref<Impl> result_tensor = node.saved_result;
    if (result_tensor && options_.create_graph) {
      result_tensor = detached(*node.saved_result);
      result_tensor->node = Ref<Node>(&node);
      result_tensor->requires_grad = true;
    }
    const ir::Value result = builder.import(result_tensor, node.dtype, node.shape);
    const std::optional<ir::Value> seed = builder.import(cotangent, node.dtype, node.shape);
    const ir::MaybeValues flows =
        node.def->vjp(builder, *node.def, node.attributes, operands, std::span(&result, 1), std::span(&seed, 1));
    std::vector<ir::Value> wanted;
    for (size_t i = 0; i < flows.size(); ++i) {
      if (flows[i] && is_lost(node.operands[i])) report_cut(*node.operands[i].cut_by);
      if (flows[i] && is_wanted(node.operands[i])) wanted.push_back(*flows[i]);
    }
    builder.demand(wanted);
    for (size_t i = 0; i < flows.size(); ++i)
      if (flows[i] && is_wanted(node.operands[i]))
        arrive(node.operands[i].node, node.operands[i].cell,
               on_device(builder.tensor(*flows[i]), node.operands[i].device));
    if (!options_.retain_graph) release(node);
  }

  static void release(Node& node) {
    for (Edge& edge : node.operands) {
      node.released |= static_cast<bool>(edge.saved);
      edge.saved = {};
    }
    if (node.composite) node.composite->saved.clear();
    node.released |= static_cast<bool>(node.saved_result);
    node.saved_result = {};
  }

  BackwardOptions options_;
  bool restricted_ = false;
  std::unordered_set<const Node*> target_nodes_, useful_;
  std::unordered_set<const Cell*> target_cells_;
  std::priority_queue<Waiting> queue_;
  std::unordered_map<const Node*, Sum> pending_;
  std::unordered_map<const Node*, Ref<Impl>> at_target_;
};

}  // namespace

// Long chains end one node after the other: what a node lets go waits in a list instead of on the stack.
void dispose(Node* node) {
  static thread_local Node* dying = nullptr;  // plain: tensors in globals go after this thread's other variables
  static thread_local bool busy = false;
  node->next_dying = dying;
  dying = node;
  if (busy) return;
  busy = true;
  while (dying != nullptr) {
    Node* next = dying;
    dying = next->next_dying;
    delete next;
  }
  busy = false;
}

bool grad_enabled() { return g_grad_enabled; }
bool set_grad_enabled(bool enabled) { return std::exchange(g_grad_enabled, enabled); }

bool is_differentiable(const ir::OpDef& def, DType result) { return def.vjp != nullptr && is_float(result); }

void report_second_backward() {
  throw GraphError("backward: went through this graph before, and the values it saved are gone since",
                   "call backward({.retain_graph = true}) the first time, or compute the loss again");
}

void report_cut(const std::string& function) {
  throw GraphError(fmt::format("backward: a gradient would go on into {}, which recorded nothing of how it made the "
                               "tensor that it returned",
                               function),
                   "differentiate inside that function, use jit(grad(f)), or call detach() on what it returned");
}

namespace {

// The node of a result, with its edges.
Ref<Node> new_node(const Impl& result, std::span<const Ref<Impl>> operands, std::span<const Ref<Impl>> values,
                   uint64_t numbers = 1) {
  auto node = make<Node>();
  node->sequence = take_numbers(numbers);
  node->at = current_location();
  node->dtype = result.dtype;
  node->shape = result.shape;
  node->operands.reserve(operands.size());
  for (size_t i = 0; i < operands.size(); ++i) {
    const Impl& operand = *operands[i];
    Edge edge{.saved = values[i], .dtype = operand.dtype, .shape = operand.shape, .device = values[i]->device()};
    if (operand.cell && operand.cell->requires_grad) edge.cell = operand.cell;
    if (operand.node && is_float(operand.dtype)) edge.node = operand.node;
    if (is_float(operand.dtype)) edge.cut_by = operand.cut_by;
    node->operands.push_back(std::move(edge));
  }
  return node;
}

}  // namespace

void record_composite(const Ref<Impl>& result, Ref<CompositeCall> call, std::span<const Ref<Impl>> operands,
                      std::span<const Ref<Impl>> values) {
  result->node = new_node(*result, operands, values, call->operations() + 1);
  result->node->composite = std::move(call);
  result->requires_grad = true;
}

void record(const Ref<Impl>& result, const ir::OpDef& def, const ir::Attributes& attributes,
            std::span<const Ref<Impl>> operands, std::span<const Ref<Impl>> values) {
  Ref<Node> node = new_node(*result, operands, values);
  node->def = &def;
  node->attributes = attributes;
  uint32_t flows = 0;
  for (size_t i = 0; i < operands.size() && i < kMostTrackedOperands; ++i)
    flows |= static_cast<uint32_t>(node->operands[i].flows()) << i;
  const uint32_t needed = derivative_needs(def, attributes, operands.size(), flows, [&](size_t i) {
    const Impl& x = i == operands.size() ? *result : *operands[i];
    return ir::Type{x.dtype, x.shape.shape()};
  });
  for (size_t i = 0; i < operands.size() && i < kMostTrackedOperands; ++i)
    if ((needed >> i & 1) == 0) node->operands[i].saved = {};
  if ((needed & kNeedsResult) != 0) node->saved_result = detached(*result);
  result->node = std::move(node);
  result->requires_grad = true;
}

void backward(const Ref<Impl>& root, const Ref<Impl>& seed, BackwardOptions options) {
  static const ir::OpDef& add = *ir::find_op("add");
  Walk walk(options);
  walk.run(root, seed);
  const GradModeScope mode(options.create_graph);
  for (const auto& [cell, total] : walk.cells) {
    const std::shared_lock lock(cell->lock);
    cell->require_grad_kept("backward");
  }
  for (const auto& [cell, total] : walk.cells) {
    const Ref<Impl>& cotangent = total.value;
    const std::lock_guard lock(cell->lock);  // backward passes of several threads may meet here
    const std::array operands{cell->grad, cotangent};
    Ref<Impl> sum = cell->grad ? apply_eager(add, ir::NoAttributes{}, operands) : cotangent;
    cell->put_grad(options.create_graph ? sum : detached(*sum));
  }
}

std::vector<Ref<Impl>> gradients(const Ref<Impl>& root, const Ref<Impl>& seed,
                                 std::span<const Ref<Impl>> with_respect_to, BackwardOptions options) {
  Walk walk(options);
  walk.restrict_to(root, with_respect_to);
  walk.run(root, seed);
  std::vector<Ref<Impl>> found;
  for (const Ref<Impl>& target : with_respect_to) found.push_back(walk.at(*target));
  return found;
}

bool depends_on_others(const Ref<Impl>& root, std::span<const Ref<Impl>> marked) {
  std::unordered_set<const Node*> seen;
  for (const Ref<Impl>& mark : marked) seen.insert(mark->node.get());
  std::vector<const Node*> stack;
  const auto visit = [&](const Ref<Node>& node) {
    if (node && seen.insert(node.get()).second) stack.push_back(node.get());
  };
  if (root->cell || root->cut_by != nullptr) return true;
  visit(root->node);
  while (!stack.empty()) {
    const Node* node = stack.back();
    stack.pop_back();
    // A node without edges that flow is the mark of another function's argument.
    if (std::ranges::none_of(node->operands, &Edge::flows)) return true;
    for (const Edge& edge : node->operands) {
      if (edge.cell || edge.cut_by != nullptr) return true;
      visit(edge.node);
    }
  }
  return false;
}

Ref<Impl> marked(const Ref<Impl>& x) {
  Ref<Impl> value = memory_of(x);
  Ref<Impl> view = detached(*value);
  const std::array operands{x}, values{value};
  record(view, ir::ops::kReshape, ir::ShapeAttributes{x->shape.shape()}, operands, values);
  return view;
}

}  // namespace sinter::detail
