// Whole programs: graph to machine code, run on teams of threads, against the bits of the typed reference.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "driver/compile.h"
#include "ir/graph/reference.h"
#include "ir/graph/text.h"
#include "runtime/buffer.h"
#include "runtime/threads.h"
#include "support/options.h"
#include "tests/kernels/mlp_step.h"

namespace sinter::test {
namespace {

using ir::Graph;
using ir::Literal;

std::vector<Literal> random_inputs(const Graph& graph, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Literal> inputs;
  for (const ir::Parameter& parameter : graph.parameters()) {
    Literal literal = Literal::zeros(graph.type(parameter.value));
    visit_dtype(literal.type.dtype, [&](auto zero) {
      using T = decltype(zero);
      std::uniform_real_distribution<double> draw(0, is_float(dtype_of<T>) ? 1 : 7);
      for (T& element : literal.view<T>()) element = static_cast<T>(draw(random));
    });
    inputs.push_back(std::move(literal));
  }
  return inputs;
}

std::vector<Literal> run(const driver::Executable& executable, const Graph& graph, std::vector<Literal> inputs,
                         runtime::ThreadTeam& team) {
  std::vector<Literal> outputs;
  std::vector<void*> in, out;
  for (ir::Value result : graph.results) outputs.push_back(Literal::zeros(graph.type(result)));
  for (Literal& input : inputs) in.push_back(input.bytes.data());
  for (Literal& output : outputs) out.push_back(output.bytes.data());
  executable.run(in, out, team);
  for (const ir::State& state : graph.states) outputs[state.result] = inputs[state.parameter];
  return outputs;
}

void check(const Graph& graph, uint64_t seed = 1) {
  const std::vector<Literal> inputs = random_inputs(graph, seed);
  const std::vector<Literal> expected = ir::evaluate(graph, inputs, ir::Arithmetic::kTyped);
  for (const bool fuse : {false, true})
    for (const char* isa : {"avx2", ""}) {
      const auto executable = driver::compile(graph, {.fuse = fuse, .isa = isa});
      for (const int workers : {1, 2, 3, 7}) {
        runtime::ThreadTeam team(workers);
        for (int repeat = 0; repeat < 2; ++repeat) {
          const std::vector<Literal> results = run(*executable, graph, inputs, team);
          for (size_t r = 0; r < expected.size(); ++r)
            ASSERT_EQ(results[r].bytes == expected[r].bytes, true)
                << "result " << r << (fuse ? ", fused" : ", unfused") << ", isa '" << isa << "', " << workers
                << " workers\n"
                << ir::print(graph);
        }
      }
    }
}
void check(const char* text) { check(ir::parse(text).back()); }

TEST(Driver, Softmax) {
  check(R"(func @f(%x: f32[33, 50]) -> (f32[33, 50]) {
    %0 = reduce_max %x {axes = [1]}
    %1 = broadcast %0 {shape = [33, 50], axes = [0]}
    %2 = sub %x, %1
    %3 = exp %2
    %4 = reduce_sum %3 {axes = [1]}
    %5 = broadcast %4 {shape = [33, 50], axes = [0]}
    %6 = div %3, %5
    return %6
  })");
}

TEST(Driver, ElementwiseWithViewsOnManyThreads) {
  check(R"(func @f(%x: f32[400, 61, 5], %b: f32[5]) -> (f32[61, 2000]) {
    %0 = transpose %x {order = [1, 0, 2]}
    %1 = broadcast %b {shape = [61, 400, 5], axes = [2]}
    %2 = mul %0, %1
    %3 = tanh %2
    %4 = reshape %3 {shape = [61, 2000]}
    return %4
  })");
}

TEST(Driver, Reductions) {
  check(R"(func @f(%x: f32[3, 100, 70]) -> (f32[100], f32[], f32[3, 70], i64[3, 70], f32[3]) {
    %0 = reduce_sum %x {axes = [0, 2]}
    %1 = reduce_sum %x {axes = [0, 1, 2]}
    %2 = reduce_sum %x {axes = [1]}
    %3 = argmax %x {axis = 1}
    %4 = reduce_max %x {axes = [1, 2]}
    return %0, %1, %2, %3, %4
  })");
}

TEST(Driver, StateInPlaceAndSwapped) {
  check(R"(func @f(%p: f32[40] state, %q: f32[40] state) -> (f32[40] updates %p, f32[40] updates %q, f32[40]) {
    %0 = mul %p, %q
    return %q, %p, %0
  })");
}

