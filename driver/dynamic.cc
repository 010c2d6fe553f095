// Kernels of the dynamic engine: extents and strides are given at launch.
#include <atomic>

#include "driver/check.h"
#include "driver/cuda.h"
#include "driver/dynamic_kernel.h"
#include "driver/kernels.h"
#include "driver/reference.h"
#include "passes/fuse/cost.h"
#include "passes/schedule/cpu.h"
#include "runtime/run_program.h"
#include "support/options.h"
#include "support/scope.h"

namespace sinter::driver {
namespace {

class CpuDynamicKernel : public DynamicKernel {
 public:
  CpuDynamicKernel(DynamicArguments arguments, passes::LoweredKernel lowered, std::optional<StridedMemory> memory)
      : arguments_(std::move(arguments)),
        checks_(std::move(lowered.checks)),
        cost_(lowered.kernel),
        memory_(std::move(memory)) {
    finish_kernel(lowered.kernel, "dynamic." + lowered.kernel.name, {});
    name_ = lowered.kernel.name;
    CompileStats stats;
    code_ = compile_kernels({&lowered.kernel, 1}, "", stats)[0];
    if (options().check) unchecked_ = std::make_unique<const loops::Kernel>(std::move(lowered.kernel));
  }

  void run(std::span<void* const> inputs, std::span<void* const> outputs, std::span<const int64_t> given,
           runtime::ThreadTeam& team) const override {
    const DynamicArguments::Values values = arguments_.values(inputs, outputs, given);
    const std::span<const int64_t> symbols = values.symbol_span();
    const int64_t count = units(*code_, symbols);
    const bool parallel = count > 1 && cost_.nanoseconds(symbols) > passes::kThreadNanoseconds;
    runtime::KernelStatus status;
    runtime::run_kernel(*code_, values.buffers.data(), symbols.data(), count, parallel, team, status);
    if (status.failed != 0) throw_index_error(name_, check_of_call(failed_check(checks_, status)), status);
    if (unchecked_ && !checked_.exchange(true))
      check_kernel(*unchecked_, values.buffer_span(), symbols, reach(symbols));
  }

 private:
  // Of each buffer that holds a strided result: from its first element to its last.
  std::vector<int64_t> reach(std::span<const int64_t> symbols) const {
    std::vector<int64_t> elements;
    const bool strided = memory_ && memory_->strided_results();
    for (const DynamicArguments::Source& source : arguments_.sources())
      elements.push_back(source.output && strided ? memory_->elements(true, source.index, symbols) : 0);
    return elements;
  }

  std::string name_;
  DynamicArguments arguments_;
  std::vector<passes::Check> checks_;
  passes::Cost cost_;
  std::shared_ptr<const runtime::KernelCode> code_;
  std::unique_ptr<const loops::Kernel> unchecked_;  // SINTER_CHECK
  std::optional<StridedMemory> memory_;
  mutable std::atomic<bool> checked_{false};
};

}  // namespace

passes::Check check_of_call(passes::Check check) {
  if (check.scope.empty()) check.scope = current_scope();
  check.locations = {current_location()};
  return check;
}

std::shared_ptr<const DynamicKernel> dynamic_kernel(DynamicArguments arguments, passes::LoweredKernel lowered,
                                                    std::optional<StridedMemory> memory, Device device) {
  if (!device.is_cpu()) return cuda_dynamic_kernel(std::move(arguments), std::move(lowered), std::move(memory), device);
  return std::make_shared<CpuDynamicKernel>(std::move(arguments), std::move(lowered), std::move(memory));
}

std::shared_ptr<const DynamicKernel> compile_dynamic(const ir::Graph& graph, std::span<const Operand> operands,
                                                     int symbols, std::span<const Operand> results, Device device) {
  if (device.is_cpu() && options().isa == "reference") return reference_kernel(graph, operands, results);
  std::vector<bool> in_memory(graph.ops().size());
  for (const ir::Parameter& parameter : graph.parameters()) in_memory[parameter.value.op] = true;
  passes::Cluster cluster;
  for (uint32_t op = 0; op < graph.ops().size(); ++op)
    if (passes::is_work(graph.ops()[op])) cluster.ops.push_back(op);
  for (ir::Value result : graph.results) cluster.outputs.push_back(passes::storage_of(graph, result));
  const auto layouts = [&](ir::Value value) -> std::optional<std::vector<Dim>> {
    for (size_t p = 0; p < graph.parameters().size(); ++p)
      if (graph.parameters()[p].value == value) return operands[p].strides;
    for (size_t r = 0; r < results.size(); ++r)
      if (cluster.outputs[r] == value) return results[r].strides;
    return std::nullopt;
  };
  passes::LowerResult result =
      passes::lower({.graph = &graph, .in_memory = &in_memory, .layouts = layouts, .symbols = symbols}, cluster);
  if (!result.lowered)
    throw InternalError(fmt::format("an operation of the dynamic engine cannot be one kernel: {}", result.reason));
  DynamicArguments arguments(graph, *result.lowered, symbols);
  return dynamic_kernel(std::move(arguments), std::move(*result.lowered), StridedMemory(graph, operands, results),
                        device);
}

}  // namespace sinter::driver
