// `sinter contrast`: one program in both engines, to the bit and by the clock.
#include "frontend/contrast.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "tools/commands.h"
#include "tools/contrast_programs.h"
#include "tools/race.h"

namespace sinter::tools {
namespace {

struct Arguments {
  std::string program, lap;
  int64_t runs = 3;
  bool json = false, quick = false;
};

std::string text_of(std::string_view title, const Race& race) {
  std::string text = fmt::format(
      "\n{}\n  static: trace {:.2f} ms, passes {:.2f} ms, code {:.2f} ms ({} kernels compiled), first run {:.2f} ms\n"
      "  dynamic: first run {:.2f} ms ({} kernels compiled)\n",
      title, race.of_static.trace_ms, race.of_static.passes_ms, race.of_static.codegen_ms, race.of_static.compiled,
      race.of_static.ended_ms.front(), race.of_dynamic.ended_ms.front(), race.of_dynamic.compiled);
  const double dynamic_us = settled_us(race.of_dynamic), static_us = settled_us(race.of_static);
  text += fmt::format("  N* = ({:.2f} - {:.2f}) ms / ({:.2f} - {:.2f}) us: {}\n", price_ms(race.of_static),
                      price_ms(race.of_dynamic), dynamic_us, static_us, verdict(race.predicted));
  text += fmt::format("  verified by {} runs of each: {}", race.runs,
                      verdict(race.verified ? static_cast<double>(*race.verified) : INFINITY));
  if (const auto error = race.error()) text += fmt::format(" (predicted {:+.0f} %)", 100 * *error);
  text += "\n";
  constexpr double kTie = 0.1, kBusy = 0.5;
  const double of_static = price_ms(race.of_static), of_dynamic = price_ms(race.of_dynamic);
  if (const double apart = std::abs(of_static - of_dynamic) / std::max(of_static, of_dynamic); apart < kTie)
    text +=
        fmt::format("  a tie: the prices are alike to {:.0f} %, and a few per cent of either decide\n", 100 * apart);
  if (race.disturbed > kBusy)
    text += fmt::format("  half of the laps took {:.0f} % longer than the shortest, or more: figures are rough\n",
                        100 * race.disturbed);
  for (const Race::Total& total : race.totals)
    text += fmt::format("    {:>7} runs: static {:.2f} ms, dynamic {:.2f} ms\n", total.runs, total.static_ms,
                        total.dynamic_ms);
  return text;
}

nlohmann::json json_of(const Race& race) {
  nlohmann::json totals = nlohmann::json::array();
  for (const Race::Total& total : race.totals)
    totals.push_back({{"runs", total.runs}, {"static_ms", total.static_ms}, {"dynamic_ms", total.dynamic_ms}});
  nlohmann::json all{{"trace_ms", race.of_static.trace_ms},
                     {"passes_ms", race.of_static.passes_ms},
                     {"codegen_ms", race.of_static.codegen_ms},
                     {"static_compiled", race.of_static.compiled},
                     {"static_first_ms", race.of_static.ended_ms.front()},
                     {"static_price_ms", price_ms(race.of_static)},
                     {"static_step_us", settled_us(race.of_static)},
                     {"dynamic_compiled", race.of_dynamic.compiled},
                     {"dynamic_first_ms", race.of_dynamic.ended_ms.front()},
                     {"dynamic_price_ms", price_ms(race.of_dynamic)},
                     {"dynamic_step_us", settled_us(race.of_dynamic)},
                     {"predicted_runs", std::isinf(race.predicted) ? nlohmann::json() : nlohmann::json(race.predicted)},
                     {"verified_runs", race.verified ? nlohmann::json(*race.verified) : nlohmann::json()},
                     {"raced_runs", race.runs},
                     {"disturbed", race.disturbed},
                     {"totals", totals}};
  if (const auto error = race.error()) all["prediction_error"] = *error;
  return all;
}

void run(const Arguments& arguments) {
  const ContrastProgram& program = *std::ranges::find(contrast_programs(), arguments.program, &ContrastProgram::name);
  const TwoEngines engines = program.make(arguments.quick);
  if (!arguments.lap.empty()) {
    const Engine engine = arguments.lap == "static" ? Engine::kStatic : Engine::kDynamic;
    fmt::print("{}\n", nlohmann::json(run_lap(engines, engine, arguments.runs)).dump());
    return;
  }
  const Contrast report =
      contrast(engines, arguments.quick ? ContrastOptions{.rounds = 2, .seconds = 0.001} : ContrastOptions());
  nlohmann::json all{{"program", program.name}, {"engines", nlohmann::json::parse(to_json(report))}};
  if (!arguments.json) fmt::print("{}: {}\n\n{}", program.name, program.help, to_text(report));
  for (const bool warm : {false, true}) {
    if (!report.refusal.empty()) break;
    const Race found = race({.program = arguments.program,
                             .quick = arguments.quick,
                             .warm = warm,
                             .least_laps = arguments.quick ? 1 : 5,
                             .most_laps = arguments.quick ? 1 : 25,
                             .step_us = std::max(report.compiled.step_us.median, report.dynamic.step_us.median)});
    if (!arguments.json) fmt::print("{}", text_of(warm ? "warm cache" : "cold cache", found));
    all[warm ? "warm" : "cold"] = json_of(found);
  }
  if (arguments.json) fmt::print("{}\n", all.dump(2));
}

}  // namespace

void add_contrast(CLI::App& sinter) {
  CLI::App* command = sinter.add_subcommand("contrast", "Runs a program in both engines: bits, costs, break-even");
  const auto arguments = std::make_shared<Arguments>();
  std::vector<std::string> names;
  std::string lines;
  for (const ContrastProgram& program : contrast_programs()) {
    names.emplace_back(program.name);
    lines += fmt::format("\n  {:<12}{}", program.name, program.help);
  }
  command->add_option("program", arguments->program, "which")->required()->check(CLI::IsMember(names));
  command->add_flag("--json", arguments->json, "all figures as JSON");
  command->add_flag("--quick", arguments->quick, "small sizes, few runs: whether it works, not how fast");
  command->add_option("--lap", arguments->lap, "")->group("");  // what this program starts itself with
  command->add_option("--runs", arguments->runs, "")->group("");
  command->footer("Programs:" + lines);
  command->callback([arguments] { run(*arguments); });
}

}  // namespace sinter::tools
