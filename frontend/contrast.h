// contrast(f, arguments...): one function in both engines, compared to the bit and measured.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "frontend/two_engines.h"
#include "support/statistics.h"

namespace sinter {

struct ContrastOptions {
  int rounds = 7;         // of each engine, by turns
  double seconds = 0.05;  // of a round
};

struct EngineCosts {
  int64_t operations = 0, kernels = 0;  // of one run: those of the graph or the tape, and launches
  int64_t bytes_moved = 0;              // between kernels and memory, each buffer of a launch once
  int64_t peak_bytes = 0;               // of tensors and arena during the first run, beyond what lived before
  double first_ms = 0;                  // the first run, with what is compiled for it
  Summary step_us;                      // later ones
};

struct Contrast {
  EngineCosts compiled, dynamic;  // `compiled`: the static engine
  double trace_ms = 0, passes_ms = 0, codegen_ms = 0;
  std::string refusal;     // why the static engine cannot run the function; then `compiled` is empty
  std::string difference;  // the first result or cell whose bits differ after equal runs; empty: all are equal
  // What an operation costs more in the dynamic engine, launch and memory traffic together.
  [[nodiscard]] double overhead_us() const;
  // The number of runs from which on the static engine has taken less time in all; see break_even().
  [[nodiscard]] double runs_to_break_even() const;
};

// Both engines run from equal state: what the function changed is as before in the end.
[[nodiscard]] Contrast contrast(const TwoEngines& engines, const ContrastOptions& options = {});
template <class F, class... A>
[[nodiscard]] Contrast contrast(F f, A... arguments) {
  return contrast(two_engines(std::move(f), std::move(arguments)...));
}

// A table of both columns, and the same as JSON.
[[nodiscard]] std::string to_text(const Contrast& contrast);
[[nodiscard]] std::string to_json(const Contrast& contrast);

// (static's price - dynamic's) / (time of a dynamic step - of a static one), a price being what the first run takes
// beyond a later one. 0: static is ahead from the first run on; infinity: never.
[[nodiscard]] double break_even(double static_price_ms, double dynamic_price_ms, double static_step_us,
                                double dynamic_step_us);

// Such a number of runs in words.
[[nodiscard]] std::string verdict(double runs);

enum class Engine { kStatic, kDynamic };
// Milliseconds from the start until each of so many runs had ended.
[[nodiscard]] std::vector<double> timeline(const TwoEngines& engines, Engine engine, int64_t runs);
// The number of runs from which on, up to the end of both timelines, static had never taken more time; none if it is
// behind at the end.
[[nodiscard]] std::optional<int64_t> crossing(std::span<const double> of_static, std::span<const double> of_dynamic);

}  // namespace sinter
