// Static programs on a CUDA device: the same passes as for the CPU, CUDA's schedules and code, one CUDA graph a step.
#include <chrono>
#include <cstdio>

#include "driver/check.h"
#include "driver/cuda.h"
#include "driver/cuda_kernels.h"
#include "driver/kernels.h"
#include "driver/program_table.h"
#include "passes/fuse/fuse.h"
#include "passes/pipeline.h"
#include "passes/plan/plan.h"
#include "runtime/cuda/program.h"
#include "runtime/device_memory.h"
#include "support/options.h"

namespace sinter::driver {
namespace {

using Clock = std::chrono::steady_clock;
double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// What SINTER_CHECK copies back and interprets, at most.
constexpr size_t kCheckedBytes = size_t{64} << 20;

class CudaExecutable : public Executable {
 public:
  CudaExecutable(ir::Graph graph, const CompileOptions& options) : device_(options.device) {
    runtime::cuda::Gpu& gpu = runtime::cuda::Gpu::open(device_);
    const auto start = Clock::now();
    graph_ = passes::run_passes(passes::graph_pipeline(), std::move(graph)).graph;
    const passes::Fusion fusion = passes::fuse(graph_, {.fuse = options.fuse && sinter::options().fuse});
    std::vector<passes::LoweredKernel> kernels = lower_all(graph_, fusion, device_);
    passes::Plan plan = passes::plan(graph_, kernels);
    if (!sinter::options().dump.empty()) {
      passes::dump(graph_.name, "fusion", passes::print_ledger(graph_, fusion));
      passes::dump(graph_.name, "plan", passes::print(plan, kernels));
    }
    for (passes::LoweredKernel& copy : plan.copies) {
      schedule(copy.kernel, device_);
      kernels.push_back(std::move(copy));
    }
    stats_.passes_ms = milliseconds_since(start);

    const auto codegen_start = Clock::now();
    std::vector<loops::Kernel> code;
    code.reserve(kernels.size());
    for (const passes::LoweredKernel& kernel : kernels) code.push_back(kernel.kernel);
    runtime::cuda::CudaProgram program{.table = program_table(graph_, kernels, plan, stats_), .name = graph_.name};
    program.kernels = load_cuda_kernels(gpu, code, stats_);
    stats_.codegen_ms = milliseconds_since(codegen_start);
    stats_.shared = stats_.launches;
    std::vector<CheckingLaunch> checking;
    for (const runtime::Launch& launch : program.table.launches)
      if (std::vector<Dim> extents = checked_extents(code[launch.kernel]); !extents.empty())
        checking.push_back({code[launch.kernel].name, kernels[launch.kernel].checks, std::move(extents)});
    runner_ = std::make_unique<runtime::cuda::ProgramRunner>(
        gpu, std::move(program), [checking, at = current_location()](const runtime::KernelStatus& status) {
          const LocationScope location(at);
          throw_index_error(checking, status);
        });
    if (sinter::options().time)
      fmt::print(stderr,
                 "compilation of @{} for {}: passes {:.3f} ms, code {:.3f} ms, {} kernels, {} of them compiled now\n",
                 graph_.name, to_string(device_), stats_.passes_ms, stats_.codegen_ms, stats_.kernels, stats_.compiled);
    if (sinter::options().check) check_ = std::make_unique<PlanCheck>(graph_, std::move(kernels), std::move(plan));
  }

  void run(std::span<void* const> inputs, std::span<void* const> outputs, runtime::ThreadTeam&) const override {
    if (check_ != nullptr && !checked_.exchange(true)) return run_checked(inputs, outputs);
    if (sinter::options().debug >= 4) return runner_->run_slowly(inputs, outputs);
    runner_->run(inputs, outputs);
  }

  const CompileStats& stats() const override { return stats_; }
  const ir::Graph& graph() const override { return graph_; }

 private:
  using Copies = std::vector<std::vector<std::byte>>;

  static size_t bytes_of(const ir::Type& type) { return static_cast<size_t>(type.shape.numel()) * size_of(type.dtype); }

  Copies copied_back(std::span<void* const> memory, std::span<const ir::Value> values) const {
    Copies copies;
    for (size_t i = 0; i < memory.size(); ++i) {
      copies.emplace_back(memory[i] == nullptr ? 0 : bytes_of(graph_.type(values[i])));
      runtime::copy_bytes(copies[i].data(), {}, memory[i], device_, copies[i].size());
    }
    return copies;
  }

  // The first run, beside the interpreter; kernel by kernel.
  void run_checked(std::span<void* const> inputs, std::span<void* const> outputs) const {
    std::vector<ir::Value> parameters;
    size_t bytes = 0;
    for (const ir::Parameter& parameter : graph_.parameters()) {
      parameters.push_back(parameter.value);
      bytes += bytes_of(graph_.type(parameter.value));
    }
    if (bytes + stats_.arena_bytes > kCheckedBytes) return runner_->run(inputs, outputs);
    const auto pointers = [](Copies& copies) {
      std::vector<void*> all;
      for (std::vector<std::byte>& copy : copies) all.push_back(copy.data());
      return all;
    };
    Copies before = copied_back(inputs, parameters);
    const std::vector<ir::Literal> expected = check_->expect(pointers(before));
    runner_->run_slowly(inputs, outputs);
    Copies inputs_after = copied_back(inputs, parameters), results = copied_back(outputs, graph_.results);
    check_->compare(expected, pointers(inputs_after), pointers(results));
  }

  Device device_;
  ir::Graph graph_;
  CompileStats stats_;
  std::unique_ptr<runtime::cuda::ProgramRunner> runner_;
  std::unique_ptr<PlanCheck> check_;  // SINTER_CHECK
  mutable std::atomic<bool> checked_{false};
};

}  // namespace

std::shared_ptr<const Executable> cuda_executable(const ir::Graph& graph, const CompileOptions& options) {
  return std::make_shared<CudaExecutable>(graph, options);
}

}  // namespace sinter::driver
