// Initialisation: the distributions that PyTorch draws from, by their bounds and moments.
#include <algorithm>
#include <cmath>

#include "tests/nn/small_net.h"

namespace sinter {
namespace {

struct Moments {
  double low, high, mean, variance;
};
Moments moments_of(const Tensor& x) {
  const std::vector<double> values = x.to_vector<double>();
  const auto [low, high] = std::ranges::minmax(values);
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  const double mean = sum / static_cast<double>(values.size());
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {low, high, mean, squares / static_cast<double>(values.size() - 1)};
}

// Many draws from U(-bound, bound): none outside, some near both ends, mean and variance within five standard errors.
void expect_uniform(const Tensor& x, double bound, const char* what) {
  const auto [low, high, mean, variance] = moments_of(x);
  const auto count = static_cast<double>(x.numel());
  EXPECT_GE(low, -bound * (1 + 1e-6)) << what;
  EXPECT_LE(high, bound * (1 + 1e-6)) << what;
  EXPECT_LT(low, -bound * 0.99) << what;
  EXPECT_GT(high, bound * 0.99) << what;
  EXPECT_NEAR(mean, 0, 5 * bound / std::sqrt(3 * count)) << what;
  EXPECT_NEAR(variance / (bound * bound / 3), 1, 5 * std::sqrt(0.8 / count)) << what;
}

TEST(Init, LinearAsPyTorch) {
  manual_seed(3);
  const nn::Linear linear(100, 400);
  expect_uniform(linear.weight, 0.1, "weight");
  expect_uniform(nn::Linear(100, 20000).bias, 0.1, "bias");
  EXPECT_TRUE(linear.weight.requires_grad() && linear.weight.is_leaf() && linear.bias.requires_grad());
}

TEST(Init, Kaiming) {
  manual_seed(4);
  const Tensor x = zeros({300, 50}).requires_grad_();
  nn::init::kaiming_uniform_(x);
  expect_uniform(x, std::sqrt(6. / 50), "a = 0");
  nn::init::kaiming_uniform_(x, std::sqrt(5.));
  expect_uniform(x, 1 / std::sqrt(50.), "a = sqrt(5)");
  const Tensor filters = zeros({60, 10, 5, 5}).requires_grad_();
  nn::init::kaiming_uniform_(filters);
  expect_uniform(filters, std::sqrt(6. / 250), "with a field");
}

TEST(Init, Xavier) {
  manual_seed(5);
  const Tensor x = zeros({300, 50}).requires_grad_();
  nn::init::xavier_uniform_(x);
  expect_uniform(x, std::sqrt(6. / 350), "gain 1");
  nn::init::xavier_uniform_(x, 3);
  expect_uniform(x, 3 * std::sqrt(6. / 350), "gain 3");
}

TEST(Init, UniformNormalAndConstants) {
  manual_seed(6);
  const Tensor x = zeros({20000}, {.dtype = kFloat64}).requires_grad_();
  nn::init::uniform_(x, 2, 6);
  expect_uniform(x.detach() - 4, 2, "uniform_");
  nn::init::normal_(x, 3, 0.5);
  const auto [low, high, mean, variance] = moments_of(x);
  EXPECT_NEAR(mean, 3, 5 * 0.5 / std::sqrt(20000.));
  EXPECT_NEAR(variance / 0.25, 1, 5 * std::sqrt(2. / 20000));
  EXPECT_LT(low, 3 - 3 * 0.5);
  EXPECT_GT(high, 3 + 3 * 0.5);
  EXPECT_EQ(x.dtype(), kFloat64);
  nn::init::constant_(x, 7);
  EXPECT_EQ(moments_of(x).low + moments_of(x).high, 14);
  nn::init::ones_(x);
  EXPECT_EQ(sum(x).item(), 20000);
  nn::init::zeros_(x);
  EXPECT_EQ(sum(abs(x)).item(), 0);
}

TEST(Init, EqualSeedsEqualBits) {
  const SmallNet a(7), b(7), c(8);
  EXPECT_TRUE(same_bits(values_of(a.state_dict()), values_of(b.state_dict())));
  EXPECT_FALSE(same_bits(a.fc1.weight, c.fc1.weight));
  EXPECT_FALSE(same_bits(a.fc1.weight.detach().slice(0, 0, 3), a.fc2.weight.detach().slice(1, 0, 6)));
}

TEST(Init, WritesTheParameterAndNoGraph) {
  const Tensor x = zeros({3, 3}).requires_grad_(), same = x;
  nn::init::uniform_(x);
  EXPECT_TRUE(same_bits(x, same));
  EXPECT_TRUE(x.is_leaf());
}

TEST(Init, RefusesVectors) {
  const Tensor x = zeros({3}).requires_grad_();
  EXPECT_THAT(message_of<ShapeError>([&] { nn::init::kaiming_uniform_(x); }),
              testing::HasSubstr("kaiming_uniform_: argument 1 has shape [3]"));
  EXPECT_THAT(message_of<ShapeError>([&] { nn::init::xavier_uniform_(x); }), testing::HasSubstr("init_test.cc:"));
}

}  // namespace
}  // namespace sinter
