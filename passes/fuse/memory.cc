#include "passes/fuse/memory.h"

#include <algorithm>

#include "passes/plan/phases.h"
#include "support/error.h"
#include "support/work.h"

namespace sinter::passes {
namespace {

using ir::Value;

size_t arena_bytes(const Clusters& clusters, Value value) {
  return clusters.is_result(value) ? 0 : static_cast<size_t>(clusters.bytes(value));
}

// What these operations load that is not among what they make, ascending.
std::vector<Value> loads(const Clusters& clusters, std::span<const uint32_t> operations) {
  std::vector<Value> all;
  for (uint32_t op : operations) {
    count_work(1 + clusters.reads(op).size());
    for (Value read : clusters.reads(op))
      if (!std::binary_search(operations.begin(), operations.end(), read.op)) all.push_back(read);
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

// The operation that makes the last of what a cluster loads, what `without` makes aside.
uint32_t last_load(const Clusters& clusters, uint32_t cluster, uint32_t without) {
  uint32_t last = 0;
  for (Value load : loads(clusters, clusters[cluster].ops))
    if (!clusters.inside(without, load.op)) last = std::max(last, load.op);
  return last;
}

}  // namespace

size_t peak_bytes(const Clusters& clusters, size_t spare) {
  const std::vector<Cluster> order = clusters.in_order();
  constexpr uint32_t kNone = UINT32_MAX;
  std::vector<uint32_t> number(clusters.graph().ops().size(), kNone), maker;  // of values by operation; by value
  std::vector<size_t> bytes;
  std::vector<Task> tasks(order.size());
  for (uint32_t task = 0; task < order.size(); ++task)
    for (Value output : order[task].outputs) {
      number[output.op] = static_cast<uint32_t>(bytes.size());
      tasks[task].makes.push_back(number[output.op]);
      bytes.push_back(arena_bytes(clusters, output));
      maker.push_back(task);
    }
  for (uint32_t task = 0; task < order.size(); ++task) {
    const Cluster& cluster = order[task];
    for (Value load : loads(clusters, cluster.ops.empty() ? std::vector{cluster.outputs[0].op} : cluster.ops)) {
      invariant(number[load.op] != kNone, "what a cluster loads is stored by another");
      tasks[task].reads.push_back(number[load.op]);
      tasks[task].after.push_back(maker[number[load.op]]);
    }
  }
  return find_phases(tasks, bytes, spare).peak;
}

int64_t kept_by_waiting(const Clusters& clusters, uint32_t from, std::span<const uint32_t> operations, uint32_t to) {
  const uint32_t until = last_load(clusters, to, from);
  if (until <= last_load(clusters, from, to)) return 0;
  int64_t sum = 0;
  for (Value load : loads(clusters, operations))
    if (!clusters.inside(from, load.op) && !clusters.is_read_behind(load.op, until, from))
      sum += static_cast<int64_t>(arena_bytes(clusters, load));
  return sum;
}

}  // namespace sinter::passes
