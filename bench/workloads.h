// The workloads of the suite, one row each.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "bench/probes.h"
#include "frontend/two_engines.h"

namespace sinter::bench {

// A workload made ready to run.
struct Work {
  TwoEngines engines;
  double flops = 0;  // of the matrix products of a run
  double bytes = 0;  // that a run must move: arguments, results and state, each read or written once; 0: not asked
  Streams streams;   // of the triad that it is held against
};

using Extents = std::array<int64_t, 3>;

struct Workload {
  std::string_view name;
  Work (*make)(const Extents& extents);
  Extents extents, quick;  // quick: for tests
};

[[nodiscard]] std::span<const Workload> workloads();

}  // namespace sinter::bench
