#include "frontend/jit.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <set>
#include <shared_mutex>
#include <unordered_map>

#include "frontend/call_scope.h"
#include "frontend/draw.h"
#include "frontend/jit_entry.h"
#include "frontend/retrace.h"
#include "frontend/thread_value.h"
#include "frontend/transfer.h"
#include "ir/graph/text.h"
#include "support/clock.h"
#include "support/options.h"

namespace sinter::detail {
namespace {

thread_local size_t g_depth = 0;  // calls of this thread in progress: one, unless a call is made while another runs

constexpr size_t kExplanations = 64;  // that are kept

JitCall& next_call() {
  auto& calls = thread_value<std::vector<std::unique_ptr<JitCall>>, JitCall>();
  if (g_depth == calls.size()) calls.push_back(std::make_unique<JitCall>());
  return *calls[g_depth++];
}

// Makes the arguments that are values inputs of the trace; cells stay what they are.
void trace_arguments(JitEntry& entry, Trace& trace, const JitCall& call, std::vector<Ref<Impl>>& traced,
                     const JitOptions& options) {
  const CallScope location(options.at);
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    const Ref<Impl>& argument = call.arguments[i];
    entry.arguments.push_back(key_of(argument));
    if (!argument || argument->cell) {
      traced.push_back(argument);
      continue;
    }
    if (argument->node && grad_enabled())
      throw GraphError(
          fmt::format(
              "jit: tensor {} of the arguments was computed from leaves that require gradients, which would not "
              "reach them from inside",
              i + 1),
          "pass x.detach(), call it under no_grad, or compute the argument inside the function");
    trace.runs_on(argument->device(), fmt::format("jit: tensor {} of the arguments", i + 1));
    traced.push_back(trace.add_input(argument->dtype, argument->shape, "x" + std::to_string(i), argument->cut_by));
    entry.inputs.push_back({JitEntry::Input::From::kArgument, i, {}});
  }
}

// How errors speak of the function.
const std::string* describe(const JitOptions& options) {
  const std::string name = options.name == "jit" ? "a jitted function" : "the jitted function " + options.name;
  const Location at = to_location(options.at);
  return SharedName::interned(at.known() ? fmt::format("{} (made at {})", name, to_string(at)) : name);
}

// Adds a result; its place. is_cut: as in JitEntry::Output.
size_t add_result(JitEntry& entry, ir::Graph& graph, ir::Value value, bool is_cut = false) {
  graph.results.push_back(value);
  const ir::Type type = graph.type(value);
  entry.outputs.push_back({.dtype = type.dtype, .shape = Sizes(type.shape), .is_cut = is_cut});
  return graph.results.size() - 1;
}
size_t add_result(JitEntry& entry, ir::Graph& graph, const Impl& x, ir::Value value) {
  return add_result(entry, graph, value, x.requires_grad || x.cut_by != nullptr);
}

// Turns what the trace learnt about cells into the entry's plan, and adds their results to the graph.
void plan_cells(JitEntry& entry, Trace& trace, const JitOptions& options) {
  std::vector<const CellUse*> uses;
  for (const CellUse& use : trace.cells)
    if (use.parameter) uses.push_back(&use);
  std::ranges::sort(uses, {}, [](const CellUse* use) { return use->cell->order; });
  ir::Graph& graph = trace.graph;
  for (const CellUse* use : uses) {
    JitEntry::CellPlan plan{.cell = use->cell,
                            .written = use->written,
                            .requires_grad = use->requires_grad,
                            .requires_grad_after = use->cell->requires_grad,
                            .grad_at_entry = {}};
    entry.inputs[*use->parameter] = {JitEntry::Input::From::kCell, entry.cells.size(), {}};
    if (use->grad_parameter)
      entry.inputs[*use->grad_parameter] = {JitEntry::Input::From::kGrad, entry.cells.size(), {}};
    plan.grad_at_entry = use->grad_entered;
    if (use->written) graph.states.push_back({*use->parameter, add_result(entry, graph, use->value)});
    if (use->grad_touched) {
      using Grad = JitEntry::CellPlan::Grad;
      plan.grad = !use->grad ? Grad::kCleared : options.keep_grads ? Grad::kKept : Grad::kDropped;
      if (plan.grad == Grad::kDropped && use->grad_entered)
        throw GraphError(
            fmt::format(
                "jit: backward() adds to the gradient that cell {} had before the call, and gradients made inside a "
                "jitted function are not kept",
                described(*use->cell)),
            "call zero_grad() in the function, or make it with jit(f, {.keep_grads = true})");
      if (plan.grad == Grad::kKept) plan.grad_result = add_result(entry, graph, *use->grad, use->grad->value);
    }
    entry.cells.push_back(std::move(plan));
  }
}

// The place in `made_cells` of a cell that the trace made, which becomes one of the caller's.
size_t return_cell(JitEntry& entry, Trace& trace, const Ref<Cell>& cell, bool keep_grads,
                   std::map<const Cell*, size_t>& places) {
  const auto [at, fresh] = places.try_emplace(cell.get(), entry.made_cells.size());
  if (!fresh) return at->second;
  const CellUse* use = trace.find(cell.get());
  if (use == nullptr) report_ended_trace();  // another trace's
  JitEntry::MadeCell made{.output = add_result(entry, trace.graph, use->value),
                          .requires_grad = cell->requires_grad,
                          .name = cell->name,
                          .grad_output = {},
                          .grad_dropped = use->grad && !keep_grads};
  if (use->grad && keep_grads) made.grad_output = add_result(entry, trace.graph, *use->grad, use->grad->value);
  entry.made_cells.push_back(std::move(made));
  return at->second;
}

}  // namespace

