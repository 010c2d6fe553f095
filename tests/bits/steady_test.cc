// The network's compiled step over and over: it allocates nothing, and callers in several threads take turns.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <set>
#include <thread>

#include "runtime/buffer.h"
#include "tests/bits/mlp.h"

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
void* operator new(size_t bytes, std::align_val_t alignment) {
  ++g_allocations;
  const auto unit = static_cast<size_t>(alignment);
  if (void* memory = std::aligned_alloc(unit, (bytes + unit - 1) / unit * unit)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

namespace sinter::test {
namespace {

TEST(Steady, AHundredStepsAllocateNothing) {
  Mlp mlp;
  Batches batches;
  const auto [images, labels] = batches.next();
  const auto step = jit([&](const Tensor& x, const Tensor& y) { return mlp.step(x, y); });
  Tensor loss;
  for (int i = 0; i < 5; ++i) loss = step(images, labels);
  const size_t objects = g_allocations;
  const int64_t fresh = runtime::memory_statistics().fresh_allocations;
  for (int i = 0; i < 100; ++i) loss = step(images, labels);
  EXPECT_EQ(g_allocations - objects, 0u);
  EXPECT_EQ(runtime::memory_statistics().fresh_allocations - fresh, 0);
  EXPECT_LT(loss.item(), 1.0);
}

// Training always on one batch, so that the order of the callers does not show: what anybody sees must be one of the
// states that one caller alone goes through, in order.
TEST(Steady, ConcurrentCallersSeeASerialOrder) {
  constexpr int kTrainers = 4, kReaders = 8, kStepsEach = 10, kSteps = kTrainers * kStepsEach;
  Batches batches;
  const auto [images, labels] = batches.next();
  const auto forward = [](Mlp& mlp) {
    return jit([&mlp](const Tensor& x) {
      const NoGrad guard;
      return mlp.net(x);
    });
  };
  const auto training = [](Mlp& mlp) {
    return jit([&mlp](const Tensor& x, const Tensor& y) { return mlp.step(x, y); });
  };

  std::vector<uint64_t> outputs, losses;  // of one caller, by steps taken
  Mlp alone;
  {
    const auto infer = forward(alone);
    const auto train = training(alone);
    for (int i = 0; i < kSteps; ++i) {
      outputs.push_back(hash(infer(images)));
      losses.push_back(hash(train(images, labels)));
    }
    outputs.push_back(hash(infer(images)));
  }
  ASSERT_EQ(std::set(outputs.begin(), outputs.end()).size(), outputs.size());

  Mlp shared;
  const auto infer = forward(shared);
  const auto train = training(shared);
  std::vector<std::vector<uint64_t>> seen(kReaders), paid(kTrainers);
  std::atomic<int> trainers_left{kTrainers};
  std::vector<std::thread> threads;
  for (auto& mine : seen)
    threads.emplace_back([&] {
      while (trainers_left > 0 || mine.empty()) mine.push_back(hash(infer(images)));
    });
  for (auto& mine : paid)
    threads.emplace_back([&] {
      for (int i = 0; i < kStepsEach; ++i) mine.push_back(hash(train(images, labels)));
      --trainers_left;
    });
  for (std::thread& thread : threads) thread.join();

  for (const auto& mine : seen) {
    size_t at = 0;  // time goes forward for every reader
    for (uint64_t value : mine) {
      while (at < outputs.size() && outputs[at] != value) ++at;
      ASSERT_LT(at, outputs.size()) << "an output of no state, or of an earlier one";
    }
  }
  std::vector<uint64_t> all;
  for (const auto& mine : paid) all.insert(all.end(), mine.begin(), mine.end());
  EXPECT_TRUE(std::ranges::is_permutation(all, losses));
  EXPECT_EQ(shared.hash(), alone.hash());
}

}  // namespace
}  // namespace sinter::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  setenv("SINTER_THREADS", "3", /*overwrite=*/0);
  return RUN_ALL_TESTS();
}
