#include "passes/pipeline.h"

#include <algorithm>
#include <array>

#include "passes/dead_code.h"
#include "passes/differentiate.h"
#include "passes/inline_calls.h"
#include "passes/simplify.h"
#include "passes/sum_of_pads.h"
#include "passes/transposed_dot.h"
#include "passes/value_numbering.h"

namespace sinter::passes {
namespace {

constexpr Pass kInlineCalls{"inline_calls", "replaces calls by the operations of their callees", inline_calls};
constexpr Pass kDeadCode{"dead_code", "drops operations that no result needs", dead_code};
constexpr Pass kDifferentiate{"differentiate", "appends the gradients of the first result by each float parameter",
                              differentiate_first_result};
constexpr Pass kSimplify{"simplify", "replaces operations by cheaper ones with the same bits", simplify};
constexpr Pass kSumOfPads{"sum_of_pads", "adds up parts of a tensor where they lie, side by side", sum_of_pads};
constexpr Pass kTransposedDot{"transposed_dot", "makes matrix products come out the way round they are wanted",
                              transposed_dot};
constexpr Pass kValueNumbering{"value_numbering", "keeps one of each set of equal operations", value_numbering};

constexpr std::array kPasses{kInlineCalls, kDifferentiate, kDeadCode,      kSimplify,
                             kSumOfPads,   kTransposedDot, kValueNumbering};

constexpr std::array kPipeline{
    kInlineCalls,  // first: no later pass looks into callees
    kDeadCode,     // before simplify, which would otherwise work on what differentiation made and nobody reads
    kSimplify,
    kSumOfPads,       // after simplify, which joins views into plain pads
    kTransposedDot,   // before the second simplify, which joins the transposes it makes with those it finds
    kValueNumbering,  // after simplify: equal values written differently have one form by now
    kSimplify,        // again: merged operands match more rules (select(c, x, x))
    kDeadCode,        // last: what was replaced is still there
};

}  // namespace

std::span<const Pass> graph_pipeline() { return kPipeline; }
std::span<const Pass> graph_passes() { return kPasses; }

std::vector<Pass> parse_passes(std::string_view names) {
  std::vector<Pass> passes;
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(name.size() + 1, names.size()));
    const auto found =
        std::find_if(kPasses.begin(), kPasses.end(), [&](const Pass& pass) { return pass.name == name; });
    if (found == kPasses.end()) {
      std::string known;
      for (const Pass& pass : kPasses) known += (known.empty() ? "" : ", ") + std::string(pass.name);
      throw ValueError(fmt::format("no pass is called '{}'", name), fmt::format("the passes are {}", known));
    }
    passes.push_back(*found);
  }
  return passes;
}

}  // namespace sinter::passes
