// What broke when somebody tried to break it: sizes beyond memory, undefined tensors, threads,
// fork.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <limits>
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
  expect_error<IndexError>("take: sample 3", [&] { (void)data::take(ones({3}), beyond); });
  expect_error<IndexError>("take: sample -1", [&] { (void)data::take(ones({3}), before); });
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
