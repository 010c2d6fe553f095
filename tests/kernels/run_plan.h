// Runs a graph the long way: fused, lowered, planned, each kernel interpreted in the memory that the plan gives it. No
// code generation.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ir/graph/graph.h"
#include "ir/loops/kernel.h"
#include "passes/fuse/fuse.h"

namespace sinter::test {

struct PlanRun {
  std::vector<ir::Literal> results;
  std::vector<loops::Kernel> kernels;  // in the order run
  std::string plan;                    // as text
};

struct PlanOptions {
  bool fuse = true;
  bool backwards = false;  // runs the steps of a phase in reverse order: the plan says that their order means nothing
  bool races = false;      // checks that no two points touch what one of them writes
  passes::FuseOptions limits{};  // of fusion; `fuse` above says whether there is any
};

// `graph` has no calls and no dead operations. Every kernel is verified, printed and parsed again before it runs.
[[nodiscard]] PlanRun run_plan(const ir::Graph& graph, std::span<const ir::Literal> inputs, const PlanOptions& options);

}  // namespace sinter::test
