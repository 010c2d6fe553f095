#include "passes/fuse/fuse.h"

#include <algorithm>

#include "passes/fuse/clusters.h"
#include "passes/fuse/code_size.h"
#include "passes/fuse/cost.h"
#include "passes/fuse/memory.h"
#include "passes/fuse/trials.h"

namespace sinter::passes {
namespace {

using ir::OpClass;
using ir::Value;

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
  // `frugal`: nothing is kept alive for longer than what vanishes for it would have been.
  Fuser(const ir::Graph& graph, const FuseOptions& options, bool frugal)
      : graph_(graph),
        options_(options),
        frugal_(frugal),
        clusters_(graph, options.layouts),
        code_(graph),
        trials_(clusters_, options.most_instructions) {
    for (const StoredView& view : clusters_.stored_views())
      if (view.reader) record(view.value, *view.reader, false, view.reason);
  }

  [[nodiscard]] size_t peak(size_t spare) const { return peak_bytes(clusters_, spare); }

  void run() {
    sweep(/*must_vanish=*/true);   // what makes values disappear from memory
    sweep(/*must_vanish=*/false);  // what saves reading them once more
    for (uint32_t op = 0; op < graph_.ops().size(); ++op) join_readers({op, 0});
    for (uint32_t cluster = 0; cluster < clusters_.size(); ++cluster) try_dissolve(cluster);
    for (uint32_t cluster = 0; cluster < clusters_.size(); ++cluster)
      for (Value value : clusters_.stored(cluster)) try_recompute(cluster, value);
  }

  Fusion finish() && {
    Fusion fusion;
    fusion.clusters = clusters_.in_order();
    fusion.in_memory.resize(graph_.ops().size());
    for (const ir::Parameter& parameter : graph_.parameters()) fusion.in_memory[parameter.value.op] = true;
    for (const Cluster& cluster : fusion.clusters)
      for (Value output : cluster.outputs) fusion.in_memory[output.op] = true;
    fusion.ledger = std::move(ledger_);
    fusion.trials = trials_.count();
    fusion.trial_instructions = trials_.instructions();
    return fusion;
  }

 private:
  int rank(Value value) const {
    const uint32_t cluster = clusters_.of(value.op);
    if (cluster == Clusters::kNone) return 3;
    int best = 2;
    for (uint32_t op : clusters_[cluster].ops) {
      const OpClass op_class = graph_.ops()[op].def->op_class;
      best = std::min(best, op_class == OpClass::kDot ? 0 : op_class == OpClass::kReduction ? 1 : 2);
    }
    return best;
  }

  void record(Value producer, uint32_t consumer, bool fused, std::string_view reason) {
    ledger_.push_back({producer, consumer, fused, std::string(reason), 2 * clusters_.bytes(producer)});
  }

  bool too_many(size_t operations) const { return operations > options_.most_operations; }
  bool too_long(double instructions) const { return instructions > options_.most_instructions; }
  // Why a kernel of both would be too large, if it would.
  std::optional<std::string> too_large(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) const {
    if (too_many(a.size() + b.size())) return fmt::format("they are more than {} operations", options_.most_operations);
    if (too_long(code_.instructions(a) + code_.instructions(b))) return more_instructions();
    return std::nullopt;
  }
  std::string more_instructions() const {
    return fmt::format("they are more than {} instructions", options_.most_instructions);
  }

  // What merging them into one kernel of so many instructions costs to compile beyond what both cost apart.
  double compiling(uint32_t from, uint32_t to, double instructions) const {
    const double joint = code_.share(clusters_.joined(from, to).ops);
    const double apart = code_.share(clusters_[from].ops) + code_.share(clusters_[to].ops);
    return std::max(0.0, joint - apart) * instructions * kNanosecondsPerInstruction;
  }

