#include "passes/fuse/fuse.h"

#include <algorithm>
#include <map>
#include <set>

#include "passes/fuse/cost.h"
#include "passes/lower/lower.h"

namespace sinter::passes {
namespace {

using ir::OpClass;
using ir::Value;

constexpr uint32_t kNone = UINT32_MAX;

void require_fusible(const ir::Graph& graph) {
  const auto readers = ir::users(graph);
  std::set<uint32_t> results;
  for (Value result : graph.results) results.insert(result.op);
  for (uint32_t i = 0; i < graph.ops().size(); ++i) {
    const ir::Op& op = graph.ops()[i];
    const LocationScope location(op.locations.empty() ? Location{} : op.locations.front());
    if (op.def->op_class == OpClass::kCall)
      throw GraphError(fmt::format("fusion of @{}: %{} is a call", graph.name, i), "run the pass inline_calls before");
    for (const ir::Type& type : op.types)
      if (!type.shape.is_static())
        throw GraphError(fmt::format("fusion of @{}: {} has type {}, expected constant sizes", graph.name, op.def->name,
                                     to_string(type)));
    if (op.def->op_class != OpClass::kParameter && readers[i].empty() && !results.contains(i))
      throw GraphError(fmt::format("fusion of @{}: no result needs {}", graph.name, op.def->name),
                       "run the pass dead_code before");
  }
}

class Fuser {
 public:
  explicit Fuser(const ir::Graph& graph)
      : graph_(graph),
        in_memory_(graph.ops().size()),
        cluster_of_(graph.ops().size(), kNone),
        reads_(graph.ops().size()) {
    for (uint32_t op = 0; op < graph.ops().size(); ++op) {
      const ir::Op& it = graph.ops()[op];
      in_memory_[op] = is_work(it) || it.def->op_class == OpClass::kParameter;
      if (!is_work(it)) continue;
      cluster_of_[op] = static_cast<uint32_t>(clusters_.size());
      clusters_.push_back({{op}, {}});
    }
    for (Value result : graph.results) is_result_.insert(storage_of(graph, result));
    for (Value result : is_result_)
      if (!in_memory_[result.op]) materialize(result);
    force_dot_operands();
    find_reads();  // now that it is known what lies in memory
  }

  void run() {
    sweep(/*must_vanish=*/true);   // what makes values disappear from memory
    sweep(/*must_vanish=*/false);  // what saves reading them once more
    for (uint32_t cluster = 0; cluster < clusters_.size(); ++cluster) try_dissolve(cluster);
  }

  Fusion finish() && {
    Fusion fusion;
    std::vector<bool> placed(clusters_.size());
    for (uint32_t cluster = 0; cluster < clusters_.size(); ++cluster) place(cluster, placed, fusion.clusters);
    fusion.in_memory.resize(graph_.ops().size());
    for (const ir::Parameter& parameter : graph_.parameters()) fusion.in_memory[parameter.value.op] = true;
    for (const Cluster& cluster : fusion.clusters)
      for (Value output : cluster.outputs) fusion.in_memory[output.op] = true;
    fusion.ledger = std::move(ledger_);
    return fusion;
  }

 private:
  void find_reads() {
    users_.resize(graph_.ops().size());
    for (uint32_t op = 0; op < graph_.ops().size(); ++op) {
      std::vector<Value>& reads = reads_[op];
      for (Value operand : graph_.ops()[op].operands) add_reads(reads, operand);
      std::sort(reads.begin(), reads.end());
      reads.erase(std::unique(reads.begin(), reads.end()), reads.end());
      if (cluster_of_[op] == kNone) continue;
      for (Value read : reads) users_[read.op].push_back(op);
    }
  }

  // Adds the work values that computing `value` would load: itself, or those behind views.
  void add_reads(std::vector<Value>& reads, Value value) const {
    const ir::Op& op = graph_.op(value);
    if (is_work(op) || op.def->op_class == OpClass::kParameter || in_memory_[value.op]) {
      if (is_work(op) || op.def->op_class != OpClass::kParameter) reads.push_back(value);
      return;
    }
    reads.insert(reads.end(), reads_[value.op].begin(), reads_[value.op].end());
  }

