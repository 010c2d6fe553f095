#include "passes/pass.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "ir/graph/text.h"
#include "support/clock.h"
#include "support/options.h"

namespace sinter::passes {
namespace {

std::string file_stem(std::string_view subject) {
  std::string stem(subject.substr(0, 80));
  for (char& c : stem)
    if (c == '/' || c == '\0' || c == ' ') c = '_';
  return stem;
}

void write(const std::filesystem::path& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary);
  out.write(text.data(), static_cast<std::streamsize>(text.size())).flush();
  if (!out)
    throw FileError(fmt::format("cannot write '{}'", path.string()), "look at SINTER_DUMP and the space on its disk");
}

// The graph as a file for `sinter opt`, and the command that runs it; or why there is none.
std::string write_reproducer(const ir::Graph& graph, std::string_view flags) {
  static std::atomic<int> count = 0;
  try {
    const std::filesystem::path folder =
        options().dump.empty() ? std::filesystem::temp_directory_path() : std::filesystem::path(options().dump);
    const auto path = folder / fmt::format("sinter-{}-{}-{}.sir", file_stem(graph.name),
                                           std::chrono::system_clock::now().time_since_epoch().count(), ++count);
    write(path, fmt::format("// RUN: sinter opt %s {}\n{}", flags, ir::print(graph)));
    return fmt::format("to see it again: sinter opt {} {}", path.string(), flags);
  } catch (const std::exception& error) {
    return fmt::format("no reproducer was written: {}", error.what());
  }
}

void print_times(const ir::Graph& graph, std::span<const PassRun> runs) {
  std::string table = fmt::format("passes over @{}\n", graph.name);
  double total = 0;
  for (const PassRun& run : runs) {
    table += fmt::format("  {:<20} {:>9.3f} ms {:>7} operations{}\n", run.name, run.milliseconds, run.operations,
                         run.changed ? "" : "  unchanged");
    total += run.milliseconds;
  }
  fmt::print(stderr, "{}  {:<20} {:>9.3f} ms\n", table, "total", total);
}

PassRun run_one(const Pass& pass, ir::Graph& graph) {
  const auto start = std::chrono::steady_clock::now();
  ir::Rewritten rewritten = pass.run(graph);
  const double took = milliseconds_since(start);
  if (options().verify) ir::verify(rewritten.graph);
  graph = std::move(rewritten.graph);
  return {pass.name, rewritten.changed, took, graph.ops().size()};
}

}  // namespace

InternalError reproducible(const InternalError& error, const ir::Graph& graph, std::span<const Pass> remaining,
                           std::string_view stage) {
  std::string names;
  for (const Pass& pass : remaining) names += (names.empty() ? "" : ",") + std::string(pass.name);
  const std::string flags = stage.empty() ? "--passes=" + names : fmt::format("--print={}", stage);
  return InternalError(fmt::format("{} {}: {}\n  {}", stage.empty() ? "pass" : "stage",
                                   stage.empty() ? remaining[0].name : stage, error.what(),
                                   write_reproducer(graph, flags)));
}

void dump(std::string_view subject, std::string_view stage, std::string_view text) {
  static std::atomic<int> next = 0;
  const std::string& folder = options().dump;
  if (folder.empty()) return;
  std::error_code ignored;  // the write below says what is wrong
  std::filesystem::create_directories(folder, ignored);
  write(std::filesystem::path(folder) / fmt::format("{:04}.{}.{}", next++, file_stem(subject), stage), text);
}

PipelineResult run_passes(std::span<const Pass> passes, ir::Graph graph) {
  const bool dumping = !options().dump.empty();
  if (options().verify) ir::verify(graph);
  if (dumping) dump(graph.name, "input.sir", ir::print(graph));
  std::vector<PassRun> runs;
  for (size_t i = 0; i < passes.size(); ++i) {
    try {
      runs.push_back(run_one(passes[i], graph));
    } catch (const InternalError& error) {
      throw reproducible(error, graph, passes.subspan(i), "");
    }
    const PassRun& run = runs.back();
    if (options().debug >= 2)
      fmt::print(stderr, "pass {} over @{}: {}\n", run.name, graph.name, run.changed ? "changed" : "unchanged");
    if (dumping && run.changed) dump(graph.name, fmt::format("{}.sir", run.name), ir::print(graph));
  }
  if (options().debug >= 3) fmt::print(stderr, "{}", ir::print(graph));
  if (options().time) print_times(graph, runs);
  return {std::move(graph), std::move(runs)};
}

}  // namespace sinter::passes
