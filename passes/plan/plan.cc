#include "passes/plan/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "passes/lower/coordinates.h"
#include "passes/plan/arena.h"

namespace sinter::passes {
namespace {

using ir::Value;
using loops::Buffer;
using loops::Inst;
using loops::InstKind;
using loops::Kernel;

size_t bytes_of(const ir::Graph& graph, Value value) {
  const ir::Type& type = graph.type(value);
  return static_cast<size_t>(type.shape.numel()) * size_of(type.dtype);
}

bool checks_indices(const Kernel& kernel) {
  for (const loops::Pass& pass : kernel.passes)
    for (const Inst& inst : pass.insts)
      if (inst.kind == InstKind::kCheckIndex) return true;
  return false;
}

// Whether storing over `read` what goes to `written` changes nothing that the kernel still reads: every element is read
// before it is written, by the same point.
bool may_overwrite(const LoweredKernel& lowered, size_t read, size_t written) {
  const Kernel& kernel = lowered.kernel;
  const Inst* store = nullptr;
  for (const loops::Pass& pass : kernel.passes)
    for (const Inst& inst : pass.insts) {
      if (inst.kind == InstKind::kAccumulate && inst.buffer == written) return false;
      if (inst.kind != InstKind::kStore || inst.buffer != written) continue;
      if (store != nullptr) return false;
      store = &inst;
    }
  if (store == nullptr || !is_affine(store->index)) return false;
  bool stored = false;
  for (size_t pass = 0; pass < kernel.passes.size(); ++pass)
    for (const Inst& inst : kernel.passes[pass].insts) {
      if (&inst == store) stored = true;
      if (inst.kind != InstKind::kLoad || inst.buffer != read) continue;
      if (stored || !(inst.index == store->index) || (kernel.is_dot() && pass == 0)) return false;
    }
  return true;
}

LoweredKernel copy_kernel(const ir::Graph& graph, Value value) {
  const ir::Type& type = graph.type(value);
  const int64_t count = type.shape.numel();
  Kernel kernel;
  kernel.name = "copy";
  kernel.buffers = {{"b0", type.dtype, Buffer::Role::kIn, count}, {"o1", type.dtype, Buffer::Role::kOut, count}};
  loops::Index index;
  if (count != 1) {
    kernel.outer = {count};
    index = loops::Index::range(0);
  }
  kernel.passes = {{{},
                    {{.kind = InstKind::kLoad, .dtype = type.dtype, .buffer = 0, .index = index},
                     {.kind = InstKind::kStore, .dtype = type.dtype, .operands = {0}, .buffer = 1, .index = index}}}};
  return {std::move(kernel), {value, value}, {}};
}

class Planner {
 public:
  Planner(const ir::Graph& graph, const std::vector<LoweredKernel>& kernels) : graph_(graph), kernels_(kernels) {}

  Plan run() {
    for (size_t p = 0; p < graph_.parameters().size(); ++p) input_of_[graph_.parameters()[p].value] = p;
    for (size_t k = 0; k < kernels_.size(); ++k) {
      nodes_.push_back({k, {}, {}});
      if (checks_indices(kernels_[k].kernel)) checks_.push_back(k);
      for (size_t b = 0; b < kernels_[k].values.size(); ++b)
        if (kernels_[k].kernel.buffers[b].role == Buffer::Role::kOut) writer_[kernels_[k].values[b]] = k;
    }
    for (size_t k = 0; k < kernels_.size(); ++k)
      for (size_t b = 0; b < kernels_[k].values.size(); ++b) {
        const Value value = kernels_[k].values[b];
        if (kernels_[k].kernel.buffers[b].role != Buffer::Role::kIn) continue;
        if (const auto writer = writer_.find(value); writer != writer_.end() && writer->second != k)
          run_after(k, writer->second);
        if (input_of_.contains(value)) readers_[input_of_[value]].insert(k);
      }
    place_results();
    checks_before_state();
    assign_phases();
    place_all();
    std::stable_sort(plan_.steps.begin(), plan_.steps.end(),
                     [](const Step& a, const Step& b) { return a.phase < b.phase; });
    return std::move(plan_);
  }

