// parse(print(graph)) is the graph: same text, same results.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ir/graph/literal_text.h"
#include "ir/graph/text.h"
#include "tests/fuzz/seeds.h"
#include "tests/random_graph.h"

namespace sinter::ir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string reprinted(std::string_view text) { return print(parse(text).back()); }

TEST(RoundTrip, RandomGraphsComeBackAsTheyWere) {
  for (uint64_t seed = 0; seed < 150; ++seed) {
    const tests::SeedScope scope(seed);
    const Graph graph = tests::random_graph(seed, {.calls = true});
    verify(graph);
    const std::string text = print(graph);
    const Graph again = parse(text).back();
    ASSERT_EQ(print(again), text) << "seed " << seed;
    verify(again);
    const std::vector<Literal> inputs = tests::random_inputs(graph, seed);
    ASSERT_EQ(evaluate(again, inputs, Arithmetic::kTyped), evaluate(graph, inputs, Arithmetic::kTyped))
        << "seed " << seed;
  }
}

TEST(RoundTrip, AllThatAnOperationCarries) {
  const std::string text = R"(func @f(%x: f32[s0, 4], %w: f32[4] state) -> (f32[4] updates %w, f32[s0, 4]) {
  %0 = neg %w                                       salt(3) scope("a.b/softmax") loc("file.cc":12, "x \"y\".cc":3)
  %1 = broadcast %0 {shape = [s0, 4], axes = [1]}
  %2 = add %x, %1                                   loc("file.cc":4)
  return %0, %2
}
)";
  EXPECT_EQ(reprinted(text), text);
  EXPECT_THAT(print(parse(text)[0], {.locations = false}), testing::Not(HasSubstr("file.cc")));
}

TEST(RoundTrip, CalleesComeFirstAndResultsAreNumbered) {
  const std::string text = R"(func @pair(%a: f32[2]) -> (f32[2], f32[2]) {
  %0 = neg %a
  return %a, %0
}

func @main(%x: f32[2]) -> f32[2] {
  %0:2 = call @pair(%x)
  %1:2 = call @pair(%0#1)
  %2 = add %0, %1#1
  return %2
}
)";
  EXPECT_EQ(reprinted(text), text);
}

TEST(RoundTrip, NamesThatAreNoIdentifiersAreQuoted) {
  Graph graph;
  graph.name = "step 1";
  const Value digits = graph.add_parameter({kFloat32, {2}}, "0");
  const Value twice = graph.add_parameter({kFloat32, {2}}, "fc.weight");
  graph.add_parameter({kFloat32, {2}}, "fc.weight");
  graph.add_parameter({kFloat32, {2}}, "a\n\"b\\");
  graph.add_parameter({kFloat32, {2}}, "");
  GraphBuilder b(graph);
  graph.results = {elementwise(b, "add", {digits, twice})};
  const std::string text = print(graph);
  EXPECT_THAT(
      text,
      HasSubstr(
          R"(func @"step 1"(%"0": f32[2], %fc.weight: f32[2], %fc.weight.1: f32[2], %"a\x0a\"b\\": f32[2], %"": f32[2]))"));
  EXPECT_THAT(text, HasSubstr(R"(%0 = add %"0", %fc.weight)"));
  const Graph again = parse(text)[0];
  EXPECT_EQ(print(again), text);
  EXPECT_EQ(again.parameters()[3].name, "a\n\"b\\");
}

TEST(RoundTrip, WhatTheParserAcceptsBeyondWhatIsPrinted) {
  EXPECT_EQ(reprinted("func @f ( %x : f32[ 2 ] ) -> ( f32[2] ) { // comment\n %sum = add %x,%x return %sum }"),
            "func @f(%x: f32[2]) -> f32[2] {\n  %0 = add %x, %x\n  return %0\n}\n");
}

std::string element(auto value) {
  return element_text(dtype_of<decltype(value)>, reinterpret_cast<const std::byte*>(&value));
}

TEST(Elements, AreShortestDecimals) {
  EXPECT_EQ(element(0.1F), "0.1");
  EXPECT_EQ(element(0.1), "0.1");
  EXPECT_EQ(element(-0.0F), "-0");
  EXPECT_EQ(element(1e30F), "1e+30");
  EXPECT_EQ(element(std::numeric_limits<float>::denorm_min()), "1e-45");
  EXPECT_EQ(element(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(element(std::numeric_limits<float>::quiet_NaN()), "nan");
  EXPECT_EQ(element(std::bit_cast<float>(0x7f800001U)), "nan(0x7f800001)");
  EXPECT_EQ(element(true), "true");
  EXPECT_EQ(element(std::numeric_limits<int64_t>::min()), "-9223372036854775808");
}

template <class T>
class EveryBit : public testing::Test {};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(EveryBit, Floats);

TYPED_TEST(EveryBit, ComesBack) {
  using Bits = std::conditional_t<sizeof(TypeParam) == 4, uint32_t, uint64_t>;
  Bits bits = 0;
  for (int i = 0; i < 20000; ++i) {
    TypeParam back;
    const auto value = std::bit_cast<TypeParam>(bits);
    ASSERT_TRUE(parse_element(element(value), dtype_of<TypeParam>, reinterpret_cast<std::byte*>(&back)))
        << element(value);
    ASSERT_EQ(std::bit_cast<Bits>(back), bits) << element(value);
    bits = bits * static_cast<Bits>(6364136223846793005U) + static_cast<Bits>(1442695040888963407U);
  }
}

TEST(Constants, PrintElementsOrOneSplat) {
  const auto body = [](const std::string& constant) {
    return "func @f() -> " + constant.substr(0, constant.find(" {")) + " {\n  %0 = constant " + constant +
           "\n  return %0\n}\n";
  };
  for (const std::string constant :
       {"f32[2] {1, -0}", "f64[] {nan}", "f32[3] {inf, -inf, nan(0x7fc00001)}", "i64[2, 1] {-3, 9223372036854775807}",
        "bool[2] {true, false}", "f32[0, 7] {}", "f32[100] {splat 0.5}", "f32[7] {1, 1, 1, 1, 1, 1, 1}"}) {
    const std::string text = body(constant);
    EXPECT_EQ(reprinted(text), text);
  }
  EXPECT_THAT(reprinted(body("f32[1] {-nan}")), HasSubstr("{nan(0xffc00000)}"));
}

TEST(PrintOp, ShowsTypesOfOperands) {
  const Graph graph =
      parse("func @f(%x: f32[2], %y: f32[2]) -> f32[2] { %0 = add %x, %y loc(\"a.cc\":3) return %0 }")[0];
  EXPECT_EQ(print_op(graph, graph.results[0]), "%0 = add %x: f32[2], %y: f32[2] -> f32[2] loc(\"a.cc\":3)");
}

TEST(Parse, ReturnsAllFunctionsInOrder) {
  const auto graphs = parse("func @a() -> () { return } func @b() -> () { return }");
  EXPECT_THAT((std::vector{graphs[0].name, graphs[1].name}), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace sinter::ir
