// A small network trains on "cuda" with the CPU's bits: matrix products, softmax and cross entropy, Adam; both engines.
#include <gtest/gtest.h>

#include "sinter/sinter.h"
#include "tests/frontend/compare.h"

namespace sinter {
namespace {

struct Net : nn::Module {
  nn::Linear fc1{6, 9}, fc2{9, 3};
  Tensor operator()(const Tensor& x) const { return fc2(relu(fc1(x))); }
  SINTER_MODULE(Net, fc1, fc2)
};

// Losses, parameters and moments after three steps, on the CPU.
std::vector<Tensor> trained(Device device, bool is_static) {
  manual_seed(5);
  Net net;
  const Tensor x = randn({10, 6}), labels = x.slice(1, 0, 3).argmax(1);
  net.to(device);
  optim::Adam adam(net.parameters(), {.lr = 0.01});
  const auto step = [&](const Tensor& inputs, const Tensor& targets) {
    adam.zero_grad();
    const Tensor loss = cross_entropy(net(inputs), targets);
    loss.backward();
    adam.step();
    return loss;
  };
  const auto compiled = jit(step);
  std::vector<Tensor> left;
  for (int i = 0; i < 3; ++i) {
    const Tensor inputs = x.to(device), targets = labels.to(device);
    left.push_back((is_static ? compiled(inputs, targets) : step(inputs, targets)).detach().cpu());
  }
  for (const auto& [name, tensor] : net.state_dict()) left.push_back(tensor.detach().cpu());
  for (const auto& [name, tensor] : adam.state_dict()) left.push_back(tensor.cpu());
  return left;
}

void expect_cpu_bits(bool is_static) {
  const std::vector<Tensor> expected = trained(Device(), is_static), found = trained(Device("cuda"), is_static);
  ASSERT_EQ(expected.size(), found.size());
  for (size_t i = 0; i < found.size(); ++i)
    EXPECT_TRUE(same_bits(expected[i], found[i])) << i << ": " << found[i] << ", expected " << expected[i];
}

TEST(CudaMlp, StaticStepsHaveTheCpusBits) { expect_cpu_bits(true); }
TEST(CudaMlp, DynamicStepsHaveTheCpusBits) { expect_cpu_bits(false); }

}  // namespace
}  // namespace sinter
