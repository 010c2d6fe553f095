#include "frontend/optim/adam.h"

#include "frontend/apply.h"
#include "frontend/autograd.h"
#include "frontend/call_scope.h"
#include "frontend/composite.h"
#include "frontend/creation.h"
#include "frontend/functions.h"

namespace sinter::optim {
namespace {

// What a step makes of a parameter, its gradient, its moments m and v, lr / (1 - beta1^t) and sqrt(1 - beta2^t): the
// next m, v and parameter. real: beta1, beta2, eps, weight_decay.
constexpr detail::Composite kUpdate{
    "Adam", [](std::span<const Tensor> x, const detail::Settings& settings) -> std::vector<Tensor> {
      const auto [beta1, beta2, eps, weight_decay] = settings.real;
      const Tensor& parameter = x[0];
      const Tensor g = weight_decay != 0 ? x[1] + parameter * weight_decay : x[1];
      const Tensor m = x[2] * beta1 + g * (1 - beta1);
      const Tensor v = x[3] * beta2 + (g * g) * (1 - beta2);
      return {m, v, parameter - x[4] * (m / (sqrt(v) / x[5] + eps))};
    }};

}  // namespace

Adam::Adam(std::vector<Tensor> parameters, const AdamOptions& options, At at)
    : Optimizer("Adam", std::move(parameters), options.lr, at), options_(options) {
  const detail::CallScope location(at);
  const auto in_range = [](double beta) { return beta >= 0 && beta < 1; };
  if (!in_range(options.beta1) || !in_range(options.beta2))
    throw ValueError(fmt::format("Adam: betas are {} and {}, expected them in [0, 1)", options.beta1, options.beta2));
  require_not_negative("eps", options.eps);
  require_not_negative("weight_decay", options.weight_decay);
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
  static const ir::OpDef& power = detail::op_named("pow");
  const auto correction = [&](double beta) { return 1.0 - detail::apply_row(power, "pow", {beta, steps}); };
  const Tensor step_size = lr_ / correction(options_.beta1), root = sqrt(correction(options_.beta2));
  Scalars scalars({step_size, root});
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& parameter = parameters_[i];
    const Tensor g = parameter.grad(at);
    if (!g.defined()) continue;
    bring_beside(mean_[i], parameter);
    bring_beside(square_[i], parameter);
    const std::vector<Tensor>& numbers = scalars.beside(parameter);
    const std::array operands{parameter, g, mean_[i], square_[i], numbers[0], numbers[1]};
    const std::vector<Tensor> next = detail::apply_composite(
        kUpdate, operands, {.real = {options_.beta1, options_.beta2, options_.eps, options_.weight_decay}});
    mean_[i].set(next[0]);
    square_[i].set(next[1]);
    parameter.set(next[2]);
  }
}

}  // namespace sinter::optim
