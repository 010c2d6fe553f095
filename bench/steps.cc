// Training steps, static and dynamic: the MNIST network with Adam at three batch sizes, linear regression with SGD.
// ./run bench steps [--benchmark_filter=...]
#include <benchmark/benchmark.h>

#include "sinter/sinter.h"

namespace {

using namespace sinter;

struct Net : nn::Module {
  nn::Linear fc1{784, 128}, fc2{128, 64}, fc3{64, 10};
  Tensor operator()(const Tensor& images) const {
    Tensor x = relu(fc1(images));
    x = relu(fc2(x));
    return fc3(x);
  }
  SINTER_MODULE(Net, fc1, fc2, fc3)
};

void run_mlp(benchmark::State& state, bool is_static) {
  manual_seed(0);
  Net net;
  optim::Adam adam(net.parameters(), {.lr = 1e-3});
  const int64_t batch = state.range(0);
  const Tensor images = rand({batch, 784}), labels = randint(0, 10, {batch});
  const auto step = [&](const Tensor& x, const Tensor& y) {
    adam.zero_grad();
    const Tensor loss = cross_entropy(net(x), y);
    loss.backward();
    adam.step();
    return loss;
  };
  const auto compiled = jit(step);
  const auto once = [&] { return is_static ? compiled(images, labels) : step(images, labels); };
  for (int i = 0; i < 3; ++i) once();
  for (auto _ : state) benchmark::DoNotOptimize(once());
  const double flops = 454400.0 * static_cast<double>(batch);  // of the matrix products
  state.counters["GF/s"] = benchmark::Counter(flops * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

void run_regression(benchmark::State& state, bool is_static) {
  const Tensor x = tensor({{1.}, {2.}, {3.}, {4.}, {5.}}), y = 2 * x + 1;
  nn::Linear model(1, 1);
  optim::SGD sgd(model.parameters(), {.lr = 0.01});
  const auto step = [&](const Tensor& inputs, const Tensor& targets) {
    sgd.zero_grad();
    const Tensor loss = mse_loss(model(inputs), targets);
    loss.backward();
    sgd.step();
    return loss;
  };
  const auto compiled = jit(step);
  const auto once = [&] { return is_static ? compiled(x, y) : step(x, y); };
  for (int i = 0; i < 3; ++i) once();
  for (auto _ : state) benchmark::DoNotOptimize(once());
}

BENCHMARK_CAPTURE(run_mlp, static, true)
    ->Name("mlp/static")
    ->Arg(8)
    ->Arg(64)
    ->Arg(512)
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(run_mlp, dynamic, false)
    ->Name("mlp/dynamic")
    ->Arg(8)
    ->Arg(64)
    ->Arg(512)
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(run_regression, static, true)
    ->Name("regression/static")
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(run_regression, dynamic, false)
    ->Name("regression/dynamic")
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
