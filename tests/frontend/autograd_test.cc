// The tape: gradients against finite differences, modes, second derivatives.
#include <gmock/gmock.h>

#include <cmath>

#include "tests/frontend/compare.h"

namespace sinter {
namespace {

using testing::ElementsAre;

// As PyTorch has them (torch.autograd.grad of the gradient, 2.15).
TEST(Autograd, SecondDerivativesOfProductsAtZeros) {
  struct One {
    std::vector<double> x, hessian;
  };
  const std::vector<One> all{{{2, 3, 5}, {0, 5, 3, 5, 0, 2, 3, 2, 0}},
                             {{2, 0, 5}, {0, 5, 0, 5, 0, 2, 0, 2, 0}},
                             {{0, 0, 5}, {0, 5, 0, 5, 0, 0, 0, 0, 0}},
                             {{0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 0}},
                             {{0}, {0}}};
  for (const One& one : all) {
    const auto n = static_cast<int64_t>(one.x.size());
    const auto hessian = [&](const Tensor& x) {
      std::vector<Tensor> rows;
      for (int64_t i = 0; i < n; ++i)
        rows.push_back(grad([&](const Tensor& at) { return grad([](const Tensor& y) { return prod(y); })(at)[i]; })(x));
      return stack(rows);
    };
    const Tensor x = from_data(one.x.data(), {n});
    for (const Tensor& found : {hessian(x), jit(hessian)(x)}) {
      const std::vector<double> values = found.to_vector<double>();
      for (size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], one.hessian[i], 1e-14) << i;
    }
  }
}

TEST(Autograd, GradientsOfEveryFunction) {
  manual_seed(3);
  for (const Case& test : cases()) {
    const std::vector<Tensor> inputs = test.inputs();
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!is_float(inputs[i].dtype())) continue;
      EXPECT_LT(gradient_error(test.f, inputs, i), 1e-6) << test.name << ", input " << i;
    }
  }
}

// Numbers printed by torch.nn.functional.layer_norm and backward().
TEST(Autograd, LayerNormIsPyTorchs) {
  const Tensor x = tensor({{{1., 2., 4.}, {8., 16., 32.}}, {{-3., 0.5, 0.25}, {7., 7., 7.}}}, {.requires_grad = true});
  const Tensor w = tensor({1., 2., -1.}, {.requires_grad = true}), b = tensor({0.5, 0., 3.}, {.requires_grad = true});
  const auto expect_near = [](const Tensor& found, const std::vector<double>& expected) {
    const std::vector<double> values = found.to_vector<double>();
    ASSERT_EQ(values.size(), expected.size());
    for (size_t i = 0; i < values.size(); ++i)
      EXPECT_NEAR(values[i], expected[i], 2e-6 * std::max(1., std::abs(expected[i]))) << i;
  };
  const Tensor y = layer_norm(x, {3}, w, b);
  expect_near(y, {-0.56904137, -0.53452057, 1.66369820, -0.56904483, -0.53452235, 1.66369379,  //
                  -0.91130984, 1.56812203, 2.37275124, 0.5, 0, 3});
  (y * arange(12).to(kFloat32).reshape({2, 2, 3})).sum().backward();
  expect_near(x.grad(), {-0.916315079, 1.37448335, -0.458168268, -0.329303980, 0.493956029, -0.164651990,  //
                         0.514141083, 6.68379784, -7.19793892, 948.683350, 4427.18896, -5375.87207});
  expect_near(w.grad(), {-11.67499352, 4.15212250, 14.37212563});
  expect_near(b.grad(), {18, 22, 26});
  expect_near(layer_norm(x.detach(), {2, 3}),
              {-0.87733841, -0.78498703, -0.60028422, -0.23087853, 0.50793278, 1.98555541,  //
               -1.51772344, -0.65045285, -0.71240079, 0.96019232, 0.96019232, 0.96019232});
}

TEST(Autograd, AccumulatesUntilCleared) {
  Tensor x = tensor({1., 2.}, {.requires_grad = true});
  const Tensor same = x;  // copies share the cell
  (x * x).sum().backward();
  (3 * same).sum().backward();
  EXPECT_THAT(x.grad().to_vector<float>(), ElementsAre(5, 7));
  x.zero_grad();
  EXPECT_FALSE(same.grad().defined());
}

TEST(Autograd, DetachAndNoGradEndTheTape) {
  const Tensor x = tensor(2., {.requires_grad = true});
  (x * x.detach()).backward();
  EXPECT_EQ(x.grad().item(), 2);
  const auto guard = no_grad();
  EXPECT_FALSE((x * x).requires_grad());
}

TEST(Autograd, SecondDerivatives) {
  const Tensor x = tensor(2., {.requires_grad = true});
  const Tensor y = pow(x, 3);
  y.backward({.create_graph = true});
  const Tensor first = x.grad();
  EXPECT_EQ(first.item(), 12);
  x.zero_grad();
  first.backward();
  EXPECT_EQ(x.grad().item(), 12);
}

