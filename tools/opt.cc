// `sinter opt`: reads IR text, runs passes, prints what comes out.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <sstream>

#include "ir/graph/text.h"
#include "passes/pipeline.h"
#include "support/options.h"
#include "tools/commands.h"
#include "tools/stages.h"

namespace sinter::tools {
namespace {

struct Arguments {
  std::string file = "-", passes, stage = "graph";
  bool pipeline = false;
};

std::string read_all(const std::string& file) {
  if (file == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || text.fail())
    throw FileError(fmt::format("cannot read '{}'", file), "give the path of a .sir file, or - for standard input");
  return std::move(text).str();
}

// The functions that no other one calls: the others are transformed and printed with their callers.
std::vector<ir::Graph> roots(std::vector<ir::Graph> graphs) {
  std::set<std::string> called;
  for (const ir::Graph& graph : graphs)
    for (const ir::Graph* callee : ir::callees_first(graph))
      if (callee != &graph) called.insert(callee->name);
  std::erase_if(graphs, [&](const ir::Graph& graph) { return called.contains(graph.name); });
  return graphs;
}

void opt(const Arguments& arguments) {
  Options checked = options();
  checked.verify = true;
  const OptionScope scope(checked);
  std::vector<passes::Pass> passes = passes::parse_passes(arguments.passes);
  if (arguments.pipeline) passes.assign(passes::graph_pipeline().begin(), passes::graph_pipeline().end());
  const auto stage =
      std::find_if(stages().begin(), stages().end(), [&](const Stage& each) { return each.name == arguments.stage; });

  std::string out;
  for (ir::Graph& graph :
       roots(ir::parse(read_all(arguments.file), arguments.file == "-" ? "<stdin>" : arguments.file)))
    out += (out.empty() ? "" : "\n") + stage->print(passes::run_passes(passes, std::move(graph)).graph);
  fmt::print("{}", out);
}

template <class Rows>
std::string lines(const Rows& rows) {
  std::string text;
  for (const auto& row : rows) text += fmt::format("\n  {:<18}{}", row.name, row.help);
  return text;
}

}  // namespace

void add_opt(CLI::App& sinter) {
  CLI::App* command = sinter.add_subcommand("opt", "Reads IR text (.sir), runs passes, prints a stage");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("file", arguments->file, "the text; - is standard input")->capture_default_str();
  auto* passes = command->add_option("--passes", arguments->passes,
                                     "names of passes, separated by commas, in the order to run them");
  command->add_flag("--pipeline", arguments->pipeline, "run the passes that every graph goes through")
      ->excludes(passes);
  std::vector<std::string> names;
  for (const Stage& stage : stages()) names.emplace_back(stage.name);
  command->add_option("--print", arguments->stage, "what to print")->check(CLI::IsMember(names))->capture_default_str();
  command->footer("Passes:" + lines(passes::graph_passes()) + "\nWhat --print knows:" + lines(stages()));
  command->callback([arguments] { opt(*arguments); });
}

}  // namespace sinter::tools
