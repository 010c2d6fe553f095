// Times workloads: by Google Benchmark for the report, and round by round for a coordinator that interleaves engines.
#pragma once

#include <string>
#include <vector>

#include "bench/report.h"
#include "bench/workloads.h"

namespace sinter::bench {

struct Effort {
  int repetitions = 7;
  double seconds = 0.1;  // of a repetition
  int threads = 1;
  double fma = 0;  // GF/s, probed
  bool quick = false, by_least = false;
};

// Both engines, their repetitions by turns.
[[nodiscard]] std::vector<Line> measure(const Workload& workload, const Effort& effort);

// Reads commands from standard input, one a line, and answers each by one line:
//   WORKLOAD ENGINE SECONDS      microseconds a run, over as many runs as fit into the seconds, or "none" if unknown
// The workload of the last command is kept ready. cpu_time: the processor time of all threads rather than the clock's.
void serve(bool quick, bool cpu_time);

}  // namespace sinter::bench