  int rank(Value value) const {
    const uint32_t cluster = cluster_of_[value.op];
    if (cluster == kNone) return 3;
    int best = 2;
    for (uint32_t op : clusters_[cluster].ops) {
      const OpClass op_class = graph_.ops()[op].def->op_class;
      best = std::min(best, op_class == OpClass::kDot ? 0 : op_class == OpClass::kReduction ? 1 : 2);
    }
    return best;
  }

  LowerResult lower_trial(const Cluster& cluster) const {
    return lower({.graph = &graph_, .in_memory = &in_memory_, .layouts = nullptr, .symbols = 0}, cluster);
  }

  // A dot reads plain memory: operands that are not (padded, gathered, broadcast constants) get a copy of their own.
  void force_dot_operands() {
    for (uint32_t op = 0; op < graph_.ops().size(); ++op) {
      if (graph_.ops()[op].def->op_class != OpClass::kDot) continue;
      for (Value operand : graph_.ops()[op].operands) {
        if (lower_trial({{op}, {{op, 0}}}).lowered) break;
        if (!in_memory_[operand.op]) materialize(operand);
      }
    }
  }

  void materialize(Value value) {
    if (cluster_of_[value.op] != kNone) return;
    cluster_of_[value.op] = static_cast<uint32_t>(clusters_.size());
    clusters_.push_back({{}, {value}});
    in_memory_[value.op] = true;
  }

  bool inside(const Cluster& cluster, uint32_t op) const {
    return std::binary_search(cluster.ops.begin(), cluster.ops.end(), op);
  }

  // Values of these operations that someone else reads, or that leave the graph.
  std::vector<Value> outputs(const std::vector<uint32_t>& ops) const {
    std::vector<Value> found;
    for (uint32_t op : ops) {
      const bool read = std::any_of(users_[op].begin(), users_[op].end(), [&](uint32_t user) {
        return !std::binary_search(ops.begin(), ops.end(), user) || !is_work(graph_.ops()[user]);
      });
      if (read || is_result_.contains({op, 0})) found.push_back({op, 0});
    }
    return found;
  }

  std::set<uint32_t> readers(uint32_t cluster) const {
    std::set<uint32_t> found;
    for (uint32_t op : clusters_[cluster].ops)
      for (uint32_t user : users_[op]) {
        if (const auto copies = copies_.find(user); copies != copies_.end())
          found.insert(copies->second.begin(), copies->second.end());
        else
          found.insert(cluster_of_[user]);
      }
    if (clusters_[cluster].ops.empty())
      for (Value output : clusters_[cluster].outputs)
        for (uint32_t op = 0; op < graph_.ops().size(); ++op)
          if (cluster_of_[op] != kNone && cluster_of_[op] != cluster &&
              std::find(reads_[op].begin(), reads_[op].end(), output) != reads_[op].end())
            found.insert(cluster_of_[op]);
    found.erase(cluster);
    return found;
  }

  void sweep(bool must_vanish) {
    for (uint32_t op = 0; op < graph_.ops().size(); ++op) {
      if (!is_work(graph_.ops()[op]) || copies_.contains(op)) continue;
      std::vector<Value> sources = reads_[op];
      // Matrix products first: what follows them rides on their registers.
      std::stable_sort(sources.begin(), sources.end(), [&](Value a, Value b) { return rank(a) < rank(b); });
      for (Value source : sources)
        if (!copies_.contains(source.op)) try_merge(source, op, must_vanish);
    }
  }

  // Whether the value need not be stored once these two share a kernel.
  bool vanishes(Value value, uint32_t from, uint32_t to) const {
    return !is_result_.contains(value) &&
           std::all_of(users_[value.op].begin(), users_[value.op].end(), [&](uint32_t user) {
             return !copies_.contains(user) && (cluster_of_[user] == from || cluster_of_[user] == to);
           });
  }

