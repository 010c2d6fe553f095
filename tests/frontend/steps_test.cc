// Training steps: both engines to the bit, no allocation in the steady state, few kernels for many shapes.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "driver/compile.h"
#include "tests/frontend/compare.h"

namespace {
std::atomic<size_t> g_allocations{0};
}
void* operator new(size_t bytes) {
  ++g_allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  ++g_allocations;
  return std::malloc(bytes);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace sinter {
namespace {

// A small classifier with momentum, its cells made from a seed.
struct Learner {
  std::vector<Tensor> parameters, momenta;
  explicit Learner(int64_t seed) {
    manual_seed(seed);
    for (const Sizes& shape : {Sizes{16, 8}, Sizes{16}, Sizes{4, 16}, Sizes{4}}) {
      parameters.push_back((randn(shape) * 0.3).requires_grad_());
      momenta.push_back(variable(zeros(shape)));
    }
  }
  Tensor step(const Tensor& x, const Tensor& labels) const {
    for (const Tensor& parameter : parameters) parameter.zero_grad();
    const Tensor hidden = relu(linear(x, parameters[0], parameters[1]));
    Tensor loss = cross_entropy(linear(hidden, parameters[2], parameters[3]), labels);
    loss.backward();
    const auto guard = no_grad();
    for (size_t i = 0; i < parameters.size(); ++i) {
      momenta[i].set(momenta[i] * 0.9 + parameters[i].grad());
      parameters[i].set(parameters[i] - 0.05 * momenta[i]);
    }
    return loss;
  }
};

TEST(Steps, BothEnginesToTheBit) {
  const Learner dynamic(11), fixed(11);
  const auto compiled = jit([&](const Tensor& x, const Tensor& labels) { return fixed.step(x, labels); });
  double first = 0, last = 0;
  for (int i = 0; i < 50; ++i) {
    const Tensor x = randn({10, 8}), labels = x.slice(1, 0, 4).argmax(1);
    const Tensor a = dynamic.step(x, labels), b = compiled(x, labels);
    ASSERT_TRUE(same_bits(a, b)) << "step " << i;
    (i == 0 ? first : last) = a.item();
  }
  for (size_t i = 0; i < fixed.parameters.size(); ++i)
    EXPECT_TRUE(same_bits(dynamic.parameters[i], fixed.parameters[i]));
  EXPECT_LT(last, first);
  EXPECT_EQ(compiled.stats().compilations, 1u);
}

// Linear regression by gradient descent at rate 0.01, as PyTorch's tutorials have it; its losses.
std::vector<double> descend(const Tensor& w, const Tensor& b, const Tensor& x, const Tensor& y, int steps,
                            bool compiled) {
  const auto step = [&] {
    w.zero_grad();
    b.zero_grad();
    Tensor loss = mse_loss(linear(x, w, b), y);
    loss.backward();
    const auto guard = no_grad();
    w.set(w - 0.01 * w.grad());
    b.set(b - 0.01 * b.grad());
    return loss;
  };
  const auto fixed = jit(step);
  std::vector<double> losses;
  for (int i = 0; i < steps; ++i) losses.push_back((compiled ? fixed() : step()).item());
  return losses;
}

TEST(Steps, LossesOfPyTorch) {  // ../shared/seeds/pytorch_outputs.txt
  constexpr double kLosses[] = {24.010000228881836, 18.593345642089844, 14.398685455322266, 11.15034294128418,
                                8.634825706481934,  6.686809062957764,  5.17826509475708,   4.0100483894348145,
                                3.1053812503814697, 2.4048070907592773};
  for (bool compiled : {false, true}) {
    const Tensor w = tensor({{0.5, -0.25}}, {.requires_grad = true}), b = tensor({0.1}, {.requires_grad = true});
    const std::vector<double> losses = descend(w, b, tensor({{1., 2.}}), tensor({{5.}}), 10, compiled);
    for (size_t i = 0; i < losses.size(); ++i) EXPECT_NEAR(losses[i], kLosses[i], 1e-6 * kLosses[i]) << i;
    const Tensor slope = tensor({{0.5}}, {.requires_grad = true}), shift = tensor({-0.5}, {.requires_grad = true});
    const Tensor x = tensor({{1.}, {2.}, {3.}, {4.}});
    EXPECT_NEAR(descend(slope, shift, x, 2 * x, 100, compiled)[0], 20.8750, 1e-4);
    EXPECT_NEAR(slope.item(), 1.9976998567581177, 1e-6);
    EXPECT_NEAR(shift.item(), 0.0067626177333295345, 1e-6);
  }
}

TEST(Steps, SteadyStateAllocatesNothing) {
  const Learner learner(12);
  const auto compiled = jit([&](const Tensor& x, const Tensor& labels) { return learner.step(x, labels); });
  const Tensor x = randn({10, 8}), labels = x.slice(1, 0, 4).argmax(1);
  Tensor loss;
  for (int i = 0; i < 5; ++i) loss = compiled(x, labels);
  const size_t before = g_allocations;
  for (int i = 0; i < 20; ++i) loss = compiled(x, labels);
  if (std::getenv("SINTER_ISA") == nullptr) {  // the reference interpreter allocates
    EXPECT_EQ(g_allocations - before, 0u);
  }
  EXPECT_GT(loss.item(), 0);
}

TEST(Steps, ManyBatchSizesShareKernels) {
  const Learner learner(13);
  const auto step = [&](int64_t rows) {
    const Tensor x = ones({rows, 8}) * 0.5, labels = (arange(rows) * 0);
    (void)learner.step(x, labels);
  };
  step(7);
  step(9);
  const size_t before = driver::kernels_compiled();
  for (int64_t rows = 2; rows < 52; ++rows) step(rows);
  EXPECT_EQ(driver::kernels_compiled(), before);
}

}  // namespace
}  // namespace sinter