  void sweep(bool must_vanish) {
    for (uint32_t op = 0; op < graph_.ops().size(); ++op) {
      if (!is_work(graph_.ops()[op]) || clusters_.has_copies(op)) continue;
      std::vector<Value> sources = clusters_.reads(op);
      // Matrix products first: what follows them rides on their registers.
      std::vector<std::pair<int, Value>> ranked;
      for (Value source : sources) ranked.emplace_back(sources.size() > 1 ? rank(source) : 0, source);
      std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
      for (const auto& [unused, source] : ranked)
        if (!clusters_.has_copies(source.op)) try_merge(source, op, must_vanish);
    }
  }

  void try_merge(Value source, uint32_t op, bool must_vanish) {
    const uint32_t from = clusters_.of(source.op), to = clusters_.of(op);
    if (from == to || from == Clusters::kNone || clusters_.empty(from)) return;
    if (must_vanish && !clusters_.vanishes(source, from, to)) return;
    if (const auto reason = too_large(clusters_[from].ops, clusters_[to].ops))
      return record(source, op, false, *reason);
    if (frugal_ && kept_by_waiting(from, to) > vanishing_bytes(from, to)) return record(source, op, false, kKept);
    if (clusters_.detour(from, to))
      return record(source, op, false, "a kernel between the two needs the one and is needed by the other");
    if (clusters_.march_together(from, to)) {
      record(source, op, true, "");
      return clusters_.merge(from, to);
    }
    const Trials::Joint& trial = trials_.joint(from, to);
    if (!trial.nanoseconds) return record(source, op, false, trial.reason);
    if (too_long(trial.instructions)) return record(source, op, false, more_instructions());
    const double extra = *trial.nanoseconds - trials_.price(from) - trials_.price(to),
                 compiled = compiling(from, to, trial.instructions);
    const double saved = static_cast<double>(2 * clusters_.bytes(source)) * kNanosecondsPerByte + kNanosecondsPerLaunch;
    if (extra > saved)
      return record(source, op, false, fmt::format("computing it again costs {:.0f} ns more than memory would", extra));
    if (extra + compiled > saved)
      return record(source, op, false,
                    fmt::format("code that others share would be compiled again, for {:.0f} ns of each run", compiled));
    record(source, op, true, "");
    clusters_.merge(from, to);
    trials_.know(to, *trial.nanoseconds);
  }

  int64_t kept_by_waiting(uint32_t from, uint32_t to) const {
    return passes::kept_by_waiting(clusters_, from, clusters_[from].ops, to);
  }
  int64_t vanishing_bytes(uint32_t from, uint32_t to) const {
    int64_t sum = 0;
    for (Value output : clusters_.outputs(clusters_[from].ops))
      if (clusters_.vanishes(output, from, to)) sum += clusters_.bytes(output);
    return sum;
  }
  int64_t stored_bytes(uint32_t cluster) const {
    int64_t sum = 0;
    for (Value output : clusters_.outputs(clusters_[cluster].ops)) sum += clusters_.bytes(output);
    return sum;
  }

  // Kernels that read the same large value side by side read it once when they are one.
  void join_readers(Value value) {
    constexpr size_t kTried = 4;
    if (!clusters_.in_memory()[value.op] || clusters_.bytes(value) < options_.large_value) return;
    std::vector<uint32_t> kept;
    for (uint32_t reader : clusters_.readers(value)) {
      if (clusters_.empty(reader)) continue;
      const size_t first = kept.size() > kTried ? kept.size() - kTried : 0;
      const auto joined = std::find_if(kept.begin() + static_cast<std::ptrdiff_t>(first), kept.end(),
                                       [&](uint32_t other) { return try_join(value, other, reader); });
      if (joined == kept.end())
        kept.push_back(reader);
      else
        *joined = reader;
    }
  }