  // Whether another cluster lies on a way from one to the other.
  bool detour(uint32_t from, uint32_t to) const {
    std::vector<uint32_t> stack;
    std::set<uint32_t> seen;
    for (uint32_t next : readers(from))
      if (next != to) stack.push_back(next);
    while (!stack.empty()) {
      const uint32_t at = stack.back();
      stack.pop_back();
      if (at == to) return true;
      if (!seen.insert(at).second) continue;
      for (uint32_t next : readers(at)) stack.push_back(next);
    }
    return false;
  }

  int64_t bytes(Value value) const {
    return graph_.type(value).shape.numel() * static_cast<int64_t>(size_of(graph_.type(value).dtype));
  }
  void record(Value producer, uint32_t consumer, bool fused, std::string reason) {
    ledger_.push_back({producer, consumer, fused, std::move(reason), 2 * bytes(producer)});
  }

  static Cluster joined(const Cluster& a, const Cluster& b) {
    Cluster cluster;
    std::set_union(a.ops.begin(), a.ops.end(), b.ops.begin(), b.ops.end(), std::back_inserter(cluster.ops));
    return cluster;
  }
  double price(const Cluster& cluster) const {
    const LowerResult result = lower_trial(cluster);
    return result.lowered ? nanoseconds(result.lowered->kernel) : 0;
  }
  Cluster with_outputs(Cluster cluster) const {
    if (!cluster.ops.empty()) cluster.outputs = outputs(cluster.ops);
    return cluster;
  }

  void try_merge(Value source, uint32_t op, bool must_vanish) {
    const uint32_t from = cluster_of_[source.op], to = cluster_of_[op];
    if (from == to || from == kNone || clusters_[from].ops.empty() || (must_vanish && !vanishes(source, from, to)))
      return;
    if (detour(from, to))
      return record(source, op, false, "a kernel between the two needs the one and is needed by the other");
    Cluster trial = joined(clusters_[from], clusters_[to]);
    trial.outputs = outputs(trial.ops);
    const LowerResult result = lower_trial(trial);
    if (!result.lowered) return record(source, op, false, result.reason);
    const double apart = price(with_outputs(clusters_[from])) + price(with_outputs(clusters_[to]));
    const double extra = nanoseconds(result.lowered->kernel) - apart;
    if (extra > static_cast<double>(2 * bytes(source)) * kNanosecondsPerByte + kNanosecondsPerLaunch)
      return record(source, op, false, fmt::format("computing it again costs {:.0f} ns more than memory would", extra));
    record(source, op, true, "");
    for (uint32_t member : clusters_[from].ops) cluster_of_[member] = to;
    clusters_[to] = std::move(trial);
    clusters_[from] = {};
  }

  // A cluster of cheap elementwise work disappears into all that read it, when each can take a copy.
  void try_dissolve(uint32_t cluster) {
    const Cluster producer = clusters_[cluster];
    const bool elementwise = std::all_of(producer.ops.begin(), producer.ops.end(), [&](uint32_t op) {
      return graph_.ops()[op].def->op_class == OpClass::kElementwise;
    });
    if (producer.ops.empty() || !elementwise) return;
    double saved = kNanosecondsPerLaunch, extra = -price(with_outputs(producer));
    for (Value output : outputs(producer.ops)) {
      if (copies_.contains(output.op)) continue;
      if (is_result_.contains(output)) return;
      saved += static_cast<double>(2 * bytes(output)) * kNanosecondsPerByte;
    }
    const std::set<uint32_t> into = readers(cluster);
    std::vector<Cluster> trials;
    for (uint32_t reader : into) {
      if (clusters_[reader].ops.empty()) return;  // a copy: it reads memory
      Cluster trial = joined(producer, clusters_[reader]);
      trial.outputs = outputs(clusters_[reader].ops);
      const LowerResult result = lower_trial(trial);
      if (!result.lowered) return;
      extra += nanoseconds(result.lowered->kernel) - price(with_outputs(clusters_[reader]));
      trials.push_back(std::move(trial));
    }
    if (into.empty() || extra > saved) return;
    size_t next = 0;
    for (uint32_t reader : into) clusters_[reader] = std::move(trials[next++]);
    clusters_[cluster] = {};
    for (uint32_t op : producer.ops) {
      copies_[op].insert(into.begin(), into.end());
      copies_[op].erase(cluster);
    }
  }

