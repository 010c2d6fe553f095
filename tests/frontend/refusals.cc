#include "tests/frontend/refusals.h"

#include <gmock/gmock.h>

#include <cstdlib>

namespace sinter::tests {
namespace {

std::vector<Tensor> tensors() {
  return {tensor({{1., 2., 3.}, {4., 5., 6.}}),
          tensor({1., 2., 3., 4.}),
          tensor({{1., 2., 3.}, {4., 5., 6.}}, {.dtype = kFloat64}),
          tensor({1, 2}),
          tensor({true, false}),
          tensor(7.),
          zeros({2, 0}),
          ones({2, 3, 4})};
}

Given given(const std::vector<Tensor>& x) { return {x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], {}}; }

Kind kind_of(const Error& error) {
  if (dynamic_cast<const ShapeError*>(&error) != nullptr) return Kind::kShape;
  if (dynamic_cast<const DTypeError*>(&error) != nullptr) return Kind::kDType;
  if (dynamic_cast<const IndexError*>(&error) != nullptr) return Kind::kIndex;
  if (dynamic_cast<const ValueError*>(&error) != nullptr) return Kind::kValue;
  if (dynamic_cast<const GraphError*>(&error) != nullptr) return Kind::kGraph;
  if (dynamic_cast<const FileError*>(&error) != nullptr) return Kind::kFile;
  throw error;
}

// "problem\n  at FILE:LINE\n  cure: cure".
struct Words {
  std::string problem, cure;
};
Words split(std::string text) {
  Words words;
  constexpr std::string_view kAt = "\n  at ", kCure = "\n  cure: ";
  if (const size_t at = text.find(kCure); at != std::string::npos) {
    words.cure = text.substr(at + kCure.size());
    text.resize(at);
  }
  words.problem = text.substr(0, text.find(kAt));
  return words;
}

// end: the line behind the row's last.
template <class F>
void expect_refusal(const Refusal& row, unsigned end, const char* engine, const F& call) {
  const std::string where = fmt::format("{}:{}, {}: {}", row.at.file_name(), row.at.line(), engine, row.problem);
  try {
    call();
  } catch (const Error& error) {
    const Words words = split(error.what());
    EXPECT_EQ(words.problem, row.problem) << where;
    EXPECT_EQ(kind_of(error), row.kind) << where;
    EXPECT_EQ(words.cure.empty(), row.cure.empty()) << where << "\n" << words.cure;
    EXPECT_THAT(words.cure, testing::HasSubstr(row.cure)) << where;
    EXPECT_STREQ(error.where().file, row.at.file_name()) << where;
    EXPECT_GE(error.where().line, row.at.line()) << where << "\n" << error.what();
    EXPECT_LT(error.where().line, end) << where << "\n" << error.what();
    for (const std::string& text : {words.problem, words.cure}) EXPECT_FALSE(text.ends_with('.')) << where;
    return;
  } catch (const std::exception& error) {
    ADD_FAILURE() << where << "\nanother kind of error: " << error.what();
    return;
  }
  ADD_FAILURE() << where << "\nnothing was thrown";
}

}  // namespace

void expect_refusals(std::span<const Refusal> table) {
  constexpr unsigned kMostLines = 9;
  for (size_t i = 0; i < table.size(); ++i) {
    const Refusal& row = table[i];
    const unsigned line = row.at.line(), next = i + 1 < table.size() ? table[i + 1].at.line() : 0;
    const unsigned end = next > line ? next : line + kMostLines;  // rows that a loop makes begin again
    if (row.engines != Engines::kTraced) expect_refusal(row, end, "dynamic", [&] { row.call(given(tensors())); });
    if (row.engines == Engines::kDynamic) continue;
    const auto traced = jit([&](const std::vector<Tensor>& x) {
      row.call(given(x));
      return x[0];
    });
    expect_refusal(row, end, "jit", [&] { (void)traced(tensors()); });
  }
}

}  // namespace sinter::tests
