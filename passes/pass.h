// Passes over the graph, and the runner that dumps, times and verifies them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/graph/rewriter.h"

namespace sinter::passes {

struct Pass {
  std::string_view name, help;
  ir::Rewritten (*run)(const ir::Graph& graph);
};

// What one pass did.
struct PassRun {
  std::string_view name;
  bool changed = false;
  double milliseconds = 0;
  size_t operations = 0;  // afterwards
};

struct PipelineResult {
  ir::Graph graph;
  std::vector<PassRun> runs;
};

// Runs the passes one after the other, as the knobs ask: SINTER_DUMP writes the graph that came in and the graph after
// each pass that changed it, SINTER_VERIFY checks it between passes, SINTER_TIME prints a table on stderr at the end,
// SINTER_DEBUG >= 2 a line per pass, >= 3 the graph that comes out. When a pass breaks an invariant, the InternalError
// names a file with the graph it was given and the command that runs it again.
[[nodiscard]] PipelineResult run_passes(std::span<const Pass> passes, ir::Graph graph);

// The error with the path of a reproducer: the graph, the passes that were still to run, and the stage that failed ("":
// a pass).
[[nodiscard]] InternalError reproducible(const InternalError& error, const ir::Graph& graph,
                                         std::span<const Pass> remaining, std::string_view stage);

// Runs what comes after the graph passes, `stage` being its name for `sinter opt --print`, and returns what it returns.
// When it breaks an invariant, the InternalError names a file with the graph and the command that shows it again.
template <class F>
auto run_stage(std::string_view stage, const ir::Graph& graph, F&& run) {
  try {
    return run();
  } catch (const InternalError& error) {
    throw reproducible(error, graph, {}, stage);
  }
}

// Writes `text` to the next numbered file of SINTER_DUMP, "0007.<subject>.<stage>"; nothing when the knob is not set.
void dump(std::string_view subject, std::string_view stage, std::string_view text);

}  // namespace sinter::passes
