#include "frontend/contrast.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "frontend/dynamic_counters.h"
#include "runtime/buffer.h"
#include "support/clock.h"

namespace sinter {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kEqualRuns = 3;

const std::function<void()>& run_of(const TwoEngines& engines, Engine engine) {
  return engine == Engine::kStatic ? engines.run_static : engines.run_dynamic;
}

// Copies, so that later runs change nothing of it.
std::vector<Tensor> copies_of(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> copies;
  for (const Tensor& tensor : tensors) copies.push_back(tensor.defined() ? tensor.detach().clone() : Tensor());
  return copies;
}

void restore(const std::vector<Tensor>& cells, const std::vector<Tensor>& values) {
  for (size_t i = 0; i < cells.size(); ++i) cells[i].set(values[i]);
}

bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.defined() != b.defined()) return false;
  if (!a.defined()) return true;
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  return visit_dtype(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const std::vector<T> x = a.to_vector<T>(), y = b.to_vector<T>();
    for (size_t i = 0; i < x.size(); ++i) {
      const T left = x[i], right = y[i];
      if (left != left && right != right) continue;  // NaNs are one
      if (std::memcmp(&left, &right, sizeof(T)) != 0) return false;
    }
    return true;
  });
}

struct Outcome {
  std::vector<Tensor> results, cells;
};
// The first run with all that is counted, and more runs up to kEqualRuns.
Outcome first_runs(const TwoEngines& engines, Engine engine, EngineCosts& costs, const std::vector<Tensor>& cells) {
  const int64_t live = runtime::memory_statistics().live_bytes;
  runtime::reset_peak_memory();
  const auto start = Clock::now();
  run_of(engines, engine)();
  costs.first_ms += milliseconds_since(start);
  costs.peak_bytes = runtime::memory_statistics().peak_bytes - live;
  const DynamicCounters before = dynamic_counters();
  for (int i = 1; i < kEqualRuns; ++i) run_of(engines, engine)();
  const DynamicCounters after = dynamic_counters();
  if (engine == Engine::kDynamic) {
    constexpr int kLater = kEqualRuns - 1;
    costs.operations = (after.operations - before.operations) / kLater;
    costs.kernels = (after.kernels - before.kernels) / kLater;
    costs.bytes_moved = (after.bytes_moved - before.bytes_moved) / kLater;
  }
  return {copies_of(engines.results()), copies_of(cells)};
}

std::string difference_between(const Outcome& a, const Outcome& b, const std::vector<Tensor>& cells) {
  for (size_t i = 0; i < a.results.size(); ++i)
    if (!same_bits(a.results[i], b.results[i])) return fmt::format("result {}", i + 1);
  for (size_t i = 0; i < cells.size(); ++i)
    if (!same_bits(a.cells[i], b.cells[i]))
      return cells[i].name().empty() ? fmt::format("cell {}", i + 1) : fmt::format("cell {}", cells[i].name());
  return "";
}

// Microseconds of a run, over as many as fit into the seconds.
double time_round(const std::function<void()>& run, double seconds) {
  int64_t runs = 0;
  const auto start = Clock::now();
  do {
    run();
    ++runs;
  } while (milliseconds_since(start) < seconds * 1e3);
  return milliseconds_since(start) * 1e3 / static_cast<double>(runs);
}

// Whether the function could be traced; its graph's figures.
bool compile(const TwoEngines& engines, Contrast& report) {
  const auto start = Clock::now();
  try {
    engines.compile();
  } catch (const GraphError& error) {
    report.refusal = error.what();
    return false;
  }
  report.compiled.first_ms = milliseconds_since(start);
  const JitStats stats = engines.stats();
  report.trace_ms = stats.trace_ms;
  report.passes_ms = stats.code.passes_ms;
  report.codegen_ms = stats.code.codegen_ms;
  report.compiled.operations = static_cast<int64_t>(stats.operations);
  report.compiled.kernels = static_cast<int64_t>(stats.code.launches);
  report.compiled.bytes_moved = static_cast<int64_t>(stats.code.bytes_moved);
  return true;
}

std::string number(double value) { return fmt::format("{:.{}f}", value, value < 10 ? 2 : value < 100 ? 1 : 0); }

}  // namespace

double Contrast::overhead_us() const {
  return dynamic.operations == 0 || !refusal.empty()
             ? 0
             : (dynamic.step_us.median - compiled.step_us.median) / static_cast<double>(dynamic.operations);
}

double Contrast::runs_to_break_even() const {
  if (!refusal.empty()) return std::numeric_limits<double>::infinity();
  const auto price_ms = [](const EngineCosts& costs) { return costs.first_ms - costs.step_us.median * 1e-3; };
  return break_even(price_ms(compiled), price_ms(dynamic), compiled.step_us.median, dynamic.step_us.median);
}

double break_even(double static_price_ms, double dynamic_price_ms, double static_step_us, double dynamic_step_us) {
  const double gain_us = dynamic_step_us - static_step_us, price_ms = static_price_ms - dynamic_price_ms;
  if (gain_us <= 0) return std::numeric_limits<double>::infinity();
  return std::max(0., price_ms * 1e3 / gain_us);
}

