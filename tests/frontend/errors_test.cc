// Misuse of each function: the error's class, the function it names, what was given, the user's line.
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

TEST(Errors, Shapes) {
  const Tensor& x = two_by_three();
  const Tensor four = tensor({1., 2., 3., 4.});
  expect_error<ShapeError>("add", "argument 2 has shape [4], expected [2, 3]", [&] { (void)(x + four); });
  expect_error<ShapeError>("maximum", "argument 2 has shape [4]", [&] { (void)maximum(x, four); });
  expect_error<ShapeError>("where", "shape [4]", [&] { (void)where(x > 0, four, x); });
  expect_error<ShapeError>("matmul", "argument 2 has shape [2, 3]", [&] { (void)matmul(x, x); });
  expect_error<ShapeError>("matmul", "at least 1 dimension", [&] { (void)matmul(x, tensor(1.)); });
  expect_error<ShapeError>("linear", "expected [..., 3]", [&] { (void)linear(four, x); });
  expect_error<ShapeError>("reshape", "a shape of 6 elements", [&] { (void)x.reshape({4, 2}); });
  expect_error<ShapeError>("reshape", "-1 once at most", [&] { (void)x.reshape({-1, -1}); });
  expect_error<ShapeError>("expand", "does not broadcast", [&] { (void)x.expand({2, 2, 4}); });
  expect_error<ShapeError>("t:", "2 dimensions or fewer", [&] { (void)x.unsqueeze(0).t(); });
  expect_error<ShapeError>("cat", "argument 2 has shape [4]", [&] { (void)cat({x, four}); });
  expect_error<ShapeError>("stack", "argument 2 has shape [4]", [&] { (void)stack({x, four}); });
  expect_error<ShapeError>("gather", "argument 3 has shape [1]", [&] { (void)gather(x, 1, tensor({0})); });
  expect_error<ShapeError>("cross_entropy", "argument 2 has shape [3], expected [2]",
                           [&] { (void)cross_entropy(x, tensor({0, 1, 2})); });
  expect_error<ShapeError>("cross_entropy", "expected [rows, classes]",
                           [&] { (void)cross_entropy(four, tensor({0})); });
  expect_error<ShapeError>("layer_norm", "expected its last sizes to be argument 2, [2]",
                           [&] { (void)layer_norm(x, {2}); });
  expect_error<ShapeError>("layer_norm", "argument 4 has shape [4], expected [3]",
                           [&] { (void)layer_norm(x, {3}, {}, four); });
  expect_error<ShapeError>("mse_loss", "argument 2", [&] { (void)mse_loss(x, four); });
  expect_error<ShapeError>("item", "expected one element", [&] { (void)x.item(); });
  expect_error<ShapeError>("zeros", "sizes of 0 or more", [&] { (void)zeros({2, -1}); });
  expect_error<ShapeError>("zeros", "63 bits", [&] { (void)zeros({4611686018427387905, 4}); });
  expect_error<ShapeError>("max", "at least one element", [&] { (void)zeros({0}).max(); });
  expect_error<ShapeError>("argmax", "at least one element", [&] { (void)zeros({2, 0}).argmax(1); });
}

TEST(Errors, ElementTypes) {
  const Tensor& x = two_by_three();
  const Tensor i = tensor({1, 2});
  expect_error<DTypeError>("mean", "int64", [&] { (void)i.mean(); });
  expect_error<DTypeError>("softmax", "int64", [&] { (void)softmax(i, 0); });
  expect_error<DTypeError>("matmul", "float64", [&] { (void)matmul(x, x.t().to(kFloat64)); });
  expect_error<DTypeError>("where", "expected bool", [&] { (void)where(x, x, x); });
  expect_error<DTypeError>("cross_entropy", "expected int64", [&] { (void)cross_entropy(x, tensor({0., 1.})); });
  expect_error<DTypeError>("index_select", "expected int64", [&] { (void)index_select(x, 0, x); });
  expect_error<DTypeError>("one_hot", "expected int64", [&] { (void)one_hot(x, 3); });
  expect_error<DTypeError>("bit_and", "expected integers", [&] { (void)bit_and(x, x); });
  expect_error<DTypeError>("data", "float32", [&] { (void)x.data<double>(); });
  expect_error<DTypeError>("randn", "int64", [&] { (void)randn({2}, {.dtype = kInt64}); });
}

TEST(Errors, Indices) {
  const Tensor& x = two_by_three();
  expect_error<IndexError>("sum", "2", [&] { (void)x.sum(2); });
  expect_error<IndexError>("argmax", "-3", [&] { (void)x.argmax(-3); });
  expect_error<IndexError>("select", "out of range", [&] { (void)x.select(1, 3); });
  expect_error<IndexError>("transpose", "5", [&] { (void)x.transpose(0, 5); });
  expect_error<IndexError>("permute", "each of the 2 axes once", [&] { (void)x.permute({0, 0}); });
  expect_error<IndexError>("softmax", "2", [&] { (void)softmax(x, 2); });
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

TEST(Errors, Values) {
  const Tensor& x = two_by_three();
  expect_error<ValueError>("add", "argument 2 is an undefined tensor", [&] { (void)(x + Tensor()); });
  expect_error<ValueError>("maximum", "no argument is a tensor", [&] { (void)maximum(1, 2); });
  expect_error<ValueError>("slice", "step", [&] { (void)x.slice(0, 0, 1, 0); });
  expect_error<ValueError>("data", "contiguous", [&] { (void)x.t().data<float>(); });
  expect_error<ValueError>("arange", "does not lead", [&] { (void)arange(5, 1); });
  expect_error<ValueError>("clamp", "neither bound", [&] { (void)clamp(x, {}); });
  expect_error<ValueError>("cat", "no tensors", [&] { (void)cat(std::span<const Tensor>()); });
  expect_error<ValueError>("randint", "range", [&] { (void)randint(3, 3, {1}); });
  expect_error<ValueError>("one_hot", "1 or more", [&] { (void)one_hot(tensor({0}), 0); });
  expect_error<GraphError>("set", "handle to a cell", [&] { x.set(x); });
  expect_error<GraphError>("backward", "requires_grad_", [&] { x.sum().backward(); });
}

TEST(Errors, SameUnderJit) {
  const Tensor& x = two_by_three();
  expect_error<ShapeError>("add", "argument 2 has shape [4]",
                           [&] { (void)jit([](const Tensor& a) { return a + ones({4}); })(x); });
  expect_error<ShapeError>("matmul", "argument 2 has shape [2, 3]",
                           [&] { (void)jit([](const Tensor& a) { return matmul(a, a); })(x); });
  const Tensor w = tensor({1.}, {.requires_grad = true});
  const Tensor computed = w * 2;
  expect_error<GraphError>("jit", "detach", [&] { (void)jit([](const Tensor& a) { return a + 1; })(computed); });
}

}  // namespace
}  // namespace sinter
