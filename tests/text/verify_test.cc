// The verifier accepts what builders make and names what is wrong with anything else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ir/graph/rewriter.h"
#include "ir/graph/text.h"

namespace sinter::ir {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Property;
using testing::Throws;

Graph sample() {
  return parse(R"(func @f(%x: f32[4], %w: f32[4] state) -> (f32[], f32[4] updates %w) {
  %0 = add %x, %w
  %1 = reduce_sum %0 {axes = [0]}
  return %1, %0
})")[0];
}
void expect_invalid(const Graph& graph, const std::string& problem) {
  EXPECT_THAT([&] { verify(graph); },
              Throws<InternalError>(
                  Property(&InternalError::what, AllOf(HasSubstr("graph @f is invalid"), HasSubstr(problem)))));
}
constexpr Value kAdd{2, 0};

TEST(Verify, AcceptsWhatBuildersMake) { EXPECT_NO_THROW(verify(sample())); }

TEST(Verify, ShowsTheOperationAndItsNeighbours) {
  Graph graph = sample();
  graph.op(kAdd).types[0].shape = Shape{5};
  EXPECT_THAT([&] { verify(graph); },
              Throws<InternalError>(
                  Property(&InternalError::what, AllOf(HasSubstr("add should have the result types (f32[4])"),
                                                       HasSubstr("> %0 = add %x: f32[4], %w: f32[4] -> f32[5]"),
                                                       HasSubstr("  %1 = reduce_sum %0: f32[5] {axes = [0]}")))));
}

TEST(Verify, OperandsComeBeforeUsers) {
  Graph graph = sample();
  graph.op(kAdd).operands[1] = {3, 0};
  expect_invalid(graph, "operand 2 of add does not come before it");
  graph.op(kAdd).operands[1] = {0, 1};
  expect_invalid(graph, "operand 2 of add is no result of its operation");
  graph.op(kAdd).operands.pop_back();
  expect_invalid(graph, "add has 1 operands, expected 2");
}

TEST(Verify, AttributesBelongToTheOperation) {
  Graph graph = sample();
  graph.op(kAdd).attributes = AxesAttributes{};
  expect_invalid(graph, "add has the attributes of another operation");
}

TEST(Verify, ErrorsOfInferenceShow) {
  Graph graph = sample();
  std::get<AxesAttributes>(graph.op({3, 0}).attributes).axes = {4};
  expect_invalid(graph, "reduce_sum");
}

TEST(Verify, ResultsAndStatesExistAndFit) {
  Graph graph = sample();
  graph.results[0] = {17, 0};
  expect_invalid(graph, "result 1 does not exist");
  graph = sample();
  graph.states[0].result = 0;
  expect_invalid(graph, "the state %w is updated by a f32[]");
  graph = sample();
  graph.states[0].result = 9;
  expect_invalid(graph, "a state names a parameter or a result that does not exist");
  graph = sample();
  graph.states.push_back(graph.states[0]);
  expect_invalid(graph, "belongs to two states");
}

TEST(Verify, LocationsAreSortedAndUnique) {
  Graph graph = sample();
  graph.op(kAdd).locations = {{"b.cc", 1}, {"a.cc", 1}};
  expect_invalid(graph, "the locations of add are not sorted, or not unique");
}

TEST(Verify, LooksIntoCallees) {
  auto callee = std::make_shared<Graph>(sample());
  callee->op(kAdd).types[0].shape = Shape{5};
  callee->op({3, 0}).types[0].shape = Shape{};
  Graph caller;
  const Value x = caller.add_parameter({kFloat32, {4}}, "x");
  caller.append({.def = &ops::kCall,
                 .attributes = CallAttributes{callee},
                 .operands = {x, x},
                 .types = {{kFloat32, {}}, {kFloat32, {4}}}});
  expect_invalid(caller, "add should have the result types");
}

TEST(Rewriter, CarriesNameStatesParametersAndLocations) {
  Graph graph = sample();
  graph.op(kAdd).locations = {{"a.cc", 1}};
  Rewriter out(graph);
  for (uint32_t i = 0; i < graph.ops().size(); ++i) {
    if (Value{i, 0} != kAdd) {
      out.copy(graph.ops()[i], {i, 0});
      continue;
    }
    GraphBuilder builder = out.builder(graph.ops()[i]);
    const std::vector<Value> operands = out.at(graph.ops()[i].operands);
    out.replace(kAdd, elementwise(builder, "sub", {operands[0], operands[1]}));
  }
  const Rewritten made = std::move(out).finish();
  EXPECT_TRUE(made.changed);
  verify(made.graph);
  EXPECT_EQ(made.graph.op(kAdd).def->name, "sub");
  EXPECT_EQ(made.graph.op(kAdd).locations, graph.op(kAdd).locations);
  EXPECT_EQ(made.graph.states, graph.states);
  EXPECT_EQ(made.graph.parameters()[1].name, "w");
}

TEST(Rewriter, RefusesValuesThatStandForNothing) {
  const Graph graph = sample();
  Rewriter out(graph);
  EXPECT_THROW((void)out.at(kAdd), InternalError);
}

}  // namespace
}  // namespace sinter::ir
