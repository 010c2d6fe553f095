// A module with one linear layer, fitted to one sample by gradient descent.
#include <fmt/core.h>

#include "sinter/sinter.h"

using namespace sinter;

struct SimpleModel : nn::Module {
  nn::Linear linear{2, 1};
  Tensor operator()(const Tensor& x) const { return linear(x); }
  SINTER_MODULE(SimpleModel, linear)
};

int main() {
  SimpleModel model;
  model.linear.weight.set(tensor({{0.5, -0.25}}));  // so that all see the same numbers
  model.linear.bias.set(tensor({0.1}));

  const Tensor x = tensor({{1.0, 2.0}}), target = tensor({{5.0}});
  fmt::print("Model Output: {}\n", model(x));

  optim::SGD sgd(model.parameters(), {.lr = 0.01});
  const nn::MSELoss loss_of;
  const auto step = jit([&](const Tensor& input, const Tensor& wanted) {
    sgd.zero_grad();
    const Tensor loss = loss_of(model(input), wanted);
    loss.backward();
    sgd.step();
    return loss;
  });
  for (int epoch = 1; epoch <= 10; ++epoch) fmt::print("Epoch {}, Loss: {}\n", epoch, step(x, target).item());
}
