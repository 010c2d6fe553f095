#include "frontend/tape.h"

#include <algorithm>
#include <queue>
#include <unordered_map>
#include <unordered_set>

#include "frontend/cell.h"
#include "frontend/eager.h"
#include "frontend/lazy_builder.h"
#include "frontend/thread_value.h"
#include "frontend/transfer.h"
#include "ir/graph/row.h"

namespace sinter::detail {
namespace {

thread_local bool g_grad_enabled = true;
std::atomic<uint64_t> g_sequence{0};

class GradModeScope {
 public:
  explicit GradModeScope(bool enabled) : outer_(set_grad_enabled(enabled)) {}
  ~GradModeScope() { set_grad_enabled(outer_); }
  GradModeScope(const GradModeScope&) = delete;
  GradModeScope& operator=(const GradModeScope&) = delete;

 private:
  bool outer_;
};

// Which operands (bit i) and whether the result (bit 31) a derivative reads, given which operands need one. Learned by
// running the rule once without data.
uint32_t what_is_needed(const Node& node) {
  struct Key {
    const ir::OpDef* def;
    uint32_t wanted;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    size_t operator()(const Key& key) const { return std::hash<const void*>()(key.def) * 31 + key.wanted; }
  };
  auto& known = thread_value<std::unordered_map<Key, uint32_t, Hash>, Key>();
  constexpr uint32_t kTracked = 31;
  if (node.operands.size() > kTracked) return ~0u;
  Key key{node.def, 0};
  for (size_t i = 0; i < node.operands.size(); ++i) key.wanted |= static_cast<uint32_t>(node.operands[i].flows()) << i;
  if (const auto found = known.find(key); found != known.end()) return found->second;

  LazyBuilder builder{Device()};
  std::vector<ir::Value> operands;
  for (const Edge& edge : node.operands) operands.push_back(builder.import({}, edge.dtype, edge.shape));
  const ir::Value result = builder.import({}, node.dtype, node.shape);
  const std::optional<ir::Value> cotangent = builder.import({}, node.dtype, node.shape);
  const ir::MaybeValues flows =
      node.def->vjp(builder, *node.def, node.attributes, operands, std::span(&result, 1), std::span(&cotangent, 1));
  std::vector<ir::Value> wanted;
  for (size_t i = 0; i < flows.size(); ++i)
    if (flows[i] && node.operands[i].flows()) wanted.push_back(*flows[i]);
  uint32_t needed = builder.depends(wanted, result) ? 1u << kTracked : 0;
  for (size_t i = 0; i < operands.size(); ++i)
    if (builder.depends(wanted, operands[i])) needed |= 1u << i;
  return known[key] = needed;
}

[[noreturn]] void report_second_backward() {
  throw GraphError("backward: went through this graph before, and the values it saved are gone since",
                   "call backward(loss, {.retain_graph = true}) the first time, or compute the loss again");
}

// What a value had on the tape, restored for derivatives of derivatives.
Ref<Impl> unpack(const Edge& edge, bool create_graph) {
  if (!edge.saved || !create_graph || !edge.flows()) return edge.saved;
  Ref<Impl> tensor = detached(*edge.saved);
  tensor->node = edge.node;
  if (edge.cell) {
    tensor->cell = edge.cell;
    tensor->snapshot = true;
  }
  tensor->requires_grad = true;
  return tensor;
}

class Walk {
 public:
  Walk(BackwardOptions options) : options_(options) { options_.retain_graph |= options.create_graph; }

  // Restricts the walk to what leads to these nodes and cells.
  void restrict_to(const Ref<Impl>& root, std::span<const Ref<Impl>> targets) {
    restricted_ = true;
    for (const Ref<Impl>& target : targets) {
      if (target->node) target_nodes_.insert(target->node.get());
      if (target->cell) target_cells_.insert(target->cell.get());
    }
    find_useful(root->node.get());
  }

  void run(const Ref<Impl>& root, const Ref<Impl>& seed) {
    const GradModeScope mode(options_.create_graph);
    arrive(root->node, root->cell, seed);
    while (!queue_.empty()) {
      Ref<Node> node = queue_.top().node;
      queue_.pop();
      const Ref<Impl> cotangent = pending_.extract(node.get()).mapped();
      if (target_nodes_.contains(node.get())) at_target_[node.get()] = cotangent;
      if (!restricted_ || leads_on(*node)) visit(*node, cotangent);
    }
  }

  std::vector<std::pair<Ref<Cell>, Ref<Impl>>> cells;  // in order of first arrival
  [[nodiscard]] Ref<Impl> at(const Impl& target) const {
    if (target.node) {
      const auto found = at_target_.find(target.node.get());
      return found == at_target_.end() ? Ref<Impl>() : found->second;
    }
    for (const auto& [cell, cotangent] : cells)
      if (cell == target.cell) return cotangent;
    return {};
  }