  // Places a cluster after all it reads.
  void place(uint32_t cluster, std::vector<bool>& placed, std::vector<Cluster>& order) {
    if (placed[cluster]) return;
    placed[cluster] = true;
    const Cluster& it = clusters_[cluster];
    if (it.ops.empty() && it.outputs.empty()) return;
    const auto place_read = [&](Value read) {
      if (!inside(it, read.op) && cluster_of_[read.op] != kNone && cluster_of_[read.op] != cluster)
        place(cluster_of_[read.op], placed, order);
    };
    for (uint32_t op : it.ops)
      for (Value read : reads_[op]) place_read(read);
    if (it.ops.empty())
      for (Value read : reads_[it.outputs[0].op]) place_read(read);
    Cluster final = it;
    if (!it.ops.empty()) {
      std::vector<uint32_t> own;
      for (uint32_t op : it.ops)
        if (!copies_.contains(op)) own.push_back(op);
      final.outputs.clear();
      for (Value output : outputs(own))
        if (is_result_.contains(output) || read_elsewhere(output.op, cluster)) final.outputs.push_back(output);
    }
    order.push_back(std::move(final));
  }

  bool read_elsewhere(uint32_t op, uint32_t home) const {
    for (uint32_t cluster = 0; cluster < clusters_.size(); ++cluster) {
      if (cluster == home) continue;
      const Cluster& it = clusters_[cluster];
      for (uint32_t member : it.ops.empty() && !it.outputs.empty() ? std::vector<uint32_t>{it.outputs[0].op} : it.ops)
        if (!inside(it, op) &&
            std::find(reads_[member].begin(), reads_[member].end(), Value{op, 0}) != reads_[member].end())
          return true;
    }
    return false;
  }

  const ir::Graph& graph_;
  std::vector<bool> in_memory_;  // during trials: every work value
  std::vector<uint32_t> cluster_of_;
  std::vector<std::vector<Value>> reads_;     // by operation: work values (and copies) it loads, through views
  std::vector<std::vector<uint32_t>> users_;  // by operation: work operations (and copies) that load it
  std::vector<Cluster> clusters_;
  std::set<Value> is_result_;
  std::map<uint32_t, std::set<uint32_t>> copies_;  // dissolved operations: the clusters that compute them
  std::vector<FusionDecision> ledger_;
};

}  // namespace

Fusion fuse(const ir::Graph& graph, const FuseOptions& options) {
  require_fusible(graph);
  Fuser fuser(graph);
  if (options.fuse) fuser.run();
  return std::move(fuser).finish();
}

std::string print_ledger(const ir::Graph& graph, const Fusion& fusion) {
  std::vector<FusionDecision> ledger = fusion.ledger;
  std::stable_sort(ledger.begin(), ledger.end(),
                   [](const auto& a, const auto& b) { return a.fused != b.fused ? b.fused : a.bytes > b.bytes; });
  std::string text;
  for (const FusionDecision& decision : ledger)
    text +=
        fmt::format("{} %{} {} -> %{} {}: {} bytes{}{}\n", decision.fused ? "fused  " : "refused", decision.producer.op,
                    graph.op(decision.producer).def->name, decision.consumer, graph.ops()[decision.consumer].def->name,
                    decision.bytes, decision.reason.empty() ? "" : ": ", decision.reason);
  return text;
}

}  // namespace sinter::passes
