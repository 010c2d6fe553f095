// The order of the graph passes.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "passes/pass.h"

namespace sinter::passes {

// What every graph goes through before fusion, in order. Differentiation is not among them: whoever builds the graph
// asks for it.
[[nodiscard]] std::span<const Pass> graph_pipeline();

// Every graph pass once.
[[nodiscard]] std::span<const Pass> graph_passes();
// The passes of a comma separated list; ValueError names the known ones.
[[nodiscard]] std::vector<Pass> parse_passes(std::string_view names);

}  // namespace sinter::passes