// What the fuzzer found, shrunk.
TEST(Driver, AConstantIsAResult) {
  check(
      "func @f() -> (f32[3], f32[2], f32[3]) {\n"
      "  %0 = constant f32[3] {1, -2, 0.5}\n"
      "  %1 = constant f32[] {4}\n"
      "  %2 = broadcast %1 {shape = [2], axes = []}\n"
      "  %3 = neg %0\n"
      "  return %0, %2, %3\n}");
}

TEST(Driver, DotOfOperandsThatDoNotVaryAlongTheDepth) {
  check(R"(func @f(%x: f32[2, 15], %s: f32[1], %a: f32[3, 1], %one: f32[1, 1]) -> (f32[2, 2], f32[3, 1], f32[1, 1]) {
    %0 = broadcast %s {shape = [30, 1], axes = [1]}
    %1 = reshape %0 {shape = [15, 2]}
    %2 = dot %x, %1
    %3 = dot %a, %one
    %4 = dot %one, %one
    return %2, %3, %4
  })");
}

// The view lies in memory, so who reads it does not make what it is a view of.
TEST(Driver, AViewIsAResultAndAnOperand) {
  check(R"(func @f(%x: f32[4, 4]) -> (f32[4, 4], f32[4, 4]) {
    %0 = exp %x
    %1 = transpose %0 {order = [1, 0]}
    %2 = mul %1, %0
    return %1, %2
  })");
}

TEST(Driver, NothingIsReadForWhatIsEmpty) {
  check(R"(func @f(%x: bool[16, 7, 4], %y: f64[16, 6, 0]) -> (f64[16, 6, 0], f64[16]) {
    %0 = to_f64 %x
    %1 = reshape %0 {shape = [448]}
    %2 = slice %1 {start = [448], limit = [448], step = [1]}
    %3 = reshape %2 {shape = [16, 6, 0]}
    %4 = sub %y, %3
    %5 = broadcast %2 {shape = [16, 0], axes = [1]}
    %6 = reduce_sum %5 {axes = [1]}
    return %4, %6
  })");
  check(R"(func @f(%x: f32[4, 0]) -> f32[4, 3] {
    %0 = constant f32[0, 3] {}
    %1 = dot %x, %0
    return %1
  })");
  check(R"(func @f(%i: i64[5, 4], %x: f32[9, 0], %y: f32[5, 0, 3]) -> f32[5, 4, 3] {
    %0 = gather %x, %i {axis = 0, batch = 0}
    %1 = dot %0, %y
    return %1
  })");
}

TEST(Driver, IndexOutOfRangeIsAnErrorAndLeavesStateAlone) {
  const Graph graph =
      ir::parse(R"(func @f(%x: f32[10, 4], %i: i64[3], %p: f32[3] state) -> (f32[3, 4], f32[3] updates %p) {
    %0 = gather %x, %i {axis = 0, batch = 0}
    %1 = mul %p, %p
    return %0, %1
  })")
          .back();
  std::vector<Literal> inputs = random_inputs(graph, 1);
  const Literal before = inputs[2];
  inputs[1].view<int64_t>()[1] = 10;
  std::vector<Literal> outputs;
  for (ir::Value result : graph.results) outputs.push_back(Literal::zeros(graph.type(result)));
  const std::vector<void*> in{inputs[0].bytes.data(), inputs[1].bytes.data(), inputs[2].bytes.data()},
      out{outputs[0].bytes.data(), nullptr};
  const auto executable = driver::compile(graph);
  for (const int workers : {1, 2}) {
    runtime::ThreadTeam team(workers);
    try {
      executable->run(in, out, team);
      FAIL() << "no error";
    } catch (const IndexError& error) {
      EXPECT_NE(std::string(error.what()).find("index 10 is out of range"), std::string::npos) << error.what();
    }
    EXPECT_EQ(inputs[2], before);
  }
}

TEST(Driver, ScatterOfOneIndexARowChecksIt) {
  const Graph graph = ir::parse(R"(func @f(%x: f32[3, 10], %i: i64[3], %u: f32[3]) -> f32[3, 10] {
    %0 = scatter_add %x, %i, %u {axis = 1, batch = 1}
    return %0
  })")
                          .back();
  check(graph);
  std::vector<Literal> inputs = random_inputs(graph, 1);
  inputs[1].view<int64_t>()[2] = -1;
  runtime::ThreadTeam team(1);
  EXPECT_THROW((void)run(*driver::compile(graph), graph, inputs, team), IndexError);
}

