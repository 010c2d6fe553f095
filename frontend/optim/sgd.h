// Stochastic gradient descent, as torch.optim.SGD.
#pragma once

#include "frontend/optim/optimizer.h"

namespace sinter::optim {

struct SGDOptions {
  double lr = 1e-3;
  double momentum = 0;
  double weight_decay = 0;
  bool nesterov = false;
};

class SGD : public Optimizer {
 public:
  explicit SGD(std::vector<Tensor> parameters, const SGDOptions& options = {}, At at = At::current());
  void step(At at = At::current()) override;

 private:
  SGDOptions options_;
  std::vector<Tensor> momentum_;
};

}  // namespace sinter::optim
