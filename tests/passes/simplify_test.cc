// Every rule written as a pattern fires, and changes no bit of any special value.
#include "passes/simplify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "ir/graph/reference.h"
#include "ir/graph/text.h"
#include "passes/dead_code.h"
#include "passes/simplify_rules.h"
#include "tests/random_graph.h"

namespace sinter::passes {
namespace {

using ir::Graph;
using ir::Literal;
using ir::Value;

template <class T>
std::vector<T> specials() {
  if constexpr (std::is_same_v<T, bool>) {
    return {false, true};
  } else if constexpr (std::is_floating_point_v<T>) {
    using Limits = std::numeric_limits<T>;
    return {T{0},
            -T{0},
            1,
            -1,
            T(0.1),
            -3,
            1e30F,
            Limits::infinity(),
            -Limits::infinity(),
            Limits::quiet_NaN(),
            Limits::min(),
            -Limits::denorm_min(),
            Limits::min() / 2};
  } else {
    return {0, 1, -1, 2, -7, 63, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()};
  }
}

// Every combination of special values: three arrays of this dtype and one of bool.
std::vector<Literal> all_combinations(DType dtype) {
  return visit_dtype(dtype, [](auto zero) {
    using T = decltype(zero);
    const std::vector<T> values = specials<T>();
    const size_t n = values.size(), count = n * n * n * 2;
    const Shape shape{static_cast<int64_t>(count)};
    std::vector<Literal> inputs(4, Literal::zeros({dtype_of<T>, shape}));
    inputs[3] = Literal::zeros({kBool, shape});
    for (size_t i = 0; i < count; ++i) {
      inputs[0].view<T>()[i] = values[i % n];
      inputs[1].view<T>()[i] = values[i / n % n];
      inputs[2].view<T>()[i] = values[i / n / n % n];
      inputs[3].view<bool>()[i] = i / n / n / n != 0;
    }
    return inputs;
  });
}

// The pattern over parameters of this dtype; nullopt when its operations do not take it.
std::optional<Graph> graph_of(std::string_view pattern, DType dtype, const std::vector<Literal>& inputs) {
  Graph graph;
  std::vector<Value> variables;
  for (size_t i = 0; i < inputs.size(); ++i)
    variables.push_back(graph.add_parameter(inputs[i].type, std::string(1, "xyzc"[i])));
  ir::GraphBuilder b(graph);
  try {
    graph.results = {build_pattern(b, pattern, variables, {dtype, inputs[0].type.shape})};
  } catch (const DTypeError&) {
    return std::nullopt;
  }
  return graph;
}

TEST(PatternRules, FireAndKeepEveryBit) {
  for (const PatternRule& rule : pattern_rules()) {
    SCOPED_TRACE(fmt::format("{} -> {}", rule.pattern, rule.replacement));
    int fired = 0;
    for (const DType dtype : {kFloat32, kFloat64, kInt64, kBool}) {
      const std::vector<Literal> inputs = all_combinations(dtype);
      const auto graph = graph_of(rule.pattern, dtype, inputs);
      if (!graph) continue;
      const ir::Rewritten made = simplify(*graph);
      ir::verify(made.graph);
      fired += made.changed;
      EXPECT_TRUE(tests::same_bits(ir::evaluate(*graph, inputs, ir::Arithmetic::kTyped)[0],
                                   ir::evaluate(made.graph, inputs, ir::Arithmetic::kTyped)[0]))
          << name(dtype) << "\n"
          << ir::print(made.graph);
    }
    EXPECT_GT(fired, 0);
  }
}

TEST(PatternRules, CommutativeOperationsMatchInEitherOrder) {
  const Graph graph = ir::parse(
      "func @f(%x: f32[2]) -> f32[2] { %0 = constant f32[] {1} %1 = broadcast %0 {shape = [2], axes = []} %2 = mul %1, "
      "%x return %2 }")[0];
  const Graph made = simplify(graph).graph;
  EXPECT_EQ(made.results[0], made.parameters()[0].value);
}

// Each is one step from a rule that would change bits, or is none.
TEST(PatternRules, LeaveTheRestAlone) {
  for (const char* body :
       {"%0 = constant f32[] {0} %1 = add %x, %0",  // -0 + 0 is +0
        "%0 = constant f32[] {-0} %1 = sub %x, %0",
        "%0 = constant f32[] {0} %1 = mul %x, %0",  // NaN, infinity, -0
        "%0 = constant f32[] {0} %1 = sub %0, %x",  // 0 - 0 is +0
        "%0 = constant f32[] {3} %1 = div %x, %0",  // 1/3 is not exact
        "%1 = sub %x, %x", "%1 = div %x, %x", "%0 = exp %x %1 = log %0", "%0 = relu %x %1 = abs %0"}) {
    const Graph graph = ir::parse(fmt::format("func @f(%x: f32[]) -> f32[] {{ {} return %1 }}", body))[0];
    EXPECT_FALSE(simplify(graph).changed) << body;
  }
  const Graph comparison =
      ir::parse("func @f(%x: f32[], %y: f32[]) -> bool[] { %0 = lt %x, %y %1 = logical_not %0 return %1 }")[0];
  EXPECT_FALSE(simplify(comparison).changed);  // NaN
}

TEST(DivisionByPowersOfTwo, IsExactForEverySpecialValue) {
  for (const double divisor : {2.0, 0.5, -4.0, 0x1p100, 0x1p-100}) {
    for (const DType dtype : {kFloat32, kFloat64}) {
      const std::vector<Literal> inputs = all_combinations(dtype);
      Graph graph;
      const Value x = graph.add_parameter(inputs[0].type, "x");
      ir::GraphBuilder b(graph);
      graph.results = {ir::elementwise(b, "div", {x, ir::full(b, divisor, inputs[0].type)})};
      const Graph made = dead_code(simplify(graph).graph).graph;
      EXPECT_EQ(made.op(made.results[0]).def->name, "mul");
      const std::vector<Literal> one{inputs[0]};
      EXPECT_TRUE(tests::same_bits(ir::evaluate(graph, one, ir::Arithmetic::kTyped)[0],
                                   ir::evaluate(made, one, ir::Arithmetic::kTyped)[0]));
    }
  }
}

TEST(Folding, StopsAtLargeConstants) {
  const auto changed = [](int64_t size) {
    Graph graph;
    ir::GraphBuilder b(graph);
    Literal values = Literal::zeros({kFloat32, Shape{size}});
    values.view<float>()[0] = 1;
    graph.results = {ir::elementwise(b, "exp", {ir::constant(b, values)})};
    return simplify(graph).changed;
  };
  EXPECT_TRUE(changed(1024));
  EXPECT_FALSE(changed(1025));
}

TEST(Simplify, KeepsTheSaltOfWhatItReplaces) {
  const Graph graph = ir::parse("func @f(%x: f32[2]) -> f32[2] { %0 = neg %x %1 = sub %x, %0 salt(5) return %1 }")[0];
  const Graph made = simplify(graph).graph;
  EXPECT_EQ(made.op(made.results[0]).def->name, "add");
  EXPECT_EQ(made.op(made.results[0]).salt, 5U);
}

}  // namespace
}  // namespace sinter::passes
