#include "passes/plan/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "passes/lower/coordinates.h"
#include "passes/plan/arena.h"
#include "passes/plan/phases.h"
#include "support/work.h"

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
  Planner(const ir::Graph& graph, const std::vector<LoweredKernel>& kernels, size_t spare)
      : graph_(graph), kernels_(kernels), spare_(spare) {}

  Plan run() {
    for (size_t p = 0; p < graph_.parameters().size(); ++p) input_of_[graph_.parameters()[p].value] = p;
    for (const ir::State& state : graph_.states) is_state_.insert(state.parameter);
    for (uint32_t k = 0; k < kernels_.size(); ++k) {
      add_node(k);
      if (checks_indices(kernels_[k].kernel)) checks_.push_back(k);
      for (size_t b = 0; b < kernels_[k].values.size(); ++b)
        if (kernels_[k].kernel.buffers[b].role == Buffer::Role::kOut) writer_[kernels_[k].values[b]] = k;
    }
    for (uint32_t k = 0; k < kernels_.size(); ++k)
      for (size_t b = 0; b < kernels_[k].values.size(); ++b) {
        const Value value = kernels_[k].values[b];
        if (kernels_[k].kernel.buffers[b].role != Buffer::Role::kIn) continue;
        if (const auto writer = writer_.find(value); writer != writer_.end() && writer->second != k)
          run_after(k, writer->second);
        if (input_of_.contains(value)) readers_[input_of_[value]].insert(k);
      }
    find_before_checks();
    place_results();
    checks_before_state();
    assign_phases();
    place_all();
    std::stable_sort(plan_.steps.begin(), plan_.steps.end(),
                     [](const Step& a, const Step& b) { return a.phase < b.phase; });
    return std::move(plan_);
  }

 private:
  struct Node {                     // a kernel run
    size_t kernel;                  // kInstant: none
    std::vector<uint32_t> after;    // nodes that must have ended
    std::map<size_t, Place> fixed;  // buffers with a place of their own (copies)
    bool writes_state = false, is_waited_for = false;
  };
  static constexpr size_t kInstant = SIZE_MAX;

  uint32_t add_node(size_t kernel) {
    nodes_.push_back({kernel, {}, {}});
    return static_cast<uint32_t>(nodes_.size() - 1);
  }

  void run_after(uint32_t node, uint32_t before) {
    nodes_[node].after.push_back(before);
    nodes_[before].is_waited_for = true;
  }

  // Whether `to` runs after `from`.
  bool reaches(uint32_t from, uint32_t to) const {
    if (from == to || !nodes_[from].is_waited_for) return from == to;
    std::vector<uint32_t> stack{to};
    std::vector<bool> seen(nodes_.size());
    while (!stack.empty()) {
      const uint32_t at = stack.back();
      stack.pop_back();
      if (at == from) return true;
      if (seen[at]) continue;
      count_work();
      seen[at] = true;
      stack.insert(stack.end(), nodes_[at].after.begin(), nodes_[at].after.end());
    }
    return false;
  }

  // Which kernels check an index, or one of those that run after them does. They write no state: the check may fail,
  // and state must then be as it was.
  void find_before_checks() {
    before_checks_.resize(kernels_.size());
    std::vector<uint32_t> stack = checks_;
    while (!stack.empty()) {
      const uint32_t at = stack.back();
      stack.pop_back();
      if (before_checks_[at]) continue;
      count_work();
      before_checks_[at] = true;
      stack.insert(stack.end(), nodes_[at].after.begin(), nodes_[at].after.end());
    }
  }

  // Tries to let the kernel that makes `value` write it over parameter p.
  bool in_place(Value value, size_t p) {
    const uint32_t k = writer_.at(value);
    const LoweredKernel& kernel = kernels_[k];
    size_t written = 0;
    while (kernel.values[written] != value || kernel.kernel.buffers[written].role != Buffer::Role::kOut) ++written;
    for (size_t b = 0; b < kernel.values.size(); ++b)
      if (kernel.values[b] == graph_.parameters()[p].value && kernel.kernel.buffers[b].role == Buffer::Role::kIn &&
          !may_overwrite(kernel, b, written))
        return false;
    if (before_checks_[k]) return false;
    for (uint32_t reader : readers_[p])
      if (reader != k && reaches(k, reader)) return false;
    for (uint32_t reader : readers_[p])  // no check waits for k, so that before_checks_ stays as it is
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
    if (!copied.empty()) copy_results(copied);
  }

  // What has no place of its own yet is copied there after everything else has run; parameters, which others may
  // overwrite by then, are put aside first.
  void copy_results(const std::vector<size_t>& results) {
    const auto work = static_cast<uint32_t>(nodes_.size());
    const uint32_t all_worked = add_node(kInstant), all_aside = add_node(kInstant);
    for (uint32_t k = 0; k < work; ++k) {
      run_after(all_worked, k);
      if (nodes_[k].writes_state) run_after(k, all_aside);
    }
    for (size_t r : results) {
      const Value value = storage_of(graph_, graph_.results[r]);
      const int32_t p = plan_.output_in_input[r];
      const bool from_state = input_of_.contains(value) && is_state_.contains(input_of_[value]);
      uint32_t from = 0;
      if (from_state) {
        from = add_copy(value);
        nodes_[from].fixed[0] = {Place::Kind::kInput, input_of_[value], bytes_of(graph_, value)};
        run_after(all_aside, from);
      }
      const uint32_t copy = add_copy(value);
      nodes_[copy].fixed[1] = p >= 0 ? Place{Place::Kind::kInput, static_cast<size_t>(p), bytes_of(graph_, value)}
                                     : Place{Place::Kind::kOutput, r, bytes_of(graph_, value)};
      nodes_[copy].writes_state = p >= 0;
      run_after(copy, all_worked);
      if (from_state) source_[copy] = from;
      if (from_state || p >= 0) run_after(copy, all_aside);
    }
  }

  uint32_t add_copy(Value value) {
    plan_.copies.push_back(copy_kernel(graph_, value));
    return add_node(kernels_.size() + plan_.copies.size() - 1);
  }

  const LoweredKernel& lowered(size_t kernel) const {
    return kernel < kernels_.size() ? kernels_[kernel] : plan_.copies[kernel - kernels_.size()];
  }

  void checks_before_state() {
    if (checks_.empty()) return;
    const uint32_t all_checked = add_node(kInstant);
    for (uint32_t check : checks_) run_after(all_checked, check);
    for (uint32_t node = 0; node < all_checked; ++node)
      if (nodes_[node].writes_state) run_after(node, all_checked);
  }

  // A value, and the node that put it aside, else kInstant.
  using ArenaKey = std::pair<Value, size_t>;
  // What of a buffer lies in the arena.
  std::optional<ArenaKey> arena_key(uint32_t node, size_t buffer) const {
    const LoweredKernel& kernel = lowered(nodes_[node].kernel);
    const Value value = kernel.values[buffer];
    const bool out = kernel.kernel.buffers[buffer].role == Buffer::Role::kOut;
    if (nodes_[node].fixed.contains(buffer)) return std::nullopt;
    if (node >= kernels_.size()) {  // a copy: into or out of what was put aside, or out of a value
      if (out) return std::pair{value, node};
      if (const auto source = source_.find(node); source != source_.end()) return std::pair{value, source->second};
    }
    if (input_of_.contains(value) && !out) return std::nullopt;
    if (home_.contains(value) || graph_.op(value).def->op_class == ir::OpClass::kConstant) {
      if (!out || home_.contains(value)) return std::nullopt;
    }
    return std::pair{value, kInstant};
  }

  void assign_phases() {
    std::vector<Task> tasks(nodes_.size());
    std::vector<size_t> bytes;
    std::map<ArenaKey, uint32_t> numbers;
    for (uint32_t node = 0; node < nodes_.size(); ++node) {
      Task& task = tasks[node];
      task.after = nodes_[node].after;
      task.instant = nodes_[node].kernel == kInstant;
      if (task.instant) continue;
      const LoweredKernel& kernel = lowered(nodes_[node].kernel);
      for (size_t b = 0; b < kernel.values.size(); ++b)
        if (const auto key = arena_key(node, b)) {
          const auto [at, fresh] = numbers.try_emplace(*key, static_cast<uint32_t>(bytes.size()));
          if (fresh) bytes.push_back(bytes_of(graph_, key->first));
          const bool out = kernel.kernel.buffers[b].role == Buffer::Role::kOut;
          (out ? task.makes : task.reads).push_back(at->second);
        }
    }
    const Phases phases = find_phases(tasks, bytes, spare_);
    phase_ = phases.of;
    plan_.phases = phases.count;
  }

  void place_all() {
    std::map<ArenaKey, Interval> lives;  // counted in phases
    for (uint32_t node = 0; node < nodes_.size(); ++node) {
      if (nodes_[node].kernel == kInstant) continue;
      for (size_t b = 0; b < lowered(nodes_[node].kernel).values.size(); ++b)
        if (const auto key = arena_key(node, b)) {
          const int at = phase_[node];
          const auto [life, fresh] = lives.try_emplace(*key, Interval{at, at, bytes_of(graph_, key->first), 0});
          life->second.first = std::min(life->second.first, at);
          life->second.last = std::max(life->second.last, at);
        }
    }
    std::vector<Interval*> intervals;
    for (auto& [key, life] : lives) intervals.push_back(&life);
    plan_.arena_bytes = pack(intervals);
    for (const auto& [key, life] : lives)
      if (life.last + 1 < plan_.phases) plan_.deaths.push_back({life.last + 1, life.offset, life.bytes});
    std::stable_sort(plan_.deaths.begin(), plan_.deaths.end(),
                     [](const Death& a, const Death& b) { return a.phase < b.phase; });
    for (uint32_t node = 0; node < nodes_.size(); ++node) {
      if (nodes_[node].kernel == kInstant) continue;
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
    const auto [at, fresh] = constant_.try_emplace(value, plan_.constants.size());
    if (fresh) plan_.constants.push_back(value);
    return {Place::Kind::kConstant, at->second, bytes_of(graph_, value)};
  }

  const ir::Graph& graph_;
  const std::vector<LoweredKernel>& kernels_;
  const size_t spare_;
  Plan plan_;
  std::vector<Node> nodes_;
  std::vector<uint32_t> checks_;     // kernels that check indices
  std::vector<bool> before_checks_;  // by kernel
  std::map<Value, size_t> input_of_;
  std::map<Value, uint32_t> writer_;
  std::set<size_t> is_state_;                     // parameters
  std::map<size_t, std::set<uint32_t>> readers_;  // of parameters: nodes
  std::map<Value, Place> home_;
  std::map<Value, size_t> constant_;     // its number
  std::map<uint32_t, uint32_t> source_;  // copy -> the copy that put its source aside
  std::vector<int> phase_;
};

}  // namespace

Plan plan(const ir::Graph& graph, const std::vector<LoweredKernel>& kernels, size_t spare) {
  for (const LoweredKernel& kernel : kernels) invariant(kernel.symbols.empty(), "kernels share no code yet");
  return Planner(graph, kernels, spare).run();
}

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
