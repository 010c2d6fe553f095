// The first training step of a process: with nothing compiled before, with a cache that an earlier process filled, and
// of a function made again in the same process.
#pragma once

#include <string_view>
#include <vector>

#include "bench/measure.h"

namespace sinter::bench {

// Names of the three.
[[nodiscard]] std::vector<std::string_view> first_step_names();

// Each repetition runs two processes of this program over a cache folder of their own: `--first-step ENGINE`.
[[nodiscard]] std::vector<Line> measure_first_steps(const Effort& effort);

// What such a process does: prints what it measured on one line, as JSON.
void print_first_step(std::string_view engine, bool quick);

}  // namespace sinter::bench
