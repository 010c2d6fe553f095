// First and second derivatives of every row, combiner and structural operation against central differences in the
// oracle.
#include <gtest/gtest.h>

#include <cmath>

#include "ir/graph/combiner.h"
#include "ir/graph/row.h"
#include "tests/graph/testing.h"

namespace sinter::ir {
namespace {

using testing::check_gradients;
using testing::literal;
using Values = std::vector<Value>;

class RowGradients : public ::testing::TestWithParam<Row> {};
std::vector<Row> rows_with_derivative() {
  std::vector<Row> chosen;
  for (const Row& row : rows())
    if (row.flow && (row.dtypes & kFloats)) chosen.push_back(row);
  return chosen;
}
INSTANTIATE_TEST_SUITE_P(All, RowGradients, ::testing::ValuesIn(rows_with_derivative()),
                         [](const auto& row) { return std::string(row.param.name); });

bool near_kink(const Row& row, const std::vector<Literal>& x, size_t i) {
  if (row.kink == 0) return false;
  const double first = x[0].view<double>()[i], second = x.size() > 1 ? x[1].view<double>()[i] : 0;
  return std::abs(first - second) < row.kink;
}

TEST_P(RowGradients, AgreeWithFiniteDifferences) {
  const Row& row = GetParam();
  std::mt19937_64 random(11);
  testing::GradientCheck check{.tolerance = 2e-6};
  for (size_t k = 0; k < static_cast<size_t>(row.arity); ++k)
    check.inputs.push_back(testing::random({3, 4}, random, row.sample[k].low, row.sample[k].high));
  if (row.signature == Signature::kSelect) {
    check.inputs[0] = Literal::zeros({kBool, {3, 4}});
    for (bool& c : check.inputs[0].view<bool>()) c = random() % 2 == 0;
  } else {
    for (size_t i = 0; i < 12; ++i)
      while (near_kink(row, check.inputs, i))
        check.inputs[0].view<double>()[i] = std::uniform_real_distribution<double>(-3, 3)(random);
  }
  EXPECT_EQ(check_gradients(check, random,
                            [&](Builder& b, const Values& x) {
                              return convert(b, b.add(*find_op(row.name), NoAttributes{}, x), kFloat64);
                            }),
            "");
}

TEST(RowGradients, NothingFlowsIntoIntegers) {
  Graph graph;
  const Value i = graph.add_parameter({kInt64, {2}}, "i");
  GraphBuilder b(graph);
  const Value y = convert(b, elementwise(b, "mul", {i, i}), kFloat64);
  const Value seed = graph.add_parameter({kFloat64, {2}}, "seed");
  EXPECT_EQ(testing::reverse_sweep(graph, y, seed).size(), 1U);
}

// The gradient at chosen points with cotangent 1.
std::vector<double> gradient_at(const std::vector<double>& x, const testing::Make& make) {
  Graph graph;
  const Type type{kFloat64, {static_cast<int64_t>(x.size())}};
  const Value parameter = graph.add_parameter(type, "x");
  GraphBuilder b(graph);
  const Value y = make(b, {parameter});
  const Value seed = full(b, 1, graph.type(y));
  graph.results = {testing::reverse_sweep(graph, y, seed).at(parameter)};
  return testing::values<double>(evaluate(graph, std::vector{literal<double>(type.shape, x)}, Arithmetic::kOracle)[0]);
}

using Doubles = std::vector<double>;

TEST(RowGradients, AtKinksAndZeros) {
  const auto unary = [](std::string_view name) {
    return [=](Builder& b, const Values& x) { return elementwise(b, name, {x[0]}); };
  };
  EXPECT_EQ(gradient_at({-1, 0, 2}, unary("relu")), (Doubles{0, 0, 1}));
  EXPECT_EQ(gradient_at({-1, 0, 2}, unary("abs")), (Doubles{-1, 0, 1}));
  const auto with = [](std::string_view name, double other) {
    return [=](Builder& b, const Values& x) { return elementwise(b, name, {x[0], full(b, other, b.type(x[0]))}); };
  };
  EXPECT_EQ(gradient_at({0, 1, 2}, with("maximum", 1)), (Doubles{0, 0.5, 1}));
  EXPECT_EQ(gradient_at({0, 1, 2}, with("minimum", 1)), (Doubles{1, 0.5, 0}));
  EXPECT_EQ(gradient_at({0, -2, 3}, with("pow", 2)), (Doubles{0, -4, 6}));
  EXPECT_EQ(gradient_at({0, -2, 3}, with("pow", 0)), (Doubles{0, 0, 0}));
  const auto exponent = [](Builder& b, const Values& x) {
    return elementwise(b, "pow", {full(b, 0, b.type(x[0])), x[0]});
  };
  EXPECT_EQ(gradient_at({0, 1, 2.5}, exponent), (Doubles{0, 0, 0}));
}

TEST(ReductionGradients, AgreeWithFiniteDifferences) {
  std::mt19937_64 random(3);
  for (const Combiner& combiner : combiners()) {
    if (!combiner.flow) continue;
    for (const Integers& axes : {Integers{}, Integers{0}, Integers{1}, Integers{0, 2}, Integers{0, 1, 2}}) {
      const auto make = [&](Builder& b, const Values& x) { return reduce(b, combiner.name, x[0], axes); };
      EXPECT_EQ(check_gradients({.inputs = {testing::random({2, 3, 2}, random)}}, random, make), "") << combiner.name;
    }
  }
}

TEST(ReductionGradients, ProductsWithZeros) {
  std::mt19937_64 random(5);
  const Literal x = literal<double>({4, 3}, {2, 3, 4, 0, 3, 4, 0, 3, 0, 0, 0, 0});
  const auto make = [](Builder& b, const Values& v) { return reduce(b, "prod", v[0], {1}); };
  EXPECT_EQ(check_gradients({.inputs = {x}}, random, make), "");
  // Integer-valued, so the differences are exact: one zero gives the product of the others, two give nothing.
  EXPECT_EQ(gradient_at({0, 3, 4}, [](Builder& b, const Values& v) { return reduce(b, "prod", v[0], {0}); }),
            (Doubles{12, 0, 0}));
}

TEST(ReductionGradients, MaximaAreSharedAmongEquals) {
  const auto make = [](Builder& b, const Values& v) { return reduce(b, "max", v[0], {0}); };
  EXPECT_EQ(gradient_at({5, 1, 5, 5, 5}, make), (Doubles{0.25, 0, 0.25, 0.25, 0.25}));
}

struct Structural {
  std::string name;
  std::vector<Literal> inputs;
  testing::Make make;
};

std::vector<Structural> structural() {
  std::mt19937_64 random(17);
  const Literal box = testing::random({2, 3, 4}, random), matrix = testing::random({3, 4}, random),
                number = testing::random({}, random);
  const Literal rows = literal<int64_t>({2, 2}, {2, 0, 2, 1}),
                picks = literal<int64_t>({2, 5}, {0, 3, 1, 1, 2, 3, 3, 3, 0, 1});
  return {
      {"broadcast", {matrix}, [](Builder& b, const Values& x) { return broadcast(b, x[0], {2, 3, 5, 4}, {1, 3}); }},
      {"broadcast_nothing", {matrix}, [](Builder& b, const Values& x) { return broadcast(b, x[0], {3, 4}, {0, 1}); }},
      {"reshape", {box}, [](Builder& b, const Values& x) { return reshape(b, x[0], {4, 6}); }},
      {"transpose", {box}, [](Builder& b, const Values& x) { return transpose(b, x[0], {2, 0, 1}); }},
      {"slice", {box}, [](Builder& b, const Values& x) { return slice(b, x[0], {0, 1, 0}, {2, 3, 4}, {1, 1, 3}); }},
      {"slice_huge_step",
       {box},
       [](Builder& b, const Values& x) { return slice(b, x[0], {1, 0, 1}, {2, 3, 4}, {INT64_MAX, 2, INT64_MAX}); }},
      {"slice_empty",
       {box},
       [](Builder& b, const Values& x) { return slice(b, x[0], {0, 1, 0}, {2, 1, 4}, {1, 1, 1}); }},
      {"pad", {matrix, number}, [](Builder& b, const Values& x) { return pad(b, x[0], x[1], {1, 0}, {0, 2}, {0, 2}); }},
      {"pad_number",
       {number, testing::random({}, random)},
       [](Builder& b, const Values& x) { return pad(b, x[0], x[1], {}, {}, {}); }},
      {"concat",
       {matrix, testing::random({3, 1}, random), matrix},
       [](Builder& b, const Values& x) { return concat(b, x, 1); }},
      {"gather_rows", {matrix, rows}, [](Builder& b, const Values& x) { return gather(b, x[0], x[1], 0, 0); }},
      {"gather_batch", {box, picks}, [](Builder& b, const Values& x) { return gather(b, x[0], x[1], 2, 1); }},
      {"gather_one_each",
       {matrix, literal<int64_t>({3}, {3, 0, 0})},
       [](Builder& b, const Values& x) { return gather(b, x[0], x[1], 1, 1); }},
      {"scatter_add",
       {matrix, rows, testing::random({2, 2, 4}, random)},
       [](Builder& b, const Values& x) { return scatter_add(b, x[0], x[1], x[2], 0, 0); }},
      {"dot",
       {matrix, testing::random({4, 2}, random)},
       [](Builder& b, const Values& x) { return dot(b, x[0], x[1]); }},
      {"dot_batch",
       {box, testing::random({2, 4, 2}, random)},
       [](Builder& b, const Values& x) { return dot(b, x[0], x[1]); }},
      {"dot_of_itself",
       {testing::random({3, 3}, random)},
       [](Builder& b, const Values& x) { return dot(b, x[0], x[0]); }},
      {"softmax",
       {matrix},
       [](Builder& b, const Values& x) {
         const Value top = broadcast_in(b, stop_gradient(b, reduce(b, "max", x[0], {1})), {3, 4}, {1});
         const Value e = elementwise(b, "exp", {elementwise(b, "sub", {x[0], top})});
         return elementwise(b, "div", {e, broadcast_in(b, reduce(b, "sum", e, {1}), {3, 4}, {1})});
       }},
  };
}

class StructuralGradients : public ::testing::TestWithParam<Structural> {};
INSTANTIATE_TEST_SUITE_P(All, StructuralGradients, ::testing::ValuesIn(structural()),
                         [](const auto& op) { return op.param.name; });

TEST_P(StructuralGradients, AgreeWithFiniteDifferences) {
  std::mt19937_64 random(23);
  EXPECT_EQ(check_gradients({.inputs = GetParam().inputs}, random, GetParam().make), "");
}

TEST(StopGradient, NothingFlows) {
  EXPECT_EQ(ops::kStopGradient.vjp, nullptr);
  EXPECT_EQ(gradient_at({2, 3}, [](Builder& b,
                                   const Values& x) { return elementwise(b, "mul", {x[0], stop_gradient(b, x[0])}); }),
            (Doubles{2, 3}));
}

// The harness itself must be able to fail: a wrong rule is seen.
TEST(CheckGradients, SeesAWrongGradient) {
  std::mt19937_64 random(1);
  const auto make = [](Builder& b, const Values& x) { return elementwise(b, "mul", {x[0], stop_gradient(b, x[0])}); };
  EXPECT_NE(check_gradients({.inputs = {testing::random({3}, random)}}, random, make), "");
}

}  // namespace
}  // namespace sinter::ir
