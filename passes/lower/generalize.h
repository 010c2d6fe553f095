// One kernel for all sizes from two of one size each: what differs between a cluster's kernels at two sets of sizes are
// products of the sizes, which become run-time symbols. Nothing before this has to know symbols: graphs are fused and
// lowered with numbers. Test: tests/frontend/composites_test.cc
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "passes/lower/lower.h"

namespace sinter::passes {

// Two values of each symbol: primes, all different, so that a number says which of them it is the product of; the first
// ascending, the second descending, so that no comparison of two sizes holds in both.
struct SampleSizes {
  explicit SampleSizes(size_t symbols);  // at most kMost
  static constexpr size_t kMost = 16;
  std::vector<int64_t> first, second;
};

// Whether lowering the graph decides nothing by which of two sizes is the larger, as it does where a concatenation's or
// a pad's parts begin: at other sizes that may be the other one. And whether elements can be counted at sample sizes.
[[nodiscard]] bool lowers_alike_at_all_sizes(const ir::Graph& graph);

// A number that is `first` with the first sizes and `second` with the second, as factors: symbols and one constant at
// most (none: 1); nullopt when it is no such product.
[[nodiscard]] std::optional<std::vector<Dim>> factors(int64_t first, int64_t second, const SampleSizes& sizes);

// a, b: one cluster, of graphs that differ in sizes alone, lowered without symbols. Symbol i of the result has the
// value of sizes i; the products come behind. nullopt: the kernels differ otherwise.
[[nodiscard]] std::optional<LoweredKernel> generalize(const LoweredKernel& a, const LoweredKernel& b,
                                                      const SampleSizes& sizes);

}  // namespace sinter::passes
