#include "tests/frontend/compare.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace sinter {
namespace {

Tensor normal(const Sizes& shape) { return randn(shape, {.dtype = kFloat64}); }
// Magnitudes in [0.5, 1.5), either sign.
Tensor away_from_zero(const Sizes& shape) {
  const Tensor size = rand(shape, {.dtype = kFloat64}) + 0.5;
  return where(rand(shape) < 0.5, size, -size);
}
Tensor positive(const Sizes& shape) { return rand(shape, {.dtype = kFloat64}) + 0.5; }

// Elements all apart from each other, for functions that choose the largest.
Tensor distinct(const Sizes& shape) {
  const Tensor noise = rand(shape, {.dtype = kFloat64}) * 0.2;
  const Tensor order = (arange(shape.numel()) * 7).to(kFloat64);
  const Tensor wrapped = order - floor(order / 11.) * 11.;
  return wrapped.reshape(shape) + noise + arange(shape.numel()).reshape(shape).to(kFloat64) * 0.3;
}

template <class Make>
std::function<std::vector<Tensor>()> one(Make make, const Sizes& shape) {
  return [=] { return std::vector{make(shape)}; };
}
template <class Make>
std::function<std::vector<Tensor>()> two(Make make, const Sizes& a, const Sizes& b) {
  return [=] { return std::vector{make(a), make(b)}; };
}

}  // namespace

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"add", two(normal, {2, 3}, {3}), [](auto& x) { return x[0] + x[1]; }},
      {"sub", two(normal, {2, 1}, {3}), [](auto& x) { return x[0] - x[1]; }},
      {"mul", two(normal, {2, 3}, {2, 1}), [](auto& x) { return x[0] * x[1] * 2; }},
      {"div", two(away_from_zero, {2, 3}, {}), [](auto& x) { return 1 / x[0] / x[1]; }},
      {"strided", two(normal, {3, 4}, {4, 3}), [](auto& x) { return x[0].t() * x[1] + x[0].t().slice(0, 0, 4); }},
      {"pow", two(positive, {5}, {5}),
       [](auto& x) { return pow(x[0], x[1]) + pow(x[0], 2) + pow(x[0], 3) + pow(x[0], -1) + pow(x[0], 1.7); }},
      {"exp log", one(positive, {4}), [](auto& x) { return exp(x[0]) + log(x[0]) + log1p(x[0]) + expm1(x[0]); }},
      {"roots", one(positive, {4}), [](auto& x) { return sqrt(x[0]) + rsqrt(x[0]) + pow(x[0], 0.5); }},
      {"trigonometry", one(normal, {4}),
       [](auto& x) { return sin(x[0]) * cos(x[0]) + tanh(x[0]) + sigmoid(x[0]) + erf(x[0]); }},
      {"kinks", one(away_from_zero, {6}),
       [](auto& x) { return abs(x[0]) + relu(x[0]) + maximum(x[0], 0.1) + minimum(x[0], -0.1); }},
      {"clamp where", one(away_from_zero, {6}),
       [](auto& x) { return clamp(x[0], -0.4, 0.4) + where(x[0] > 0, x[0] * 2, x[0] * x[0]); }},
      {"sum", one(normal, {2, 3, 4}),
       [](auto& x) { return sum(x[0]) + sum(x[0], 1) * sum(x[0], {0, 1}, true).squeeze(0); }},
      {"mean var", one(normal, {3, 4}), [](auto& x) { return mean(x[0], 0) * var(x[0], 0) + var(x[0]); }},
      {"prod", one(positive, {3, 2}), [](auto& x) { return prod(x[0], 0) + prod(x[0]); }},
      {"extremes", one(distinct, {3, 5}),
       [](auto& x) { return max(x[0]) * min(x[0]) + amax(x[0], 1).sum() + max(x[0], 0).values + amin(x[0], 0); }},
      {"shapes", one(normal, {2, 3, 4}),
       [](auto& x) {
         return x[0]
             .permute({2, 0, 1})
             .reshape({4, 6})
             .unsqueeze(1)
             .expand({4, 2, 6})
             .flatten(1)
             .slice(1, 1, 11, 3)
             .transpose(0, 1);
       }},
      {"cat stack", two(normal, {2, 3}, {2, 3}),
       [](auto& x) { return cat({x[0], x[1], x[0]}, 1).sum(0) * stack({x[0], x[1], x[1]}, 1).reshape({2, 9}); }},
      {"select", one(normal, {3, 4}), [](auto& x) { return x[0][1] * x[0].select(1, -1).sum(); }},
      {"replaced parts", two(normal, {3, 4}, {4}),
       [](auto& x) {
         return slice_scatter(x[0], x[1], 0, 1, 3) * slice_scatter(x[0], x[1].slice(0, 1, 3), 1, 0, 4, 2) +
                select_scatter(x[0], x[1], 0, -1) * masked_fill(x[0], x[0] > 0.1, x[1]);
       }},
      {"gather", one(normal, {3, 4}),
       [](auto& x) {
         return gather(x[0], 1, tensor({{0, 3}, {1, 1}, {2, 0}})).sum(1) +
                index_select(x[0], 1, tensor({2, 2, 0})).sum(0);
       }},
      {"matmul", two(normal, {3, 4}, {4, 2}), [](auto& x) { return matmul(x[0], x[1]); }},
      {"matmul transposed", two(normal, {4, 3}, {2, 4}), [](auto& x) { return matmul(x[0].t(), x[1].t()); }},
      {"matmul batched", two(normal, {2, 1, 3, 4}, {5, 4, 2}), [](auto& x) { return matmul(x[0], x[1]); }},
      {"matmul vectors", two(normal, {4}, {4, 3}), [](auto& x) { return matmul(x[0], x[1]) * matmul(x[0], x[0]); }},
      {"linear", [] { return std::vector{normal({5, 3}), normal({2, 3}), normal({2})}; },
       [](auto& x) { return linear(x[0], x[1], x[2]); }},
      {"softmax", one(normal, {3, 5}), [](auto& x) { return softmax(x[0], 1) + log_softmax(x[0], 0); }},
      {"layer_norm", [] { return std::vector{normal({4, 2, 3}), normal({2, 3}), normal({2, 3})}; },
       [](auto& x) { return layer_norm(x[0], {2, 3}, x[1], x[2]) + layer_norm(x[0], {3}); }},
      {"cross_entropy", one(normal, {3, 5}), [](auto& x) { return cross_entropy(x[0], tensor({4, 0, 2})); }},
      {"mse_loss", two(normal, {3, 2}, {3, 2}), [](auto& x) { return mse_loss(x[0], x[1]); }},
      {"casts", one(normal, {3}),
       [](auto& x) { return x[0].clone().to(kFloat64) + full({3}, 2, {.dtype = kFloat64}) * x[0].contiguous(); }},
  };
  return all;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  const auto compare = [&](auto zero) {
    using T = decltype(zero);
    const std::vector<T> x = a.to_vector<T>(), y = b.to_vector<T>();
    for (size_t i = 0; i < x.size(); ++i) {
      const T left = x[i], right = y[i];
      if (left != left && right != right) continue;
      if (std::memcmp(&left, &right, sizeof(T)) != 0) return false;
    }
    return true;
  };
  return visit_dtype(a.dtype(), compare);
}

double gradient_error(const Function& f, const std::vector<Tensor>& inputs, size_t which) {
  const Tensor weights = randn(f(inputs).shape(), {.dtype = kFloat64});
  const auto loss = [&](const std::vector<Tensor>& at) { return (f(at) * weights).sum(); };
  std::vector<Tensor> leaves = inputs;
  leaves[which] = leaves[which].clone();
  leaves[which].requires_grad_();
  loss(leaves).backward();
  const std::vector<double> found = leaves[which].grad().to_vector<double>();
  std::vector<double> point = inputs[which].to_vector<double>();
  constexpr double kStep = 1e-5;
  double worst = 0;
  for (size_t i = 0; i < point.size(); ++i) {
    const auto value_at = [&](double shift) {
      std::vector<double> moved = point;
      moved[i] += shift;
      std::vector<Tensor> at = inputs;
      at[which] = from_data(moved.data(), inputs[which].shape());
      return loss(at).item();
    };
    const double expected = (value_at(kStep) - value_at(-kStep)) / (2 * kStep);
    worst = std::max(worst, std::abs(found[i] - expected) / std::max(1., std::abs(expected)));
  }
  return worst;
}

}  // namespace sinter
