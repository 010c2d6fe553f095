// What the suite says of one workload in one engine, as text and as JSON.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "support/statistics.h"

namespace sinter::bench {

// What was found.
struct Measurement {
  std::string workload, engine;
  Summary microseconds;
  bool by_least = false;              // the least repetition counts, not the median
  double bytes = 0, flops = 0;        // of a run, as the workload asks; 0: not asked
  double triad = 0, fma = 0;          // probed: GB/s of such a triad, GF/s of all threads; 0: not probed
  int64_t kernels = 0, barriers = 0;  // launched in a run; of the dynamic engine every launch stands alone
  int64_t bytes_moved = 0;            // between kernels and memory
  [[nodiscard]] double counted() const { return by_least ? microseconds.least : microseconds.median; }
  int64_t compiled = -1;  // kernels compiled by the first run; -1: not asked
};

// What is computed from it.
struct Line {
  Measurement found;
  double gigabytes = 0, gigaflops = 0;          // a second
  double share_of_triad = 0, share_of_fma = 0;  // 1 is the whole
  // Of what the machine can do, the part that the tighter limit leaves to see: the larger share.
  [[nodiscard]] double share() const { return share_of_triad > share_of_fma ? share_of_triad : share_of_fma; }
};
[[nodiscard]] Line line_of(const Measurement& found);

struct Machine {
  std::string processor;
  int threads = 1;
  double fma = 0;   // GF/s
  double load = 0;  // average of the last minute, when the run began
  std::string date;
};
[[nodiscard]] Machine describe_machine(int threads, double fma);

// A head, then one text line for each.
[[nodiscard]] std::string text_head(const Machine& machine, bool by_least = false);
[[nodiscard]] std::string text_line(const Line& line);

[[nodiscard]] nlohmann::json to_json(const Machine& machine, std::span<const Line> lines);

// Bars of each workload's share of what the machine can do, for both engines; lines without a share are left out.
void plot_shares(const std::string& png, std::span<const Line> lines);

}  // namespace sinter::bench
