// SINTER_DEBUG=1: what a jitted function captured and has changed since is named once, with its line; nothing else is.
#include <gmock/gmock.h>

#include <stdexcept>

#include "sinter/sinter.h"
#include "support/options.h"
#include "tests/frontend/compare.h"

namespace sinter {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// What is said on stderr under SINTER_DEBUG=1 while f runs.
template <class F>
std::string said_by(F&& f) {
  const OptionScope debugging({.debug = 1});
  testing::internal::CaptureStderr();
  f();
  return testing::internal::GetCapturedStderr();
}

// What the calls after the first say, when `change` comes between.
template <class F, class Change>
std::string said_after(const F& f, Change&& change) {
  const OptionScope debugging({.debug = 1});
  const Tensor x = tensor({1., 2.});
  (void)f(x);
  change();
  testing::internal::CaptureStderr();
  (void)f(x);
  (void)f(x);
  return testing::internal::GetCapturedStderr();
}

size_t lines(const std::string& text) { return static_cast<size_t>(std::ranges::count(text, '\n')); }

TEST(Retrace, NumbersThatChanged) {
  double factor = 0.25;
  const auto f = jit([&](const Tensor& x) { return x * factor; }, {.name = "scale"});
  const std::string line = std::to_string(__LINE__ - 1);
  const std::string said = said_after(f, [&] { factor = 0.5; });
  EXPECT_THAT(said, AllOf(HasSubstr("sinter: jit scale: at tests/frontend/retrace_test.cc:" + line + ": constant"),
                          HasSubstr("0.5} is traced, and the compiled program has constant"), HasSubstr("{0.25};"),
                          HasSubstr("variable(x), written by set()")));
  EXPECT_EQ(lines(said), 1u) << said;  // once
  EXPECT_EQ(f(tensor(4.)).item(), 2);  // another signature: compiled with the number as it is
}

TEST(Retrace, CapturesThatChanged) {
  Tensor mask = tensor({1., 0.}), cell = variable(ones({2}), "w");
  const auto masked = jit([&](const Tensor& x) { return x + mask; });
  EXPECT_EQ(said_after(masked, [&] { mask = tensor({1., 0.}); }), "");  // the same elements
  const auto again = jit([&](const Tensor& x) { return x + mask; });
  EXPECT_THAT(
      said_after(again, [&] { mask = ones({2}); }),
      AllOf(HasSubstr("at tests/frontend/retrace_test.cc:"), HasSubstr("a captured tensor, float32[2], has other")));
  const auto wider = jit([&](const Tensor& x) { return (x + mask).sum(); });
  EXPECT_THAT(said_after(wider, [&] { mask = ones({3, 2}); }), HasSubstr("broadcast %x0: f32[2] {shape = [3, 2]"));
  const auto weighted = jit([&](const Tensor& x) { return x * cell; });
  EXPECT_EQ(said_after(weighted, [&] { cell.set(zeros({2})); }), "");
  const auto rebound = jit([&](const Tensor& x) { return x * cell; });
  EXPECT_THAT(said_after(rebound, [&] { cell = variable(ones({2}), "v"); }),
              AllOf(HasSubstr("retrace_test.cc:"), HasSubstr("cell v is used, and the compiled program uses cell w")));
  Tensor kept = ones({2});
  const auto returned = jit([&](const Tensor&) { return kept; });
  EXPECT_THAT(said_after(returned, [&] { kept = zeros({2}); }), HasSubstr("other tensors are returned"));
}

TEST(Retrace, ChoicesThatChanged) {
  bool squared = false;
  int count = 1;
  const auto chosen = jit([&](const Tensor& x) { return squared ? x * x : exp(x); });
  EXPECT_THAT(said_after(chosen, [&] { squared = true; }), AllOf(HasSubstr("retrace_test.cc:"), HasSubstr("mul %x0"),
                                                                 HasSubstr("the compiled program has exp %x0")));
  const auto repeated = jit([&](Tensor x) {
    for (int i = 0; i < count; ++i) x = sin(x);
    return x;
  });
  EXPECT_THAT(
      said_after(repeated, [&] { count = 3; }),
      AllOf(HasSubstr("retrace_test.cc:"), HasSubstr("4 operations are traced, and the compiled program has 2")));
  bool broken = false;
  const auto failing = jit([&](const Tensor& x) {
    if (broken) throw std::runtime_error("out of order");
    return x * 2;
  });
  EXPECT_THAT(said_after(failing, [&] { broken = true; }), HasSubstr("tracing again fails, out of order"));
}

// A training step: random numbers, cells, a learning rate that changes, modes, moments; none of it is reported, and the
// weights are those of a run without SINTER_DEBUG.
TEST(Retrace, NothingElseIsReported) {
  struct Net : nn::Module {
    nn::Linear fc1{3, 4}, fc2{4, 2};
    Tensor operator()(const Tensor& x) const {
      const Tensor hidden = relu(fc1(x));
      return fc2(is_training() ? where(rand(hidden.shape()) < 0.5, 0, hidden * 2) : hidden);
    }
    SINTER_MODULE(Net, fc1, fc2)
  };
  const auto weights_after = [](int steps) {
    manual_seed(3);
    Net net;
    optim::Adam adam(net.parameters());
    const Tensor x = randn({5, 3}), mask = ones({3});
    const auto step = jit([&](const Tensor& batch, const Static<double>& scale) {
      adam.zero_grad();
      const Tensor loss =
          cross_entropy(net(batch * mask * scale.value + randn(batch.shape())), tensor({0, 1, 0, 1, 1}));
      loss.backward();
      adam.step();
      return loss;
    });
    for (int i = 0; i < steps; ++i) {
      (void)step(x, Static<double>(i % 2));
      adam.set_lr(0.01 / (i + 1));
      if (i == steps / 2) net.eval();
    }
    return net.fc1.weight.clone();
  };
  const Tensor quiet = weights_after(12);
  Tensor debugged;
  const std::string said = said_by([&] { debugged = weights_after(12); });
  EXPECT_TRUE(same_bits(quiet, debugged));
  EXPECT_THAT(said, AllOf(HasSubstr("compilation 4"), Not(HasSubstr("is traced")), Not(HasSubstr("fixed when"))));
}

TEST(Retrace, OnlyUnderDebug) {
  int traces = 0;
  const auto f = jit([&](const Tensor& x) {
    ++traces;
    return x * 2;
  });
  for (int i = 0; i < 3; ++i) (void)f(tensor(1.));
  EXPECT_EQ(traces, 1);
}

}  // namespace
}  // namespace sinter
