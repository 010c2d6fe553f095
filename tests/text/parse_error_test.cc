// What the parser says about wrong texts, and that none of them brings it down.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ir/graph/text.h"
#include "tests/random_engine.h"
#include "tests/random_graph.h"

namespace sinter::ir {
namespace {

using testing::HasSubstr;
using testing::Property;
using testing::Throws;

void expect_error(const std::string& text, const std::string& message) {
  EXPECT_THAT([&] { (void)parse(text, "f.sir"); }, Throws<ParseError>(Property(&ParseError::what, HasSubstr(message))))
      << text;
}
// Of the second line of a function with parameters %x and %y.
void expect_line_error(const std::string& line, const std::string& message) {
  expect_error("func @f(%x: f32[4], %y: i64[2]) -> f32[4] {\n" + line + "\n  return %x\n}\n", message);
}

TEST(ParseErrors, NameThePlace) {
  expect_error("fun @f", "f.sir:1:1: expected 'func', got 'fun'");
  expect_error("func @f(%x: f32[4]) -> f32[4] {\n  %0 = ad %x\n", "f.sir:2:8: unknown operation 'ad'");
  expect_error("func @f(%x: f32[4]) -> f32[4] {",
               "f.sir:1:32: expected an operation or 'return', got the end of the text");
}

TEST(ParseErrors, OfTypes) {
  expect_error("func @f(%x: f16[4])", "expected an element type (f32, f64, i64 or bool), got 'f16'");
  expect_error("func @f(%x: i32[4])", "expected an element type");
  expect_error("func @f(%x: f32[-1])", "'-1' is not an integer that fits here");
  expect_error("func @f(%x: f32[99999999999999999999])", "not an integer that fits");
  expect_error("func @f(%x: f32[t0])", "expected a dimension (a number or a symbol like s0), got 't0'");
}

TEST(ParseErrors, OfOperations) {
  expect_line_error("%0 = add %x", "add: 1 operands given, 2 expected");
  expect_line_error("%0 = add %x, %z", "f.sir:2:14: no value %z above");
  expect_line_error("%0 = add %x, %x#1", "%x has no result 1");
  expect_line_error("%0 = add %x, %y", "f.sir:2:6: add: argument 2");
  expect_line_error("%x = neg %x", "%x defined twice");
  expect_line_error("%0 = parameter", "parameters stand in the function's first line");
  expect_line_error("%0:2 = neg %x", "neg has 1 results, 2 declared");
  expect_line_error("%0 = reduce_sum %x {axis = [0]}", "no attribute 'axis' here");
  expect_line_error("%0 = reduce_sum %x {axes = [0], axes = [0]}", "attribute 'axes' given twice");
  expect_line_error("%0 = reduce_sum %x {axes = [7]}", "reduce_sum");
  expect_line_error("%0 = call @g(%x)", "no function @g above");
  expect_line_error("%0 = neg %x loc(\"a:3)", "string without closing quote");
  expect_line_error("%0 = neg %x scope(\"\\q\")", "unknown escape");
}

TEST(ParseErrors, OfConstants) {
  expect_line_error("%0 = constant f32[2] {1}", "1 elements given, 2 expected");
  expect_line_error("%0 = constant f32[1] {1, 2}", "more elements than f32[1] has");
  expect_line_error("%0 = constant i64[1] {0.5}", "'0.5' is not a value of type i64");
  expect_line_error("%0 = constant f32[] {1e99}", "'1e99' is not a value of type f32");
  expect_line_error("%0 = constant f32[1000000000000] {splat 1}", "larger than");
  expect_line_error("%0 = constant f32[s0] {splat 1}", "constants have no symbolic dimensions");
  expect_line_error("%0 = constant f32[4000000000, 4000000000] {splat 1}", "63 bits");
}

TEST(ParseErrors, OfFunctions) {
  expect_error("func @f(%x: f32[4], %x: f32[4])", "%x defined twice");
  expect_error("func @f(%x: f32[4] state) -> f32[4] {", "no result updates the state %x");
  expect_error("func @f(%x: f32[4]) -> f32[4] updates %x {", "%x is no state parameter, or updated already");
  expect_error("func @f(%x: f32[4] state) -> f32[5] updates %x {", "the update of %x has another type");
  expect_error("func @f(%x: f32[4]) -> f32[5] { return %x }", "result 1 is f32[4], declared as f32[5]");
  expect_error("func @f(%x: f32[4]) -> () { return %x }", "1 results returned, 0 declared");
  expect_error("func @f() -> () { return } func @f() -> () { return }", "@f defined twice");
}

TEST(ParseErrors, CallsNestOnlySoDeep) {
  std::string text = "func @f0() -> () { return }\n";
  for (int i = 1; i < 2000; ++i) text += fmt::format("func @f{}() -> () {{ %0:0 = call @f{}() return }}\n", i, i - 1);
  expect_error(text, "calls nest deeper than 256");
}

// Changes a text a little: bytes, pieces, numbers, words of the language.
std::string mutated(std::string text, tests::RandomEngine& random) {
  static constexpr std::string_view kPieces[] = {"%0",
                                                 "%x0",
                                                 "#1",
                                                 "{",
                                                 "}",
                                                 "[",
                                                 "]",
                                                 "(",
                                                 ")",
                                                 "-1",
                                                 "9223372036854775807",
                                                 "s0",
                                                 "splat",
                                                 "nan(0x7f800001)",
                                                 "f32",
                                                 "bool",
                                                 "= ",
                                                 "->",
                                                 "\"",
                                                 "\\x",
                                                 "add",
                                                 "slice",
                                                 "pad",
                                                 "gather",
                                                 "scatter_add",
                                                 "concat",
                                                 "call @callee",
                                                 "constant",
                                                 "reduce_sum",
                                                 "return",
                                                 "func",
                                                 "state",
                                                 "updates %x0",
                                                 "loc(",
                                                 "salt(",
                                                 "//",
                                                 "\0",
                                                 "\xff",
                                                 "e",
                                                 "."};
  for (size_t edits = 1 + random.below(4); edits > 0 && !text.empty(); --edits) {
    const size_t at = random.below(text.size());
    const size_t length = std::min(random.below(12), text.size() - at);
    switch (random.below(6)) {
      case 0:
        text[at] = static_cast<char>(random.bits());
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(random.below(text.size()), 12));
        break;
      case 3:
        text.insert(at, random.pick(kPieces));
        break;
      case 4:
        text.replace(at, length, random.pick(kPieces));
        break;
      default:  // another digit
        if (const size_t digit = text.find_first_of("0123456789", at); digit != std::string::npos)
          text[digit] = static_cast<char>('0' + random.below(10));
    }
  }
  return text;
}

TEST(Mutations, ParseOrThrowButNeverCrash) {
  tests::RandomEngine random(1);
  int parsed = 0;
  std::string text;
  for (int i = 0; i < 10000; ++i) {
    if (i % 20 == 0)
      text = print(
          tests::random_graph(static_cast<uint64_t>(i / 20), {.operations = 6, .max_elements = 64, .calls = true}));
    const std::string changed = mutated(text, random);
    try {
      for (const Graph& graph : parse(changed)) {
        verify(graph);
        ASSERT_EQ(print(parse(print(graph)).back()), print(graph)) << changed;
      }
      ++parsed;
    } catch (const ParseError&) {
    }
  }
  EXPECT_GT(parsed, 500);  // many are still graphs, so that what follows the parser is reached too
  EXPECT_LT(parsed, 9500);
}

}  // namespace
}  // namespace sinter::ir
