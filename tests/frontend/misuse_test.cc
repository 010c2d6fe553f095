// What broke when somebody tried to break it: sizes beyond memory, undefined tensors, threads,
// fork.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <limits>
#include <span>
#include <sstream>
#include <thread>
#include <vector>

#include "sinter/sinter.h"

namespace sinter {
namespace {

using testing::HasSubstr;

template <class E, class F>
void expect_error(const char* text, F&& f) {
  try {
    f();
    ADD_FAILURE() << text << ": nothing was thrown";
  } catch (const E& error) {
    EXPECT_THAT(error.what(), HasSubstr(text));
  } catch (const std::exception& error) {
    ADD_FAILURE() << text << ": another kind of error: " << error.what();
  }
}

// The number of bytes wraps around to a small one.
TEST(Misuse, BytesThatWrapAround) {
  const int64_t size = (int64_t{1} << 62) + 1, half = (int64_t{1} << 61) + 1;
  expect_error<ShapeError>("63 bits", [&] { (void)zeros({size}); });
  expect_error<ShapeError>("63 bits", [&] { (void)zeros({half}, {.dtype = kFloat64}); });
  expect_error<ShapeError>("63 bits", [&] { (void)(ones({1}).expand({size}) + 1); });
  expect_error<ShapeError>("63 bits", [&] { (void)ones({1}).expand({half}).to(kFloat64); });
  expect_error<ShapeError>("63 bits", [&] { (void)one_hot(tensor({0}), half); });
  expect_error<ShapeError>("63 bits", [&] { (void)ones({1}).expand({size}).to_vector<float>(); });
}

TEST(Misuse, NegativeSizes) {
  expect_error<ShapeError>("sizes of 0 or more", [] { (void)rand({-3}); });
  expect_error<ShapeError>("sizes of 0 or more", [] { (void)randn({2, -3}); });
  expect_error<ShapeError>("sizes of 0 or more", [] { (void)randint(0, 2, {-1}); });
  expect_error<ShapeError>("expand: argument 2 is [-1, 2]", [] { (void)ones({2}).expand({-1, 2}); });
  expect_error<ShapeError>("expand: argument 2 is [-2]", [] { (void)ones({1}).expand({-2}); });
}

TEST(Misuse, Undefined) {
  const Tensor nothing;
  expect_error<ValueError>("conversion to bool", [&] { return nothing ? 1 : 0; });
  expect_error<ValueError>("save_tensors: a is an undefined tensor",
                           [&] { save_tensors(testing::TempDir() + "undefined", {{"a", nothing}}); });
  const float* null = nullptr;
  expect_error<ValueError>("from_data: argument 1 is a null pointer", [&] { (void)from_data(null, {2}); });
}

TEST(Misuse, Values) {
  const std::vector<int64_t> beyond{3}, before{-1};
  expect_error<IndexError>("take: argument 2 has sample 3", [&] { (void)data::take(ones({3}), beyond); });
  expect_error<IndexError>("take: argument 2 has sample -1", [&] { (void)data::take(ones({3}), before); });
  expect_error<ValueError>("drawn_digits: -5", [] { (void)data::drawn_digits({}, -5, 2); });
  expect_error<ValueError>("std is 0", [] { (void)data::drawn_digits({.std = 0}, 2, 2); });
  expect_error<ShapeError>("full: argument 2 has shape [2]", [] { (void)full({2}, tensor({3., 4.})); });
  expect_error<ValueError>(
      "randint", [] { (void)randint(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(), {2}); });
  expect_error<DTypeError>("int32", [] { (void)ones({2}).to(kInt32); });
  expect_error<DTypeError>("int32", [] { (void)zeros({2}, {.dtype = kInt32}); });
  EXPECT_EQ(tensor(NAN).item<int64_t>(), 0);
  EXPECT_EQ(tensor(1e30).item<int64_t>(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(tensor({2}).pow(2).dtype(), kInt64);
  EXPECT_TRUE(static_cast<bool>(!tensor(false)));
  expect_error<IndexError>("misuse_test.cc:", [] { (void)ones({3})[3]; });
}

// no_grad is about the operations around grad(f), not those that it differentiates.
TEST(Misuse, GradUnderNoGrad) {
  const auto guard = no_grad();
  const auto slope = grad([](const Tensor& x) { return (x * x).sum(); });
  EXPECT_EQ(slope(tensor(3.)).item(), 6);
  EXPECT_EQ(jit(slope)(tensor(3.)).item(), 6);
  EXPECT_FALSE(grad_enabled());
}

TEST(Misuse, GradientsOfManyThreadsAddUp) {
  const Tensor x = tensor(1., {.requires_grad = true});
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) (x * 1.0).backward();
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(x.grad().item(), 1600);
}

// More than one kernel can hold.
TEST(Misuse, ThousandPartsJitted) {
  using List = std::vector<Tensor>;
  List parts;
  for (int64_t i = 0; i < 1000; ++i) parts.push_back(full({i % 3}, i).to(kFloat32));
  const auto joined = [](const List& x) { return cat(x) * 2; };
  EXPECT_EQ(jit(joined)(parts).to_vector<float>(), joined(parts).to_vector<float>());

  const Tensor x = arange(0., 1000., 1.).reshape({500, 2});
  const auto reversed = [](const Tensor& rows) {
    List slices;
    for (int64_t i = rows.size(0) - 1; i >= 0; --i) slices.push_back(rows[i]);
    return stack(slices).sum(1);
  };
  EXPECT_EQ(jit(reversed)(x).to_vector<float>(), reversed(x).to_vector<float>());
}

TEST(Misuse, OneHotOutOfRange) {
  for (const int64_t wrong : {3, -1}) {
    const Tensor indices = tensor({int64_t{0}, wrong});
    const auto f = [](const Tensor& i) { return one_hot(i, 3); };
    expect_error<IndexError>("one_hot: argument 1", [&] { (void)f(indices); });
    expect_error<IndexError>("one_hot: argument 1", [&] { (void)jit(f)(indices); });
  }
  EXPECT_EQ(one_hot(zeros({0}, {.dtype = kInt64}), 3).shape(), (Sizes{0, 3}));
}

// Values and gradients of PyTorch 2.15.
TEST(Misuse, ClampAtBoundsAndNan) {
  const double nan = std::nan("");
  const Tensor x = tensor({-2., -1., 0., 1., 2., nan});
  const auto slopes = [&](std::optional<double> low, std::optional<double> high) {
    return grad([=](const Tensor& y) { return clamp(y, low, high).sum(); })(x).to_vector<int>();
  };
  EXPECT_EQ(slopes(-1, 1), (std::vector{0, 0, 1, 0, 0, 0}));
  EXPECT_EQ(slopes(-1, {}), (std::vector{0, 0, 1, 1, 1, 0}));
  EXPECT_EQ(slopes({}, 1), (std::vector{1, 1, 1, 0, 0, 0}));
  EXPECT_EQ(slopes(1, -1), (std::vector{0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(slopes(nan, 1), (std::vector{0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(to_string(clamp(x, 1, -1)), "tensor([-1., -1., -1., -1., -1., nan])");
  for (const Tensor& all : {clamp(x, nan), clamp(x, {}, nan), clamp(x, -1, nan)})
    EXPECT_EQ(to_string(all), "tensor([nan, nan, nan, nan, nan, nan])");
  EXPECT_EQ(clamp(tensor({1, 5}), {}, 3.5).to_vector<float>(), (std::vector{1.F, 3.5F}));
  EXPECT_EQ(clamp(tensor({1, 5}), {}, 3).dtype(), kInt64);
}

TEST(Misuse, LogicOfNumbers) {
  const Tensor bits = tensor({6, 3}), mask = tensor({true, false});
  expect_error<DTypeError>("operator&: argument 1 has element type float32, expected bool or integers",
                           [&] { (void)(ones({2}) & bits); });
  expect_error<DTypeError>("operator|: argument 2 has element type float32", [&] { (void)(mask | 1.0); });
  expect_error<DTypeError>("operator~: argument 1 has element type float32", [&] { (void)~ones({2}); });
  expect_error<DTypeError>("operator<<", [&] { (void)(ones({2}) << 1); });
  expect_error<ValueError>("operator^: argument 2", [&] { (void)(mask ^ Tensor()); });
  EXPECT_EQ((mask ^ tensor({true, true})).to_vector<int>(), (std::vector{0, 1}));
  EXPECT_EQ(logical_and(bits, mask).to_vector<int>(), (std::vector{1, 0}));
}

TEST(Misuse, EmptyAndDimensionless) {
  EXPECT_EQ(softmax(ones({2, 0}), 1).shape(), (Sizes{2, 0}));
  EXPECT_EQ(log_softmax(ones({2, 0}), 1).shape(), (Sizes{2, 0}));
  const Tensor three = tensor(3.);
  for (const int64_t axis : {0, -1}) {
    EXPECT_EQ(three.sum(axis).item(), 3);
    EXPECT_EQ(three.mean(axis, true).dim(), 0);
    EXPECT_EQ(three.max(axis).values.item(), 3);
    EXPECT_EQ(three.argmax(axis).item<int>(), 0);
    EXPECT_EQ(softmax(three, axis).item(), 1);
    EXPECT_EQ(log_softmax(three, axis).item(), 0);
  }
  expect_error<IndexError>("sum: axis 1", [&] { (void)three.sum(1); });
}

TEST(Misuse, PrintsEndlessViewsAtOnce) {
  const Tensor wide = ones({1}).expand({int64_t{1} << 40});
  EXPECT_EQ(to_string(wide), "tensor([1., 1., 1.,  ..., 1., 1., 1.])");
  EXPECT_THAT(to_string(ones({1, 1}).expand({int64_t{1} << 20, int64_t{1} << 20})), HasSubstr("...,\n"));
}

TEST(Misuse, ErrorsNameWhatWasCalled) {
  const Tensor nothing;
  expect_error<ValueError>("dim: ", [&] { (void)nothing.dim(); });
  expect_error<ValueError>("numel: ", [&] { (void)nothing.numel(); });
  expect_error<ValueError>("detach: ", [&] { (void)nothing.detach(); });
  expect_error<IndexError>("stack: axis 2", [] { (void)stack({ones({2}), ones({2})}, 2); });
  expect_error<GraphError>("Linear: a module cannot be made while",
                           [] { (void)jit([](const Tensor& x) { return nn::Linear(2, 2)(x); })(ones({2})); });
}

TEST(Misuse, SmallConveniences) {
  EXPECT_EQ(ones(3).shape(), Sizes{3});
  EXPECT_EQ(fmt::format("{}", ones(2).dtype()), "float32");
  std::ostringstream text;
  text << ones(2).dtype();
  EXPECT_EQ(text.str(), "float32");
  EXPECT_EQ(arange(5).slice(0, 3).to_vector<unsigned char>(), (std::vector<unsigned char>{3, 4}));
  EXPECT_EQ(tensor(7.5).item<unsigned>(), 7U);
}

TEST(Misuse, IgnoredLabels) {
  const Tensor logits = tensor({{1., 2., 3.}, {3., 1., 0.}, {0., 0., 1.}}), labels = tensor({2, -100, 0});
  const Tensor kept = tensor({{1., 2., 3.}, {0., 0., 1.}});
  EXPECT_FLOAT_EQ(cross_entropy(logits, labels, -100).item(), cross_entropy(kept, tensor({2, 0})).item());
  expect_error<IndexError>("cross_entropy", [&] { (void)cross_entropy(logits, labels); });
}

TEST(Misuse, FilesWithTooManyDimensions) {
  const std::string path = testing::TempDir() + "nine_dimensions";
  const float one = 1;
  const runtime::NamedArray array{"a", kFloat32, std::vector<int64_t>(9, 1), std::as_bytes(std::span(&one, 1))};
  runtime::write_safetensors(path, {&array, 1});
  expect_error<FileError>("array \"a\" has 9 dimensions", [&] { (void)load_tensors(path); });
  expect_error<FileError>(path.c_str(), [&] { (void)load_tensors(path); });
}

TEST(Misuse, ForkedChildComputes) {
  const auto total = [] { return matmul(ones({300, 300}), ones({300, 300})).sum().item(); };
  EXPECT_EQ(total(), 27e6);
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    _exit(total() == 27e6 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace sinter
