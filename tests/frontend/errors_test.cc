// Errors of what is checked while a program runs, and of what traced functions capture. refusals_*_test.cc have those
// of each function's arguments.
#include <gmock/gmock.h>

#include "sinter/sinter.h"

namespace sinter {
namespace {

using testing::HasSubstr;

// Runs f, which must throw an E that names `function` and holds `text`, and this file.
template <class E, class F>
void expect_error(const char* function, const char* text, F&& f) {
  try {
    f();
    ADD_FAILURE() << function << ": nothing was thrown";
  } catch (const E& error) {
    EXPECT_THAT(error.what(), HasSubstr(function));
    EXPECT_THAT(error.what(), HasSubstr(text));
    EXPECT_THAT(error.what(), HasSubstr("errors_test.cc:"));
  } catch (const std::exception& error) {
    ADD_FAILURE() << function << ": another kind of error: " << error.what();
  }
}

const Tensor& two_by_three() {
  static const Tensor x = tensor({{1., 2., 3.}, {4., 5., 6.}});
  return x;
}

// What is checked while it runs: the function, the argument, the index, what was expected and the line, in both
// engines.
TEST(Errors, IndicesInTensors) {
  const Tensor& x = two_by_three();
  const auto expect_both = [&](const char* text, const Tensor& bad, const Tensor& good, const auto& f) {
    expect_error<IndexError>("", text, [&] { (void)f(bad); });
    const auto compiled = jit(f);
    expect_error<IndexError>("", text, [&] { (void)compiled(bad); });
    EXPECT_GE(compiled(good).numel(), 1) << "and goes on";
  };
  expect_both("cross_entropy: argument 2 has index 3, expected 0 to 2\n", tensor({0, 3}), tensor({0, 2}),
              [&](const Tensor& labels) { return cross_entropy(x, labels); });
  expect_both("cross_entropy: argument 2 has index -1, expected 0 to 2\n", tensor({0, -1}), tensor({0, 2}),
              [&](const Tensor& labels) { return nn::CrossEntropyLoss()(x, labels); });
  expect_both("index_select: argument 3 has index 4, expected 0 to 2\n", tensor({4}), tensor({1}),
              [&](const Tensor& indices) { return index_select(x, 1, indices) * 2; });
  expect_both("gather: argument 3 has index 2, expected 0 to 1\n", tensor({{0, 0, 2}}), tensor({{0, 0, 1}}),
              [&](const Tensor& indices) { return gather(x, 0, indices); });
}

TEST(Errors, AnIndexIsOfItsOwnLine) {
  const Tensor& x = two_by_three();
  const unsigned line = std::source_location::current().line();
  const auto step = jit([&](const Tensor& logits, const Tensor& first, const Tensor& second) {
    const Tensor scaled = exp(logits * 0.5);
    const Tensor some = index_select(scaled, 1, first);
    const Tensor loss = cross_entropy(scaled + sum(some), second);
    return loss * 3;
  });
  const Tensor good = tensor({0, 1}), bad = tensor({1, 9});
  const auto where = [&](const Tensor& first, const Tensor& second) {
    try {
      (void)step(x, first, second);
    } catch (const IndexError& error) {
      EXPECT_EQ(std::string(error.what()).find("errors_test.cc"), std::string(error.what()).rfind("errors_test.cc"))
          << "one line: " << error.what();
      return error.where().line - line;
    }
    return 0u;
  };
  EXPECT_EQ(where(good, bad), 4u);
  EXPECT_EQ(where(bad, good), 3u);
  EXPECT_EQ(where(good, good), 0u);
}

TEST(Errors, CapturedFromTheTape) {
  const Tensor w = tensor({1.}, {.requires_grad = true});
  const Tensor computed = w * 2;
  expect_error<GraphError>("jit", "detach", [&] { (void)jit([](const Tensor& a) { return a + 1; })(computed); });
}

}  // namespace
}  // namespace sinter
