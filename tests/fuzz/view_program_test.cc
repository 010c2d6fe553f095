// Random chains of views on the operands of products, with gradients: the dynamic engine, static programs and the typed
// reference give the same bits. FUZZ_SEEDS=FIRST:COUNT runs other seeds (docs/building.md).
#include "tests/fuzz/view_program.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

#include "frontend/trace.h"
#include "ir/graph/reference.h"
#include "ir/graph/text.h"
#include "tests/driver/engines.h"
#include "tests/fuzz/seeds.h"
#include "tests/fuzz/shrink.h"
#include "tests/literal_tensors.h"
#include "tests/random_literal.h"

namespace sinter::tests {
namespace {

using ir::Literal;

std::array<Literal, 2> arguments_of(const ViewProgram& program, uint64_t seed) {
  RandomEngine random(seed);
  std::array<Literal, 2> arguments;
  for (size_t i = 0; i < arguments.size(); ++i)
    arguments[i] = random_literal(random, {program.dtype, program.shapes[i].shape()}, /*extremes=*/seed % 8 == 0);
  return arguments;
}

struct Traced {
  ir::Graph graph;
  std::vector<Literal> inputs;
};
Traced traced(const ViewProgram& program, const std::array<Literal, 2>& arguments) {
  detail::Trace trace;
  std::array<Tensor, 2> inputs;
  for (size_t i = 0; i < inputs.size(); ++i)
    inputs[i] = Tensor(trace.add_input(program.dtype, program.shapes[i], i == 0 ? "x" : "y"));
  for (const Tensor& result : run(program, inputs[0], inputs[1]))
    trace.graph.results.push_back(trace.value_of(result.impl()));
  Traced made{.graph{}, .inputs{arguments[0], arguments[1]}};
  made.inputs.resize(trace.graph.parameters().size());
  for (const auto& captured : trace.captured)  // those that became constants are no parameters
    if (captured.parameter) made.inputs[*captured.parameter] = literal_of(Tensor(captured.impl));
  made.graph = std::move(trace.graph);
  return made;
}

std::vector<test::Way> ways_of(uint64_t seed) {
  using Engine = test::Way::Engine;
  constexpr int kWorkers[] = {1, 2, 3, 7};
  return {
      {.engine = Engine::kInterpreted, .fuse = true, .passes = seed % 3 != 0, .backwards = seed % 2 == 0},
      {.engine = Engine::kCompiled,
       .fuse = seed % 5 != 0,
       .isa = seed % 2 == 0 ? "avx2" : "",
       .workers = kWorkers[seed / 2 % 4]},
  };
}

// Where the results of some way differ from the reference's.
std::optional<std::string> difference(const ViewProgram& program, uint64_t seed) {
  const std::array<Literal, 2> arguments = arguments_of(program, seed);
  set_stage("tracing");
  const Traced as_graph = traced(program, arguments);
  const std::vector<Literal> expected = ir::evaluate(as_graph.graph, as_graph.inputs, ir::Arithmetic::kTyped);
  const auto compare = [&](const std::vector<Literal>& results, const std::string& way) -> std::optional<std::string> {
    for (size_t r = 0; r < expected.size(); ++r)
      if (!same_bits(results[r], expected[r]))
        return fmt::format("{}: result {} differs\n{}", way, r, ir::print(as_graph.graph));
    return std::nullopt;
  };
  set_stage("dynamic");
  std::vector<Literal> dynamic;
  const uint64_t layout = seed % 4;  // 0: row-major
  for (const Tensor& result : run(program, tensor_of(arguments[0], {}, layout), tensor_of(arguments[1], {}, layout)))
    dynamic.push_back(literal_of(result));
  if (auto found = compare(dynamic, "dynamic")) return found;
  for (const test::Way& way : ways_of(seed)) {
    set_stage(to_string(way));
    if (auto found = compare(test::run(as_graph.graph, as_graph.inputs, way), to_string(way))) return found;
  }
  return std::nullopt;
}

std::optional<std::string> difference_or_error(const ViewProgram& program, uint64_t seed) {
  try {
    return difference(program, seed);
  } catch (const std::exception& error) {
    return error.what();
  }
}

std::optional<std::string> fuzz(uint64_t seed) {
  const ViewProgram program = random_view_program(seed);
  if (!difference_or_error(program, seed)) return std::nullopt;
  const ViewProgram small = shrink<ViewProgram>(
      program, smaller, [&](const ViewProgram& candidate) { return difference_or_error(candidate, seed).has_value(); });
  return fmt::format("{}{}", to_string(small), difference_or_error(small, seed).value_or("(not again)"));
}

TEST(ViewPrograms, AllEnginesGiveTheReferencesBits) { for_each_seed(seeds(300), fuzz); }

}  // namespace
}  // namespace sinter::tests
