// What the code of a cluster costs to compile. Clusters that are alike, as the steps of an unrolled loop are, are one
// piece of code; what is merged into another kernel there is compiled with that one again.
#pragma once

#include <vector>

#include "ir/graph/graph.h"

namespace sinter::passes {

// Of each run, for an instruction, times the instructions of its kernel: compilers take longer where there are more. As
// if a program ran some ten thousand times.
inline constexpr double kNanosecondsPerInstruction = 0.05;

class CodeSize {
 public:
  explicit CodeSize(const ir::Graph& graph);

  // Machine instructions of one vector of these operations, roughly.
  [[nodiscard]] double instructions(const std::vector<uint32_t>& ops) const;
  // The same as a cluster's share of code that it may have in common with others: there are no more of them than the
  // graph has operations of each kind.
  [[nodiscard]] double share(const std::vector<uint32_t>& ops) const;

 private:
  const ir::Graph& graph_;
  std::vector<size_t> kinds_;   // by operation: what it does to what types
  std::vector<size_t> counts_;  // by kind
};

}  // namespace sinter::passes
