#include "driver/compile.h"

#include <mutex>

#include "codegen/cpu/compile_kernel.h"
#include "driver/check.h"
#include "driver/cuda.h"
#include "driver/kernels.h"
#include "driver/lower_program.h"
#include "driver/program_table.h"
#include "driver/reference.h"
#include "passes/fuse/cost.h"
#include "passes/pass.h"
#include "passes/plan/barriers.h"
#include "passes/plan/plan.h"
#include "passes/schedule/cpu.h"
#include "runtime/run_program.h"
#include "support/clock.h"
#include "support/options.h"

namespace sinter::driver {
namespace {

class CpuExecutable : public Executable {
 public:
  CpuExecutable(ir::Graph graph, const CompileOptions& options) {
    auto [graph_made, kernels, plan] = lower_program(std::move(graph), options, stats_);
    graph_ = std::move(graph_made);
    const auto start = std::chrono::steady_clock::now();
    std::vector<passes::LoweredKernel> launched = with_shared_code(graph_, kernels);
    std::vector<loops::Kernel> code;
    code.reserve(launched.size());
    for (const passes::LoweredKernel& kernel : launched) {
      code.push_back(kernel.kernel);
      checks_.push_back({kernel.kernel.name, kernel.checks});
    }
    program_ = program_table(graph_, launched, plan, stats_);
    program_.kernels = passes::run_stage("asm", graph_, [&] { return compile_kernels(code, options.isa, stats_); });
    stats_.codegen_ms = milliseconds_since(start);
    share_units(kernels, plan, options.share_all);
    report_time(graph_, options.device, stats_);
    if (sinter::options().check) check_ = std::make_unique<PlanCheck>(graph_, std::move(launched), std::move(plan));
  }

  void run(std::span<void* const> inputs, std::span<void* const> outputs, runtime::ThreadTeam& team) const override {
    const std::vector<ir::Literal> expected = check_ ? check_->expect(inputs) : std::vector<ir::Literal>();
    std::unique_ptr<runtime::RunState> state = take_state();
    const runtime::Launch* failed = state->run(program_, inputs, outputs, team);
    const runtime::KernelStatus status = state->status();
    give_state(std::move(state));
    if (failed != nullptr) {
      const auto& [kernel, checks] = checks_[failed->kernel];
      throw_index_error(kernel, failed_check(checks, status), status);
    }
    if (check_) passes::run_stage("asm", graph_, [&] { check_->compare(expected, inputs, outputs); });
  }

  const CompileStats& stats() const override { return stats_; }
  const ir::Graph& graph() const override { return graph_; }

 private:
  // What the code says of each launch: its units, who does them, and which barriers that leaves.
  void share_units(const std::vector<passes::LoweredKernel>& kernels, const passes::Plan& plan, bool share_all) {
    std::vector<bool> shared;
    int gate = -1;  // phase
    for (size_t s = 0; s < plan.steps.size(); ++s) {
      runtime::Launch& launch = program_.launches[s];
      launch.units = units(*program_.kernels[launch.kernel], {});
      launch.parallel = launch.units > 1 &&
                        (share_all || passes::nanoseconds(kernels[launch.kernel].kernel) > passes::kThreadNanoseconds);
      shared.push_back(launch.parallel);
      stats_.shared += launch.parallel ? 1 : 0;
      if (launch.gate) gate = plan.steps[s].phase;
    }
    const passes::Barriers barriers = passes::place_barriers(plan, kernels, shared, gate);
    stats_.barriers = 0;
    for (size_t s = 0; s < plan.steps.size(); ++s) {
      program_.launches[s].lane = barriers.lane[s];
      program_.launches[s].barrier_before = barriers.before[s];
      stats_.barriers += barriers.before[s] ? 1 : 0;
    }
    size_t step = 0;
    for (const passes::Death& death : plan.deaths) {
      while (step < plan.steps.size() && plan.steps[step].phase < death.phase) ++step;
      bury(plan, death, step);
    }
  }

  // A dead value is poisoned at the first barrier from this step on, which is behind it, unless its bytes have been
  // given away by then.
  void bury(const passes::Plan& plan, const passes::Death& death, size_t step) {
    for (; step < plan.steps.size(); ++step) {
      if (program_.launches[step].barrier_before) return program_.dead.push_back({step, death.offset, death.bytes});
      for (const passes::Place& place : plan.steps[step].places)
        if (place.kind == passes::Place::Kind::kArena && place.index < death.offset + death.bytes &&
            death.offset < place.index + place.bytes)
          return;
    }
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
  struct Checks {
    std::string kernel;
    std::vector<passes::Check> checks;
  };
  std::vector<Checks> checks_;  // by kernel
  CompileStats stats_;
  std::unique_ptr<PlanCheck> check_;  // SINTER_CHECK
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<runtime::RunState>> states_;  // of runs that have ended; one a concurrent caller
};

}  // namespace

std::shared_ptr<const Executable> compile(const ir::Graph& graph, const CompileOptions& options) {
  if (options.device.is_cpu() && (options.isa.empty() ? sinter::options().isa : options.isa) == "reference")
    return reference_executable(graph);
  if (!options.device.is_cpu()) return cuda_executable(graph, options);
  return std::make_shared<CpuExecutable>(graph, options);
}

}  // namespace sinter::driver
