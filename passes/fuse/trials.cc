#include "passes/fuse/trials.h"

#include "passes/fuse/cost.h"
#include "passes/lower/coordinates.h"

namespace sinter::passes {
namespace {

bool divides(const loops::Kernel& kernel) {
  for (const loops::Pass& pass : kernel.passes)
    for (const loops::Inst& inst : pass.insts)
      if (any_atom(inst.index, [](const loops::Atom& atom) { return atom.of != nullptr; })) return true;
  return false;
}

}  // namespace

LowerResult Trials::lowered(const Cluster& cluster, size_t most_instructions) {
  ++count_;
  LowerResult result = lower({.graph = &clusters_.graph(),
                              .in_memory = &clusters_.in_memory(),
                              .layouts = clusters_.layouts(),
                              .symbols = 0,
                              .most_instructions = most_instructions},
                             cluster);
  instructions_ += result.lowered ? result.lowered->kernel.value_count() : cluster.ops.size();
  return result;
}

double Trials::price(uint32_t cluster) {
  const auto [at, fresh] = prices_.try_emplace(clusters_.version(cluster), 0);
  if (!fresh) return at->second;
  Cluster it = clusters_[cluster];
  if (!it.ops.empty()) it.outputs = clusters_.outputs(it.ops);
  const LowerResult result = lowered(it, LowerContext().most_instructions);
  if (result.lowered) at->second = nanoseconds(result.lowered->kernel);
  return at->second;
}

const Trials::Joint& Trials::joint(uint32_t from, uint32_t to) {
  const auto [at, fresh] = joints_.try_emplace({clusters_.version(from), clusters_.version(to)});
  if (fresh) {
    Cluster trial = clusters_.joined(from, to);
    trial.outputs = clusters_.outputs(trial.ops);
    LowerResult result = kernel_of(trial);
    if (result.lowered) {
      at->second.nanoseconds = nanoseconds(result.lowered->kernel);
      for (const loops::Pass& pass : result.lowered->kernel.passes)
        at->second.instructions += passes::instructions(pass);
    }
    at->second.reason = std::move(result.reason);
  }
  return at->second;
}

std::optional<double> Trials::with_stores(const std::set<uint32_t>& clusters) {
  double time = 0;
  for (uint32_t cluster : clusters) {
    const Cluster it{clusters_[cluster].ops, clusters_.stored(cluster)};
    if (it.outputs.empty()) return std::nullopt;
    const LowerResult result = kernel_of(it);
    if (!result.lowered || divides(result.lowered->kernel)) return std::nullopt;
    time += nanoseconds(result.lowered->kernel);
    for (ir::Value output : it.outputs) time += static_cast<double>(clusters_.bytes(output)) * kNanosecondsPerByte;
  }
  return time;
}

}  // namespace sinter::passes
