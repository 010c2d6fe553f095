// Optimisers against plain loops in double, both engines to the bit, learning rates that change without compiling.
#include <cmath>
#include <functional>
#include <memory>

#include "tests/nn/small_net.h"

namespace sinter {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int kSteps = 50;
const std::vector<double> kStart{1.5, -2, 0.25}, kCurvature{1, 3, 0.5}, kTarget{-0.5, 1, 2};

// The gradient of sum(curvature / 2 (p - target)^2).
std::vector<double> gradient_at(const std::vector<double>& p) {
  std::vector<double> gradient;
  for (size_t i = 0; i < p.size(); ++i) gradient.push_back(kCurvature[i] * (p[i] - kTarget[i]));
  return gradient;
}

Tensor wide(const std::vector<double>& values) { return tensor(values, {.dtype = kFloat64}); }

// The parameter after kSteps steps of a Sinter optimiser, in f64.
template <class Optimizer, class Options>
std::vector<double> minimize(const Options& options) {
  const Tensor p = wide(kStart).requires_grad_();
  Optimizer optimizer({p}, options);
  for (int step = 0; step < kSteps; ++step) {
    optimizer.zero_grad();
    const Tensor away = p - wide(kTarget);
    (wide(kCurvature) * away * away * 0.5).sum().backward();
    optimizer.step();
  }
  return p.to_vector<double>();
}

std::vector<double> plain_sgd(const optim::SGDOptions& options) {
  std::vector<double> p = kStart, velocity;
  for (int step = 0; step < kSteps; ++step) {
    std::vector<double> g = gradient_at(p);
    for (size_t i = 0; i < p.size(); ++i) g[i] += options.weight_decay * p[i];
    if (velocity.empty())
      velocity = g;
    else
      for (size_t i = 0; i < p.size(); ++i) velocity[i] = options.momentum * velocity[i] + g[i];
    for (size_t i = 0; i < p.size(); ++i)
      p[i] -= options.lr * (options.nesterov ? g[i] + options.momentum * velocity[i] : velocity[i]);
    if (options.momentum == 0) velocity.clear();
  }
  return p;
}

std::vector<double> plain_adam(const optim::AdamOptions& options) {
  std::vector<double> p = kStart, m(p.size()), v(p.size());
  for (int step = 1; step <= kSteps; ++step) {
    const std::vector<double> g = gradient_at(p);
    for (size_t i = 0; i < p.size(); ++i) {
      const double decayed = g[i] + options.weight_decay * p[i];
      m[i] += (1 - options.beta1) * (decayed - m[i]);
      v[i] += (1 - options.beta2) * (decayed * decayed - v[i]);
      const double mean = m[i] / (1 - std::pow(options.beta1, step)),
                   square = v[i] / (1 - std::pow(options.beta2, step));
      p[i] -= options.lr * mean / (std::sqrt(square) + options.eps);
    }
  }
  return p;
}

TEST(Optim, SGDAgainstAPlainLoop) {
  for (const optim::SGDOptions& options : std::vector<optim::SGDOptions>{
           {.lr = 0.1},
           {.lr = 0.05, .momentum = 0.9},
           {.lr = 0.05, .momentum = 0.8, .nesterov = true},
           {.lr = 0.1, .weight_decay = 0.3},
           {.lr = 0.02, .momentum = 0.9, .weight_decay = 0.2, .nesterov = true},
       })
    EXPECT_THAT(minimize<optim::SGD>(options), testing::Pointwise(testing::DoubleNear(1e-12), plain_sgd(options)))
        << options.momentum << " " << options.weight_decay << " " << options.nesterov;
}

TEST(Optim, AdamAgainstAPlainLoop) {
  for (const optim::AdamOptions& options : std::vector<optim::AdamOptions>{
           {},
           {.lr = 0.1},
           {.lr = 0.05, .beta1 = 0.7, .beta2 = 0.9},
           {.lr = 0.05, .eps = 0.1},
           {.lr = 0.05, .weight_decay = 0.2},
           {.lr = 0.05, .beta1 = 0, .beta2 = 0.9},
       })
    EXPECT_THAT(minimize<optim::Adam>(options), testing::Pointwise(testing::DoubleNear(1e-12), plain_adam(options)))
        << options.lr << " " << options.beta1 << " " << options.eps << " " << options.weight_decay;
}

struct Kind {
  const char* name;
  std::function<std::unique_ptr<optim::Optimizer>(std::vector<Tensor>)> make;
};
const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{
      {"sgd", [](auto p) { return std::make_unique<optim::SGD>(p, optim::SGDOptions{.lr = 0.05}); }},
      {"momentum",
       [](auto p) { return std::make_unique<optim::SGD>(p, optim::SGDOptions{.lr = 0.05, .momentum = 0.9}); }},
      {"nesterov",
       [](auto p) {
         return std::make_unique<optim::SGD>(
             p, optim::SGDOptions{.lr = 0.05, .momentum = 0.9, .weight_decay = 0.01, .nesterov = true});
       }},
      {"adam", [](auto p) { return std::make_unique<optim::Adam>(p, optim::AdamOptions{.lr = 0.01}); }},
      {"adam with decay",
       [](auto p) { return std::make_unique<optim::Adam>(p, optim::AdamOptions{.lr = 0.01, .weight_decay = 0.1}); }},
  };
  return all;
}

