#include "bench/measure.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>

#include "frontend/dynamic_counters.h"

namespace sinter::bench {
namespace {

constexpr std::array<const char*, 2> kEngines{"static", "dynamic"};
constexpr int kWarmUps = 3;

// Keeps the time of a run of every repetition, by the benchmark's name.
class Collector : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs)
      if (run.run_type == Run::RT_Iteration)
        microseconds[run.run_name.function_name].push_back(run.real_accumulated_time /
                                                           static_cast<double>(run.iterations) * 1e6);
  }
  std::map<std::string, std::vector<double>> microseconds;
};

void let_repetitions_take_turns() {
  static const bool once = [] {
    char name[] = "bench", flag[] = "--benchmark_enable_random_interleaving=true";
    char* arguments[] = {name, flag, nullptr};
    int count = 2;
    benchmark::Initialize(&count, arguments);
    return true;
  }();
  (void)once;
}

const std::function<void()>& run_of(const Work& work, std::string_view engine) {
  return engine == "static" ? work.engines.run_static : work.engines.run_dynamic;
}

Work ready(const Workload& workload, bool quick) {
  Work work = workload.make(quick ? workload.quick : workload.extents);
  for (const char* engine : kEngines)
    for (int i = 0; i < kWarmUps; ++i) run_of(work, engine)();
  return work;
}

}  // namespace

std::vector<Line> measure(const Workload& workload, const Effort& effort) {
  const Work work = ready(workload, effort.quick);
  let_repetitions_take_turns();
  for (const char* engine : kEngines)
    benchmark::RegisterBenchmark(engine,
                                 [&run = run_of(work, engine)](benchmark::State& state) {
                                   for (auto _ : state) run();
                                 })
        ->UseRealTime()
        ->MinTime(effort.seconds)
        ->Repetitions(effort.repetitions);
  const double triad = work.bytes == 0 ? 0 : probe_triad(work.bytes, work.streams, effort.threads);
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector, ".");
  benchmark::ClearRegisteredBenchmarks();

  const driver::CompileStats code = work.engines.stats().code;
  const DynamicCounters before = dynamic_counters();
  work.engines.run_dynamic();
  const DynamicCounters after = dynamic_counters();
  Measurement found{.workload = std::string(workload.name),
                    .engine = "static",
                    .microseconds = summarise(collector.microseconds.at("static")),
                    .by_least = effort.by_least,
                    .bytes = work.bytes,
                    .flops = work.flops,
                    .triad = triad,
                    .fma = effort.fma,
                    .kernels = static_cast<int64_t>(code.launches),
                    .barriers = static_cast<int64_t>(code.barriers),
                    .bytes_moved = static_cast<int64_t>(code.bytes_moved)};
  std::vector<Line> lines{line_of(found)};
  found.engine = "dynamic";
  found.microseconds = summarise(collector.microseconds.at("dynamic"));
  found.kernels = after.kernels - before.kernels;
  found.barriers = 0;
  found.bytes_moved = after.bytes_moved - before.bytes_moved;
  lines.push_back(line_of(found));
  return lines;
}

void serve(bool quick, bool cpu_time) {
  const auto now = [&] {
    timespec time{};
    clock_gettime(cpu_time ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  std::string current;
  std::optional<Work> work;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string name, engine;
    double seconds = 0;
    words >> name >> engine >> seconds;
    const auto known = std::ranges::find(workloads(), name, &Workload::name);
    if (words.fail() || known == workloads().end() || std::ranges::find(kEngines, engine) == kEngines.end()) {
      fmt::print("none\n");
      std::fflush(stdout);
      continue;
    }
    if (current != name) {
      work.reset();  // before the next one is made: two may be too large
      work = ready(*known, quick);
      current = name;
    }
    const std::function<void()>& run = run_of(*work, engine);
    run();
    int64_t runs = 0;
    const double start = now();
    double elapsed = 0;
    do {
      run();
      ++runs;
      elapsed = now() - start;
    } while (elapsed < seconds);
    fmt::print("{}\n", elapsed / static_cast<double>(runs) * 1e6);
    std::fflush(stdout);
  }
}

}  // namespace sinter::bench
