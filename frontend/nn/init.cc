#include "frontend/nn/init.h"

#include <cmath>

#include "frontend/apply.h"
#include "frontend/autograd.h"
#include "frontend/call_scope.h"
#include "frontend/creation.h"
#include "frontend/print.h"

namespace sinter::nn::init {
namespace {

void require_float_cell(const Tensor& x, const char* name) {
  sinter::detail::require_float(x, name, 1);
  if (!x.is_cell())
    throw GraphError(fmt::format("{}: argument 1 is a value, expected a handle to a cell", name),
                     "make it one with requires_grad_() or variable(x)");
}

void fill_uniform(const Tensor& x, double low, double high) {
  const NoGrad guard;
  x.set(rand(x.shape(), {.dtype = x.dtype()}) * (high - low) + low);
}

struct Fans {
  double in, out;
};
Fans fans(const Tensor& x, const char* name) {
  require_float_cell(x, name);
  const Sizes shape = x.shape();
  if (shape.rank() < 2)
    throw ShapeError(fmt::format("{}: argument 1 has shape {}, expected at least 2 dimensions", name, shape));
  double field = 1;
  for (int axis = 2; axis < shape.rank(); ++axis) field *= static_cast<double>(shape[axis]);
  return {static_cast<double>(shape[1]) * field, static_cast<double>(shape[0]) * field};
}

}  // namespace

void uniform_(const Tensor& x, double low, double high, At at) {
  const sinter::detail::CallScope location(at);
  require_float_cell(x, "uniform_");
  if (!(low <= high))
    throw ValueError(
        fmt::format("uniform_: arguments 2 and 3 are {} and {}, expected the lower bound first", low, high));
  fill_uniform(x, low, high);
}

void normal_(const Tensor& x, double mean, double std, At at) {
  const sinter::detail::CallScope location(at);
  require_float_cell(x, "normal_");
  if (!(std >= 0)) throw ValueError(fmt::format("normal_: argument 3, std, is {}, expected 0 or more", std));
  const NoGrad guard;
  x.set(randn(x.shape(), {.dtype = x.dtype()}) * std + mean);
}

void constant_(const Tensor& x, double value, At at) {
  const sinter::detail::CallScope location(at);
  require_float_cell(x, "constant_");
  x.set(full(x.shape(), value, {.dtype = x.dtype()}));
}
void zeros_(const Tensor& x, At at) {
  const sinter::detail::CallScope location(at);
  require_float_cell(x, "zeros_");
  constant_(x, 0);
}
void ones_(const Tensor& x, At at) {
  const sinter::detail::CallScope location(at);
  require_float_cell(x, "ones_");
  constant_(x, 1);
}

void kaiming_uniform_(const Tensor& x, double a, At at) {
  const sinter::detail::CallScope location(at);
  const double in = fans(x, "kaiming_uniform_").in;
  if (!std::isfinite(a))
    throw ValueError(fmt::format("kaiming_uniform_: argument 2 is {}, expected a finite slope", a));
  const double bound = std::sqrt(6 / ((1 + a * a) * in));
  fill_uniform(x, -bound, bound);
}

void xavier_uniform_(const Tensor& x, double gain, At at) {
  const sinter::detail::CallScope location(at);
  const auto [in, out] = fans(x, "xavier_uniform_");
  if (!(gain >= 0)) throw ValueError(fmt::format("xavier_uniform_: argument 2, gain, is {}, expected 0 or more", gain));
  const double bound = gain * std::sqrt(6 / (in + out));
  fill_uniform(x, -bound, bound);
}

}  // namespace sinter::nn::init
