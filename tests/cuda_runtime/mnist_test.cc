// examples/mnist.cc's network, its real size, trains on "cuda" as users write it, computed by the simulator: some steps
// of batches of 64 digits, both engines. Losses, weights and moments are the CPU's, bit for bit.
#include <gtest/gtest.h>

#include "sinter/sinter.h"
#include "tests/bits/mlp.h"
#include "tests/frontend/compare.h"

namespace sinter {
namespace {

struct Trained {
  std::vector<double> losses;
  std::vector<std::pair<std::string, Tensor>> state;
  int64_t correct = 0;  // of the test images
};

Trained trained(const Device& device, bool is_static, int64_t steps) {
  constexpr int64_t kBatch = 64;
  manual_seed(0);
  const data::TensorDataset digits = data::drawn_digits({.mean = 0.5, .std = 0.5}, steps * kBatch, 1).train;
  data::DataLoader loader(digits, {.batch_size = kBatch, .shuffle = true});
  test::Net net;
  net.to(device);
  optim::Adam adam(net.parameters(), {.lr = 1e-3});
  const auto train_step = [&](const Tensor& images, const Tensor& labels) {
    adam.zero_grad();
    const Tensor loss = cross_entropy(net(images), labels);
    loss.backward();
    adam.step();
    return loss;
  };
  const auto compiled = jit(train_step);
  Trained result;
  for (auto [images, labels] : loader) {
    const Tensor x = images.to(device), y = labels.to(device);
    result.losses.push_back((is_static ? compiled(x, y) : train_step(x, y)).item());
  }
  const NoGrad guard;
  const Tensor images = digits.inputs.slice(0, 0, kBatch).contiguous().to(device);
  const Tensor labels = digits.targets.slice(0, 0, kBatch).contiguous().to(device);
  result.correct = sum(argmax(net(images), 1) == labels).item<int64_t>();
  for (const auto& [name, tensor] : net.state_dict()) result.state.emplace_back(name, tensor.detach().cpu());
  for (const auto& [name, tensor] : adam.state_dict()) result.state.emplace_back(name, tensor.cpu());
  return result;
}

void expect_cpu_bits(bool is_static, int64_t steps) {
  const Trained expected = trained(Device(), is_static, steps), found = trained(Device("cuda"), is_static, steps);
  EXPECT_EQ(found.losses, expected.losses);
  EXPECT_LT(expected.losses.back(), expected.losses.front());
  EXPECT_EQ(found.correct, expected.correct);
  ASSERT_EQ(found.state.size(), expected.state.size());
  for (size_t i = 0; i < found.state.size(); ++i)
    EXPECT_TRUE(same_bits(found.state[i].second, expected.state[i].second)) << found.state[i].first;
}

TEST(CudaMnist, StaticStepsHaveTheCpusBits) { expect_cpu_bits(/*is_static=*/true, 6); }
TEST(CudaMnist, DynamicStepsHaveTheCpusBits) { expect_cpu_bits(/*is_static=*/false, 3); }

}  // namespace
}  // namespace sinter
