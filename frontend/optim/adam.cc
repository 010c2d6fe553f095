#include "frontend/optim/adam.h"

#include "frontend/apply.h"
#include "frontend/autograd.h"
#include "frontend/call_scope.h"
#include "frontend/creation.h"
#include "frontend/functions.h"

namespace sinter::optim {

Adam::Adam(std::vector<Tensor> parameters, const AdamOptions& options)
    : Optimizer("Adam", std::move(parameters), options.lr), options_(options) {
  const auto in_range = [](double beta) { return beta >= 0 && beta < 1; };
  if (!in_range(options.beta1) || !in_range(options.beta2))
    throw ValueError(fmt::format("Adam: betas are {} and {}, expected them in [0, 1)", options.beta1, options.beta2));
  if (!(options.eps >= 0)) throw ValueError(fmt::format("Adam: eps is {}, expected at least 0", options.eps));
  steps_ = scalar_cell("steps", 0);
  mean_ = zeros_beside_parameters("m");
  square_ = zeros_beside_parameters("v");
}

// PyTorch's form: the bias corrections are scalars in double; p -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 -
// beta2^t) + eps).
void Adam::step(At at) {
  const detail::CallScope location(at);
  const NoGrad guard;
  const detail::Scope scope("Adam");
  const Tensor steps = steps_ + 1.0;
  steps_.set(steps);
  const Tensor step_size = lr_ / (1.0 - pow(tensor(options_.beta1, {.dtype = kFloat64}), steps));
  const Tensor root = sqrt(1.0 - pow(tensor(options_.beta2, {.dtype = kFloat64}), steps));
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& parameter = parameters_[i];
    Tensor g = parameter.grad(at);
    if (!g.defined()) continue;
    if (options_.weight_decay != 0) g = g + parameter * options_.weight_decay;
    const DType dtype = parameter.dtype();
    const Tensor m = mean_[i] * options_.beta1 + g * (1 - options_.beta1);
    const Tensor v = square_[i] * options_.beta2 + (g * g) * (1 - options_.beta2);
    mean_[i].set(m);
    square_[i].set(v);
    parameter.set(parameter - step_size.to(dtype) * (m / (sqrt(v) / root.to(dtype) + options_.eps)));
  }
}

}  // namespace sinter::optim
