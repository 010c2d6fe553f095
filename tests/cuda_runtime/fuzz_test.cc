// Random graphs on the simulated device, whose streams stand still until someone waits and whose threads run in random
// order: programs and the dynamic engine give the reference's bits.
#include <gtest/gtest.h>

#include "ir/graph/reference.h"
#include "ir/graph/text.h"
#include "tests/cuda_sim/fake/fake_cuda.h"
#include "tests/driver/engines.h"
#include "tests/random_graph.h"

namespace sinter::test {
namespace {

void expect_reference(uint64_t seed, int operations, const Way& way) {
  const ir::Graph graph = tests::random_graph(seed, {.operations = operations, .max_elements = 400});
  SCOPED_TRACE(fmt::format("seed {}, {}\n{}", seed, to_string(way), ir::print(graph)));
  const std::vector<ir::Literal> inputs = tests::random_inputs(graph, seed);
  const std::vector<ir::Literal> expected = ir::evaluate(graph, inputs, ir::Arithmetic::kTyped);
  try {
    const std::vector<ir::Literal> results = run(graph, inputs, way);
    for (size_t r = 0; r < expected.size(); ++r)
      EXPECT_TRUE(tests::same_bits(results[r], expected[r])) << "result " << r;
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what() << "\n" << cuda_sim::FakeDriver().fault();
  }
}

TEST(CudaFuzz, Programs) {
  for (uint64_t seed = 1; seed <= 25 && !::testing::Test::HasFailure(); ++seed)
    expect_reference(seed, 12, {.engine = Way::Engine::kCompiled, .fuse = seed % 4 != 0, .device = Device("cuda")});
}

TEST(CudaFuzz, DynamicEngine) {
  for (uint64_t seed = 101; seed <= 108 && !::testing::Test::HasFailure(); ++seed)
    expect_reference(seed, 8, {.engine = Way::Engine::kDynamic, .device = Device("cuda")});
}

}  // namespace
}  // namespace sinter::test
