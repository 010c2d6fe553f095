// Decides which operations share a kernel. Greedy over the graph in order: an operation joins the kernels that make its
// operands when the joint kernel can be built (lower/ is the judge: index maps are exact) and the price is right; then
// kernels that read the same large value are joined, cheap producers dissolve into all their readers, and large values
// that follow at once from others are computed again. Where that needs more memory than the operations one by one, it
// is done again without what keeps values alive for longer. Decisions about two clusters are kept with their reasons.
// Golden test: tests/golden/fuse.sir
#pragma once

#include <string>
#include <vector>

#include "passes/fuse/cluster.h"
#include "passes/lower/lower.h"
#include "passes/plan/phases.h"

namespace sinter::passes {

// One decision about one edge between kernels.
struct FusionDecision {
  ir::Value producer;
  uint32_t consumer = 0;  // operation
  bool fused = false;
  std::string reason;  // why not, or what was gained
  int64_t bytes = 0;   // memory traffic saved, or still paid
};

struct Fusion {
  std::vector<Cluster> clusters;  // an order in which they can run
  std::vector<bool> in_memory;    // by operation: loaded, not computed, by whoever reads it
  std::vector<FusionDecision> ledger;
  // Kernels built to judge what may be joined, and their instructions.
  size_t trials = 0, trial_instructions = 0;
};

struct FuseOptions {
  bool fuse = true;  // off: a kernel for every operation
  // Operations of a kernel: what one more saves is next to nothing by then, and time to compile grows faster than size.
  size_t most_operations = 256;
  double most_instructions = 1024;  // of one vector, roughly
  int64_t large_value = 1 << 20;    // bytes from which on kernels that read a value side by side are joined
  size_t spare = kSpareBytes;       // what may be alive at one time beyond what the operations one by one need
  Layouts layouts = {};             // that kernels will be lowered with
};

// GraphError when the graph has calls, operations that no result needs, or symbolic sizes.
[[nodiscard]] Fusion fuse(const ir::Graph& graph, const FuseOptions& options);

// The ledger as lines of text, the dearest refusals first.
[[nodiscard]] std::string print_ledger(const ir::Graph& graph, const Fusion& fusion);

}  // namespace sinter::passes
