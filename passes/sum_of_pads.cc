#include "passes/sum_of_pads.h"

#include <algorithm>
#include <map>
#include <utility>

#include "passes/simplify_rules.h"
#include "support/work.h"

namespace sinter::passes {
namespace {

using ir::Value;

// What is zero but for `inside`, which fills [begin, end) of the axis.
struct Slab {
  int64_t axis = 0, begin = 0, end = 0;
  Value inside;
};

std::optional<Slab> slab_of(const ir::Graph& graph, Value value) {
  const ir::Op& op = graph.op(value);
  if (op.def != &ir::ops::kPad) return std::nullopt;
  const ir::Literal* filling = splat_of(graph, op.operands[1]);
  const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
  if (filling == nullptr || !std::ranges::all_of(filling->bytes, is_zero)) return std::nullopt;
  const auto& [low, high, interior] = std::get<ir::PadAttributes>(op.attributes);
  std::optional<Slab> slab;
  for (size_t axis = 0; axis < low.size(); ++axis) {
    if (interior[axis] != 0) return std::nullopt;
    if (low[axis] == 0 && high[axis] == 0) continue;
    if (slab) return std::nullopt;
    const auto along = static_cast<int64_t>(axis);
    slab = {along, low[axis], low[axis] + graph.type(op.operands[0]).shape[along].value(), op.operands[0]};
  }
  return slab;
}

class SumRewriter {
 public:
  explicit SumRewriter(const ir::Graph& graph)
      : graph_(graph), out_(graph), users_(ir::users(graph)), is_result_(graph.ops().size()) {
    for (Value result : graph.results) is_result_[result.op] = true;
  }

  ir::Rewritten run() && {
    for (uint32_t op = 0; op < graph_.ops().size(); ++op) {
      count_work();
      const std::optional<Value> sum = is_whole_sum(op) ? rebuilt(op) : std::nullopt;
      if (sum)
        out_.replace({op, 0}, *sum);
      else
        out_.copy(graph_.ops()[op], {op, 0});
    }
    return std::move(out_).finish();
  }

 private:
  [[nodiscard]] bool is_sum(uint32_t op) const {
    const ir::Row* row = graph_.ops()[op].def->row;
    return row != nullptr && row->name == "add";
  }
  // Whether the sum goes on: all it is for is to have something added to it.
  [[nodiscard]] bool is_part_of_sum(uint32_t op) const {
    if (is_result_[op] || users_[op].size() != 1 || !is_sum(users_[op][0])) return false;
    const std::vector<Value>& operands = graph_.ops()[users_[op][0]].operands;
    return operands[0].op == op && operands[1].op != op;
  }
  [[nodiscard]] bool is_whole_sum(uint32_t op) const { return is_sum(op) && !is_part_of_sum(op); }

  struct Sum {
    std::vector<Value> terms{};
    std::vector<Location> locations{};  // of its additions and terms
  };
  [[nodiscard]] Sum sum_of(uint32_t whole) const {
    Sum sum;
    const auto add_term = [&](Value term) {
      sum.terms.push_back(term);
      sum.locations = ir::unite(sum.locations, graph_.op(term).locations);
    };
    Value rest{whole, 0};
    do {
      count_work();
      const ir::Op& addition = graph_.op(rest);
      sum.locations = ir::unite(sum.locations, addition.locations);
      add_term(addition.operands[1]);
      rest = addition.operands[0];
    } while (is_sum(rest.op) && is_part_of_sum(rest.op));
    add_term(rest);
    std::ranges::reverse(sum.terms);
    return sum;
  }

  // Neighbours in a sum that can be put side by side: by place, what adds up there.
  struct Run {
    size_t terms = 0;
    int64_t axis = 0;
    std::map<std::pair<int64_t, int64_t>, std::vector<Value>> places{};
  };

  // As many terms from `begin` on as are slabs of one axis which do not meet. alone: nothing is added before them; else
  // equal slabs cannot be added up first.
  [[nodiscard]] Run run_from(const std::vector<Value>& terms, size_t begin, bool alone) const {
    Run run;
    for (; begin + run.terms < terms.size(); ++run.terms) {
      const auto slab = slab_of(graph_, terms[begin + run.terms]);
      if (!slab || (run.terms > 0 && slab->axis != run.axis)) break;
      run.axis = slab->axis;
      if (slab->begin == slab->end) continue;
      const auto next = run.places.lower_bound({slab->begin, slab->end});
      const bool known = next != run.places.end() && next->first == std::pair(slab->begin, slab->end);
      const bool meets = (next != run.places.end() && next->first.first < slab->end) ||
                         (next != run.places.begin() && std::prev(next)->first.second > slab->begin);
      if (known ? !alone : meets) break;
      run.places[{slab->begin, slab->end}].push_back(slab->inside);
    }
    return run;
  }

  // The sum without its pads; nothing when none can go.
  std::optional<Value> rebuilt(uint32_t op) {
    const auto [terms, locations] = sum_of(op);
    std::vector<Run> runs;
    bool joins = false;
    for (size_t at = 0; at < terms.size(); at += runs.back().terms) {
      runs.push_back(run_from(terms, at, /*alone=*/at == 0));
      if (runs.back().places.empty() || runs.back().terms < 2) runs.back() = {.terms = 1};
      joins |= runs.back().terms > 1;
    }
    if (!joins) return std::nullopt;
    ir::GraphBuilder b = out_.builder(graph_.ops()[op]);
    b.locations = locations;
    std::optional<Value> sum;
    size_t at = 0;
    for (const Run& run : runs) {
      const Value next = run.terms > 1 ? side_by_side(b, run, graph_.type(terms[at])) : out_.at(terms[at]);
      sum = sum ? ir::elementwise(b, "add", {*sum, next}) : next;
      at += run.terms;
    }
    return sum;
  }

  Value side_by_side(ir::Builder& b, const Run& run, const ir::Type& type) const {
    std::vector<Value> parts;
    int64_t filled = 0;
    const auto fill_up_to = [&](int64_t begin) {
      if (filled == begin) return;
      ir::Type gap = type;
      gap.shape[run.axis] = begin - filled;
      parts.push_back(ir::full(b, 0, gap));
    };
    for (const auto& [place, values] : run.places) {
      fill_up_to(place.first);
      Value part = out_.at(values[0]);
      for (size_t i = 1; i < values.size(); ++i) part = ir::elementwise(b, "add", {part, out_.at(values[i])});
      parts.push_back(part);
      filled = place.second;
    }
    fill_up_to(type.shape[run.axis].value());
    const Value joined = ir::concat(b, parts, run.axis);
    const bool in_all = run.places.size() == 1 && run.places.begin()->second.size() == run.terms;
    return in_all ? joined : ir::elementwise(b, "add", {joined, ir::full(b, 0, type)});
  }

  const ir::Graph& graph_;
  ir::Rewriter out_;
  std::vector<std::vector<uint32_t>> users_;
  std::vector<bool> is_result_;
};

}  // namespace

ir::Rewritten sum_of_pads(const ir::Graph& graph) { return SumRewriter(graph).run(); }

}  // namespace sinter::passes