void JitCall::clear() {
  arguments.clear();
  fixed.clear();
  outputs.clear();
  temporaries.clear();
  input_memory.clear();
  output_memory.clear();
}

JitCallScope::JitCallScope() : call(next_call()) {}
JitCallScope::~JitCallScope() {
  call.clear();
  --g_depth;
}

std::unique_ptr<JitEntry> traced_entry(const JitCall& call, std::type_index types,
                                       const JitCore::TraceFunction& function, const JitOptions& options) {
  auto entry = std::make_unique<JitEntry>();
  entry->types = types;
  entry->grad_enabled = grad_enabled();
  entry->description = describe(options);
  for (const Fixed& value : call.fixed)
    std::visit(
        [&](const auto& plain) {
          entry->fixed.emplace_back(
              std::in_place_type<
                  std::conditional_t<std::is_same_v<std::decay_t<decltype(plain)>, uint64_t>, uint64_t, std::string>>,
              plain);
        },
        value);
  Trace trace;
  trace.graph.name = options.name;
  std::vector<Ref<Impl>> traced, results;
  trace_arguments(*entry, trace, call, traced, options);
  entry->prototype = function(traced, results);  // whose operations have lines of their own
  const CallScope location(options.at);

  std::map<const Cell*, size_t> made;
  for (const Ref<Impl>& result : results) {
    if (result && result->cell && result->cell->trace != 0) {
      entry->returned.push_back({{}, {}, return_cell(*entry, trace, result->cell, options.keep_grads, made)});
    } else if (!result || result->trace == 0) {
      entry->returned.push_back({{}, result, {}});
    } else {
      entry->returned.push_back({add_result(*entry, trace.graph, *result, trace.value_of(result)), {}, {}});
    }
  }
  entry->inputs.resize(trace.graph.parameters().size());
  for (const Trace::Captured& captured : trace.captured)
    if (captured.parameter)
      entry->inputs[*captured.parameter] = {JitEntry::Input::From::kFixed, 0, packed(*captured.impl)};
  plan_cells(*entry, trace, options);
  entry->device = trace.device.value_or(default_device());
  for (const ir::State& state : trace.graph.states) entry->outputs[state.result].is_state = true;
  entry->guards = trace.guards;
  entry->traced = std::move(trace.graph);
  return entry;
}

std::unique_ptr<JitEntry> compiled_entry(const JitCall& call, std::type_index types,
                                         const JitCore::TraceFunction& function, const JitOptions& options,
                                         JitStats& stats) {
  auto start = std::chrono::steady_clock::now();
  std::unique_ptr<JitEntry> entry = traced_entry(call, types, function, options);
  stats.trace_ms += milliseconds_since(start);
  const CallScope location(options.at);
  start = std::chrono::steady_clock::now();
  entry->executable = driver::compile(entry->traced, {.device = entry->device});
  stats.compile_ms += milliseconds_since(start);
  stats.operations = entry->traced.ops().size() - entry->traced.parameters().size();
  stats.code = entry->executable->stats();
  return entry;
}

struct JitCore::State {
  using Entry = std::shared_ptr<JitEntry>;

  JitOptions options;
  mutable std::shared_mutex mutex;                 // of what follows
  std::unordered_multimap<size_t, Entry> entries;  // by hash of the signature
  Entry newest;
  JitStats stats;
  std::mutex tracing;  // one at a time
  mutable std::atomic<uint64_t> clock{0};

  Entry find(const JitCall& call, std::type_index types, size_t hash) const {
    const std::shared_lock lock(mutex);
    const auto [begin, end] = entries.equal_range(hash);
    for (auto at = begin; at != end; ++at) {
      if (!at->second->matches(call, types)) continue;
      at->second->last_used.store(++clock, std::memory_order_relaxed);
      return at->second;
    }
    return nullptr;
  }

