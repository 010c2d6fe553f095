// Random valid graphs over all operations and dtypes, for tests that compare two ways to run or transform one; and a
// shrinker for those that differ. Everything is a function of its seed.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "ir/graph/graph.h"
#include "ir/graph/reference.h"
#include "tests/random_literal.h"

namespace sinter::tests {

struct RandomGraphOptions {
  int operations = 20;          // steps; most add a few operations
  int64_t max_elements = 2048;  // of any value
  bool empty_axes = true;       // now and then an axis of size 0
  bool views = true, reductions = true, dots = true, gathers = true, random_bits = true, integers = true,
       doubles = true;
  bool states = true;  // pairs of parameters and results
  bool calls = false;
  bool stop_gradients = true;
  bool extremes = true;   // constants like random_inputs(); else moderate
  bool locations = true;  // made-up lines, scopes and salts
};

// Valid (verify passes), at least one result. Functions see values inside their domains.
[[nodiscard]] ir::Graph random_graph(uint64_t seed, const RandomGraphOptions& options = {});

// A random literal a parameter.
[[nodiscard]] std::vector<ir::Literal> random_inputs(const ir::Graph& graph, uint64_t seed, bool extremes = true);

// A smaller graph on which `fails` still holds: results dropped or moved forward, operations replaced by operands of
// their type or by new parameters, as long as that helps. Inputs change with the graph: `fails` makes its own
// (random_inputs). It is called on valid graphs only.
[[nodiscard]] ir::Graph shrink(ir::Graph graph, const std::function<bool(const ir::Graph&)>& fails);

}  // namespace sinter::tests
