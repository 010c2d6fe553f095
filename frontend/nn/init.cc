#include "frontend/nn/init.h"

#include <cmath>

#include "frontend/autograd.h"
#include "frontend/call_scope.h"
#include "frontend/creation.h"
#include "frontend/print.h"

namespace sinter::nn::init {
namespace {

struct Fans {
  double in, out;
};
Fans fans(const Tensor& x, const char* name) {
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
  const NoGrad guard;
  x.set(rand(x.shape(), {.dtype = x.dtype()}) * (high - low) + low);
}

void normal_(const Tensor& x, double mean, double std, At at) {
  const sinter::detail::CallScope location(at);
  const NoGrad guard;
  x.set(randn(x.shape(), {.dtype = x.dtype()}) * std + mean);
}

void constant_(const Tensor& x, double value, At at) {
  const sinter::detail::CallScope location(at);
  x.set(full(x.shape(), value, {.dtype = x.dtype()}));
}
void zeros_(const Tensor& x, At at) { constant_(x, 0, at); }
void ones_(const Tensor& x, At at) { constant_(x, 1, at); }

void kaiming_uniform_(const Tensor& x, double a, At at) {
  const sinter::detail::CallScope location(at);
  const double bound = std::sqrt(6 / ((1 + a * a) * fans(x, "kaiming_uniform_").in));
  uniform_(x, -bound, bound, at);
}

void xavier_uniform_(const Tensor& x, double gain, At at) {
  const sinter::detail::CallScope location(at);
  const auto [in, out] = fans(x, "xavier_uniform_");
  const double bound = gain * std::sqrt(6 / (in + out));
  uniform_(x, -bound, bound, at);
}

}  // namespace sinter::nn::init
