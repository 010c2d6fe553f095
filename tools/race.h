// Both engines from nothing, in processes of their own: what each pays before it runs, where their total times are
// predicted to cross, and where they do.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "frontend/contrast.h"

namespace sinter::tools {

// One process: the time until each run had ended, and what was compiled.
struct Lap {
  std::vector<double> ended_ms;
  double trace_ms = 0, passes_ms = 0, codegen_ms = 0;
  int64_t compiled = 0;
};
[[nodiscard]] Lap run_lap(const TwoEngines& engines, Engine engine, int64_t runs);
void to_json(nlohmann::json& json, const Lap& lap);
void from_json(const nlohmann::json& json, Lap& lap);

// The least of several equal laps, figure by figure: other work on the machine only adds.
[[nodiscard]] Lap least_of(const std::vector<Lap>& laps);
// By how much, as a part, the median of the laps' total times is above the least.
[[nodiscard]] double disturbance(const std::vector<Lap>& laps);
// Microseconds of a run when it has settled: the mean over the later half.
[[nodiscard]] double settled_us(const Lap& lap);
// What the first run cost beyond a settled one: trace, passes and code, or the kernels that the dynamic engine met; and
// threads, fresh memory and cold caches.
[[nodiscard]] double price_ms(const Lap& lap);

struct Race {
  Lap of_static, of_dynamic;        // for the prediction
  double predicted = 0;             // runs; infinity: never
  std::optional<int64_t> verified;  // by laps of their own; none: static was behind at the end
  int64_t runs = 0;                 // of those laps
  double disturbed = 0;             // the laps, by other work on the machine; see disturbance()
  struct Total {
    int64_t runs = 0;
    double static_ms = 0, dynamic_ms = 0;
  };
  std::vector<Total> totals;  // at half and at twice the prediction
  // (predicted - verified) / verified, where both are numbers.
  [[nodiscard]] std::optional<double> error() const;
};

struct RaceOptions {
  std::string program;
  bool quick = false, warm = false;    // warm: with the code in the cache that an earlier process compiled
  int least_laps = 5, most_laps = 25;  // of each engine; more than the least while time is left
  double step_us = 100;                // of the slower engine, about: how many runs fit
};
// Starts this program again, as `sinter contrast PROGRAM --lap ENGINE --runs N`.
[[nodiscard]] Race race(const RaceOptions& options);

[[nodiscard]] double predict(const Lap& of_static, const Lap& of_dynamic);

}  // namespace sinter::tools