  // Makes `from` part of `to`, if neither needs the other and the price is right.
  bool try_join(Value shared, uint32_t from, uint32_t to) {
    constexpr size_t kMostOutputs = 8;  // that one kernel should write side by side
    const auto stores = [&](uint32_t cluster) { return clusters_.outputs(clusters_[cluster].ops).size(); };
    if (clusters_.leads_to(from, to) || clusters_.leads_to(to, from)) return false;  // sweep() has judged
    const auto refuse = [&](std::string_view reason) {
      record(shared, clusters_[to].ops.back(), false, reason);
      return false;
    };
    if (too_large(clusters_[from].ops, clusters_[to].ops) || stores(from) + stores(to) > kMostOutputs)
      return refuse("its readers side by side compute or store too much");
    if (frugal_ && keeps_side_by_side(from, to) > clusters_.bytes(shared) / kMuchSmaller) return refuse(kKept);
    const Trials::Joint& trial = trials_.joint(from, to);
    if (!trial.nanoseconds) return refuse("its readers side by side: " + trial.reason);
    const double extra = *trial.nanoseconds - trials_.price(from) - trials_.price(to);
    if (extra > static_cast<double>(clusters_.bytes(shared)) * kNanosecondsPerByte + kNanosecondsPerLaunch)
      return refuse(fmt::format("its readers side by side cost {:.0f} ns more", extra));
    record(shared, clusters_[to].ops.back(), true, "read once by its readers");
    clusters_.merge(from, to);
    trials_.know(to, *trial.nanoseconds);
    return true;
  }

  // What one kernel keeps that two one after the other would not: what the first reads, or what the other stores.
  int64_t keeps_side_by_side(uint32_t a, uint32_t b) const {
    return kept_by_waiting(a, b) + kept_by_waiting(b, a) + std::min(stored_bytes(a), stored_bytes(b));
  }

  // A cluster of cheap elementwise work disappears into all that read it, when each can take a copy.
  void try_dissolve(uint32_t cluster) {
    const Cluster producer = clusters_[cluster];
    const bool elementwise = std::all_of(producer.ops.begin(), producer.ops.end(),
                                         [&](uint32_t op) { return clusters_.is_elementwise(op); });
    if (producer.ops.empty() || !elementwise) return;
    double saved = kNanosecondsPerLaunch;
    for (Value output : clusters_.outputs(producer.ops)) {
      if (clusters_.has_copies(output.op)) continue;
      if (clusters_.is_result(output)) return;
      saved += static_cast<double>(2 * clusters_.bytes(output)) * kNanosecondsPerByte;
    }
    std::set<uint32_t> into;
    clusters_.each_reader_of(cluster, [&](uint32_t reader) { into.insert(reader); });
    if (into.empty()) return;
    for (uint32_t reader : into)  // a copy reads memory
      if (clusters_.empty(reader) || too_large(producer.ops, clusters_[reader].ops)) return;
    const auto keeps = [&](uint32_t reader) { return kept_by_waiting(cluster, reader) > stored_bytes(cluster); };
    if (frugal_ && std::ranges::any_of(into, keeps)) return;
    double extra = -trials_.price(cluster);
    std::vector<Cluster> trials;
    for (uint32_t reader : into) {
      Cluster trial = clusters_.joined(cluster, reader);
      trial.outputs = clusters_.outputs(clusters_[reader].ops);
      const LowerResult result = trials_.kernel_of(trial);
      if (!result.lowered) return;
      extra += nanoseconds(result.lowered->kernel) - trials_.price(reader);
      trials.push_back(std::move(trial));
    }
    if (extra > saved) return;
    size_t next = 0;
    for (uint32_t reader : into) clusters_.set(reader, std::move(trials[next++]));
    clusters_.set(cluster, {});
    for (uint32_t op : producer.ops) {
      std::set<uint32_t> copies = copies_of(op).value_or(std::set<uint32_t>());
      copies.insert(into.begin(), into.end());
      copies.erase(cluster);
      clusters_.set_copies(op, std::move(copies));
    }
  }

  std::optional<std::set<uint32_t>> copies_of(uint32_t op) const {
    const auto found = clusters_.copies().find(op);
    return found == clusters_.copies().end() ? std::nullopt : std::optional(found->second);
  }

