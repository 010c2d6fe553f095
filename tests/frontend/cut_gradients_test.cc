// Gradients that a jitted function would cut off are errors, never constants; what grad(f) captures stays on the tape.
#include <gmock/gmock.h>

#include "tests/frontend/compare.h"

namespace sinter {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string message_of(const std::function<void()>& use) {
  try {
    use();
    return "no error";
  } catch (const GraphError& error) {
    return error.what();
  }
}

class Cut : public testing::Test {
 protected:
  Tensor w = tensor({1., 2.}, {.requires_grad = true}), u = tensor({5., 6.}, {.requires_grad = true});
  Tensor x = tensor({3., 4.}), y = tensor({0., 0.});
};

// Each of these lost the gradient of w through the jitted function.
TEST_F(Cut, ResultsInLossesOutside) {
  const auto forward = jit([&](const Tensor& t) { return w * t; }, {.name = "forward"});
  const auto refused = AllOf(HasSubstr("the jitted function forward (made at"), HasSubstr("detach()"),
                             HasSubstr("jit(grad(f))"), HasSubstr("cut_gradients_test.cc:"));
  EXPECT_THAT(message_of([&] { forward(x).sum().backward(); }), refused);
  EXPECT_THAT(message_of([&] { (mse_loss(forward(x), y) + 0.1 * (w * w).sum()).backward(); }), refused);
  EXPECT_THAT(message_of([&] { (forward(x) * u).sum().backward(); }), refused);
  EXPECT_THAT(
      message_of([&] { (forward(x).reshape({2, 1}).expand({2, 3}).clone().contiguous() * u[0]).sum().backward(); }),
      refused);
  EXPECT_THAT(message_of([&] { mse_loss(u, forward(x)).backward(); }), refused);
  EXPECT_THAT(message_of([&] { layer_norm(forward(x) + u, {2}).sum().backward(); }), refused);
  EXPECT_THAT(message_of([&] { (void)gradients((forward(x) * w).sum(), std::array{w}); }), refused);
  EXPECT_THAT(message_of([&] {
                const Tensor z = tensor({1., 1.}, {.requires_grad = true});
                const Tensor slope = gradients((z * z * forward(x)).sum(), std::array{z.clone()})[0];
                (void)slope;
              }),
              testing::Not(HasSubstr("forward")));
  EXPECT_FALSE(w.grad().defined());
}

TEST_F(Cut, ResultsInOtherJittedFunctions) {
  const auto forward = jit([&](const Tensor& t) { return w * t; }, {.name = "forward"});
  const auto step = jit(
      [&](const Tensor& h) {
        u.zero_grad();
        const Tensor loss = (h * u).sum();
        loss.backward();
        return loss;
      },
      {.name = "step"});
  EXPECT_EQ(step(x).item(), 39);  // compiled for what is not cut
  EXPECT_THAT(message_of([&] { (void)step(forward(x)); }), HasSubstr("the jitted function forward"));
  EXPECT_EQ(step(forward(x).detach()).item(), 63);
  const Tensor captured = forward(x), one = forward(x).sum();
  EXPECT_THAT(message_of([&] { (void)jit([&] { (captured * u).sum().backward(); })(); }), HasSubstr("forward"));
  EXPECT_THAT(message_of([&] { (void)jit([&] { (one * u).sum().backward(); })(); }), HasSubstr("forward"));
  // Handed through another function, it is still cut.
  const auto twice = jit([](const Tensor& h) { return h * 2; }, {.name = "twice"});
  EXPECT_THAT(message_of([&] { (twice(forward(x)) * u).sum().backward(); }), HasSubstr("the jitted function twice"));
}

TEST_F(Cut, WhatLosesNothingIsAllowed) {
  const auto forward = jit([&](const Tensor& t) { return w * t; });
  Tensor total = zeros({2});
  for (int i = 0; i < 3; ++i) total = total + forward(x);  // sums of losses
  EXPECT_THAT(total.to_vector<float>(), ElementsAre(9, 24));
  (forward(x).detach() * u).sum().backward();
  EXPECT_THAT(u.grad().to_vector<float>(), ElementsAre(3, 8));
  const Tensor held = no_grad([&] { return forward(x) * 2; });
  (held * u).sum().backward();
  u.set(u - 0.1 * forward(x));  // recorded, and never differentiated
  const auto constant = jit([](const Tensor& t) { return t * 2; });
  (constant(x) * u).sum().backward();
  const auto slope = jit(grad([&](const Tensor& t) { return (t * t * x).sum(); }));
  w.set(w - 0.5 * slope(w));
  EXPECT_THAT(w.to_vector<float>(), ElementsAre(-2, -6));
}

TEST_F(Cut, ArgumentsOnTheTape) {
  const auto f = jit([](const Tensor& t) { return (t * t).sum(); });
  EXPECT_EQ(f(x).item(), 25);  // compiled
  EXPECT_THAT(message_of([&] { (void)f(w * 2); }), HasSubstr("x.detach()"));
  EXPECT_EQ(no_grad([&] { return f(w * 2).item(); }), 20);
  const Tensor loss = (w * w).sum();
  EXPECT_THAT(message_of([&] { jit([&] { loss.backward(); })(); }), HasSubstr("before the jitted function was called"));
}

// A gradient that backward({.create_graph = true}) made depends on leaves, and leaves its function cut off.
TEST_F(Cut, GradientsOfGradientsOutside) {
  const auto slopes = jit(
      [&](const Tensor& t) {
        w.zero_grad();
        (w * w * t).sum().backward({.create_graph = true});
      },
      {.keep_grads = true, .name = "slopes"});
  slopes(x);
  EXPECT_THAT(w.grad().to_vector<float>(), ElementsAre(6, 16));
  EXPECT_THAT(message_of([&] { w.grad().sum().backward(); }), HasSubstr("the jitted function slopes (made at"));
  EXPECT_THAT(message_of([&] { (w.grad() * u).sum().backward(); }), HasSubstr("the jitted function slopes"));
  (w.grad().detach() * u).sum().backward();
  EXPECT_THAT(u.grad().to_vector<float>(), ElementsAre(6, 16));
  const auto use = jit([&] { (w.grad() * u).sum().backward(); }, {.keep_grads = true});
  EXPECT_THAT(message_of([&] { use(); }), HasSubstr("the jitted function slopes"));
  w.set_grad(w.grad().detach());
  use();
  EXPECT_THAT(u.grad().to_vector<float>(), ElementsAre(12, 32));
  slopes(x);  // compiled for the other kind
  EXPECT_THAT(message_of([&] { use(); }), HasSubstr("the jitted function slopes"));
  const auto value = jit([&] { return w.grad() * 2; });  // not differentiated here
  EXPECT_THAT(message_of([&] { (value() * u).sum().backward(); }), HasSubstr("a jitted function (made at"));
}

TEST_F(Cut, GradientsOfGradientsInside) {
  (w * w * x).sum().backward({.create_graph = true});
  const auto use = jit([&] { return (w.grad() * u).sum(); });
  EXPECT_THAT(message_of([&] { (void)use(); }),
              AllOf(HasSubstr("create_graph"), HasSubstr("set_grad"), HasSubstr("cut_gradients_test.cc:")));
  {
    const NoGrad mode;
    EXPECT_EQ(use().item(), 126);
  }
  w.set_grad(w.grad().detach());
  EXPECT_EQ(use().item(), 126);
}

TEST_F(Cut, GradientsThatWereNotKept) {
  optim::SGD sgd({w}, {.lr = 0.5});
  const auto backward = jit([&](const Tensor& t) { (w * t).sum().backward(); }, {.name = "backward_pass"});
  const auto clear = jit([&] { w.zero_grad(); });
  const auto step = jit([&] { sgd.step(); });
  step();  // nothing there: nothing to do
  clear();
  const auto whole = jit(
      [&](const Tensor& t) {
        w.zero_grad();
        (w * t).sum().backward();
      },
      {.name = "backward_pass"});
  whole(x);
  const auto refused = AllOf(HasSubstr("the jitted function backward_pass"), HasSubstr("keep_grads"));
  EXPECT_THAT(message_of([&] { step(); }), refused);
  EXPECT_THAT(message_of([&] { sgd.step(); }), refused);
  EXPECT_THAT(message_of([&] { (w * w).sum().backward(); }), refused);  // would be added to what is gone
  EXPECT_THAT(message_of([&] { backward(x); }), refused);
  EXPECT_THAT(w.to_vector<float>(), ElementsAre(1, 2));
  w.zero_grad();
  (w * x).sum().backward();
  step();
  EXPECT_THAT(w.to_vector<float>(), ElementsAre(-0.5, 0));
}

// The penalty on a critic's gradient (WGAN-GP): d/dw of (d/dx (w x)^2 ... )^2, through the captured w.
TEST(GradKeepsCaptured, GradientPenalty) {
  manual_seed(0);
  nn::Linear critic(2, 1);
  const Tensor x = randn({4, 2});
  const auto f = [&](const Tensor& t) { return critic(tanh(t)).sum(); };
  const auto penalty = [](const Tensor& g) { return pow(sqrt((g * g).sum(1)) - 1, 2).mean(); };
  (f(x) + 10 * penalty(grad(f)(x))).backward();
  const Tensor found = critic.weight.grad();
  critic.zero_grad();
  Tensor leaf = x.clone();
  leaf.requires_grad_();
  (f(x) + 10 * penalty(gradients(f(leaf), std::array{leaf}, {.create_graph = true})[0])).backward();
  EXPECT_TRUE(same_bits(found, critic.weight.grad()));
  critic.zero_grad();
  jit([&](const Tensor& t) { (f(t) + 10 * penalty(grad(f)(t))).backward(); }, {.keep_grads = true})(x);
  EXPECT_TRUE(same_bits(found, critic.weight.grad()));
}

// u'' + w u of a network in w, as a physics-informed loss has it: d/dw of (d2/dx2 sin(w x) + w)^2 at numbers.
TEST(GradKeepsCaptured, ToAnyOrder) {
  const Tensor w = tensor(2., {.requires_grad = true}), x = tensor(0.5);
  const auto u = [&](const Tensor& t) { return w * w * w * sin(t * w); };
  const auto loss = [&](const Tensor& t) { return pow(grad(grad(u))(t) + w, 2) + grad(grad(grad(u)))(t); };
  const auto number = [&] {  // by central differences
    const auto at = [](double v) {
      const double s = std::sin(0.5 * v), c = std::cos(0.5 * v);
      return std::pow(-std::pow(v, 5) * s + v, 2) - std::pow(v, 6) * c;
    };
    return (at(2 + 1e-6) - at(2 - 1e-6)) / 2e-6;
  }();
  loss(x).backward();
  EXPECT_NEAR(w.grad().item(), number, 1e-3 * std::abs(number));
  const Tensor dynamic = w.grad();
  w.zero_grad();
  jit([&](const Tensor& t) { loss(t).backward(); }, {.keep_grads = true})(x);
  EXPECT_TRUE(same_bits(dynamic, w.grad()));
  // Values, too; and nothing is kept where nothing was captured, or under no_grad.
  const auto [value, slope] = value_and_grad(u)(x);
  EXPECT_TRUE(value.requires_grad() && slope.requires_grad());
  EXPECT_FALSE(no_grad([&] { return grad(u)(x).requires_grad(); }));
  EXPECT_FALSE(grad([](const Tensor& t) { return t * t; })(x).requires_grad());
}

TEST(GradKeepsCaptured, OuterArguments) {
  const auto f = [](const Tensor& x) {
    return grad([&](const Tensor& z) { return (z * z * x * x).sum(); })(tensor({1., 2.})).sum();
  };
  EXPECT_THAT(grad(f)(tensor({3., 5.})).to_vector<float>(), ElementsAre(12, 40));
  EXPECT_THAT(jit(grad(f))(tensor({3., 5.})).to_vector<float>(), ElementsAre(12, 40));
}

}  // namespace
}  // namespace sinter
