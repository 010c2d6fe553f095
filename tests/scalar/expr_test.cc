// Building scalar expressions: one node per value, type checks, folding, text.
#include "ir/scalar/expr.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "ir/scalar/math.h"
#include "support/error.h"

namespace sinter::ir {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

double constant_value(Expr x) {
  const ExprNode& node = (*x.graph)[x.id];
  EXPECT_EQ(node.prim, Prim::kConstant);
  return x.dtype() == kFloat32 ? std::bit_cast<float>(static_cast<uint32_t>(node.payload))
                               : std::bit_cast<double>(node.payload);
}

TEST(Expr, EqualNodesAreKeptOnce) {
  ExprGraph graph;
  const Expr x = argument(graph, 0, kFloat32), y = argument(graph, 1, kFloat32);
  EXPECT_EQ((x + y).id, (x + y).id);
  EXPECT_EQ(argument(graph, 0, kFloat32).id, x.id);
  EXPECT_EQ(constant(graph, 2, kFloat32).id, constant(graph, 2, kFloat32).id);
  EXPECT_NE((x + y).id, (y + x).id);  // no algebra: NaN payloads aside the same, but not the same node
  EXPECT_NE((x + y).id, (x - y).id);
  EXPECT_NE(constant(graph, 2, kFloat32).id, constant(graph, 2, kFloat64).id);
  EXPECT_NE(constant(graph, 0.0, kFloat32).id, constant(graph, -0.0, kFloat32).id);
  const size_t before = graph.nodes().size();
  (void)exp(x * y);
  const size_t once = graph.nodes().size();
  (void)exp(x * y);
  EXPECT_GT(once, before);
  EXPECT_EQ(graph.nodes().size(), once);
}

TEST(Expr, CopiesAreIndependent) {
  ExprGraph graph;
  const Expr x = argument(graph, 0, kFloat32);
  ExprGraph copy = graph;
  graph.add_root((x + 1.0).id);
  EXPECT_EQ(copy.nodes().size(), 1U);
  EXPECT_EQ(argument(copy, 0, kFloat32).id, 0U);
}

TEST(Expr, OperandsComeBeforeUsers) {
  ExprGraph graph;
  const Expr x = argument(graph, 0, kFloat64);
  (void)pow(x, sin(x));
  for (uint32_t id = 0; id < graph.nodes().size(); ++id) {
    for (int i = 0; i < facts(graph[id].prim).arity; ++i) EXPECT_LT(graph[id].operands[static_cast<size_t>(i)], id);
  }
}

TEST(Expr, NumbersTakeTheOtherSidesType) {
  ExprGraph graph;
  EXPECT_EQ((argument(graph, 0, kFloat32) * 2.0).dtype(), kFloat32);
  EXPECT_EQ((1.0 - argument(graph, 0, kFloat64)).dtype(), kFloat64);
  EXPECT_EQ((argument(graph, 0, kInt64) < 3.0).dtype(), kBool);
  EXPECT_EQ(select(argument(graph, 0, kBool), 1.0, argument(graph, 1, kInt32)).dtype(), kInt32);
}

TEST(Expr, DivisionOfIntegersIsIDiv) {
  ExprGraph graph;
  const Expr i = argument(graph, 0, kInt64), x = argument(graph, 1, kFloat32);
  EXPECT_EQ(graph[(i / i).id].prim, Prim::kIDiv);
  EXPECT_EQ(graph[(i % i).id].prim, Prim::kIRem);
  EXPECT_EQ(graph[(x / x).id].prim, Prim::kDiv);
}

TEST(Expr, ConversionToTheSameTypeIsNothing) {
  ExprGraph graph;
  const Expr x = argument(graph, 0, kFloat32);
  EXPECT_EQ(convert(x, kFloat32).id, x.id);
  EXPECT_EQ(bitcast(x, kFloat32).id, x.id);
}

TEST(Expr, RejectsWrongTypes) {
  ExprGraph graph, other;
  const Expr x = argument(graph, 0, kFloat32), d = argument(graph, 1, kFloat64), i = argument(graph, 2, kInt64),
             b = argument(graph, 3, kBool);
  auto rejects = [](auto build, const char* why) { EXPECT_THAT(build, ThrowsMessage<InternalError>(HasSubstr(why))); };
  rejects([&] { (void)(x + d); }, "operands of a primitive have one dtype");
  rejects([&] { (void)(x & x); }, "the primitive accepts the dtype of its operands");
  rejects([&] { (void)fma(i, i, i); }, "the primitive accepts the dtype of its operands");
  rejects([&] { (void)sqrt(i); }, "the primitive accepts the dtype of its operands");
  rejects([&] { (void)(b + b); }, "the primitive accepts the dtype of its operands");
  rejects([&] { (void)apply(Prim::kMulHiU, {i, i}); }, "the primitive accepts the dtype of its operands");
  rejects([&] { (void)select(i, x, x); }, "select's condition is a bool");
  rejects([&] { (void)select(b, x, d); }, "select's sides have the result's dtype");
  rejects([&] { (void)bitcast(x, kInt64); }, "bitcast keeps the size");
  rejects([&] { (void)apply(Prim::kAdd, {x}); }, "as many operands as the primitive takes");
  rejects([&] { (void)apply(Prim::kConvert, {x}); }, "convert and bitcast are told their dtype");
  rejects([&] { (void)(x + argument(other, 0, kFloat32)); }, "operands belong to one graph");
  rejects([&] { (void)exp(i); }, "elementary functions work on floats");
  rejects([&] { graph.add({.prim = Prim::kNeg, .dtype = kFloat32, .operands = {99}}); },
          "operands of a node are earlier nodes");
  rejects([&] { graph.add({.prim = Prim::kNeg, .dtype = kFloat64, .operands = {x.id}}); },
          "dtype of the result follows");
  rejects([&] { (void)constant_bits(graph, 1ULL << 32, kFloat32); }, "bits of a constant fit its dtype");
  rejects([&] { (void)constant_bits(graph, 2, kBool); }, "a bool constant is 0 or 1");
}

TEST(Expr, ConstantsFold) {
  ExprGraph graph;
  const Expr third = constant(graph, 1, kFloat32) / constant(graph, 3, kFloat32);
  EXPECT_EQ(constant_value(third), 1.0F / 3.0F);
  EXPECT_EQ(constant_value(convert(third, kFloat64)), 1.0F / 3.0F);
  EXPECT_EQ(constant_value(select(constant(graph, 1, kBool), third, 5.0)), 1.0F / 3.0F);
  // Functions of constants are constants, with the bits the interpreter gives.
  EXPECT_EQ(constant_value(exp(constant(graph, 0, kFloat32))), 1.0);
  EXPECT_EQ(constant_value(pow(constant(graph, 2, kFloat64), constant(graph, 10, kFloat64))), 1024.0);
}

TEST(Expr, FoldingFlushesDenormals) {
  ExprGraph graph;
  EXPECT_EQ(constant_value(constant(graph, 0x1p-100, kFloat32) * constant(graph, 0x1p-30, kFloat32)), 0.0);
  EXPECT_EQ(constant_value(constant_bits(graph, 1, kFloat32) * constant(graph, 0x1p100, kFloat32)), 0.0);
}

TEST(Expr, NoAlgebra) {
  ExprGraph graph;
  const Expr x = argument(graph, 0, kFloat32);
  EXPECT_NE((x + 0.0).id, x.id);
  EXPECT_NE((x * 1.0).id, x.id);
}

TEST(Expr, ConstantsAreConverted) {
  ExprGraph graph;
  EXPECT_EQ(graph[constant(graph, 0.1, kFloat32).id].payload, std::bit_cast<uint32_t>(0.1F));
  EXPECT_EQ(graph[constant(graph, -1, kInt32).id].payload, 0xffffffffU);
  EXPECT_EQ(graph[constant(graph, -1, kInt64).id].payload, ~uint64_t{0});
  EXPECT_EQ(graph[constant(graph, 3, kBool).id].payload, 1U);
  EXPECT_TRUE(std::isnan(constant_value(constant(graph, NAN, kFloat32))));
  EXPECT_EQ(constant_value(constant(graph, -INFINITY, kFloat64)), -INFINITY);
}

TEST(Expr, Text) {
  ExprGraph graph;
  const Expr x = argument(graph, 0, kFloat32), i = argument(graph, 1, kInt64);
  const Expr y = fma(x, x, constant(graph, -0.5, kFloat32));
  const Expr positive = y > 0.0;
  const Expr condition = positive & constant(graph, 1, kBool);
  graph.add_root(select(condition, y, constant(graph, INFINITY, kFloat32)).id);
  graph.add_root(convert(i - constant(graph, 7, kInt64), kInt32).id);
  EXPECT_EQ(to_string(graph),
            "%0 = argument f32 0\n"
            "%1 = argument i64 1\n"
            "%2 = constant f32 -0.5\n"
            "%3 = fma f32 %0, %0, %2\n"
            "%4 = constant f32 0\n"
            "%5 = lt bool %4, %3\n"
            "%6 = constant bool true\n"
            "%7 = and bool %5, %6\n"
            "%8 = constant f32 inf\n"
            "%9 = select f32 %7, %3, %8\n"
            "%10 = constant i64 7\n"
            "%11 = sub i64 %1, %10\n"
            "%12 = convert i32 %11\n"
            "return %9, %12\n");
}

TEST(Expr, FactsNameEveryPrimitive) {
  EXPECT_EQ(facts(Prim::kConstant).arity, 0);
  EXPECT_EQ(facts(Prim::kFma).name, "fma");
  EXPECT_EQ(facts(Prim::kMulHiU).name, "mulhiu");
  EXPECT_EQ(facts(Prim::kShrA).name, "shra");
  EXPECT_EQ(facts(Prim::kSelect).arity, 3);
  EXPECT_EQ(facts(Prim::kBitcast).name, "bitcast");
}

}  // namespace
}  // namespace sinter::ir
