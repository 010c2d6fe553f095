#include "tools/race.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "driver/compile.h"
#include "support/child_process.h"
#include "support/clock.h"
#include "support/temporary_folder.h"

namespace sinter::tools {
namespace {

constexpr double kSettleSeconds = 0.3, kRaceSeconds = 4, kLapSeconds = 4;
constexpr int64_t kLeastRuns = 20, kMostRuns = 200'000;

int64_t runs_within(double seconds, double step_us) {
  return std::clamp(static_cast<int64_t>(seconds * 1e6 / step_us), kLeastRuns, kMostRuns);
}

// Laps of both engines by turns.
struct Both {
  Lap of_static, of_dynamic;
  double disturbed = 0;
};
Both run_both(const RaceOptions& options, int64_t runs) {
  const TemporaryFolder warm;
  const auto run = [&](const std::string& engine) {
    const TemporaryFolder cold;
    std::vector<std::string> arguments{"contrast", options.program, "--lap", engine, "--runs", std::to_string(runs)};
    if (options.quick) arguments.emplace_back("--quick");
    return nlohmann::json::parse(
               output_of(this_program(), arguments, {{"SINTER_CACHE", (options.warm ? warm : cold).path()}}))
        .get<Lap>();
  };
  std::vector<Lap> of_static, of_dynamic;
  if (options.warm)  // a first lap fills the cache
    for (const char* engine : {"static", "dynamic"}) (void)run(engine);
  const auto start = std::chrono::steady_clock::now();
  while (static_cast<int>(of_static.size()) < options.least_laps ||
         (static_cast<int>(of_static.size()) < options.most_laps && milliseconds_since(start) < kLapSeconds * 1e3)) {
    of_static.push_back(run("static"));
    of_dynamic.push_back(run("dynamic"));
  }
  return {least_of(of_static), least_of(of_dynamic), std::max(disturbance(of_static), disturbance(of_dynamic))};
}

}  // namespace

Lap run_lap(const TwoEngines& engines, Engine engine, int64_t runs) {
  const size_t before = driver::kernels_compiled();
  Lap lap{.ended_ms = timeline(engines, engine, runs)};
  lap.compiled = static_cast<int64_t>(driver::kernels_compiled() - before);
  const JitStats stats = engines.stats();
  // Where every run is traced: of one.
  lap.trace_ms = stats.trace_ms / static_cast<double>(std::max<size_t>(stats.compilations, 1));
  lap.passes_ms = stats.code.passes_ms;
  lap.codegen_ms = stats.code.codegen_ms;
  return lap;
}

void to_json(nlohmann::json& json, const Lap& lap) {
  json = {{"ended_ms", lap.ended_ms},
          {"trace_ms", lap.trace_ms},
          {"passes_ms", lap.passes_ms},
          {"codegen_ms", lap.codegen_ms},
          {"compiled", lap.compiled}};
}
void from_json(const nlohmann::json& json, Lap& lap) {
  json.at("ended_ms").get_to(lap.ended_ms);
  json.at("trace_ms").get_to(lap.trace_ms);
  json.at("passes_ms").get_to(lap.passes_ms);
  json.at("codegen_ms").get_to(lap.codegen_ms);
  json.at("compiled").get_to(lap.compiled);
}

Lap least_of(const std::vector<Lap>& laps) {
  const auto least = [&](const auto& figure) { return figure(*std::ranges::min_element(laps, {}, figure)); };
  Lap best{.trace_ms = least([](const Lap& lap) { return lap.trace_ms; }),
           .passes_ms = least([](const Lap& lap) { return lap.passes_ms; }),
           .codegen_ms = least([](const Lap& lap) { return lap.codegen_ms; }),
           .compiled = laps.at(0).compiled};
  for (size_t i = 0; i < laps[0].ended_ms.size(); ++i)
    best.ended_ms.push_back(least([i](const Lap& lap) { return lap.ended_ms.at(i); }));
  return best;
}

double disturbance(const std::vector<Lap>& laps) {
  std::vector<double> totals;
  for (const Lap& lap : laps) totals.push_back(lap.ended_ms.back());
  const Summary summary = summarise(totals);
  return summary.median / summary.least - 1;
}

double settled_us(const Lap& lap) {
  const size_t last = lap.ended_ms.size() - 1, half = lap.ended_ms.size() / 2;
  invariant(last > half, "a lap that is asked how it settled has three runs or more");
  return (lap.ended_ms[last] - lap.ended_ms[half]) / static_cast<double>(last - half) * 1e3;
}

double price_ms(const Lap& lap) { return lap.ended_ms.front() - settled_us(lap) * 1e-3; }

double predict(const Lap& of_static, const Lap& of_dynamic) {
  return break_even(price_ms(of_static), price_ms(of_dynamic), settled_us(of_static), settled_us(of_dynamic));
}

std::optional<double> Race::error() const {
  if (!verified || std::isinf(predicted)) return std::nullopt;
  const double runs_found = static_cast<double>(*verified);
  return (std::max(std::ceil(predicted), 1.) - runs_found) / runs_found;  // no crossing before the first run
}

Race race(const RaceOptions& options) {
  Race found;
  auto [of_static, of_dynamic, disturbed] = run_both(options, runs_within(kSettleSeconds, options.step_us));
  found.predicted = predict(of_static, of_dynamic);
  found.of_static = std::move(of_static);
  found.of_dynamic = std::move(of_dynamic);

  const double wanted = std::isinf(found.predicted) ? 0 : std::ceil(2 * found.predicted);
  found.runs = std::max(kLeastRuns, std::min(static_cast<int64_t>(wanted), runs_within(kRaceSeconds, options.step_us)));
  const Both verified = run_both(options, found.runs);
  found.disturbed = std::max(disturbed, verified.disturbed);
  found.verified = crossing(verified.of_static.ended_ms, verified.of_dynamic.ended_ms);
  if (std::isinf(found.predicted)) return found;
  for (const double part : {0.5, 2.}) {
    const auto runs = std::clamp(static_cast<int64_t>(std::lround(found.predicted * part)), int64_t{1}, found.runs);
    if (!found.totals.empty() && found.totals.back().runs == runs) continue;
    found.totals.push_back({runs, verified.of_static.ended_ms[static_cast<size_t>(runs - 1)],
                            verified.of_dynamic.ended_ms[static_cast<size_t>(runs - 1)]});
  }
  return found;
}

}  // namespace sinter::tools
