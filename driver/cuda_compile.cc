// Static programs on a CUDA device: the same passes as for the CPU, CUDA's schedules and code, one CUDA graph a step.
#include "driver/check.h"
#include "driver/cuda.h"
#include "driver/cuda_kernels.h"
#include "driver/kernels.h"
#include "driver/lower_program.h"
#include "driver/program_table.h"
#include "passes/pass.h"
#include "passes/plan/plan.h"
#include "runtime/cuda/program.h"
#include "runtime/device_memory.h"
#include "support/clock.h"
#include "support/options.h"

namespace sinter::driver {
namespace {

// What SINTER_CHECK copies back and interprets, at most.
constexpr size_t kCheckedBytes = size_t{64} << 20;

class CudaExecutable : public Executable {
 public:
  CudaExecutable(ir::Graph graph, const CompileOptions& options) : device_(options.device) {
    runtime::cuda::Gpu& gpu = runtime::cuda::Gpu::open(device_);
    auto [graph_made, kernels, plan] = lower_program(std::move(graph), options, stats_);
    graph_ = std::move(graph_made);
    const auto start = std::chrono::steady_clock::now();
    kernels = with_shared_code(graph_, std::move(kernels));
    std::vector<loops::Kernel> code;
    code.reserve(kernels.size());
    for (const passes::LoweredKernel& kernel : kernels) code.push_back(kernel.kernel);
    runtime::cuda::CudaProgram program{.table = program_table(graph_, kernels, plan, stats_), .name = graph_.name};
    program.kernels = passes::run_stage("cubin", graph_, [&] { return load_cuda_kernels(gpu, code, stats_); });
    stats_.codegen_ms = milliseconds_since(start);
    stats_.shared = stats_.launches;
    std::vector<CheckingLaunch> checking;
    int64_t first = 0;
    for (const runtime::Launch& launch : program.table.launches) {
      const std::vector<passes::Check>& checks = kernels[launch.kernel].checks;
      program.first_checks.push_back(first);
      if (!checks.empty()) checking.push_back({code[launch.kernel].name, checks, first});
      first += static_cast<int64_t>(checks.size());
    }
    runner_ = std::make_unique<runtime::cuda::ProgramRunner>(
        gpu, std::move(program), [checking, at = current_location()](const runtime::KernelStatus& status) {
          const LocationScope location(at);
          throw_index_error(checking, status);
        });
    report_time(graph_, device_, stats_);
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
