#include "driver/compile.h"

#include <chrono>
#include <cstdio>
#include <mutex>

#include "codegen/cpu/compile_kernel.h"
#include "driver/check.h"
#include "driver/cuda.h"
#include "driver/kernels.h"
#include "driver/program_table.h"
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

class CpuExecutable : public Executable {
 public:
  CpuExecutable(ir::Graph graph, const CompileOptions& options) {
    const auto start = Clock::now();
    graph_ = passes::run_passes(passes::graph_pipeline(), std::move(graph)).graph;
    const passes::Fusion fusion = passes::fuse(graph_, {.fuse = options.fuse && sinter::options().fuse});
    std::vector<passes::LoweredKernel> kernels = lower_all(graph_, fusion, options.device);
    passes::Plan plan = passes::plan(graph_, kernels);
    if (!sinter::options().dump.empty()) {
      passes::dump(graph_.name, "fusion", passes::print_ledger(graph_, fusion));
      passes::dump(graph_.name, "plan", passes::print(plan, kernels));
    }
    for (passes::LoweredKernel& copy : plan.copies) {
      schedule(copy.kernel, options.device);
      kernels.push_back(std::move(copy));
    }
    stats_.passes_ms = milliseconds_since(start);

    const auto codegen_start = Clock::now();
    std::vector<loops::Kernel> code;
    code.reserve(kernels.size());
    for (passes::LoweredKernel& kernel : kernels) {
      code.push_back(kernel.kernel);
      checks_.push_back(kernel.checks);
    }
    program_ = program_table(graph_, kernels, plan, stats_);
    program_.kernels = compile_kernels(code, options.isa, stats_);
    stats_.codegen_ms = milliseconds_since(codegen_start);
    share_units(kernels, options.share_all);
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
    if (failed != nullptr)
      throw_index_error(program_.kernels[failed->kernel]->name, failed_check(checks_[failed->kernel], status), status);
    if (check_) check_->compare(expected, inputs, outputs);
  }

  const CompileStats& stats() const override { return stats_; }
  const ir::Graph& graph() const override { return graph_; }

 private:
  // What the code says of each launch: its units, and who does them.
  void share_units(const std::vector<passes::LoweredKernel>& kernels, bool share_all) {
    int lane = 0;
    for (runtime::Launch& launch : program_.launches) {
      launch.units = units(*program_.kernels[launch.kernel], {});
      launch.parallel = launch.units > 1 &&
                        (share_all || passes::nanoseconds(kernels[launch.kernel].kernel) > passes::kThreadNanoseconds);
      if (launch.barrier_before) lane = 0;
      if (!launch.parallel) launch.lane = lane++;
      stats_.shared += launch.parallel ? 1 : 0;
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
  std::vector<std::vector<passes::Check>> checks_;  // by kernel
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
