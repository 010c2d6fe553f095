// Adam, as torch.optim.Adam.
#pragma once

#include "frontend/optim/optimizer.h"

namespace sinter::optim {

struct AdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;  // added to the gradient
};

class Adam : public Optimizer {
 public:
  explicit Adam(std::vector<Tensor> parameters, const AdamOptions& options = {}, At at = At::current());
  void step(At at = At::current()) override;

 private:
  AdamOptions options_;
  Tensor steps_;  // taken so far
  std::vector<Tensor> mean_, square_;
};

}  // namespace sinter::optim
