// The MNIST network and its training step through the front end, as examples/mnist.cc has them, on drawn digits.
#pragma once

#include <cstdint>
#include <utility>

#include "sinter/sinter.h"

namespace sinter::test {

struct Net : nn::Module {
  nn::Linear fc1{784, 128}, fc2{128, 64}, fc3{64, 10};
  Tensor operator()(const Tensor& images) const {
    Tensor x = relu(fc1(flatten(images, 1)));
    x = relu(fc2(x));
    return fc3(x);
  }
  SINTER_MODULE(Net, fc1, fc2, fc3)
};

// A network with its optimiser; initial weights from one seed.
class Mlp {
 public:
  Mlp();
  Tensor step(const Tensor& images, const Tensor& labels);
  // Of all weights, moments and counters: every NaN counts as one, denormals as zeros of their sign.
  [[nodiscard]] uint64_t hash() const;

  Net net;
  optim::Adam adam;
};

// Of one tensor's elements, by the same rule.
[[nodiscard]] uint64_t hash(const Tensor& tensor, uint64_t seed = 0);

// Batches of 64 digits, one after the other, for ever.
class Batches {
 public:
  Batches();
  Batches(const Batches&) = delete;
  Batches& operator=(const Batches&) = delete;
  [[nodiscard]] std::pair<Tensor, Tensor> next();

 private:
  data::DataLoader loader_;
  data::DataLoader::Iterator at_;
};

}  // namespace sinter::test
