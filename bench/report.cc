#include "bench/report.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>

#include "support/plot.h"

namespace sinter::bench {
namespace {

std::string number_or_dash(double value, int decimals) {
  return value == 0 ? "-" : fmt::format("{:.{}f}", value, decimals);
}
std::string percent_or_dash(double part) { return part == 0 ? "-" : fmt::format("{:.0f} %", 100 * part); }

// Three significant digits below a hundred, whole numbers above.
std::string microseconds(double value) { return fmt::format("{:.{}f}", value, value < 10 ? 2 : value < 100 ? 1 : 0); }

std::string bytes_text(double bytes) {
  if (bytes >= 1e6) return fmt::format("{:.1f} MB", bytes * 1e-6);
  return bytes >= 1e3 ? fmt::format("{:.1f} KB", bytes * 1e-3) : fmt::format("{:.0f} B", bytes);
}

constexpr std::string_view kRow = "{:<18}{:<9}{:>10}{:>9}{:>8}{:>8}{:>8}{:>8}{:>9}{:>10}{:>11}{:>10}\n";

}  // namespace

Line line_of(const Measurement& found) {
  Line line{.found = found};
  const double microseconds = found.counted();
  if (microseconds <= 0) return line;
  line.gigabytes = found.bytes / microseconds * 1e-3;
  line.gigaflops = found.flops / microseconds * 1e-3;
  if (found.triad > 0) line.share_of_triad = line.gigabytes / found.triad;
  if (found.fma > 0) line.share_of_fma = line.gigaflops / found.fma;
  return line;
}

Machine describe_machine(int threads, double fma) {
  Machine machine{.processor = "unknown processor", .threads = threads, .fma = fma};
  std::ifstream cpus("/proc/cpuinfo");
  for (std::string line; std::getline(cpus, line);)
    if (line.starts_with("model name") && line.find(": ") != std::string::npos) {
      machine.processor = line.substr(line.find(": ") + 2);
      break;
    }
  double loads[1] = {0};
  if (getloadavg(loads, 1) == 1) machine.load = loads[0];
  machine.date = fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr)));
  return machine;
}

std::string text_head(const Machine& machine, bool by_least) {
  return fmt::format("{}, {} threads, FMA peak {:.0f} GF/s, load {:.1f}, {}\n", machine.processor, machine.threads,
                     machine.fma, machine.load, machine.date) +
         fmt::format(kRow, "workload", "engine", by_least ? "least us" : "median us", "spread", "GB/s", "triad", "GF/s",
                     "peak", "kernels", "barriers", "moved", "compiled");
}

std::string text_line(const Line& line) {
  const Measurement& found = line.found;
  return fmt::format(kRow, found.workload, found.engine, microseconds(found.counted()),
                     fmt::format("{:.0f} %", 100 * found.microseconds.spread()), number_or_dash(line.gigabytes, 1),
                     percent_or_dash(line.share_of_triad), number_or_dash(line.gigaflops, 1),
                     percent_or_dash(line.share_of_fma), found.kernels, found.barriers,
                     bytes_text(static_cast<double>(found.bytes_moved)),
                     found.compiled < 0 ? "-" : std::to_string(found.compiled));
}

nlohmann::json to_json(const Machine& machine, std::span<const Line> lines) {
  nlohmann::json all = {{"machine",
                         {{"processor", machine.processor},
                          {"threads", machine.threads},
                          {"fma_peak_gflops", machine.fma},
                          {"load", machine.load},
                          {"date", machine.date}}},
                        {"lines", nlohmann::json::array()}};
  for (const Line& line : lines) {
    const Measurement& found = line.found;
    all["lines"].push_back({{"workload", found.workload},
                            {"engine", found.engine},
                            {"counted_us", found.counted()},
                            {"median_us", found.microseconds.median},
                            {"least_us", found.microseconds.least},
                            {"most_us", found.microseconds.most},
                            {"bytes", found.bytes},
                            {"flops", found.flops},
                            {"gb_per_s", line.gigabytes},
                            {"triad_gb_per_s", found.triad},
                            {"share_of_triad", line.share_of_triad},
                            {"gflop_per_s", line.gigaflops},
                            {"share_of_fma_peak", line.share_of_fma},
                            {"kernels", found.kernels},
                            {"barriers", found.barriers},
                            {"bytes_moved", found.bytes_moved}});
    if (found.compiled >= 0) all["lines"].back()["compiled"] = found.compiled;
  }
  return all;
}

void plot_shares(const std::string& png, std::span<const Line> lines) {
  std::vector<std::string> labels;
  std::vector<BarSeries> series{{"static", {}}, {"dynamic", {}}};
  for (const Line& line : lines) {
    if (line.share() == 0) continue;
    const auto known = std::ranges::find(labels, line.found.workload);
    const auto at = static_cast<size_t>(known - labels.begin());
    if (known == labels.end()) {
      labels.push_back(line.found.workload);
      for (BarSeries& each : series) each.values.push_back(0);
    }
    const auto mine = std::ranges::find(series, line.found.engine, &BarSeries::name);
    if (mine != series.end()) mine->values[at] = 100 * line.share();
  }
  if (labels.empty()) throw RuntimeError("plot: none of these workloads is held against a probe of the machine");
  plot_bars(png, "Share of what the machine can do (triad or FMA peak, the larger)", "%", labels, series);
}

}  // namespace sinter::bench
