// 200 losses of a 784-128-64-10 network beside PyTorch's, from the same weights and batches (tools/pytorch_golden.py).
#include <cmath>
#include <fstream>
#include <memory>

#include "tests/nn/small_net.h"

namespace sinter {
namespace {

constexpr int64_t kBatch = 64, kClasses = 10, kPixels = 784;
constexpr size_t kSteps = 200;
constexpr double kTolerance = 1e-5;

// Uniform numbers in [-1, 1): the top 24 bits of splitmix64 of a counter.
class Numbers {
 public:
  explicit Numbers(uint64_t seed) : next_(seed << 32) {}
  double take() {
    uint64_t z = ++next_ * 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    z = z ^ (z >> 31);
    return static_cast<double>(z >> 40) * 0x1p-23 - 1;
  }

 private:
  uint64_t next_;
};

struct Net : nn::Module {
  nn::Linear fc1{784, 128}, fc2{128, 64}, fc3{64, 10};
  Tensor operator()(const Tensor& x) const { return fc3(relu(fc2(relu(fc1(x))))); }
  SINTER_MODULE(Net, fc1, fc2, fc3)
};

// What the script calls a problem: initial weights, then batches.
class Problem {
 public:
  explicit Problem(uint64_t seed) : numbers_(seed) {}

  void set_weights(const Net& net) {
    for (const nn::Linear* layer : {&net.fc1, &net.fc2, &net.fc3}) {
      const double bound = 1 / std::sqrt(static_cast<double>(layer->weight.size(1)));
      for (const Tensor& parameter : {layer->weight, layer->bias}) {
        std::vector<float> values(static_cast<size_t>(parameter.numel()));
        for (float& value : values) value = static_cast<float>(numbers_.take() * bound);
        parameter.set(from_data(values.data(), parameter.shape()));
      }
    }
    centres_.resize(kClasses * kPixels);
    for (double& value : centres_) value = numbers_.take();
  }

  data::DataLoader::Batch next_batch() {
    std::vector<float> images;
    std::vector<int64_t> labels;
    for (int64_t sample = 0; sample < kBatch; ++sample) {
      const auto label = static_cast<int64_t>((numbers_.take() + 1) * (kClasses / 2));
      const auto other = static_cast<int64_t>((numbers_.take() + 1) * (kClasses / 2));
      labels.push_back(numbers_.take() < -0.6 ? other : label);
      for (int64_t i = 0; i < kPixels; ++i)
        images.push_back(
            static_cast<float>(0.125 * centres_[static_cast<size_t>(label * kPixels + i)] + 0.875 * numbers_.take()));
    }
    return {from_data(images.data(), {kBatch, kPixels}), tensor(labels)};
  }

 private:
  Numbers numbers_;
  std::vector<double> centres_;
};

struct Golden {
  uint64_t seed = 0;
  std::vector<double> losses;
};
Golden read_golden(const std::string& name) {
  std::ifstream file("tests/golden_pytorch/" + name + ".txt");
  std::string comment, word;
  std::getline(file, comment);
  Golden golden;
  file >> word >> golden.seed;
  for (double loss; file >> loss;) golden.losses.push_back(loss);
  return golden;
}

template <class MakeOptimizer>
void compare(const std::string& name, bool fixed, const MakeOptimizer& make) {
  const Golden golden = read_golden(name);
  ASSERT_EQ(golden.losses.size(), kSteps);
  Problem problem(golden.seed);
  const Net net;
  problem.set_weights(net);
  const std::unique_ptr<optim::Optimizer> optimizer = make(net.parameters());
  const auto step = [&](const Tensor& images, const Tensor& labels) {
    optimizer->zero_grad();
    const Tensor loss = cross_entropy(net(images), labels);
    loss.backward();
    optimizer->step();
    return loss;
  };
  const auto compiled = jit(step);
  double worst = 0;
  for (const double expected : golden.losses) {
    const auto [images, labels] = problem.next_batch();
    const double loss = (fixed ? compiled(images, labels) : step(images, labels)).item();
    worst = std::max(worst, std::abs(loss - expected) / expected);
  }
  testing::Test::RecordProperty("worst", fmt::format("{:.3g}", worst));
  EXPECT_LT(worst, kTolerance) << name;
}

std::unique_ptr<optim::Optimizer> adam(std::vector<Tensor> parameters) {
  return std::make_unique<optim::Adam>(std::move(parameters), optim::AdamOptions{.lr = 1e-3});
}
std::unique_ptr<optim::Optimizer> sgd(std::vector<Tensor> parameters) {
  return std::make_unique<optim::SGD>(std::move(parameters), optim::SGDOptions{.lr = 0.01, .momentum = 0.9});
}

TEST(PyTorch, AdamStatic) { compare("adam", true, adam); }
TEST(PyTorch, AdamDynamic) { compare("adam", false, adam); }
TEST(PyTorch, SGDStatic) { compare("sgd", true, sgd); }
TEST(PyTorch, SGDDynamic) { compare("sgd", false, sgd); }

}  // namespace
}  // namespace sinter
