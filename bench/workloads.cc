#include "bench/workloads.h"

#include "sinter/sinter.h"

namespace sinter::bench {
namespace {

constexpr double kFloat = sizeof(float);

struct Mlp {
  struct Net : nn::Module {
    nn::Linear fc1, fc2{128, 64}, fc3{64, 10};
    explicit Net(int64_t pixels) : fc1(pixels, 128) {}
    Tensor operator()(const Tensor& images) const { return fc3(relu(fc2(relu(fc1(images))))); }
    SINTER_MODULE(Net, fc1, fc2, fc3)
  } net;
  optim::Adam adam;
  explicit Mlp(int64_t pixels) : net(pixels), adam(net.parameters(), {.lr = 1e-3}) {}
};

// {batch, pixels}: a training step of pixels-128-64-10 with Adam.
Work mlp(const Extents& extents) {
  const auto [batch, pixels, unused] = extents;
  manual_seed(0);
  const auto model = std::make_shared<Mlp>(pixels);
  const auto step = [model](const Tensor& images, const Tensor& labels) {
    model->adam.zero_grad();
    Tensor loss = cross_entropy(model->net(images), labels);
    loss.backward();
    model->adam.step();
    return loss;
  };
  int64_t parameters = 0;
  for (const Tensor& parameter : model->net.parameters()) parameters += parameter.numel();
  const auto rows = static_cast<double>(batch), width = static_cast<double>(pixels);
  const double first = 2 * width * 128, others = 2. * (128 * 64 + 64 * 10);
  return {.engines = two_engines(step, rand({batch, pixels}), randint(0, 10, {batch})),
          .flops = rows * (2 * first + 3 * others),
          .bytes = 6 * kFloat * static_cast<double>(parameters) + rows * (width * kFloat + 8),
          .streams = {.reads = 3, .writes = 3, .in_place = true}};
}

// A step of SGD on five points.
Work regression(const Extents&) {
  struct Model {
    nn::Linear line{1, 1};
    optim::SGD sgd{line.parameters(), {.lr = 0.01}};
  };
  manual_seed(0);
  const auto model = std::make_shared<Model>();
  const auto step = [model](const Tensor& x, const Tensor& y) {
    model->sgd.zero_grad();
    Tensor loss = mse_loss(model->line(x), y);
    loss.backward();
    model->sgd.step();
    return loss;
  };
  const Tensor x = tensor({{1.}, {2.}, {3.}, {4.}, {5.}});
  return {.engines = two_engines(step, x, 2 * x + 1)};
}

// {elements}
Work relu_chain(const Extents& extents) {
  const auto chain = [](const Tensor& x, const Tensor& a) { return relu(x * a + 0.5) * 2.0 - a; };
  return {.engines = two_engines(chain, randn({extents[0]}), randn({extents[0]})),
          .bytes = 3 * kFloat * static_cast<double>(extents[0])};
}
Work tanh_sigmoid_chain(const Extents& extents) {
  const auto chain = [](const Tensor& x, const Tensor& a) { return tanh(x * a + 0.5) * sigmoid(x) - a; };
  return {.engines = two_engines(chain, randn({extents[0]}), randn({extents[0]})),
          .bytes = 3 * kFloat * static_cast<double>(extents[0])};
}
// {sizes}: the tanh form.
Work gelu_chain(const Extents& extents) {
  const auto chain = [](const Tensor& x) { return 0.5 * x * (1 + tanh(0.7978845608 * (x + 0.044715 * x * x * x))); };
  const Tensor x = randn({extents[0], extents[1], extents[2]});
  return {.engines = two_engines(chain, x),
          .bytes = 2 * kFloat * static_cast<double>(x.numel()),
          .streams = {.reads = 1, .writes = 1}};
}

// {rows, columns}
Work softmax_rows(const Extents& extents) {
  const Tensor x = randn({extents[0], extents[1]});
  return {.engines = two_engines([](const Tensor& rows) { return softmax(rows, 1); }, x),
          .bytes = 2 * kFloat * static_cast<double>(x.numel()),
          .streams = {.reads = 1, .writes = 1}};
}
// Loss and its gradient.
Work softmax_cross_entropy(const Extents& extents) {
  const auto both = [](const Tensor& logits, const Tensor& labels) {
    return value_and_grad([&](const Tensor& x) { return cross_entropy(x, labels); })(logits);
  };
  const Tensor x = randn({extents[0], extents[1]});
  return {.engines = two_engines(both, x, randint(0, extents[1], {extents[0]})),
          .bytes = 2 * kFloat * static_cast<double>(x.numel()),
          .streams = {.reads = 1, .writes = 1}};
}
// The result, and gradients of input, weight and bias for a given gradient of the result.
Work layer_norm_rows(const Extents& extents) {
  const int64_t columns = extents[1];
  const auto both = [columns](const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& seed) {
    Tensor y;
    const auto weighted = [&](const Tensor& a, const Tensor& w, const Tensor& b) {
      y = layer_norm(a, {columns}, w, b);
      return (y * seed).sum();
    };
    const auto gradients = value_and_grad(weighted)(x, weight, bias).second;
    return std::pair(y.detach(), gradients);
  };
  const Tensor x = randn({extents[0], columns}), seed = randn({extents[0], columns});
  return {.engines = two_engines(both, x, ones({columns}), zeros({columns}), seed),
          .bytes = 4 * kFloat * static_cast<double>(x.numel()),
          .streams = {.reads = 2, .writes = 2}};
}

// {m, k, n}
Work product(const Extents& extents) {
  const auto [m, k, n] = extents;
  const double a = static_cast<double>(m * k), b = static_cast<double>(k * n), c = static_cast<double>(m * n);
  return {.engines =
              two_engines([](const Tensor& x, const Tensor& y) { return matmul(x, y); }, randn({m, k}), randn({k, n})),
          .flops = 2 * a * static_cast<double>(n),
          .bytes = kFloat * (a + b + c)};
}

// What a call costs: an addition of one element.
Work call(const Extents&) {
  return {.engines = two_engines([](const Tensor& x, const Tensor& y) { return x + y; }, ones({1}), ones({1}))};
}

constexpr int64_t k16K = 1 << 14, k256K = 1 << 18, k4M = 1 << 22, k32M = 1 << 25;
constexpr Extents kFew{96, 1, 1}, kSquare{16, 16, 16};

constexpr std::array kWorkloads{
    Workload{"mlp/8", mlp, {8, 784}, {2, 12}},
    Workload{"mlp/64", mlp, {64, 784}, {3, 12}},
    Workload{"mlp/512", mlp, {512, 784}, {4, 12}},
    Workload{"regression", regression, {}, {}},
    Workload{"relu/16k", relu_chain, {k16K}, kFew},
    Workload{"relu/256k", relu_chain, {k256K}, kFew},
    Workload{"relu/4m", relu_chain, {k4M}, kFew},
    Workload{"relu/32m", relu_chain, {k32M}, kFew},
    Workload{"tanh/16k", tanh_sigmoid_chain, {k16K}, kFew},
    Workload{"tanh/256k", tanh_sigmoid_chain, {k256K}, kFew},
    Workload{"tanh/4m", tanh_sigmoid_chain, {k4M}, kFew},
    Workload{"tanh/32m", tanh_sigmoid_chain, {k32M}, kFew},
    Workload{"gelu/16k", gelu_chain, {1, 1, k16K}, kFew},
    Workload{"gelu/256k", gelu_chain, {1, 1, k256K}, kFew},
    Workload{"gelu/4m", gelu_chain, {1, 1, k4M}, kFew},
    Workload{"gelu/32m", gelu_chain, {1, 1, k32M}, kFew},
    Workload{"gelu/32x1000x512", gelu_chain, {32, 1000, 512}, {2, 3, 16}},
    Workload{"softmax", softmax_rows, {4096, 1000}, {4, 20}},
    Workload{"softmax_ce", softmax_cross_entropy, {4096, 1000}, {4, 20}},
    Workload{"layer_norm", layer_norm_rows, {4096, 1024}, {4, 20}},
    Workload{"gemm/64", product, {64, 64, 64}, kSquare},
    Workload{"gemm/128", product, {128, 128, 128}, kSquare},
    Workload{"gemm/256", product, {256, 256, 256}, kSquare},
    Workload{"gemm/512", product, {512, 512, 512}, kSquare},
    Workload{"gemm/1024", product, {1024, 1024, 1024}, kSquare},
    Workload{"gemm/2048", product, {2048, 2048, 2048}, kSquare},
    Workload{"gemm/64x784x128", product, {64, 784, 128}, kSquare},
    Workload{"gemm/512x784x128", product, {512, 784, 128}, kSquare},
    Workload{"call", call, {}, {}},
};

}  // namespace

std::span<const Workload> workloads() { return kWorkloads; }

}  // namespace sinter::bench
