// Random graphs on the simulated device, whose streams stand still until someone waits and whose threads run in random
// order: programs and the dynamic engine give the reference's bits.
#include <gtest/gtest.h>

#include <optional>

#include "ir/graph/reference.h"
#include "ir/graph/text.h"
#include "tests/cuda_sim/fake/fake_cuda.h"
#include "tests/driver/engines.h"
#include "tests/fuzz/seeds.h"
#include "tests/random_graph.h"

namespace sinter::test {
namespace {

std::optional<std::string> difference(uint64_t seed, int operations, const Way& way) {
  const ir::Graph graph = tests::random_graph(seed, {.operations = operations, .max_elements = 400});
  const std::string text = fmt::format("{}\n{}", to_string(way), ir::print(graph));
  tests::set_stage(text);
  const std::vector<ir::Literal> inputs = tests::random_inputs(graph, seed);
  const std::vector<ir::Literal> expected = ir::evaluate(graph, inputs, ir::Arithmetic::kTyped);
  try {
    const std::vector<ir::Literal> results = run(graph, inputs, way);
    for (size_t r = 0; r < expected.size(); ++r)
      if (!tests::same_bits(results[r], expected[r])) return fmt::format("{}\nresult {} differs", text, r);
  } catch (const std::exception& error) {
    return fmt::format("{}\n{}\n{}", text, error.what(), cuda_sim::FakeDriver().fault());
  }
  return std::nullopt;
}

TEST(CudaFuzz, Programs) {
  tests::for_each_seed({1, 25}, [](uint64_t seed) {
    return difference(seed, 12, {.engine = Way::Engine::kCompiled, .fuse = seed % 4 != 0, .device = Device("cuda")});
  });
}

TEST(CudaFuzz, DynamicEngine) {
  tests::for_each_seed({101, 8}, [](uint64_t seed) {
    return difference(seed, 8, {.engine = Way::Engine::kDynamic, .layout = seed, .device = Device("cuda")});
  });
}

}  // namespace
}  // namespace sinter::test
