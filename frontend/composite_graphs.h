// A composite's graphs: what tracing it at two sets of sizes gives, and the graphs that its kernels are made of.
#pragma once

#include <vector>

#include "driver/dynamic_program.h"
#include "frontend/composite.h"
#include "ir/graph/graph.h"

namespace sinter::detail {

// A number that the composite made of its operands' sizes: a parameter of the graphs, so that they are the same for all
// sizes.
struct Count {
  uint32_t op = 0;  // which operation it is of what tracing gives
  DType dtype = kFloat32;
  std::vector<Dim> factors;
};

// An operand: undefined, or its type with sizes that are 1 or symbols.
using SymbolicType = std::optional<ir::Type>;

// A composite with operands of these dtypes, ranks and equalities of sizes.
struct Family {
  const Composite* composite = nullptr;
  Settings settings;
  std::vector<SymbolicType> operands;
  uint32_t given = 0;  // by bit: which of them are defined
  struct Axis {        // of a defined operand
    size_t operand;
    int64_t axis;
  };
  std::vector<Axis> sizes;    // by symbol: where its value is seen first
  bool fits = false;          // else: it runs operation by operation, and what follows is empty
  ir::Graph first, second;    // parameters: the given operands, then the counts
  std::vector<Count> counts;  // by parameter
};

// Symbols are numbered as they come.
[[nodiscard]] Family trace_family(const Composite& composite, const Settings& settings,
                                  std::vector<SymbolicType> operands);

// Whether tracing at these sizes, one a symbol, gives the family's graph: what a composite makes of sizes may look like
// products of them at two samples (a size that is cut to 8, a choice by which is the larger) and be something else.
[[nodiscard]] bool holds_at(const Family& family, std::span<const int64_t> sizes);

// One graph at both sets of sizes.
struct GraphPair {
  ir::Graph first, second;
};

// What the backward pass of a family reads of the forward pass, beside operands: values of the forward graphs that are
// small beside the operands. Everything else is computed again.
[[nodiscard]] std::vector<ir::Value> values_to_save(const Family& family, uint32_t flows);
// The family's graphs with these values as results more.
[[nodiscard]] GraphPair forward_graphs(const Family& family, std::span<const ir::Value> saved);

struct BackwardGraphs : GraphPair {
  std::vector<int> gradients;  // by given operand: which result is its gradient, or -1
};
// Parameters: those of the family, the saved values, the result's cotangent, and of each given operand in `earlier` (by
// bit) what has reached it before.
[[nodiscard]] BackwardGraphs backward_graphs(const Family& family, uint32_t flows, uint32_t earlier);

}  // namespace sinter::detail
