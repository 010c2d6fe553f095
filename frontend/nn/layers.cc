#include "frontend/nn/layers.h"

#include <cmath>

#include "frontend/call_scope.h"
#include "frontend/creation.h"
#include "frontend/functions.h"
#include "frontend/nn/init.h"
#include "frontend/trace.h"

namespace sinter::nn {

Linear::Linear(int64_t in_features, int64_t out_features, const LinearOptions& options, At at) {
  const sinter::detail::CallScope location(at);
  if (in_features < 0 || out_features < 0)
    throw ValueError(fmt::format("Linear: in_features is {} and out_features {}, expected no negative number",
                                 in_features, out_features));
  if (sinter::detail::Trace::current() != nullptr)
    throw GraphError("Linear: a module cannot be made while a jitted function is traced: its parameters are cells",
                     "make it before, and capture it");
  if (!is_float(options.dtype))
    throw DTypeError(fmt::format("Linear: dtype is {}, expected float32 or float64", torch_name(options.dtype)));
  const double bound = in_features > 0 ? 1 / std::sqrt(static_cast<double>(in_features)) : 0;
  weight = zeros({out_features, in_features}, {.dtype = options.dtype}).requires_grad_();
  init::uniform_(weight, -bound, bound);
  if (!options.bias) return;
  bias = zeros({out_features}, {.dtype = options.dtype}).requires_grad_();
  init::uniform_(bias, -bound, bound);
}

Tensor Linear::operator()(const Tensor& x, At at) const {
  const sinter::detail::Scope scope(path());
  return linear(x, weight, bias, at);
}

std::string Linear::extra_repr() const {
  return fmt::format("in_features={}, out_features={}, bias={}", weight.size(1), weight.size(0),
                     bias.defined() ? "True" : "False");
}

Tensor ReLU::operator()(const Tensor& x, At at) const { return relu(x, at); }

Tensor Flatten::operator()(const Tensor& x, At at) const { return flatten(x, first_, last_, at); }
std::string Flatten::extra_repr() const { return fmt::format("start_dim={}, end_dim={}", first_, last_); }

Tensor Sequential::operator()(const Tensor& x, At at) const {
  Tensor value = x;
  for (const Step& step : steps_) value = step.call(*step.module, value, at);
  return value;
}

std::vector<Member> Sequential::members() const {
  std::vector<Member> members;
  for (size_t i = 0; i < steps_.size(); ++i)
    members.push_back({std::to_string(i), static_cast<const Module*>(steps_[i].module.get())});
  return members;
}

Tensor CrossEntropyLoss::operator()(const Tensor& logits, const Tensor& labels, At at) const {
  return cross_entropy(logits, labels, {}, at);
}
Tensor MSELoss::operator()(const Tensor& x, const Tensor& target, At at) const { return mse_loss(x, target, at); }

}  // namespace sinter::nn