// A graph whose types lie gets through the passes when nothing verifies it; the kernel's verifier finds it.
TEST(Driver, InternalErrorsBehindThePassesLeaveAReproducer) {
  Graph graph;
  graph.name = "planted";
  const ir::Value x = graph.add_parameter({kFloat32, {40}}, "x");
  const ir::OpDef& exp = *ir::parse("func @f(%x: f32[]) -> f32[] {\n  %0 = exp %x\n  return %0\n}")[0].ops()[1].def;
  graph.results.push_back(graph.append({.def = &exp, .operands = {x}, .types = {{kFloat64, {40}}}}));
  Options changed = options();
  changed.verify = false;
  changed.check = true;
  const OptionScope scope(changed);
  try {
    (void)driver::compile(graph);
    FAIL() << "no error";
  } catch (const InternalError& error) {
    const std::string text = error.what(), before = "to see it again: sinter opt ";
    ASSERT_NE(text.find(before), std::string::npos) << text;
    const size_t at = text.find(before) + before.size();
    const std::string path = text.substr(at, text.find(' ', at) - at);
    EXPECT_EQ(text.compare(at + path.size(), 14, " --print=loops"), 0) << text;
    std::ifstream file(path);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    EXPECT_NE(content.find("func @planted(%x: f32[40])"), std::string::npos) << content;
    std::filesystem::remove(path);
  }
}

// What the plan says is dead is poisoned at its barrier: nothing is read late, in any phase.
TEST(Driver, DeadValuesArePoisonedAndNobodySeesIt) {
  const runtime::GuardedMemoryScope guarded;
  check(mlp_step(5, {20, 12, 12, 10}));
}

// Unfused and shared by all: without fusion every operation is a kernel.
size_t barriers(const char* text, bool share_all) {
  const Graph graph = ir::parse(text).back();
  const std::vector<Literal> inputs = random_inputs(graph, 3);
  const std::vector<Literal> expected = ir::evaluate(graph, inputs, ir::Arithmetic::kTyped);
  const auto executable = driver::compile(graph, {.fuse = false, .share_all = share_all});
  for (const int workers : {1, 2, 3, 7}) {
    runtime::ThreadTeam team(workers);
    for (int repeat = 0; repeat < 20; ++repeat) {
      const std::vector<Literal> results = run(*executable, graph, inputs, team);
      for (size_t r = 0; r < expected.size(); ++r) EXPECT_EQ(results[r].bytes == expected[r].bytes, true) << text;
    }
  }
  return executable->stats().barriers;
}

TEST(Driver, NoBarrierWhereEachWorkerGoesOnWithItsOwn) {
  constexpr const char* kChain = R"(func @f(%x: f32[300, 40]) -> f32[300, 40] {
    %0 = mul %x, %x
    %1 = add %0, %x
    %2 = sub %1, %0
    %3 = mul %2, %1
    return %3
  })";
  constexpr const char* kTurned = R"(func @f(%x: f32[60, 60]) -> f32[60, 60] {
    %0 = mul %x, %x
    %1 = transpose %0 {order = [1, 0]}
    %2 = add %1, %x
    return %2
  })";
  constexpr const char* kRows = R"(func @f(%x: f32[50, 40]) -> f32[50, 40] {
    %0 = reduce_sum %x {axes = [1]}
    %1 = broadcast %0 {shape = [50, 40], axes = [0]}
    %2 = sub %x, %1
    return %2
  })";
  for (const bool share_all : {false, true}) EXPECT_EQ(barriers(kChain, share_all), 0u) << share_all;
  // One worker does all that is small; what everybody shares is read by others than who wrote it.
  EXPECT_EQ(barriers(kTurned, false), 0u);
  EXPECT_EQ(barriers(kTurned, true), 1u);
  EXPECT_EQ(barriers(kRows, false), 0u);
  EXPECT_EQ(barriers(kRows, true), 1u);
}

TEST(Driver, TrainingStep) { check(mlp_step(9, {50, 33, 10})); }

}  // namespace
}  // namespace sinter::test