// A network and its optimiser.
struct Learner {
  SmallNet net;
  std::unique_ptr<optim::Optimizer> optimizer;
  explicit Learner(const Kind& kind) : net(11), optimizer(kind.make(net.parameters())) {}
  Tensor step(const Tensor& x, const Tensor& labels) const {
    optimizer->zero_grad();
    const Tensor loss = cross_entropy(net(x), labels);
    loss.backward();
    optimizer->step();
    return loss;
  }
};

// Fifty steps in both engines; the learning rate is halved on the way.
TEST(Optim, BothEnginesToTheBit) {
  for (const Kind& kind : kinds()) {
    const Learner dynamic(kind), fixed(kind);
    const auto compiled = jit([&](const Tensor& x, const Tensor& labels) { return fixed.step(x, labels); });
    double first = 0, last = 0;
    for (int step = 0; step < kSteps; ++step) {
      if (step == 20)
        for (const Learner* learner : {&dynamic, &fixed}) learner->optimizer->set_lr(learner->optimizer->lr() / 2);
      const auto [x, labels] = random_batch();
      const Tensor a = dynamic.step(x, labels), b = compiled(x, labels);
      ASSERT_TRUE(same_bits(a, b)) << kind.name << ", step " << step;
      (step == 0 ? first : last) = a.item();
    }
    EXPECT_TRUE(same_bits(values_of(dynamic.net.state_dict()), values_of(fixed.net.state_dict()))) << kind.name;
    EXPECT_TRUE(same_bits(values_of(dynamic.optimizer->state_dict()), values_of(fixed.optimizer->state_dict())))
        << kind.name;
    EXPECT_LT(last, first) << kind.name;
    EXPECT_EQ(compiled.stats().compilations, 1u) << kind.name;
  }
}

TEST(Optim, ALearningRateOfZeroStopsACompiledStep) {
  const Learner learner(kinds()[0]);
  const auto compiled = jit([&](const Tensor& x, const Tensor& labels) { return learner.step(x, labels); });
  const auto [x, labels] = random_batch();
  const std::vector<Tensor> start = values_of(learner.net.state_dict());
  (void)compiled(x, labels);
  const std::vector<Tensor> moved = values_of(learner.net.state_dict());
  EXPECT_FALSE(same_bits(start, moved));
  learner.optimizer->set_lr(0);
  EXPECT_EQ(learner.optimizer->lr(), 0);
  (void)compiled(x, labels);
  EXPECT_TRUE(same_bits(moved, values_of(learner.net.state_dict())));
  EXPECT_EQ(compiled.stats().compilations, 1u);
}

TEST(Optim, LeavesParametersWithoutGradientAlone) {
  const Tensor used = tensor({1.}, {.requires_grad = true}), idle = tensor({1.}, {.requires_grad = true});
  optim::Adam adam({used, idle});
  used.sum().backward();
  adam.step();
  EXPECT_NE(used.item(), 1);
  EXPECT_EQ(idle.item(), 1);
}

TEST(Optim, StateGoesFromOneToAnother) {
  const Learner from(kinds()[3]), to(kinds()[3]);
  const auto [x, labels] = random_batch();
  for (int step = 0; step < 3; ++step) (void)from.step(x, labels);
  from.optimizer->set_lr(0.5);
  const nn::NamedTensors state = from.optimizer->state_dict(), model = from.net.state_dict();
  to.net.load_state_dict(model);
  to.optimizer->load_state_dict(state);
  EXPECT_EQ(to.optimizer->lr(), 0.5);
  (void)from.step(x, labels);
  (void)to.step(x, labels);
  EXPECT_TRUE(same_bits(values_of(from.net.state_dict()), values_of(to.net.state_dict())));
}

TEST(Optim, LoadListsEveryProblemAndChangesNothing) {
  const Learner learner(kinds()[3]);
  const nn::NamedTensors own = learner.optimizer->state_dict();
  const std::vector<Tensor> before = values_of(own);
  std::map<std::string, Tensor> state(own.begin(), own.end());
  state["lr"] = tensor(1., {.dtype = kFloat64});
  state["m.0"] = ones({2});
  state.erase("v.1");
  EXPECT_THAT(message_of<ValueError>([&] { learner.optimizer->load_state_dict(state); }),
              AllOf(HasSubstr("m.0 is float32 [2], expected float32 [8, 6]"), HasSubstr("v.1 is missing"),
                    HasSubstr("optim_test.cc:")));
  EXPECT_TRUE(same_bits(before, values_of(own)));
}

TEST(Optim, LoadNamesWhatIsNotExpected) {
  const Learner learner(kinds()[3]);
  const nn::NamedTensors own = learner.optimizer->state_dict();
  std::map<std::string, Tensor> state(own.begin(), own.end());
  state["velocity.0"] = ones({2});
  EXPECT_THAT(message_of<ValueError>([&] { learner.optimizer->load_state_dict(state); }),
              HasSubstr("velocity.0 is not expected"));
}

}  // namespace
}  // namespace sinter