// Sums of gradients are operations of the second pass: they are met in one order, dynamically and under jit.
TEST(Autograd, SecondDerivativesHaveTheStaticBits) {
  const std::vector<Function> functions{
      [](auto& x) { return exp(exp(x[0]) * x[0] + x[0]) * x[0]; },
      [](auto& x) { return softmax(softmax(x[0], 0) + x[0], 0) * x[0]; },
      [](auto& x) { return x[0] / (x[0] + 9.) / (x[0] / (x[0] + 9.) + x[0] + 9.) * x[0]; },
  };
  std::vector<double> elements(40);
  for (size_t i = 0; i < elements.size(); ++i) elements[i] = std::sin(static_cast<double>(i * i));
  const Tensor x = tensor(elements);
  for (const Function& f : functions) {
    const auto first = grad([&](const Tensor& at) { return sum(f({at})); });
    const auto second = grad([&](const Tensor& at) { return sum(pow(first(at), 2)); });
    EXPECT_TRUE(same_bits(second(x), jit(second)(x)));
    const Tensor leaf = x.clone().requires_grad_();  // collected by backward
    sum(f({leaf})).backward({.create_graph = true});
    const Tensor once = leaf.grad();
    leaf.zero_grad();
    sum(pow(once, 2)).backward();
    EXPECT_TRUE(same_bits(leaf.grad(), jit(second)(x)));
  }
}

TEST(Autograd, GradientsAreConstantsUnlessAGraphIsAskedFor) {
  for (const bool create_graph : {false, true}) {
    const auto f = grad([&](const Tensor& x) {
      const Tensor slope =
          gradients(sum(x * x * x), std::array{x}, {.retain_graph = true, .create_graph = create_graph})[0];
      EXPECT_EQ(slope.requires_grad(), create_graph);
      return sum(slope * x);
    });
    const Tensor x = tensor({1., 2.});
    for (const Tensor& found : {f(x), jit(f)(x)})
      EXPECT_THAT(found.to_vector<float>(), create_graph ? ElementsAre(9, 36) : ElementsAre(3, 12));
  }
}

TEST(Autograd, FunctionalGradients) {
  const auto f = [](const Tensor& x) { return (x * x * x).sum(); };
  EXPECT_THAT(grad(f)(tensor({1., 2.})).to_vector<float>(), ElementsAre(3, 12));
  EXPECT_EQ(grad(grad(f))(tensor(2.)).item(), 12);
  EXPECT_EQ(grad(grad(grad(f)))(tensor(2.)).item(), 6);
  const auto [value, gradients] = value_and_grad([](const Tensor& x, const Tensor& y) { return (x * y).sum(); })(
      tensor({1., 2.}), tensor({3., 4.}));
  EXPECT_EQ(value.item(), 11);
  EXPECT_THAT(gradients[0].to_vector<float>(), ElementsAre(3, 4));
  EXPECT_THAT(gradients[1].to_vector<float>(), ElementsAre(1, 2));
  EXPECT_FALSE(gradients[0].requires_grad());
}

TEST(Autograd, LongChainsEndWithoutOverflow) {
  Tensor x = tensor(1., {.requires_grad = true});
  Tensor y = x;
  for (int i = 0; i < 20'000; ++i) y = y.reshape(Sizes{});

  y.backward();
  EXPECT_EQ(x.grad().item(), 1);
}

TEST(Autograd, TensorsMayOutliveTheirThread) {
  static Tensor kept;  // goes after the main thread's own variables
  kept = tensor(1., {.requires_grad = true}) * 2;
  EXPECT_EQ(kept.item(), 2);
}

TEST(Autograd, CellsAreWrittenBySet) {
  Tensor w = tensor({1., 2.}, {.requires_grad = true});
  const Tensor loss = (w * w).sum();
  no_grad([&] { w.set(w - 0.5 * w); });
  loss.backward();  // with the values that it was computed from
  EXPECT_THAT(w.to_vector<float>(), ElementsAre(0.5, 1));
  EXPECT_THAT(w.grad().to_vector<float>(), ElementsAre(2, 4));
  EXPECT_THROW(w += 1, GraphError);
  EXPECT_THROW(w.set(zeros({3})), ShapeError);
}

TEST(Autograd, Misuse) {
  const Tensor x = tensor({1., 2.}, {.requires_grad = true});
  EXPECT_THROW((x * x).backward(), GraphError);  // not a scalar
  EXPECT_THROW(tensor(1.).backward(), GraphError);
  EXPECT_THROW(tensor({1}, {.requires_grad = true}), DTypeError);
  const Tensor loss = (x * x).sum();
  loss.backward({.retain_graph = true});
  loss.backward();
  try {
    loss.backward();
    FAIL() << "the third walk was allowed";
  } catch (const GraphError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("retain_graph"));
    EXPECT_THAT(error.what(), testing::HasSubstr("autograd_test.cc:"));
  }
}

}  // namespace
}  // namespace sinter