 private:
  struct Node {  // a kernel run
    size_t kernel;
    std::set<size_t> after;         // nodes that must have ended
    std::map<size_t, Place> fixed;  // buffers with a place of their own (copies)
    bool writes_state = false, is_waited_for = false;
  };

  void run_after(size_t node, size_t before) {
    nodes_[node].after.insert(before);
    nodes_[before].is_waited_for = true;
  }

  bool reaches(size_t from, size_t to) const {  // `to` runs after `from`
    if (from == to || !nodes_[from].is_waited_for) return from == to;
    std::vector<size_t> stack{to};
    std::vector<bool> seen(nodes_.size());
    while (!stack.empty()) {
      const size_t at = stack.back();
      stack.pop_back();
      if (at == from) return true;
      if (seen[at]) continue;
      seen[at] = true;
      stack.insert(stack.end(), nodes_[at].after.begin(), nodes_[at].after.end());
    }
    return false;
  }

  // Whether an index is checked by this kernel or by one that runs after it. Such a kernel writes no state: the check
  // may fail, and state must then be as it was.
  bool before_checks(size_t kernel) const {
    return std::any_of(checks_.begin(), checks_.end(), [&](size_t check) { return reaches(kernel, check); });
  }

  // Tries to let the kernel that makes `value` write it over parameter p.
  bool in_place(Value value, size_t p) {
    const size_t k = writer_.at(value);
    const LoweredKernel& kernel = kernels_[k];
    size_t written = 0;
    while (kernel.values[written] != value || kernel.kernel.buffers[written].role != Buffer::Role::kOut) ++written;
    for (size_t b = 0; b < kernel.values.size(); ++b)
      if (kernel.values[b] == graph_.parameters()[p].value && kernel.kernel.buffers[b].role == Buffer::Role::kIn &&
          !may_overwrite(kernel, b, written))
        return false;
    for (size_t reader : readers_[p])
      if (reader != k && reaches(k, reader)) return false;
    if (before_checks(k)) return false;
    for (size_t reader : readers_[p])
      if (reader != k) run_after(k, reader);
    nodes_[k].writes_state = true;
    return true;
  }

  void place_results() {
    plan_.output_in_input.assign(graph_.results.size(), -1);
    for (const ir::State& state : graph_.states)
      plan_.output_in_input[state.result] = static_cast<int32_t>(state.parameter);
    std::vector<size_t> copied;
    for (size_t r = 0; r < graph_.results.size(); ++r) {
      const Value value = storage_of(graph_, graph_.results[r]);
      const int32_t p = plan_.output_in_input[r];
      const Place target = p >= 0 ? Place{Place::Kind::kInput, static_cast<size_t>(p), bytes_of(graph_, value)}
                                  : Place{Place::Kind::kOutput, r, bytes_of(graph_, value)};
      if (p >= 0 && input_of_.contains(value) && input_of_[value] == static_cast<size_t>(p))
        continue;  // state that stays as it is
      if (!input_of_.contains(value) && !home_.contains(value) && (p < 0 || in_place(value, static_cast<size_t>(p)))) {
        home_[value] = target;
        continue;
      }
      copied.push_back(r);
    }
    // What has no place of its own yet is copied there after everything else has run; parameters, which others may
    // overwrite by then, are put aside first.
    const size_t work = nodes_.size();
    for (size_t r : copied) {
      const Value value = storage_of(graph_, graph_.results[r]);
      const int32_t p = plan_.output_in_input[r];
      const bool from_state = input_of_.contains(value) && is_state(input_of_[value]);
      size_t from = SIZE_MAX;
      if (from_state) {
        from = add_copy(value);
        nodes_[from].fixed[0] = {Place::Kind::kInput, input_of_[value], bytes_of(graph_, value)};
        put_aside_.push_back(from);
        for (size_t k = 0; k < work; ++k)
          if (nodes_[k].writes_state) run_after(k, from);
      }
      const size_t copy = add_copy(value);
      nodes_[copy].fixed[1] = p >= 0 ? Place{Place::Kind::kInput, static_cast<size_t>(p), bytes_of(graph_, value)}
                                     : Place{Place::Kind::kOutput, r, bytes_of(graph_, value)};
      nodes_[copy].writes_state = p >= 0;
      for (size_t k = 0; k < work; ++k) run_after(copy, k);
      if (from_state) {
        source_[copy] = from;
        late_.push_back(copy);
      }
    }
    for (size_t copy : late_)
      for (size_t aside : put_aside_) run_after(copy, aside);
    for (size_t node = work; node < nodes_.size(); ++node)
      if (nodes_[node].writes_state)
        for (size_t aside : put_aside_) run_after(node, aside);
  }