  Entry entry(const JitCall& call, std::type_index types, const TraceFunction& trace) {
    const size_t hash = signature_hash(call, types);
    Entry found = find(call, types, hash);
    if (found == nullptr) return add(call, types, hash, trace);
    if (found->unconfirmed.load(std::memory_order_relaxed)) confirm(*found, call, types, trace);
    return found;
  }

  // Says on stderr where the function would be traced to something else now.
  void confirm(JitEntry& entry, const JitCall& call, std::type_index types, const TraceFunction& trace) {
    const std::lock_guard one(tracing);
    if (!entry.unconfirmed.exchange(false)) return;
    std::string difference;
    try {
      difference = first_difference(entry, *traced_entry(call, types, trace, options));
    } catch (const std::exception& error) {  // the call itself needs no trace
      difference = fmt::format("tracing again fails, {}", error.what());
    }
    if (!difference.empty())
      std::fprintf(
          stderr,
          "sinter: jit %s: %s; numbers and captured tensors are fixed when a function is traced: pass them as "
          "arguments (numbers as Static<T> or tensor(x)), or keep them in cells, variable(x), written by set()\n",
          options.name.c_str(), difference.c_str());
  }

  Entry add(const JitCall& call, std::type_index types, size_t hash, const TraceFunction& trace) {
    const std::lock_guard one(tracing);
    if (Entry made = find(call, types, hash)) return made;
    JitStats times;
    Entry entry = compiled_entry(call, types, trace, options, times);
    const std::lock_guard lock(mutex);
    stats.trace_ms += times.trace_ms;
    stats.compile_ms += times.compile_ms;
    stats.operations = times.operations;
    stats.code = times.code;
    const std::string explanation = newest ? newest->difference(call, types) : "";
    if (newest) stats.explanations.push_back(explanation);
    if (stats.explanations.size() > kExplanations) stats.explanations.erase(stats.explanations.begin());
    entry->number = ++stats.compilations;
    entry->last_used = ++clock;
    entry->unconfirmed = sinter::options().debug >= 1;
    if (entry->unconfirmed)
      std::fprintf(stderr, "sinter: jit %s: compilation %zu%s%s\n", options.name.c_str(), stats.compilations,
                   newest ? ": " : "", explanation.c_str());
    make_room();
    entries.emplace(hash, entry);
    return newest = entry;
  }

  // As they were compiled; while `mutex` is held.
  std::vector<const JitEntry*> in_order() const {
    std::vector<const JitEntry*> list;
    for (const auto& [hash, entry] : entries) list.push_back(entry.get());
    std::ranges::sort(list, {}, &JitEntry::number);
    return list;
  }

  // For one more: the entry used longest ago goes. Calls that run it still hold it.
  void make_room() {
    if (entries.size() < std::max<size_t>(options.cache_size_limit, 1)) return;
    if (stats.dropped++ == 0)
      std::fprintf(stderr,
                   "sinter: jit %s has seen more than %zu signatures, and drops those used longest ago (last: %s); "
                   "cache_size_limit in its JitOptions sets the number\n",
                   options.name.c_str(), entries.size(),
                   stats.explanations.empty() ? "" : stats.explanations.back().c_str());
    entries.erase(
        std::ranges::min_element(entries, {}, [](const auto& entry) { return entry.second->last_used.load(); }));
  }
};

JitCore::JitCore(JitOptions options) : state_(std::make_unique<State>()) { state_->options = std::move(options); }
JitCore::~JitCore() = default;

std::shared_ptr<const void> JitCore::run(JitCall& call, std::type_index types, const TraceFunction& trace) {
  State::Entry entry = state_->entry(call, types, trace);
  const CallScope location(state_->options.at);
  entry->run(call);
  const void* prototype = entry->prototype.get();
  return {std::move(entry), prototype};
}

void JitCore::compile(const JitCall& call, std::type_index types, const TraceFunction& trace) {
  (void)state_->entry(call, types, trace);
}

std::vector<Tensor> JitCore::cells() const {
  const std::shared_lock lock(state_->mutex);
  std::vector<Tensor> handles;
  std::set<const Cell*> seen;
  for (const JitEntry* entry : state_->in_order())
    for (const JitEntry::CellPlan& plan : entry->cells)
      if (seen.insert(plan.cell.get()).second) handles.emplace_back(handle_of(plan.cell));
  return handles;
}

JitStats JitCore::stats() const {
  const std::shared_lock lock(state_->mutex);
  return state_->stats;
}

std::vector<std::string> JitCore::texts(bool as_dot) const {
  const std::shared_lock lock(state_->mutex);
  std::vector<std::string> all;
  for (const JitEntry* entry : state_->in_order())
    all.push_back(as_dot ? draw(entry->traced) : ir::print(entry->traced));
  return all;
}

}  // namespace sinter::detail
