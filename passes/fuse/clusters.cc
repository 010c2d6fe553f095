#include "passes/fuse/clusters.h"

#include <algorithm>
#include <queue>

namespace sinter::passes {

using ir::OpClass;
using ir::Value;
namespace {

// Numbers the operations so that each comes soon behind its operands, however late the graph has it: where a graph adds
// up at its end what it made all along, clusters are short this way. What only one value needs, and is made of
// parameters, comes right before that.
std::vector<uint32_t> places_behind_operands(const ir::Graph& graph) {
  const auto size = static_cast<uint32_t>(graph.ops().size());
  const std::vector<std::vector<uint32_t>> users = ir::users(graph);
  std::vector<uint32_t> level(size), order(size), places(size);
  std::vector<bool> waits(size, true);  // for its user
  for (uint32_t op = 0; op < size; ++op) {
    const std::vector<Value>& operands = graph.ops()[op].operands;
    count_work(1 + operands.size());
    for (const Value operand : operands) {
      level[op] = std::max(level[op], level[operand.op] + 1);
      waits[op] = waits[op] && waits[operand.op];
    }
    waits[op] = operands.empty() || (waits[op] && users[op].size() == 1);
    order[op] = op;
  }
  for (uint32_t op = size; op-- > 0;)
    if (waits[op] && users[op].size() == 1) level[op] = level[users[op].front()] - 1;
  std::ranges::stable_sort(order, {}, [&](uint32_t op) { return level[op]; });
  for (uint32_t place = 0; place < size; ++place) places[order[place]] = place;
  return places;
}

}  // namespace

Clusters::Clusters(const ir::Graph& graph, const Layouts& layouts)
    : graph_(graph),
      layouts_(layouts),
      stored_views_(passes::stored_views(graph, layouts)),
      in_memory_(graph.ops().size()),
      cluster_of_(graph.ops().size(), kNone),
      places_(places_behind_operands(graph)),
      straddling_(graph.ops().size() + 1) {
  for (uint32_t op = 0; op < graph.ops().size(); ++op) {
    const ir::Op& it = graph.ops()[op];
    in_memory_[op] = is_work(it) || it.def->op_class == OpClass::kParameter;
    if (!is_work(it)) continue;
    cluster_of_[op] = size();
    clusters_.push_back({{op}, {}});
  }
  for (Value result : graph.results) results_.insert(storage_of(graph, result));
  for (const StoredView& view : stored_views_) {
    in_memory_[view.value.op] = true;
    cluster_of_[view.value.op] = size();
    clusters_.push_back({{}, {view.value}});
  }
  seen_.resize(clusters_.size());
  for (; version_ < clusters_.size(); ++version_) versions_.push_back(version_);
  find_reads();
  for (const Cluster& cluster : clusters_) spans_.push_back(span_of(cluster));
  for (uint32_t op = 0; op < graph.ops().size(); ++op) plain_.push_back(is_plain(op));
}

void Clusters::find_reads() {
  reads_.resize(graph_.ops().size());
  users_.resize(graph_.ops().size());
  // By operation: what loading its value loads, itself where it lies in memory; parameters, too.
  std::vector<std::vector<Value>> loaded(graph_.ops().size());
  for (uint32_t op = 0; op < graph_.ops().size(); ++op) {
    std::vector<Value> all;
    for (Value operand : graph_.ops()[op].operands) {
      const std::vector<Value>& through = loaded[operand.op];
      if (in_memory_[operand.op])
        all.push_back(operand);
      else
        all.insert(all.end(), through.begin(), through.end());
    }
    count_work(1 + all.size());
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    for (Value read : all) {
      if (graph_.op(read).def->op_class != OpClass::kParameter) reads_[op].push_back(read);
      if (cluster_of_[op] != kNone) users_[read.op].push_back(op);
    }
    if (!in_memory_[op]) loaded[op] = std::move(all);
  }
}

bool Clusters::inside(uint32_t cluster, uint32_t op) const {
  return std::binary_search(clusters_[cluster].ops.begin(), clusters_[cluster].ops.end(), op);
}

bool Clusters::is_elementwise(uint32_t op) const { return graph_.ops()[op].def->op_class == OpClass::kElementwise; }

int64_t Clusters::bytes(Value value) const {
  return graph_.type(value).shape.numel() * static_cast<int64_t>(size_of(graph_.type(value).dtype));
}

std::vector<Value> Clusters::outputs(const std::vector<uint32_t>& ops) const {
  std::vector<Value> found;
  for (uint32_t op : ops) {
    count_work();
    const bool read = std::any_of(users_[op].begin(), users_[op].end(), [&](uint32_t user) {
      count_work();
      return !std::binary_search(ops.begin(), ops.end(), user) || !is_work(graph_.ops()[user]);
    });
    if (read || results_.contains({op, 0})) found.push_back({op, 0});
  }
  return found;
}

std::vector<Value> Clusters::stored(uint32_t cluster) const {
  const Cluster& it = clusters_[cluster];
  if (it.ops.empty()) return it.outputs;
  std::vector<uint32_t> own;
  for (uint32_t op : it.ops)
    if (!copies_.contains(op)) own.push_back(op);
  std::vector<Value> found;
  for (Value output : outputs(own)) {
    bool read = false;
    each_reader(output.op, [&](uint32_t reader) { read |= reader != cluster && !inside(reader, output.op); });
    if (read || results_.contains(output)) found.push_back(output);
  }
  return found;
}

Cluster Clusters::joined(uint32_t a, uint32_t b) const {
  const std::vector<uint32_t>&x = clusters_[a].ops, &y = clusters_[b].ops;
  Cluster cluster;
  count_work(x.size() + y.size());
  std::set_union(x.begin(), x.end(), y.begin(), y.end(), std::back_inserter(cluster.ops));
  return cluster;
}

bool Clusters::is_read_behind(uint32_t op, uint32_t until, uint32_t cluster) const {
  const std::vector<uint32_t>& users = users_[op];
  for (auto user = users.rbegin(); user != users.rend() && *user > until; ++user) {
    count_work();
    if (!inside(cluster, *user)) return true;
  }
  return false;
}

std::vector<uint32_t> Clusters::readers(Value value) const {
  std::vector<uint32_t> found;
  each_reader(value.op, [&](uint32_t reader) {
    if (reader != cluster_of_[value.op]) found.push_back(reader);
  });
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

bool Clusters::vanishes(Value value, uint32_t from, uint32_t to) const {
  return !results_.contains(value) && std::all_of(users_[value.op].begin(), users_[value.op].end(), [&](uint32_t user) {
    count_work();
    return !copies_.contains(user) && (cluster_of_[user] == from || cluster_of_[user] == to);
  });
}

bool Clusters::detour(uint32_t from, uint32_t to) {
  // A way can go back inside a cluster: enter it behind an operation that it leaves it by. What is left behind a place
  // across which no cluster does so does not lead to what ends before it.
  const size_t last = straddling_.uncovered(spans_[to].last);
  ++search_;
  // What is left last first: where values are used again far behind, as in gradients, that is the short way.
  std::priority_queue<std::pair<uint32_t, uint32_t>> open;  // by place; clusters
  bool found = false;
  const auto visit = [&](uint32_t next) {
    if (seen_[next] == search_ || spans_[next].exit > last) return;
    seen_[next] = search_;
    open.emplace(spans_[next].exit, next);
  };
  each_reader_of(from, [&](uint32_t next) {
    if (next != to) visit(next);
  });
  while (!open.empty() && !found) {
    const uint32_t at = open.top().second;
    open.pop();
    each_reader_of(at, [&](uint32_t next) {
      found |= next == to;
      visit(next);
    });
  }
  return found;
}

bool Clusters::leads_to(uint32_t from, uint32_t to) {
  bool direct = false;
  each_reader_of(from, [&](uint32_t next) { direct |= next == to; });
  return direct || detour(from, to);
}

// Operands are loaded, or computed element by element: directly, or spread over more axes.
bool Clusters::is_plain(uint32_t op) const {
  if (!is_elementwise(op)) return false;
  const std::vector<Value>& operands = graph_.ops()[op].operands;
  return std::all_of(operands.begin(), operands.end(), [&](Value operand) {
    const auto spread = [&](const ir::Op& it) {
      return it.def == &ir::ops::kBroadcast || it.def == &ir::ops::kReshape;
    };
    while (!in_memory_[operand.op] && spread(graph_.op(operand))) operand = graph_.op(operand).operands[0];
    return in_memory_[operand.op] || graph_.op(operand).def->op_class == OpClass::kConstant;
  });
}

// The shape of all its operations, if they are plain and have the same; else null.
const Shape* Clusters::common_shape(uint32_t cluster) const {
  const Shape* shape = nullptr;
  for (uint32_t op : clusters_[cluster].ops) {
    count_work();
    const Shape& own = graph_.type({op, 0}).shape;
    if (!plain_[op] || (shape != nullptr && !(*shape == own))) return nullptr;
    shape = &own;
  }
  return shape;
}

bool Clusters::march_together(uint32_t from, uint32_t to) const {
  const Shape *a = common_shape(from), *b = common_shape(to);
  if (a == nullptr || b == nullptr || !(*a == *b)) return false;
  const std::vector<uint32_t>& made = clusters_[from].ops;
  return std::all_of(clusters_[to].ops.begin(), clusters_[to].ops.end(), [&](uint32_t op) {
    count_work();
    const std::vector<Value>& operands = graph_.ops()[op].operands;
    return std::all_of(operands.begin(), operands.end(), [&](Value operand) {
      if (in_memory_[operand.op]) return true;
      const std::vector<Value>& behind = reads_[operand.op];
      count_work(behind.size());
      return std::none_of(behind.begin(), behind.end(),
                          [&](Value read) { return std::binary_search(made.begin(), made.end(), read.op); });
    });
  });
}

Clusters::Span Clusters::span_of(const Cluster& cluster) const {
  if (cluster.ops.empty()) return {cluster.outputs.empty() ? kNone : places_[cluster.outputs[0].op], 0};
  Span span;
  for (const uint32_t op : cluster.ops) {
    span.last = std::max(span.last, places_[op]);
    const bool left = places_[op] < span.exit && std::ranges::any_of(
                                                     users_[op],
                                                     [&](uint32_t user) {
                                                       count_work();
                                                       return !std::ranges::binary_search(cluster.ops, user);
                                                     });
    if (left) span.exit = places_[op];
  }
  return span;
}

void Clusters::set(uint32_t cluster, Cluster now) {
  const auto straddles = [&] { return spans_[cluster].exit < spans_[cluster].last; };
  if (straddles()) straddling_.remove(spans_[cluster].exit, spans_[cluster].last);
  clusters_[cluster] = std::move(now);
  spans_[cluster] = span_of(clusters_[cluster]);
  if (straddles()) straddling_.add(spans_[cluster].exit, spans_[cluster].last);
  versions_[cluster] = ++version_;
}

void Clusters::merge(uint32_t from, uint32_t to) {
  for (uint32_t member : clusters_[from].ops) cluster_of_[member] = to;
  set(to, joined(from, to));
  set(from, {});
}

void Clusters::set_copies(uint32_t op, std::set<uint32_t> clusters) {
  if (clusters.empty())
    copies_.erase(op);
  else
    copies_[op] = std::move(clusters);
}

std::vector<Cluster> Clusters::in_order() const {
  std::vector<Cluster> order;
  enum State : uint8_t { kNew, kOpen, kPlaced };
  std::vector<State> state(clusters_.size(), kNew);
  std::vector<uint32_t> stack;
  const auto visit = [&](uint32_t cluster) {
    if (cluster != kNone && state[cluster] == kNew) stack.push_back(cluster);
  };
  for (uint32_t start = 0; start < clusters_.size(); ++start) {
    visit(start);
    while (!stack.empty()) {
      const uint32_t at = stack.back();
      const Cluster& it = clusters_[at];
      if (state[at] != kNew) {  // all it reads is placed
        stack.pop_back();
        if (state[at] == kOpen && !(it.ops.empty() && it.outputs.empty())) order.push_back({it.ops, stored(at)});
        state[at] = kPlaced;
        continue;
      }
      state[at] = kOpen;
      const size_t above = stack.size();
      const auto visit_reads = [&](uint32_t op) {
        count_work(1 + reads_[op].size());
        for (Value read : reads_[op])
          if (!inside(at, read.op)) visit(cluster_of_[read.op]);
      };
      for (uint32_t op : it.ops) visit_reads(op);
      if (it.ops.empty() && !it.outputs.empty()) visit_reads(it.outputs[0].op);
      std::reverse(stack.begin() + static_cast<std::ptrdiff_t>(above), stack.end());  // what is read first comes first
    }
  }
  return order;
}

}  // namespace sinter::passes
