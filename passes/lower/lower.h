// One cluster of graph operations -> one kernel, by demand: starting from the values to be stored, each value is pulled
// at exact coordinates; views rewrite coordinates, elementwise operations become instructions, reductions become passes
// over the ranges they reduce. Golden test: tests/golden/lower.sir
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ir/loops/kernel.h"
#include "passes/fuse/cluster.h"

namespace sinter::passes {

// An index check of a kernel, for errors: the user's lines and scope of the operation that indexes.
struct Check {
  std::vector<Location> locations;
  std::string scope;
};

struct LoweredKernel {
  loops::Kernel kernel;
  std::vector<ir::Value> values;  // of the graph: what each buffer holds
  // Symbols beyond the context's own: symbol context.symbols + i is the product of products[i].
  std::vector<std::vector<Dim>> products;
  std::vector<Check> checks;       // one a kCheckIndex, in the order of the kernel's instructions
  std::vector<int64_t> symbols{};  // of a static program: the values of the kernel's symbols
};

// How a value in memory is laid out: its strides in elements, constants or symbols. Absent: dense, row-major.
using Layouts = std::function<std::optional<std::vector<Dim>>(ir::Value)>;

struct LowerContext {
  const ir::Graph* graph = nullptr;
  // By operation: whether its result lies in memory for others to load (parameters, and outputs of clusters).
  const std::vector<bool>* in_memory = nullptr;
  Layouts layouts;
  int symbols = 0;                  // run-time symbols that types and layouts use
  size_t most_instructions = 4096;  // of the kernel
};

// Why a cluster cannot be one kernel, or the kernel. The reason is a plain sentence for the fusion ledger.
struct LowerResult {
  std::optional<LoweredKernel> lowered;
  std::string reason;
};
[[nodiscard]] LowerResult lower(const LowerContext& context, const Cluster& cluster);

// Whether an element of the value is one load at a sum of ranges: what dot wants of its operands.
[[nodiscard]] bool is_plain_memory(const LowerContext& context, ir::Value value);

}  // namespace sinter::passes
