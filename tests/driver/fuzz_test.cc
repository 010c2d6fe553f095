// Random graphs, and their first and second derivatives, through every engine: the bits are those of the typed
// reference. A seed varies instruction set, threads and fusion, instead of trying their whole product.
// FUZZ_SEEDS=FIRST:COUNT runs other seeds (docs/building.md).
#include <gtest/gtest.h>

#include <optional>

#include "ir/graph/reference.h"
#include "ir/graph/text.h"
#include "tests/driver/engines.h"
#include "tests/fuzz/seeds.h"
#include "tests/random_derivatives.h"
#include "tests/random_graph.h"

namespace sinter::test {
namespace {

using ir::Graph;
using ir::Literal;

Graph graph_of(uint64_t seed) {
  tests::RandomGraphOptions options;
  options.operations = static_cast<int>(5 + seed % 17) * (seed > 300 && seed % 7 == 0 ? 4 : 1);
  options.max_elements = seed % 8 == 0 ? 20000 : 600;
  options.calls = seed % 5 == 0;
  Graph graph = tests::random_graph(seed, options);
  const int order = seed % 16 == 11 ? 2 : seed % 4 == 3 ? 1 : 0;
  return order == 0 ? graph : tests::random_derivatives(graph, seed, order).back().gradients;
}

std::vector<Way> ways_of(uint64_t seed) {
  using Engine = Way::Engine;
  constexpr int kWorkers[] = {1, 2, 3, 7};
  const bool odd = seed % 2 == 1;
  return {
      {.engine = Engine::kDynamic, .layout = seed % 3 == 0 ? 0 : seed},
      {.engine = Engine::kInterpreted, .fuse = false, .passes = odd, .backwards = seed % 4 < 2},
      {.engine = Engine::kInterpreted, .fuse = true, .passes = odd, .backwards = false},
      {.engine = Engine::kInterpreted, .fuse = true, .passes = true, .backwards = true},
      {.engine = Engine::kCompiled, .fuse = true, .isa = odd ? "avx2" : "", .workers = kWorkers[seed % 4]},
      {.engine = Engine::kCompiled, .fuse = seed % 3 == 0, .isa = odd ? "" : "avx2", .workers = kWorkers[seed / 4 % 4]},
  };
}

// How this way's results differ from the reference's, if they do.
std::optional<std::string> difference(const Graph& graph, uint64_t seed, const Way& way) {
  const std::vector<Literal> inputs = tests::random_inputs(graph, seed);
  const std::vector<Literal> expected = ir::evaluate(graph, inputs, ir::Arithmetic::kTyped);
  try {
    const std::vector<Literal> results = run(graph, inputs, way);
    for (size_t r = 0; r < expected.size(); ++r)
      if (!tests::same_bits(results[r], expected[r])) return fmt::format("result {} differs", r);
  } catch (const std::exception& error) {
    return error.what();
  }
  return std::nullopt;
}

// Of the first way that differs, with a smaller graph on which it does.
std::optional<std::string> fuzz(uint64_t seed) {
  const Graph graph = graph_of(seed);
  const std::string text = ir::print(graph);
  for (const Way& way : ways_of(seed)) {
    tests::set_stage(to_string(way) + "\n" + text);
    const std::optional<std::string> found = difference(graph, seed, way);
    if (!found) continue;
    const Graph small = tests::shrink(graph, [&](const Graph& candidate) {
      try {
        return difference(candidate, seed, way).has_value();
      } catch (const Error&) {  // the reference refuses the inputs
        return false;
      }
    });
    return fmt::format("{}: {}\n{}\n{}", to_string(way), *found, ir::print(small).substr(0, 4000),
                       difference(small, seed, way).value_or("(not again)"));
  }
  return std::nullopt;
}

TEST(Fuzz, EveryEngineGivesTheReferencesBits) { tests::for_each_seed(tests::seeds(300), fuzz); }

}  // namespace
}  // namespace sinter::test