  bool is_state(size_t parameter) const {
    return std::any_of(graph_.states.begin(), graph_.states.end(),
                       [&](const ir::State& state) { return state.parameter == parameter; });
  }

  size_t add_copy(Value value) {
    plan_.copies.push_back(copy_kernel(graph_, value));
    nodes_.push_back({kernels_.size() + plan_.copies.size() - 1, {}, {}});
    return nodes_.size() - 1;
  }

  const LoweredKernel& lowered(size_t kernel) const {
    return kernel < kernels_.size() ? kernels_[kernel] : plan_.copies[kernel - kernels_.size()];
  }

  void checks_before_state() {
    for (size_t check : checks_)
      for (size_t node = 0; node < nodes_.size(); ++node)
        if (nodes_[node].writes_state) run_after(node, check);
  }

  // One more than the latest of those a node waits for.
  void assign_phases() {
    constexpr int kUnknown = -1, kBeingFound = -2;
    phase_.assign(nodes_.size(), kUnknown);
    std::vector<size_t> stack;
    for (size_t start = 0; start < nodes_.size(); ++start) {
      stack.push_back(start);
      while (!stack.empty()) {
        const size_t node = stack.back();
        if (phase_[node] == kUnknown) {
          phase_[node] = kBeingFound;
          for (size_t before : nodes_[node].after) {
            invariant(phase_[before] != kBeingFound, "no two kernels wait for each other");
            if (phase_[before] == kUnknown) stack.push_back(before);
          }
          continue;
        }
        stack.pop_back();
        if (phase_[node] != kBeingFound) continue;
        int earliest = 0;
        for (size_t before : nodes_[node].after) earliest = std::max(earliest, phase_[before] + 1);
        phase_[node] = earliest;
        plan_.phases = std::max(plan_.phases, earliest + 1);
      }
    }
  }

  void place_all() {
    // Lifetimes in the arena, counted in phases.
    std::map<std::pair<Value, size_t>, Interval> lives;  // second: the node for values put aside, else SIZE_MAX
    const auto arena_key = [&](size_t node, size_t buffer) -> std::optional<std::pair<Value, size_t>> {
      const LoweredKernel& kernel = lowered(nodes_[node].kernel);
      const Value value = kernel.values[buffer];
      const bool out = kernel.kernel.buffers[buffer].role == Buffer::Role::kOut;
      if (nodes_[node].fixed.contains(buffer)) return std::nullopt;
      if (node >= kernels_.size()) {  // a copy: into or out of what was put aside, or out of a value
        if (out) return std::pair{value, node};
        if (source_.contains(node)) return std::pair{value, source_[node]};
      }
      if (input_of_.contains(value) && !out) return std::nullopt;
      if (home_.contains(value) || graph_.op(value).def->op_class == ir::OpClass::kConstant) {
        if (!out || home_.contains(value)) return std::nullopt;
      }
      return std::pair{value, SIZE_MAX};
    };
    for (size_t node = 0; node < nodes_.size(); ++node)
      for (size_t b = 0; b < lowered(nodes_[node].kernel).values.size(); ++b)
        if (const auto key = arena_key(node, b)) {
          const int at = phase_[node];
          const auto [life, fresh] = lives.try_emplace(*key, Interval{at, at, bytes_of(graph_, key->first), 0});
          life->second.first = std::min(life->second.first, at);
          life->second.last = std::max(life->second.last, at);
        }
    std::vector<Interval*> intervals;
    for (auto& [key, life] : lives) intervals.push_back(&life);
    plan_.arena_bytes = pack(intervals);
    for (const auto& [key, life] : lives)
      if (life.last + 1 < plan_.phases) plan_.deaths.push_back({life.last + 1, life.offset, life.bytes});
    std::stable_sort(plan_.deaths.begin(), plan_.deaths.end(),
                     [](const Death& a, const Death& b) { return a.phase < b.phase; });
    for (size_t node = 0; node < nodes_.size(); ++node) {
      Step step{nodes_[node].kernel,
                {},
                phase_[node],
                nodes_[node].writes_state,
                checks_indices(lowered(nodes_[node].kernel).kernel)};
      for (size_t b = 0; b < lowered(nodes_[node].kernel).values.size(); ++b) {
        if (const auto fixed = nodes_[node].fixed.find(b); fixed != nodes_[node].fixed.end())
          step.places.push_back(fixed->second);
        else if (const auto key = arena_key(node, b))
          step.places.push_back({Place::Kind::kArena, lives.at(*key).offset, lives.at(*key).bytes});
        else
          step.places.push_back(settled(lowered(nodes_[node].kernel), b));
      }
      plan_.steps.push_back(std::move(step));
    }
  }

