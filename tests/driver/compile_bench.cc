// How the time of the passes grows with the depth of a network. Run by hand: bazel run //tests/driver:compile_bench
#include <fmt/format.h>

#include <chrono>

#include "driver/kernels.h"
#include "passes/pipeline.h"
#include "passes/plan/plan.h"
#include "tests/kernels/mlp_step.h"

int main() {
  using namespace sinter;
  for (const size_t layers : {5, 10, 20, 50}) {
    const ir::Graph made = test::mlp_step(8, std::vector<int64_t>(layers + 1, 16));
    auto last = std::chrono::steady_clock::now();
    const auto took = [&] {
      const auto now = std::chrono::steady_clock::now();
      const std::chrono::duration<double, std::milli> time = now - std::exchange(last, now);
      return time.count();
    };
    const ir::Graph graph = passes::run_passes(passes::graph_pipeline(), made).graph;
    const double simplified = took();
    const passes::Fusion fusion = passes::fuse(graph, {});
    const double fused = took();
    const auto kernels = driver::lower_all(graph, fusion);
    const double lowered = took();
    (void)passes::plan(graph, kernels);
    fmt::print(
        "{:3} layers, {:5} operations, {:3} kernels: graph passes {:7.2f} ms, fusion {:7.2f} ms ({} trials), "
        "lowering {:6.2f} ms, plan {:6.2f} ms\n",
        layers, graph.ops().size(), kernels.size(), simplified, fused, fusion.trials, lowered, took());
  }
}
