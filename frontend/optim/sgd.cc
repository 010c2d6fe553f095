#include "frontend/optim/sgd.h"

#include "frontend/apply.h"
#include "frontend/autograd.h"
#include "frontend/call_scope.h"

namespace sinter::optim {

SGD::SGD(std::vector<Tensor> parameters, const SGDOptions& options, At at)
    : Optimizer("SGD", std::move(parameters), options.lr, at), options_(options) {
  const detail::CallScope location(at);
  require_not_negative("momentum", options.momentum);
  require_not_negative("weight_decay", options.weight_decay);
  if (options.nesterov && options.momentum == 0)
    throw ValueError("SGD: momentum is 0, expected more than 0 where nesterov is asked for");
  if (options.momentum != 0) momentum_ = zeros_beside_parameters("momentum");
}

void SGD::step(At at) {
  const detail::CallScope location(at);
  const NoGrad guard;
  const detail::Scope scope("SGD");
  Scalars scalars({lr_});
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& parameter = parameters_[i];
    Tensor g = parameter.grad(at);
    if (!g.defined()) continue;
    if (options_.weight_decay != 0) g = g + parameter * options_.weight_decay;
    if (options_.momentum != 0) {
      bring_beside(momentum_[i], parameter);
      // From zero, the first step's momentum is the gradient itself.
      const Tensor velocity = momentum_[i] * options_.momentum + g;
      g = options_.nesterov ? g + velocity * options_.momentum : velocity;
      momentum_[i].set(velocity);
    }
    parameter.set(parameter - g * scalars.beside(parameter)[0]);
  }
}

}  // namespace sinter::optim
