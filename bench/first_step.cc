#include "bench/first_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "frontend/dynamic_counters.h"
#include "support/child_process.h"
#include "support/temporary_folder.h"

namespace sinter::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::array<std::string_view, 3> kNames{"first/cold", "first/second", "first/again"};
constexpr std::string_view kWorkload = "mlp/64";

double microseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

// Microseconds of one run, up to the loss.
double time_run(const Work& work, std::string_view engine) {
  const auto start = Clock::now();
  (engine == "static" ? work.engines.run_static : work.engines.run_dynamic)();
  (void)work.engines.results().at(0).item();
  return microseconds_since(start);
}

}  // namespace

std::vector<std::string_view> first_step_names() { return {kNames.begin(), kNames.end()}; }

void print_first_step(std::string_view engine, bool quick) {
  const Workload& workload = *std::ranges::find(workloads(), kWorkload, &Workload::name);
  const Extents& extents = quick ? workload.quick : workload.extents;
  const Work first = workload.make(extents);
  const size_t compiled_before = driver::kernels_compiled();
  const DynamicCounters before = dynamic_counters();
  const double microseconds = time_run(first, engine);
  const DynamicCounters after = dynamic_counters();
  const size_t compiled = driver::kernels_compiled() - compiled_before;
  const Work again = workload.make(extents);
  const driver::CompileStats code = first.engines.stats().code;
  const bool is_static = engine == "static";
  fmt::print(
      "{}\n",
      nlohmann::json{
          {"first", microseconds},
          {"again", time_run(again, engine)},
          {"compiled", compiled},
          {"kernels", is_static ? static_cast<int64_t>(code.launches) : after.kernels - before.kernels},
          {"barriers", code.barriers},
          {"bytes_moved", is_static ? static_cast<int64_t>(code.bytes_moved) : after.bytes_moved - before.bytes_moved}}
          .dump());
}

std::vector<Line> measure_first_steps(const Effort& effort) {
  std::vector<Line> lines;
  for (const char* engine : {"static", "dynamic"}) {
    std::array<std::vector<double>, kNames.size()> microseconds;
    std::array<nlohmann::json, kNames.size()> last;
    for (int repetition = 0; repetition < effort.repetitions; ++repetition) {
      const TemporaryFolder cache;
      std::vector<std::string> arguments{"--first-step", engine};
      if (effort.quick) arguments.emplace_back("--quick");
      const auto run = [&] {
        return nlohmann::json::parse(
            output_of(this_program(), arguments,
                      {{"SINTER_CACHE", cache.path()}, {"SINTER_THREADS", std::to_string(effort.threads)}}));
      };
      const nlohmann::json cold = run(), second = run();
      last = {cold, second, second};
      last[2]["compiled"] = 0;
      microseconds[0].push_back(cold["first"]);
      microseconds[1].push_back(second["first"]);
      microseconds[2].push_back(second["again"]);
    }
    for (size_t i = 0; i < kNames.size(); ++i)
      lines.push_back(line_of({.workload = std::string(kNames[i]),
                               .engine = engine,
                               .microseconds = summarise(microseconds[i]),
                               .by_least = effort.by_least,
                               .kernels = last[i]["kernels"],
                               .barriers = last[i]["barriers"],
                               .bytes_moved = last[i]["bytes_moved"],
                               .compiled = last[i]["compiled"]}));
  }
  return lines;
}

}  // namespace sinter::bench