Contrast contrast(const TwoEngines& engines, const ContrastOptions& options) {
  Contrast report;
  const bool both = compile(engines, report);
  const std::vector<Tensor> cells = engines.cells(), before = copies_of(cells);
  const Outcome dynamic = first_runs(engines, Engine::kDynamic, report.dynamic, cells);
  if (both) {
    restore(cells, before);
    const Outcome compiled = first_runs(engines, Engine::kStatic, report.compiled, cells);
    report.difference = difference_between(compiled, dynamic, cells);
  }
  std::vector<double> of_static, of_dynamic;
  for (int round = 0; round < options.rounds; ++round) {
    if (both) of_static.push_back(time_round(engines.run_static, options.seconds));
    of_dynamic.push_back(time_round(engines.run_dynamic, options.seconds));
  }
  if (both) report.compiled.step_us = summarise(of_static);
  report.dynamic.step_us = summarise(of_dynamic);
  restore(cells, before);
  return report;
}

std::string to_text(const Contrast& report) {
  const bool both = report.refusal.empty();
  std::string text;
  const auto row = [&](std::string_view what, const std::string& of_static, const std::string& of_dynamic) {
    text += fmt::format("{:<24}{:>14}", what, both ? of_static : "-");
    text += of_dynamic.empty() ? "\n" : fmt::format("{:>14}\n", of_dynamic);
  };
  const EngineCosts &a = report.compiled, &b = report.dynamic;
  row("", "static", "dynamic");
  row("operations", std::to_string(a.operations), std::to_string(b.operations));
  row("kernels launched", std::to_string(a.kernels), std::to_string(b.kernels));
  row("bytes moved", fmt::format("{}", a.bytes_moved), fmt::format("{}", b.bytes_moved));
  row("peak memory, bytes", fmt::format("{}", a.peak_bytes), fmt::format("{}", b.peak_bytes));
  row("trace, ms", number(report.trace_ms), "");
  row("passes, ms", number(report.passes_ms), "");
  row("code, ms", number(report.codegen_ms), "");
  row("first run, ms", number(a.first_ms), number(b.first_ms));
  row("later runs, us", number(a.step_us.median), number(b.step_us.median));
  row("  spread", fmt::format("{:.0f} %", 100 * a.step_us.spread()), fmt::format("{:.0f} %", 100 * b.step_us.spread()));
  if (!both) return text + fmt::format("the static engine cannot run it: {}\n", report.refusal);
  if (report.overhead_us() > 0)
    text += fmt::format("an operation costs the dynamic engine {} us more\n", number(report.overhead_us()));
  text += report.difference.empty() ? fmt::format("bits: equal after {} runs of each\n", kEqualRuns)
                                    : fmt::format("bits: DIFFERENT in {}\n", report.difference);
  return text + verdict(report.runs_to_break_even()) + "\n";
}

std::string verdict(double runs) {
  if (std::isinf(runs)) return "static is never ahead";
  return runs <= 1 ? "static is ahead from the first run on"
                   : fmt::format("static is ahead from run {:.0f} on", std::ceil(runs));
}

std::string to_json(const Contrast& report) {
  const auto costs = [](const EngineCosts& engine) {
    return nlohmann::json{{"operations", engine.operations},       {"kernels", engine.kernels},
                          {"bytes_moved", engine.bytes_moved},     {"peak_bytes", engine.peak_bytes},
                          {"first_ms", engine.first_ms},           {"step_us", engine.step_us.median},
                          {"step_us_least", engine.step_us.least}, {"step_us_most", engine.step_us.most}};
  };
  nlohmann::json all{{"dynamic", costs(report.dynamic)}};
  if (!report.refusal.empty()) {
    all["refusal"] = report.refusal;
    return all.dump();
  }
  const double steps = report.runs_to_break_even();
  all["static"] = costs(report.compiled);
  all["static"]["trace_ms"] = report.trace_ms;
  all["static"]["passes_ms"] = report.passes_ms;
  all["static"]["codegen_ms"] = report.codegen_ms;
  all["bits_equal"] = report.difference.empty();
  if (!report.difference.empty()) all["difference"] = report.difference;
  all["overhead_us_per_operation"] = report.overhead_us();
  all["break_even_runs"] = std::isinf(steps) ? nlohmann::json() : nlohmann::json(steps);
  return all.dump();
}

std::vector<double> timeline(const TwoEngines& engines, Engine engine, int64_t runs) {
  std::vector<double> ended(static_cast<size_t>(runs));
  const auto start = Clock::now();
  for (double& at : ended) {
    run_of(engines, engine)();
    at = milliseconds_since(start);
  }
  return ended;
}

std::optional<int64_t> crossing(std::span<const double> of_static, std::span<const double> of_dynamic) {
  const auto last = static_cast<int64_t>(std::min(of_static.size(), of_dynamic.size()));
  int64_t from = last;  // runs before which all is in static's favour, counted from the end
  while (from > 0 && of_static[static_cast<size_t>(from - 1)] <= of_dynamic[static_cast<size_t>(from - 1)]) --from;
  if (from == last) return std::nullopt;
  return from + 1;
}

}  // namespace sinter