  Place settled(const LoweredKernel& kernel, size_t buffer) {
    const Value value = kernel.values[buffer];
    // A constant that is a result is read where it lies, and written where the result is.
    const bool reads_constant = kernel.kernel.buffers[buffer].role == Buffer::Role::kIn &&
                                graph_.op(value).def->op_class == ir::OpClass::kConstant;
    if (const auto home = home_.find(value); home != home_.end() && !reads_constant) return home->second;
    if (const auto input = input_of_.find(value); input != input_of_.end())
      return {Place::Kind::kInput, input->second, bytes_of(graph_, value)};
    const auto at = std::find(plan_.constants.begin(), plan_.constants.end(), value);
    const auto index = static_cast<size_t>(at - plan_.constants.begin());
    if (at == plan_.constants.end()) plan_.constants.push_back(value);
    return {Place::Kind::kConstant, index, bytes_of(graph_, value)};
  }

  const ir::Graph& graph_;
  const std::vector<LoweredKernel>& kernels_;
  Plan plan_;
  std::vector<Node> nodes_;
  std::vector<size_t> checks_;  // kernels that check indices
  std::map<Value, size_t> input_of_, writer_;
  std::map<size_t, std::set<size_t>> readers_;  // of parameters: nodes
  std::map<Value, Place> home_;
  std::vector<size_t> put_aside_, late_;
  std::map<size_t, size_t> source_;  // copy -> the copy that put its source aside
  std::vector<int> phase_;
};

}  // namespace

Plan plan(const ir::Graph& graph, const std::vector<LoweredKernel>& kernels) { return Planner(graph, kernels).run(); }

std::string print(const Plan& plan, const std::vector<LoweredKernel>& kernels) {
  constexpr std::string_view kKinds[] = {"input", "output", "arena", "constant"};
  std::string text = fmt::format("arena {} bytes, {} phases\n", plan.arena_bytes, plan.phases);
  for (const Step& step : plan.steps) {
    const LoweredKernel& lowered =
        step.kernel < kernels.size() ? kernels[step.kernel] : plan.copies[step.kernel - kernels.size()];
    text += fmt::format("phase {}: {}(", step.phase, lowered.kernel.name);
    for (size_t b = 0; b < step.places.size(); ++b)
      text += fmt::format("{}{}{}:{}", b > 0 ? ", " : "",
                          lowered.kernel.buffers[b].role == loops::Buffer::Role::kOut ? "out " : "",
                          kKinds[static_cast<size_t>(step.places[b].kind)], step.places[b].index);
    text += step.writes_state ? ") state\n" : ")\n";
  }
  return text;
}

}  // namespace sinter::passes