 private:
  struct Waiting {
    Ref<Node> node;
    bool operator<(const Waiting& other) const { return node->sequence < other.node->sequence; }
  };

  [[nodiscard]] bool leads_on(const Node& node) const {
    return std::ranges::any_of(node.operands, [&](const Edge& edge) { return is_wanted(edge); });
  }
  [[nodiscard]] bool is_wanted(const Edge& edge) const {
    if (!restricted_) return edge.flows();
    return edge.node ? useful_.contains(edge.node.get()) : edge.cell && target_cells_.contains(edge.cell.get());
  }

  // Marks the nodes from which a target can be reached, without recursion.
  void find_useful(Node* root) {
    if (root == nullptr) return;
    std::vector<Node*> order, stack{root};
    std::unordered_set<Node*> seen{root};
    while (!stack.empty()) {
      Node* node = stack.back();
      stack.pop_back();
      order.push_back(node);
      for (const Edge& edge : node->operands)
        if (edge.node && seen.insert(edge.node.get()).second) stack.push_back(edge.node.get());
    }
    std::ranges::sort(order, {}, [](const Node* node) { return node->sequence; });
    for (Node* node : order)
      if (target_nodes_.contains(node) || leads_on(*node)) useful_.insert(node);
  }

  void arrive(const Ref<Node>& node, const Ref<Cell>& cell, const Ref<Impl>& cotangent) {
    static const ir::OpDef& add = *ir::find_op("add");
    const auto join = [&](Ref<Impl>& sum) {
      const std::array operands{sum, cotangent};
      sum = sum ? apply_eager(add, ir::NoAttributes{}, operands) : cotangent;
    };
    if (node) {
      Ref<Impl>& sum = pending_[node.get()];
      if (!sum) queue_.push({node});
      join(sum);
    } else if (cell) {
      auto found = std::ranges::find(cells, cell, &std::pair<Ref<Cell>, Ref<Impl>>::first);
      if (found == cells.end()) found = cells.insert(cells.end(), {cell, {}});
      join(found->second);
    }
  }

  void visit(Node& node, const Ref<Impl>& cotangent) {
    if (node.released) report_second_backward();
    const LocationScope location(node.at);
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
    for (size_t i = 0; i < flows.size(); ++i)
      if (flows[i] && is_wanted(node.operands[i])) wanted.push_back(*flows[i]);
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
    node.released |= static_cast<bool>(node.saved_result);
    node.saved_result = {};
  }

  BackwardOptions options_;
  bool restricted_ = false;
  std::unordered_set<const Node*> target_nodes_, useful_;
  std::unordered_set<const Cell*> target_cells_;
  std::priority_queue<Waiting> queue_;
  std::unordered_map<const Node*, Ref<Impl>> pending_, at_target_;
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

bool is_differentiable(const ir::OpDef& def, DType result) {
  return def.vjp != nullptr && is_float(result) && (def.row == nullptr || def.row->flow != nullptr);
}

void record(const Ref<Impl>& result, const ir::OpDef& def, const ir::Attributes& attributes,
            std::span<const Ref<Impl>> operands, std::span<const Ref<Impl>> values) {
  auto node = make<Node>();
  node->def = &def;
  node->attributes = attributes;
  node->sequence = g_sequence.fetch_add(1, std::memory_order_relaxed) + 1;
  node->at = current_location();
  node->dtype = result->dtype;
  node->shape = result->shape;
  node->operands.reserve(operands.size());
  for (size_t i = 0; i < operands.size(); ++i) {
    const Impl& operand = *operands[i];
    Edge edge{.saved = values[i], .dtype = operand.dtype, .shape = operand.shape, .device = values[i]->device()};
    if (operand.cell && operand.cell->requires_grad) edge.cell = operand.cell;
    if (operand.node && is_float(operand.dtype)) edge.node = operand.node;
    node->operands.push_back(std::move(edge));
  }
  const uint32_t needed = what_is_needed(*node);
  for (size_t i = 0; i < operands.size() && i < 31; ++i)
    if ((needed >> i & 1) == 0) node->operands[i].saved = {};
  if ((needed >> 31 & 1) != 0) node->saved_result = detached(*result);
  result->node = std::move(node);
  result->requires_grad = true;
}

void backward(const Ref<Impl>& root, const Ref<Impl>& seed, BackwardOptions options) {
  static const ir::OpDef& add = *ir::find_op("add");
  Walk walk(options);
  walk.run(root, seed);
  const GradModeScope mode(options.create_graph);
  for (auto& [cell, cotangent] : walk.cells) {
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

Ref<Impl> marked(const Ref<Impl>& x) {
  Ref<Impl> value = memory_of(x);
  Ref<Impl> view = detached(*value);
  const std::array operands{x}, values{value};
  record(view, ir::ops::kReshape, ir::ShapeAttributes{x->shape.shape()}, operands, values);
  return view;
}

}  // namespace sinter::detail
