// Finds y = 2 x from four points.
#include <fmt/core.h>

#include "sinter/sinter.h"

using namespace sinter;

int main() {
  const Tensor x = tensor({{1.0}, {2.0}, {3.0}, {4.0}}), y = tensor({{2.0}, {4.0}, {6.0}, {8.0}});

  nn::Linear model(1, 1);
  model.weight.set(tensor({{0.5}}));  // so that all see the same numbers
  model.bias.set(tensor({-0.5}));
  optim::SGD sgd(model.parameters(), {.lr = 0.01});

  const auto step = jit([&](const Tensor& inputs, const Tensor& targets) {
    sgd.zero_grad();
    const Tensor loss = mse_loss(model(inputs), targets);
    loss.backward();
    sgd.step();
    return loss;
  });
  constexpr int kEpochs = 100;
  for (int epoch = 1; epoch <= kEpochs; ++epoch)
    fmt::print("Epoch {}/{}, Loss: {:.4f}\n", epoch, kEpochs, step(x, y).item());
  fmt::print("{} {}\n", model.weight.item(), model.bias.item());
}
