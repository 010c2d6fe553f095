// Measures the elementary functions of ir/scalar: f32 over all inputs against libm on double, f64 over structured
// samples against MPFR. Prints docs/math_errors.md.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <mutex>
#include <thread>

#include "ir/scalar/evaluate.h"
#include "tools/math/math_functions.h"
#include "tools/math/ulp.h"

namespace sinter::tools {
namespace {

struct Errors {
  double worst = 0, sum = 0;
  double x = 0, y = 0;  // inputs of the worst
  uint64_t count = 0;

  void add(double error, double at, double second = 0) {
    if (error > worst) worst = error, x = at, y = second;
    sum += error;
    ++count;
  }
  void add(const Errors& other) {
    if (other.worst > worst) worst = other.worst, x = other.x, y = other.y;
    sum += other.sum;
    count += other.count;
  }
};

template <class T>
std::vector<T> values(const ir::ExprGraph& graph, const std::vector<T>& x, const std::vector<T>& y) {
  std::vector<T> result(x.size());
  const std::array<const std::byte*, 2> arguments{reinterpret_cast<const std::byte*>(x.data()),
                                                  reinterpret_cast<const std::byte*>(y.data())};
  const std::array<int, 2> strides{1, 1};
  std::byte* const out = reinterpret_cast<std::byte*>(result.data());
  ir::evaluate(graph, x.size(), arguments, strides, {&out, 1});
  return result;
}

// Every stride-th f32 bit pattern within the limit, by all threads.
Errors sweep_f32(const MathFunction& function, uint64_t stride, unsigned threads) {
  constexpr uint64_t kBlock = 1 << 16;
  const ir::ExprGraph graph = graph_of(function, kFloat32);
  std::atomic<uint64_t> next{0};
  std::mutex mutex;
  Errors all;
  auto work = [&] {
    Errors mine;
    std::vector<float> x;
    for (uint64_t begin; (begin = next.fetch_add(kBlock * stride)) < uint64_t{1} << 32;) {
      x.clear();
      for (uint64_t bits = begin; bits < std::min(begin + kBlock * stride, uint64_t{1} << 32); bits += stride) {
        const float value = std::bit_cast<float>(static_cast<uint32_t>(bits));
        if (!(std::abs(value) > function.limit_f32)) x.push_back(value);
      }
      const std::vector<float> got = values(graph, x, x);
      for (size_t i = 0; i < x.size(); ++i) {
        const double in = std::abs(x[i]) < 0x1p-126F ? std::copysign(0.0, x[i]) : double{x[i]};  // denormals are zeros
        mine.add(ulp_error(got[i], function.oracle(in)), x[i]);
      }
    }
    const std::lock_guard lock(mutex);
    all.add(mine);
  };
  std::vector<std::jthread> team;
  for (unsigned i = 0; i < threads; ++i) team.emplace_back(work);
  team.clear();
  return all;
}

Errors sample_f64(const MathFunction& function, size_t count) {
  const std::vector<double> x = structured_samples(function, count, 1);
  const std::vector<double> got = values(graph_of(function, kFloat64), x, x);
  Errors errors;
  mpfr_t in, want;
  mpfr_inits2(160, in, want, mpfr_ptr{nullptr});
  for (size_t i = 0; i < x.size(); ++i) {
    mpfr_set_d(in, std::abs(x[i]) < 0x1p-1022 ? std::copysign(0.0, x[i]) : x[i], MPFR_RNDN);
    function.exact(want, in, MPFR_RNDN);
    errors.add(ulp_error(got[i], want), x[i]);
  }
  mpfr_clears(in, want, mpfr_ptr{nullptr});
  return errors;
}

Errors sample_pow(DType dtype, size_t count) {
  const PowSamples samples = pow_samples(dtype, count, 2);
  const ir::ExprGraph graph = pow_graph(dtype);
  Errors errors;
  if (dtype == kFloat32) {
    const std::vector<float> x(samples.x.begin(), samples.x.end()), y(samples.y.begin(), samples.y.end());
    const std::vector<float> got = values(graph, x, y);
    for (size_t i = 0; i < x.size(); ++i)
      errors.add(ulp_error(got[i], std::pow(double{x[i]}, double{y[i]})), x[i], y[i]);
    return errors;
  }
  const std::vector<double> got = values(graph, samples.x, samples.y);
  mpfr_t x, y, want;
  mpfr_inits2(160, x, y, want, mpfr_ptr{nullptr});
  for (size_t i = 0; i < got.size(); ++i) {
    mpfr_set_d(x, samples.x[i], MPFR_RNDN);
    mpfr_set_d(y, samples.y[i], MPFR_RNDN);
    mpfr_pow(want, x, y, MPFR_RNDN);
    errors.add(ulp_error(got[i], want), samples.x[i], samples.y[i]);
  }
  mpfr_clears(x, y, want, mpfr_ptr{nullptr});
  return errors;
}

size_t primitives(const ir::ExprGraph& graph) {
  size_t count = 0;
  for (const ir::ExprNode& node : graph.nodes()) {
    count += node.prim != ir::Prim::kConstant && node.prim != ir::Prim::kArgument && node.prim != ir::Prim::kBitcast;
  }
  return count;
}

// Whether a promise is broken; says so.
bool exceeds(std::string_view name, DType dtype, const Errors& errors, double bound) {
  if (errors.worst <= bound) return false;
  fmt::print(stderr, "{} {}: {:.3f} ulp at {:a}, expected at most {}\n", name, sinter::name(dtype), errors.worst,
             errors.x, bound);
  return true;
}

std::string where(double limit) { return std::isinf(limit) ? "all" : fmt::format("\\|x\\| <= {:g}", limit); }

void print_row(std::string_view name, DType dtype, const std::string& inputs, const Errors& e, const std::string& at,
               size_t prims) {
  fmt::print("| {} | {} | {} | {:.3f} | {} | {:.4f} | {} | {} |\n", name, sinter::name(dtype), inputs, e.worst, at,
             e.sum / static_cast<double>(std::max<uint64_t>(e.count, 1)), e.count, prims);
  std::fflush(stdout);
}

int run(int argc, char** argv) {
  CLI::App app(
      "Measures the elementary functions in units in the last place and prints docs/math_errors.md. Status 1: one is "
      "worse than promised.",
      "math_errors");
  uint64_t stride = 1;
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  size_t samples = 1'000'000;
  std::string only;
  app.add_option("--stride", stride, "take every n-th f32 input (1: all 2^32)")->check(CLI::PositiveNumber);
  app.add_option("--threads", threads, "threads of the f32 sweep")->check(CLI::PositiveNumber);
  app.add_option("--samples", samples, "f64 inputs, and pairs for pow")->check(CLI::PositiveNumber);
  app.add_option("--only", only, "one function");
  CLI11_PARSE(app, argc, argv);

  fmt::print(
      "# Errors of the elementary functions\n\n"
      "Measured by `./run math_errors --stride {} --samples {}` on {:%Y-%m-%d}; do not edit.\n"
      "The functions are built from primitives (ir/scalar/math_*.cc) and give these bits on every target.\n"
      "f32: {}, judged by libm in double. f64: structured random samples, judged by MPFR.\n"
      "Denormal arguments count as zeros, denormal results may be zeros. `primitives` is the size of the\n"
      "expression without constants and bit casts. sin and cos stay within 2 ulp up to 5e5 in f32 and 1e14\n"
      "in f64; what they give further out stands in ir/scalar/math.h.\n\n",
      stride, samples, fmt::localtime(std::time(nullptr)),
      stride == 1 ? "all inputs" : fmt::format("one of every {} inputs", stride));
  fmt::print(
      "| function | dtype | inputs | largest error (ulp) | at | mean error (ulp) | measured at | primitives |\n");
  fmt::print("|---|---|---|---|---|---|---|---|\n");
  bool broken = false;
  for (const MathFunction& function : math_functions()) {
    if (!only.empty() && only != function.name) continue;
    const auto begin = std::chrono::steady_clock::now();
    const Errors single = sweep_f32(function, stride, threads);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    fmt::print(stderr, "{}: {:.1f} s\n", function.name, took.count());
    print_row(function.name, kFloat32, where(function.limit_f32), single, fmt::format("{:a}", single.x),
              primitives(graph_of(function, kFloat32)));
    const Errors wide = sample_f64(function, samples);
    print_row(function.name, kFloat64, where(function.limit_f64), wide, fmt::format("{:a}", wide.x),
              primitives(graph_of(function, kFloat64)));
    broken |= exceeds(function.name, kFloat32, single, function.bound_f32);
    broken |= exceeds(function.name, kFloat64, wide, function.bound_f64);
  }
  for (DType dtype : {kFloat32, kFloat64}) {
    if (!only.empty() && only != "pow") continue;
    const Errors errors = sample_pow(dtype, samples);
    print_row("pow", dtype, "samples", errors, fmt::format("{:a}, {:a}", errors.x, errors.y),
              primitives(pow_graph(dtype)));
    broken |= exceeds("pow", dtype, errors, kPowBound);
  }
  return broken ? 1 : 0;
}

}  // namespace
}  // namespace sinter::tools

int main(int argc, char** argv) {
  try {
    return sinter::tools::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