  // The elementwise operations of a cluster by which a value follows from what lies in memory anyway or is much
  // smaller; nothing when it does not, or when somebody else needs what lies between.
  std::optional<std::set<uint32_t>> way_to(Value value, uint32_t cluster, const std::set<uint32_t>& readers) const {
    constexpr size_t kMost = 8;
    std::set<uint32_t> way;
    std::vector<uint32_t> stack{value.op};
    while (!stack.empty()) {
      const uint32_t op = stack.back();
      stack.pop_back();
      if (!clusters_.is_elementwise(op) || clusters_.is_result({op, 0}) || way.size() == kMost) return std::nullopt;
      if (!way.insert(op).second) continue;
      bool elsewhere = false;
      clusters_.each_reader(op, [&](uint32_t reader) { elsewhere |= reader != cluster && !readers.contains(reader); });
      if (elsewhere) return std::nullopt;
      for (Value read : clusters_.reads(op)) {
        const bool stored = !clusters_.has_copies(read.op);  // nobody stores what has copies
        if (clusters_.inside(cluster, read.op) &&
            (!stored || kMuchSmaller * clusters_.bytes(read) > clusters_.bytes(value)))
          stack.push_back(read.op);
      }
    }
    return way;
  }

  // A large value that follows at once from others (the shifted logits of cross entropy) is computed again by who reads
  // it rather than stored.
  void try_recompute(uint32_t cluster, Value value) {
    std::set<uint32_t> readers;
    clusters_.each_reader(value.op, [&](uint32_t reader) {
      if (reader != cluster) readers.insert(reader);
    });
    if (clusters_[cluster].ops.size() < 2 || readers.empty()) return;
    const auto way = way_to(value, cluster, readers);
    if (!way) return;
    const std::vector<uint32_t> again(way->begin(), way->end());
    const auto keeps = [&](uint32_t reader) {
      return passes::kept_by_waiting(clusters_, cluster, again, reader) > clusters_.bytes(value);
    };
    if (frugal_ && std::ranges::any_of(readers, keeps)) return;
    for (uint32_t reader : readers)  // a copy reads memory
      if (clusters_.empty(reader) || too_many(clusters_[reader].ops.size() + way->size())) return;
    std::set<uint32_t> all = readers;
    all.insert(cluster);
    std::map<uint32_t, Cluster> before;
    std::map<uint32_t, std::optional<std::set<uint32_t>>> copies;
    for (uint32_t reader : readers) before[reader] = clusters_[reader];
    for (uint32_t op : *way) copies[op] = copies_of(op);

    const auto time_before = trials_.with_stores(all);
    for (uint32_t op : *way) {
      std::set<uint32_t> now = copies[op].value_or(std::set<uint32_t>());
      now.insert(all.begin(), all.end());
      clusters_.set_copies(op, std::move(now));
    }
    for (uint32_t reader : readers) {
      Cluster with_way;
      std::set_union(way->begin(), way->end(), before[reader].ops.begin(), before[reader].ops.end(),
                     std::back_inserter(with_way.ops));
      clusters_.set(reader, std::move(with_way));
    }
    const auto time_after = trials_.with_stores(all);
    if (time_before && time_after && *time_after < *time_before)
      return record(value, *readers.begin(), true, "computed again where it is read");
    for (auto& [reader, old] : before) clusters_.set(reader, std::move(old));
    for (auto& [op, old] : copies) clusters_.set_copies(op, old.value_or(std::set<uint32_t>()));
  }

  static constexpr std::string_view kKept = "what it reads would stay in memory for longer";
  static constexpr int64_t kMuchSmaller = 16;

  const ir::Graph& graph_;
  const FuseOptions& options_;
  const bool frugal_;
  Clusters clusters_;
  CodeSize code_;
  Trials trials_;
  std::vector<FusionDecision> ledger_;
};

}  // namespace

Fusion fuse(const ir::Graph& graph, const FuseOptions& options) {
  require_fusible(graph);
  Fuser fuser(graph, options, /*frugal=*/false);
  if (!options.fuse) return std::move(fuser).finish();
  const size_t most = fuser.peak(/*spare=*/0) + options.spare;
  fuser.run();
  const size_t peak = fuser.peak(options.spare);
  if (peak <= most) return std::move(fuser).finish();
  Fuser frugal(graph, options, /*frugal=*/true);
  frugal.run();
  return std::move(frugal.peak(options.spare) < peak ? frugal : fuser).finish();
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
