// What `sinter opt --print=...` can show of a graph after its passes.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "ir/graph/graph.h"

namespace sinter::tools {

struct Stage {
  std::string_view name, help;
  std::string (*print)(const ir::Graph& graph);
};
[[nodiscard]] std::span<const Stage> stages();

}  // namespace sinter::tools
