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
