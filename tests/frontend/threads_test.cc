// Several threads at once on what a process or a model has once: the random generator, names, compiled signatures.
#include <gmock/gmock.h>

#include <cmath>
#include <set>
#include <thread>

#include "sinter/sinter.h"

namespace sinter {
namespace {

template <class F>
void on_threads(int count, const F& f) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&f, i] { f(i); });
  for (std::thread& thread : threads) thread.join();
}

TEST(Threads, EveryDrawHasAStreamOfItsOwn) {
  constexpr int kThreads = 4, kDraws = 100;
  using Draw = std::vector<int64_t>;
  const auto draw = [] { return randint(0, int64_t{1} << 31, {4}).to_vector<int64_t>(); };
  manual_seed(3);
  std::multiset<Draw> expected;
  for (int i = 0; i < kThreads * kDraws; ++i) expected.insert(draw());
  manual_seed(3);
  std::vector<std::vector<Draw>> drawn(kThreads);
  on_threads(kThreads, [&](int thread) {
    for (int i = 0; i < kDraws; ++i) drawn[static_cast<size_t>(thread)].push_back(draw());
  });
  std::multiset<Draw> all;
  for (const auto& some : drawn) all.insert(some.begin(), some.end());
  EXPECT_TRUE(all == expected) << "the same streams, each once";
}

struct Inner : nn::Module {
  nn::Linear fc{3, 2};
  Tensor operator()(const Tensor& x) const { return fc(x); }
  SINTER_MODULE(Inner, fc)
};
struct Outer : nn::Module {
  Inner inner;
  Tensor operator()(const Tensor& x) const { return inner(x); }
  SINTER_MODULE(Outer, inner)
};

TEST(Threads, ModelsAreReadTogether) {
  const Outer model;
  const std::string text = model.to_string();
  on_threads(4, [&](int thread) {
    for (int i = 0; i < 20; ++i) {
      // Each calls the same module by another path, which reading writes down.
      const auto state = thread % 2 == 0 ? model.state_dict() : model.inner.state_dict();
      EXPECT_EQ(state.size(), 2u);
      EXPECT_EQ(state[0].first, thread % 2 == 0 ? "inner.fc.weight" : "fc.weight");
      EXPECT_EQ(model.to_string(), text);
      EXPECT_EQ(model(ones({1, 3})).shape(), (Sizes{1, 2}));
      EXPECT_FALSE(state[0].second.name().empty());
    }
  });
}

// Which signature a call has depends on what other threads may be changing.
TEST(Threads, GradientsComeAndGoBesideCalls) {
  Tensor w = tensor({3.}).requires_grad_();
  const auto f = jit(
      [&](const Tensor& x) {
        const Tensor loss = sum(w * x);
        loss.backward();
        return loss;
      },
      {.keep_grads = true});
  on_threads(2, [&](int thread) {
    for (int i = 0; i < 100; ++i) {
      if (thread == 0) {
        try {
          EXPECT_EQ(f(tensor({2.})).item(), 6);
        } catch (const GraphError& error) {
          EXPECT_THAT(error.what(), testing::HasSubstr("another thread cleared the gradient"));
        }
        continue;
      }
      const Tensor grad = w.grad();
      EXPECT_TRUE(!grad.defined() || std::fmod(grad.item(), 2) == 0);
      w.zero_grad();
      w.requires_grad_();
    }
  });
  EXPECT_LE(f.stats().compilations, 2u);
}

TEST(Threads, SignaturesAreDroppedWhileOthersRunThem) {
  const auto f = jit([](const Tensor& x) { return (x * 2).sum(); }, {.cache_size_limit = 2});
  on_threads(3, [&](int thread) {
    for (int64_t i = 0; i < 8; ++i) {
      const int64_t size = 1 + (i + thread) % 4;
      EXPECT_EQ(f(ones({size})).item(), static_cast<double>(2 * size));
    }
  });
  EXPECT_GT(f.stats().dropped, 0u);
}

}  // namespace
}  // namespace sinter
