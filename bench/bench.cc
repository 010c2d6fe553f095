// The benchmark suite: ./run bench [NAME...]; --help says the rest.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "bench/first_step.h"
#include "bench/measure.h"
#include "support/error.h"
#include "support/options.h"

namespace sinter::bench {
namespace {

struct Flags {
  std::vector<std::string> names;
  std::string json, plot, first_step;
  int threads = 0;
  Effort effort;
  bool list = false, serve = false, cpu_time = false;
};

// Whether a name was asked for: itself, or a family that it belongs to ("gemm" stands for "gemm/64").
bool is_wanted(const Flags& flags, std::string_view name) {
  return flags.names.empty() || std::ranges::any_of(flags.names, [&](const std::string& asked) {
           return name == asked || name.starts_with(asked + "/");
         });
}

std::vector<std::string_view> all_names() {
  std::vector<std::string_view> names;
  for (const Workload& workload : workloads()) names.push_back(workload.name);
  for (std::string_view name : first_step_names()) names.push_back(name);
  return names;
}

void check_names(const Flags& flags) {
  for (const std::string& asked : flags.names) {
    Flags one;
    one.names = {asked};
    if (std::ranges::none_of(all_names(), [&](std::string_view name) { return is_wanted(one, name); }))
      throw ValueError(fmt::format("there is no workload '{}'", asked), "--list names them");
  }
}

void print_all(std::span<const Line> lines) {
  for (const Line& line : lines) fmt::print("{}", text_line(line));
  std::fflush(stdout);
}

void run(Flags flags) {
  check_names(flags);
  flags.effort.fma = probe_fma(flags.effort.threads);
  const Machine machine = describe_machine(flags.effort.threads, flags.effort.fma);
  fmt::print("{}", text_head(machine, flags.effort.by_least));
  std::vector<Line> lines;
  const auto add = [&](std::vector<Line> more) {
    print_all(more);
    lines.insert(lines.end(), more.begin(), more.end());
  };
  for (const Workload& workload : workloads())
    if (is_wanted(flags, workload.name)) add(measure(workload, flags.effort));
  if (std::ranges::any_of(first_step_names(), [&](std::string_view name) { return is_wanted(flags, name); }))
    add(measure_first_steps(flags.effort));
  if (!flags.json.empty()) {
    std::ofstream file(flags.json);
    file << to_json(machine, lines).dump(2) << "\n";
    if (!file.flush()) throw FileError(fmt::format("cannot write '{}'", flags.json));
  }
  if (!flags.plot.empty()) plot_shares(flags.plot, lines);
}

int start(int argc, char** argv) {
  Flags flags;
  std::string by = "median";
  CLI::App app("Times Sinter's workloads in both engines, beside what the machine can do.", "bench");
  app.add_option("names", flags.names, "workloads, or families of them (mlp, gemm, ...); all when none is given");
  app.add_flag("--list", flags.list, "print the names of the workloads");
  app.add_option("--json", flags.json, "write all figures into FILE")->option_text("FILE");
  app.add_option("--plot", flags.plot, "draw shares of the machine's limits as a PNG")->option_text("FILE");
  app.add_option("--threads", flags.threads, "threads of compiled code and probes; else SINTER_THREADS or all cores")
      ->check(CLI::Range(1, 1024));
  app.add_option("--repetitions", flags.effort.repetitions, "of every engine")->check(CLI::Range(1, 1000));
  app.add_option("--seconds", flags.effort.seconds, "of one repetition")->check(CLI::Range(0.0001, 100.0));
  app.add_option("--by", by, "which repetition counts; least, with many short ones, on a machine that others use")
      ->check(CLI::IsMember({"median", "least"}));
  app.add_flag("--quick", flags.effort.quick, "small sizes and few repetitions: whether it works, not how fast");
  app.add_flag("--serve", flags.serve, "")->group("");  // for bench/peers.py
  app.add_flag("--cpu-time", flags.cpu_time, "")->group("");
  app.add_option("--first-step", flags.first_step, "")->group("");  // what this program starts itself with
  app.footer("--peers (first) runs bench/peers.py instead: PyTorch and JAX beside Sinter; ./run bench --peers --help.");
  CLI11_PARSE(app, argc, argv);

  if (flags.threads == 0) flags.threads = read_options(environ).options.threads;
  if (flags.threads == 0) flags.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  setenv("SINTER_THREADS", std::to_string(flags.threads).c_str(), /*overwrite=*/1);
  flags.effort.threads = flags.threads;
  flags.effort.by_least = by == "least";
  if (flags.effort.quick) flags.effort.repetitions = 2, flags.effort.seconds = 0.0005;

  if (flags.list)
    for (std::string_view name : all_names()) fmt::print("{}\n", name);
  else if (flags.serve)
    serve(flags.effort.quick, flags.cpu_time);
  else if (!flags.first_step.empty())
    print_first_step(flags.first_step, flags.effort.quick);
  else
    run(flags);
  return 0;
}

}  // namespace
}  // namespace sinter::bench

int main(int argc, char** argv) {
  try {
    return sinter::bench::start(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
