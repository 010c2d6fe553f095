#include "bench/probes.h"

#include <immintrin.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace sinter::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Vector = float __attribute__((vector_size(64)));

// Many short trials: one of them may find the machine to itself.
constexpr int kTrials = 10;
constexpr double kSeconds = 0.01;
constexpr size_t kUnroll = 4;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Arrays {
  std::vector<Vector*> in, out;
  size_t vectors = 0;  // of one array
};

// One pass over [begin, end) of the arrays: each out = the sum of all in, scaled. begin and end are multiples of
// kUnroll.
__attribute__((target_clones("avx512f", "avx2", "default"))) void stream(const Arrays& arrays, size_t begin,
                                                                         size_t end) {
  Vector* const* in = arrays.in.data();
  Vector* const* out = arrays.out.data();
  const size_t reads = arrays.in.size(), writes = arrays.out.size();
  for (size_t i = begin; i < end; i += kUnroll) {
    Vector a = in[0][i], b = in[0][i + 1], c = in[0][i + 2], d = in[0][i + 3];
    for (size_t r = 1; r < reads; ++r) {
      const Vector* more = in[r] + i;
      a = a * 0.5F + more[0];
      b = b * 0.5F + more[1];
      c = c * 0.5F + more[2];
      d = d * 0.5F + more[3];
    }
    for (size_t w = 0; w < writes; ++w) {
      Vector* to = out[w] + i;
      to[0] = a;
      to[1] = b;
      to[2] = c;
      to[3] = d;
    }
  }
}

constexpr int kChains = 12;  // enough to hide the latency of two units

// Chains of `times` multiply-adds each. What it is called from says for which instruction set it is compiled; the
// compiler itself must not contract, so the instruction is asked for.
template <class Floats, class MultiplyAdd>
__attribute__((always_inline)) inline float chains(int64_t times, MultiplyAdd multiply_add) {
  Floats sums[kChains];
  for (int k = 0; k < kChains; ++k) sums[k] = Floats{} + static_cast<float>(k);
  const Floats x = Floats{} + 0.5F, y = Floats{} + 0.25F;
  for (int64_t i = 0; i < times; ++i)
#pragma GCC unroll 12
    for (int k = 0; k < kChains; ++k) multiply_add(sums[k], x, y);
  float total = 0;
  for (const Floats& sum : sums) total += sum[0];
  return total;
}
struct MultiplyAdd {  // by reference, as the compiler asks for between functions of different instruction sets
  __attribute__((target("avx512f"))) void operator()(__m512& sum, const __m512& x, const __m512& y) const {
    sum = _mm512_fmadd_ps(sum, x, y);
  }
  __attribute__((target("avx2,fma"))) void operator()(__m256& sum, const __m256& x, const __m256& y) const {
    sum = _mm256_fmadd_ps(sum, x, y);
  }
};
__attribute__((target("avx512f"))) float multiply_add_512(int64_t times) {
  return chains<__m512>(times, MultiplyAdd());
}
__attribute__((target("avx2,fma"))) float multiply_add_256(int64_t times) {
  return chains<__m256>(times, MultiplyAdd());
}

// The longest time that a thread took for body(thread), all starting together.
double seconds_on(int threads, const std::function<void(int)>& body) {
  std::barrier start(threads);
  std::vector<double> seconds(static_cast<size_t>(threads));
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t)
    running.emplace_back([&, t] {
      start.arrive_and_wait();
      const auto begin = Clock::now();
      body(t);
      seconds[static_cast<size_t>(t)] = seconds_since(begin);
    });
  for (std::thread& thread : running) thread.join();
  return *std::max_element(seconds.begin(), seconds.end());
}

// The best rate of body(thread, times), in calls of each thread a second.
double rate(int threads, const std::function<void(int, int64_t)>& body) {
  int64_t times = 1;
  double seconds = seconds_on(threads, [&](int thread) { body(thread, times); });
  while (seconds < kSeconds / 4) {
    times *= 4;
    seconds = seconds_on(threads, [&](int thread) { body(thread, times); });
  }
  times = std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(times) * kSeconds / seconds));
  double best = 0;
  for (int trial = 0; trial < kTrials; ++trial)
    best = std::max(best, static_cast<double>(times) / seconds_on(threads, [&](int thread) { body(thread, times); }));
  return best;
}

}  // namespace

double probe_triad(double footprint, const Streams& streams, int threads) {
  const size_t reads = static_cast<size_t>(streams.reads), writes = static_cast<size_t>(streams.writes);
  const size_t count = streams.in_place ? std::max(reads, writes) : reads + writes;
  const size_t step = kUnroll * static_cast<size_t>(threads);
  const auto wanted = static_cast<size_t>(footprint / static_cast<double>(count * sizeof(Vector)));
  Arrays arrays;
  arrays.vectors = std::max<size_t>(1, wanted / step) * step;
  const size_t bytes = arrays.vectors * sizeof(Vector);
  std::vector<std::unique_ptr<void, decltype(&std::free)>> memory;
  for (size_t k = 0; k < count; ++k) {
    memory.emplace_back(std::aligned_alloc(sizeof(Vector), bytes), &std::free);
    if (memory.back() == nullptr) throw std::bad_alloc();
    auto* array = static_cast<Vector*>(memory.back().get());
    std::fill_n(array, arrays.vectors, Vector{});
    if (k < reads) arrays.in.push_back(array);
    if (streams.in_place ? k < writes : k >= reads) arrays.out.push_back(array);
  }
  const size_t share = arrays.vectors / static_cast<size_t>(threads);
  const double passes = rate(threads, [&](int thread, int64_t times) {
    const size_t begin = share * static_cast<size_t>(thread);
    for (int64_t i = 0; i < times; ++i) stream(arrays, begin, begin + share);
  });
  return passes * static_cast<double>((reads + writes) * bytes) * 1e-9;
}

double probe_fma(int threads) {
  const bool wide = __builtin_cpu_supports("avx512f") != 0;
  if (!wide && __builtin_cpu_supports("fma") == 0) return 0;
  static std::atomic<float> sink;  // results must be wanted
  constexpr int64_t kTimes = 1000;
  const double calls = rate(threads, [&](int, int64_t times) {
    for (int64_t i = 0; i < times; ++i) sink = wide ? multiply_add_512(kTimes) : multiply_add_256(kTimes);
  });
  const double flops = 2.0 * (wide ? 16 : 8) * kChains * kTimes;
  return calls * flops * threads * 1e-9;
}

}  // namespace sinter::bench
