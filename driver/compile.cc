#include "driver/compile.h"

#include <chrono>
#include <cstdio>
#include <mutex>

#include "codegen/cpu/compile_kernel.h"
#include "driver/check.h"
#include "driver/kernels.h"
#include "driver/reference.h"
#include "passes/fuse/cost.h"
#include "passes/fuse/fuse.h"
#include "passes/pipeline.h"
#include "passes/plan/plan.h"
#include "passes/schedule/cpu.h"
#include "runtime/run_program.h"
#include "support/options.h"

namespace sinter::driver {
namespace {

using Clock = std::chrono::steady_clock;
double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

uint64_t bytes_moved(const loops::Kernel& kernel) {
  uint64_t bytes = 0;
  for (const loops::Buffer& buffer : kernel.buffers)
    if (!buffer.size.is_symbol()) bytes += static_cast<uint64_t>(buffer.size.value()) * size_of(buffer.dtype);
  return bytes;
}

std::string lines(const loops::Kernel& kernel) {
  std::vector<Location> all;
  for (const loops::Pass& pass : kernel.passes)
    for (const loops::Inst& inst : pass.insts) all = ir::unite(all, inst.locations);
  std::string text = kernel.name;
  for (const Location& line : all) text += " " + to_string(line);
  return text;
}

class CpuExecutable : public Executable {
 public:
  CpuExecutable(ir::Graph graph, const CompileOptions& options) {
    const auto start = Clock::now();
    graph_ = passes::run_passes(passes::graph_pipeline(), std::move(graph)).graph;
    const passes::Fusion fusion = passes::fuse(graph_, {.fuse = options.fuse && sinter::options().fuse});
    std::vector<passes::LoweredKernel> kernels = lower_all(graph_, fusion);
    passes::Plan plan = passes::plan(graph_, kernels);
    if (!sinter::options().dump.empty()) {
      passes::dump(graph_.name, "fusion", passes::print_ledger(graph_, fusion));
      passes::dump(graph_.name, "plan", passes::print(plan, kernels));
    }
    for (passes::LoweredKernel& copy : plan.copies) {
      passes::schedule_cpu(copy.kernel);
      kernels.push_back(std::move(copy));
    }
    stats_.passes_ms = milliseconds_since(start);

    const auto codegen_start = Clock::now();
    std::vector<loops::Kernel> code;
    code.reserve(kernels.size());
    for (passes::LoweredKernel& kernel : kernels) code.push_back(kernel.kernel);
    program_.kernels = compile_kernels(code, options.isa, stats_);
    stats_.codegen_ms = milliseconds_since(codegen_start);
    fill_program(kernels, plan, options.share_all);
    if (sinter::options().time)
      fmt::print(stderr, "compilation of @{}: passes {:.3f} ms, code {:.3f} ms, {} kernels, {} of them compiled now\n",
                 graph_.name, stats_.passes_ms, stats_.codegen_ms, stats_.kernels, stats_.compiled);
    if (sinter::options().check) check_ = std::make_unique<PlanCheck>(graph_, std::move(kernels), std::move(plan));
  }

  void run(std::span<void* const> inputs, std::span<void* const> outputs, runtime::ThreadTeam& team) const override {
    const std::vector<ir::Literal> expected = check_ ? check_->expect(inputs) : std::vector<ir::Literal>();
    std::unique_ptr<runtime::RunState> state = take_state();
    const runtime::Launch* failed = state->run(program_, inputs, outputs, team);
    const runtime::KernelStatus status = state->status();
    give_state(std::move(state));
    if (failed != nullptr) throw_index_error(program_.kernels[failed->kernel]->name, failed->where, status);
    if (check_) check_->compare(expected, inputs, outputs);
  }

  const CompileStats& stats() const override { return stats_; }
  const ir::Graph& graph() const override { return graph_; }

 private:
  void fill_program(const std::vector<passes::LoweredKernel>& kernels, const passes::Plan& plan, bool share_all) {
    program_.arena_bytes = plan.arena_bytes;
    for (ir::Value value : plan.constants)
      program_.constants.push_back(std::get<ir::ConstantAttributes>(graph_.op(value).attributes).value->bytes);
    int phase = 0, lane = 0, first_state = -1;
    for (const passes::Step& step : plan.steps) {
      program_.has_checks |= step.checks_indices;
      if (step.writes_state && first_state < 0) first_state = step.phase;
    }
    for (const passes::Step& step : plan.steps) {
      const loops::Kernel& kernel = kernels[step.kernel].kernel;
      runtime::Launch launch;
      launch.kernel = step.kernel;
      for (const passes::Place& place : step.places) launch.slots.push_back(slot(place));
      launch.units = units(*program_.kernels[step.kernel], {});
      launch.parallel = launch.units > 1 && (share_all || passes::nanoseconds(kernel) > passes::kThreadNanoseconds);
      launch.barrier_before = step.phase != phase;
      launch.gate = launch.barrier_before && program_.has_checks && step.phase == first_state;
      if (launch.barrier_before) lane = 0;
      if (!launch.parallel) launch.lane = lane++;
      launch.where = lines(kernel);
      stats_.shared += launch.parallel ? 1 : 0;
      stats_.barriers += launch.barrier_before ? 1 : 0;
      stats_.bytes_moved += bytes_moved(kernel);
      phase = step.phase;
      program_.launches.push_back(std::move(launch));
    }
    stats_.launches = program_.launches.size();
    stats_.arena_bytes = program_.arena_bytes;
  }

  uint32_t slot(const passes::Place& place) {
    const runtime::Slot wanted{static_cast<runtime::Slot::Kind>(place.kind), place.index, place.bytes};
    for (size_t s = 0; s < program_.slots.size(); ++s) {
      const runtime::Slot& have = program_.slots[s];
      if (have.kind == wanted.kind && have.index == wanted.index) return static_cast<uint32_t>(s);
    }
    program_.slots.push_back(wanted);
    return static_cast<uint32_t>(program_.slots.size() - 1);
  }

  std::unique_ptr<runtime::RunState> take_state() const {
    const std::lock_guard lock(mutex_);
    if (states_.empty()) return std::make_unique<runtime::RunState>(program_);
    std::unique_ptr<runtime::RunState> state = std::move(states_.back());
    states_.pop_back();
    return state;
  }
  void give_state(std::unique_ptr<runtime::RunState> state) const {
    const std::lock_guard lock(mutex_);
    states_.push_back(std::move(state));
  }

  ir::Graph graph_;
  runtime::Program program_;
  CompileStats stats_;
  std::unique_ptr<PlanCheck> check_;  // SINTER_CHECK
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<runtime::RunState>> states_;  // of runs that have ended; one a concurrent caller
};

}  // namespace

std::shared_ptr<const Executable> compile(const ir::Graph& graph, const CompileOptions& options) {
  if ((options.isa.empty() ? sinter::options().isa : options.isa) == "reference") return reference_executable(graph);
  return std::make_shared<CpuExecutable>(graph, options);
}

}  // namespace sinter::driver
