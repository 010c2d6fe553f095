#include "passes/fuse/fuse.h"

#include <algorithm>
#include <map>
#include <set>

#include "passes/fuse/cost.h"
#include "passes/lower/coordinates.h"
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
    store_wide_views();
    force_dot_operands();
    prices_.resize(clusters_.size());
    seen_.resize(clusters_.size());
    for (; version_ < clusters_.size(); ++version_) versions_.push_back(version_);
    find_reads();  // now that it is known what lies in memory
  }

  void run() {
    sweep(/*must_vanish=*/true);   // what makes values disappear from memory
    sweep(/*must_vanish=*/false);  // what saves reading them once more
    for (uint32_t cluster = 0; cluster < clusters_.size(); ++cluster) try_dissolve(cluster);
    for (uint32_t cluster = 0; cluster < clusters_.size(); ++cluster)
      for (Value value : stored(cluster)) try_recompute(cluster, value);
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
    fusion.trials = trials_;
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

  LowerResult lower_trial(const Cluster& cluster) {
    ++trials_;
    return lower({.graph = &graph_, .in_memory = &in_memory_, .layouts = nullptr, .symbols = 0}, cluster);
  }

  // A view is computed by whoever reads it: one that takes too many loads an element is stored instead.
  void store_wide_views() {
    constexpr int64_t kMost = 128;
    std::vector<int64_t> loads(graph_.ops().size());
    const auto total = [&](const ir::Op& op) {
      int64_t sum = 0;
      for (Value operand : op.operands) sum += loads[operand.op];
      return sum;
    };
    for (uint32_t op = 0; op < graph_.ops().size(); ++op) {
      const ir::Op& it = graph_.ops()[op];
      if (total(it) > kMost)
        for (Value operand : it.operands)
          if (loads[operand.op] > 1) materialize(operand), loads[operand.op] = 1;
      loads[op] = in_memory_[op] ? 1 : total(it);
    }
  }

  // A dot reads plain memory: operands that are not (padded, gathered, broadcast constants) get a copy of their own.
  void force_dot_operands() {
    for (uint32_t op = 0; op < graph_.ops().size(); ++op) {
      if (graph_.ops()[op].def->op_class != OpClass::kDot) continue;
      if (lower_trial({{op}, {{op, 0}}}).lowered) continue;
      std::vector<Value> copied;
      for (Value operand : graph_.ops()[op].operands) {
        if (in_memory_[operand.op]) continue;
        const std::vector<bool> before = in_memory_;
        for (Value other : graph_.ops()[op].operands)
          if (other != operand) in_memory_[other.op] = true;  // so that this one alone is judged
        if (!lower_trial({{op}, {{op, 0}}}).lowered) copied.push_back(operand);
        in_memory_ = before;
      }
      for (Value operand : copied) materialize(operand);
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

  // Calls act(cluster) for each cluster that computes an operation which loads this one's value; some more than once.
  template <class Act>
  void each_reader(uint32_t op, Act&& act) const {
    for (uint32_t user : users_[op]) {
      if (const auto copies = copies_.find(user); copies != copies_.end())
        for (uint32_t cluster : copies->second) act(cluster);
      else
        act(cluster_of_[user]);
    }
  }
  // The same for all a cluster makes; itself left out.
  template <class Act>
  void each_reader_of(uint32_t cluster, Act&& act) const {
    const auto others = [&](uint32_t reader) {
      if (reader != cluster) act(reader);
    };
    for (uint32_t op : clusters_[cluster].ops) each_reader(op, others);
    if (clusters_[cluster].ops.empty())
      for (Value output : clusters_[cluster].outputs) each_reader(output.op, others);
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
  bool detour(uint32_t from, uint32_t to) {
    const uint32_t last = clusters_[to].ops.back();
    const auto first = [&](uint32_t cluster) {
      const Cluster& it = clusters_[cluster];
      return it.ops.empty() ? it.outputs[0].op : it.ops.front();
    };
    ++search_;
    std::vector<uint32_t> stack;
    bool found = false;
    const auto visit = [&](uint32_t next) {
      if (seen_[next] == search_ || first(next) > last) return;  // what begins behind `to` does not lead there
      seen_[next] = search_;
      stack.push_back(next);
    };
    each_reader_of(from, [&](uint32_t next) {
      if (next != to) visit(next);
    });
    while (!stack.empty() && !found) {
      const uint32_t at = stack.back();
      stack.pop_back();
      each_reader_of(at, [&](uint32_t next) {
        found |= next == to;
        visit(next);
      });
    }
    return found;
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
  // Nanoseconds of a cluster as it is now.
  double price(uint32_t cluster) {
    std::optional<double>& known = prices_[cluster];
    if (known) return *known;
    Cluster it = clusters_[cluster];
    if (!it.ops.empty()) it.outputs = outputs(it.ops);
    const LowerResult result = lower_trial(it);
    known = result.lowered ? nanoseconds(result.lowered->kernel) : 0;
    return *known;
  }
  void set_cluster(uint32_t cluster, Cluster now) {
    clusters_[cluster] = std::move(now);
    prices_[cluster].reset();
    versions_[cluster] = ++version_;
  }
  // What two clusters would be as one.
  struct Trial {
    std::optional<double> nanoseconds;
    std::string reason;  // why it cannot be
  };
  const Trial& trial_of(uint32_t from, uint32_t to) {
    const auto [at, fresh] = trials_of_.try_emplace({versions_[from], versions_[to]});
    if (fresh) {
      Cluster trial = joined(clusters_[from], clusters_[to]);
      trial.outputs = outputs(trial.ops);
      LowerResult result = lower_trial(trial);
      if (result.lowered) at->second.nanoseconds = nanoseconds(result.lowered->kernel);
      at->second.reason = std::move(result.reason);
    }
    return at->second;
  }

  void try_merge(Value source, uint32_t op, bool must_vanish) {
    const uint32_t from = cluster_of_[source.op], to = cluster_of_[op];
    if (from == to || from == kNone || clusters_[from].ops.empty() || (must_vanish && !vanishes(source, from, to)))
      return;
    if (detour(from, to))
      return record(source, op, false, "a kernel between the two needs the one and is needed by the other");
    const Trial& trial = trial_of(from, to);
    if (!trial.nanoseconds) return record(source, op, false, trial.reason);
    const double extra = *trial.nanoseconds - price(from) - price(to);
    if (extra > static_cast<double>(2 * bytes(source)) * kNanosecondsPerByte + kNanosecondsPerLaunch)
      return record(source, op, false, fmt::format("computing it again costs {:.0f} ns more than memory would", extra));
    record(source, op, true, "");
    for (uint32_t member : clusters_[from].ops) cluster_of_[member] = to;
    const auto price_of_both = trial.nanoseconds;
    set_cluster(to, joined(clusters_[from], clusters_[to]));
    prices_[to] = price_of_both;
    set_cluster(from, {});
  }

  // A cluster of cheap elementwise work disappears into all that read it, when each can take a copy.
  void try_dissolve(uint32_t cluster) {
    const Cluster producer = clusters_[cluster];
    const bool elementwise =
        std::all_of(producer.ops.begin(), producer.ops.end(), [&](uint32_t op) { return is_elementwise(op); });
    if (producer.ops.empty() || !elementwise) return;
    double saved = kNanosecondsPerLaunch, extra = -price(cluster);
    for (Value output : outputs(producer.ops)) {
      if (copies_.contains(output.op)) continue;
      if (is_result_.contains(output)) return;
      saved += static_cast<double>(2 * bytes(output)) * kNanosecondsPerByte;
    }
    std::set<uint32_t> into;
    each_reader_of(cluster, [&](uint32_t reader) { into.insert(reader); });
    std::vector<Cluster> trials;
    for (uint32_t reader : into) {
      if (clusters_[reader].ops.empty()) return;  // a copy: it reads memory
      Cluster trial = joined(producer, clusters_[reader]);
      trial.outputs = outputs(clusters_[reader].ops);
      const LowerResult result = lower_trial(trial);
      if (!result.lowered) return;
      extra += nanoseconds(result.lowered->kernel) - price(reader);
      trials.push_back(std::move(trial));
    }
    if (into.empty() || extra > saved) return;
    size_t next = 0;
    for (uint32_t reader : into) set_cluster(reader, std::move(trials[next++]));
    set_cluster(cluster, {});
    for (uint32_t op : producer.ops) {
      copies_[op].insert(into.begin(), into.end());
      copies_[op].erase(cluster);
    }
  }

  bool is_elementwise(uint32_t op) const { return graph_.ops()[op].def->op_class == OpClass::kElementwise; }

  // The elementwise operations of a cluster by which a value follows from what lies in memory anyway or is much
  // smaller; nothing when it does not, or when somebody else needs what lies between.
  std::optional<std::set<uint32_t>> way_to(Value value, uint32_t cluster, const std::set<uint32_t>& readers) const {
    constexpr int64_t kMuchSmaller = 16;
    constexpr size_t kMost = 8;
    std::set<uint32_t> way;
    std::vector<uint32_t> stack{value.op};
    while (!stack.empty()) {
      const uint32_t op = stack.back();
      stack.pop_back();
      if (!is_elementwise(op) || is_result_.contains({op, 0}) || way.size() == kMost) return std::nullopt;
      if (!way.insert(op).second) continue;
      bool elsewhere = false;
      each_reader(op, [&](uint32_t reader) { elsewhere |= reader != cluster && !readers.contains(reader); });
      if (elsewhere) return std::nullopt;
      for (Value read : reads_[op])
        if (inside(clusters_[cluster], read.op) && kMuchSmaller * bytes(read) > bytes(value)) stack.push_back(read.op);
    }
    return way;
  }

  // A large value that follows at once from others (the shifted logits of cross entropy) is computed again by who reads
  // it rather than stored.
  void try_recompute(uint32_t cluster, Value value) {
    std::set<uint32_t> readers;
    each_reader(value.op, [&](uint32_t reader) {
      if (reader != cluster) readers.insert(reader);
    });
    const auto is_copy = [&](uint32_t reader) { return clusters_[reader].ops.empty(); };
    if (clusters_[cluster].ops.size() < 2 || readers.empty() || std::any_of(readers.begin(), readers.end(), is_copy))
      return;
    const auto way = way_to(value, cluster, readers);
    if (!way) return;
    std::set<uint32_t> all = readers;
    all.insert(cluster);
    std::map<uint32_t, Cluster> before;
    std::map<uint32_t, std::optional<std::set<uint32_t>>> copies;
    for (uint32_t reader : readers) before[reader] = clusters_[reader];
    for (uint32_t op : *way) copies[op] = copies_.contains(op) ? std::optional(copies_[op]) : std::nullopt;

    const auto time_before = time_of(all);
    const Cluster way_cluster{{way->begin(), way->end()}, {}};
    for (uint32_t op : *way) copies_[op].insert(all.begin(), all.end());
    for (uint32_t reader : readers) set_cluster(reader, joined(way_cluster, clusters_[reader]));
    const auto time_after = time_of(all);
    if (time_before && time_after && *time_after < *time_before)
      return record(value, *readers.begin(), true, "computed again where it is read");
    for (auto& [reader, old] : before) set_cluster(reader, std::move(old));
    for (const auto& [op, old] : copies) old ? void(copies_[op] = *old) : void(copies_.erase(op));
  }

  static bool divides(const loops::Kernel& kernel) {
    for (const loops::Pass& pass : kernel.passes)
      for (const loops::Inst& inst : pass.insts)
        if (any_atom(inst.index, [](const loops::Atom& atom) { return atom.of != nullptr; })) return true;
    return false;
  }

  // Nanoseconds of some clusters with what they store; nothing when one of them cannot be, stores nothing any more
  // (that is for try_dissolve to judge), or finds its elements by divisions, which have no price yet.
  std::optional<double> time_of(const std::set<uint32_t>& clusters) {
    double time = 0;
    for (uint32_t cluster : clusters) {
      const Cluster it{clusters_[cluster].ops, stored(cluster)};
      if (it.outputs.empty()) return std::nullopt;
      const LowerResult result = lower_trial(it);
      if (!result.lowered || divides(result.lowered->kernel)) return std::nullopt;
      time += nanoseconds(result.lowered->kernel);
      for (Value output : it.outputs) time += static_cast<double>(bytes(output)) * kNanosecondsPerByte;
    }
    return time;
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
    order.push_back({it.ops, stored(cluster)});
  }

  // What the cluster leaves in memory once it is known who computes what.
  std::vector<Value> stored(uint32_t cluster) const {
    const Cluster& it = clusters_[cluster];
    if (it.ops.empty()) return it.outputs;
    std::vector<uint32_t> own;
    for (uint32_t op : it.ops)
      if (!copies_.contains(op)) own.push_back(op);
    std::vector<Value> found;
    for (Value output : outputs(own))
      if (is_result_.contains(output) || read_elsewhere(output.op, cluster)) found.push_back(output);
    return found;
  }

  bool read_elsewhere(uint32_t op, uint32_t home) const {
    bool read = false;
    each_reader(op, [&](uint32_t reader) { read |= reader != home && !inside(clusters_[reader], op); });
    return read;
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
  // By cluster: its price, once asked for; a number that no other cluster, and no other state of this one, ever had;
  // the last search that came by.
  std::vector<std::optional<double>> prices_;
  std::vector<uint32_t> versions_, seen_;
  uint32_t version_ = 0, search_ = 0;
  std::map<std::pair<uint32_t, uint32_t>, Trial> trials_of_;  // by the versions of two clusters
  size_t trials_ = 0;
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
