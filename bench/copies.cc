// What only moves elements in the dynamic engine; bench/copies_beside_torch.py puts it beside PyTorch.
#include <benchmark/benchmark.h>

#include "frontend/apply.h"
#include "sinter/sinter.h"

namespace {

using sinter::Tensor;

template <class F>
void repeat(benchmark::State& state, const F& f) {
  for (auto _ : state) {
    const Tensor result = f();
    benchmark::DoNotOptimize(result.data<float>());
  }
}

void transpose(benchmark::State& state) {
  const Tensor x = sinter::rand({state.range(0), state.range(0)});
  repeat(state, [&] { return x.t().contiguous(); });
}
BENCHMARK(transpose)->Arg(2048)->Arg(2000)->Arg(100)->MeasureProcessCPUTime();

// Channels to the end, as images are turned.
void permute(benchmark::State& state) {
  const Tensor x = sinter::rand({32, 64, 45, 45});
  repeat(state, [&] { return x.permute({0, 2, 3, 1}).contiguous(); });
}
BENCHMARK(permute)->MeasureProcessCPUTime();

// 16 MB with a border of one.
void pad(benchmark::State& state) {
  const Tensor x = sinter::rand({16, 512, 512}), zero = sinter::zeros({});
  const sinter::ir::PadAttributes border{{0, 1, 1}, {0, 1, 1}, {0, 0, 0}};
  repeat(state, [&] { return sinter::detail::apply(sinter::ir::ops::kPad, border, {x, zero}); });
}
BENCHMARK(pad)->MeasureProcessCPUTime();

void concat(benchmark::State& state) {
  const Tensor x = sinter::rand({1024, 2048}), y = sinter::rand({1024, 2048});
  repeat(state, [&] { return sinter::cat({x, y}, state.range(0)); });
}
BENCHMARK(concat)->Arg(0)->Arg(1)->MeasureProcessCPUTime();

void fill(benchmark::State& state) {
  repeat(state, [&] { return sinter::full({2048, 2048}, 1.5); });
}
BENCHMARK(fill)->MeasureProcessCPUTime();

void count(benchmark::State& state) {
  while (state.KeepRunning()) benchmark::DoNotOptimize(sinter::arange(1 << 21).data<int64_t>());
}
BENCHMARK(count)->MeasureProcessCPUTime();

}  // namespace

BENCHMARK_MAIN();
