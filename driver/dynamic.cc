// Kernels of the dynamic engine: one operation, extents and strides given at launch.
#include <array>
#include <atomic>

#include "driver/check.h"
#include "driver/compile.h"
#include "driver/kernels.h"
#include "driver/reference.h"
#include "passes/fuse/cost.h"
#include "passes/schedule/cpu.h"
#include "runtime/run_program.h"
#include "support/options.h"
#include "support/scope.h"

namespace sinter::driver {
namespace {

constexpr size_t kMaxBuffers = 32, kMaxSymbols = 64;

class CpuDynamicKernel : public DynamicKernel {
 public:
  CpuDynamicKernel(const ir::Graph& graph, passes::LoweredKernel lowered, int symbols, std::span<const Operand> results)
      : symbols_(static_cast<size_t>(symbols)), products_(std::move(lowered.products)), cost_(lowered.kernel) {
    invariant(lowered.values.size() <= kMaxBuffers && symbols_ + products_.size() <= kMaxSymbols,
              "a dynamic kernel has few buffers and symbols");
    finish_kernel(lowered.kernel, "dynamic." + lowered.kernel.name);
    name_ = lowered.kernel.name;
    for (size_t b = 0; b < lowered.values.size(); ++b) buffers_.push_back(source(graph, lowered, b));
    CompileStats stats;
    code_ = compile_kernels({&lowered.kernel, 1}, "", stats)[0];
    if (!options().check) return;
    for (const Operand& result : results)
      results_.push_back({graph.type(graph.results[results_.size()]).shape, result.strides});
    unchecked_ = std::make_unique<const loops::Kernel>(std::move(lowered.kernel));
  }

  void run(std::span<void* const> inputs, std::span<void* const> outputs, std::span<const int64_t> given,
           runtime::ThreadTeam& team) const override {
    std::array<int64_t, kMaxSymbols> symbols;
    std::copy(given.begin(), given.end(), symbols.begin());
    for (size_t p = 0; p < products_.size(); ++p) {
      int64_t product = 1;
      for (Dim dim : products_[p])
        product *= dim.is_symbol() ? symbols[static_cast<size_t>(dim.symbol_id())] : dim.value();
      symbols[symbols_ + p] = product;
    }
    std::array<void*, kMaxBuffers> buffers;
    for (size_t b = 0; b < buffers_.size(); ++b) {
      const Source& from = buffers_[b];
      buffers[b] = from.constant ? const_cast<std::byte*>(from.constant->bytes.data())
                                 : (from.output ? outputs : inputs)[from.index];
    }
    const std::span<const int64_t> values(symbols.data(), symbols_ + products_.size());
    const int64_t count = units(*code_, values);
    const bool parallel = count > 1 && cost_.nanoseconds(values) > passes::kThreadNanoseconds;
    runtime::KernelStatus status;
    runtime::run_kernel(*code_, buffers.data(), symbols.data(), count, parallel, team, status);
    if (status.failed != 0) throw_index_error(name_, {{current_location()}, current_scope()}, status);
    if (unchecked_ && !checked_.exchange(true))
      check_kernel(*unchecked_, {buffers.data(), buffers_.size()}, values, reach(values));
  }

 private:
  struct Source {
    bool output = false;
    size_t index = 0;
    std::shared_ptr<const ir::Literal> constant;
  };
  struct Result {
    Shape shape;
    std::vector<Dim> strides;
  };

  // Of each buffer that holds a strided result: from its first element to its last.
  std::vector<int64_t> reach(std::span<const int64_t> symbols) const {
    const auto value = [&](Dim dim) {
      return dim.is_symbol() ? symbols[static_cast<size_t>(dim.symbol_id())] : dim.value();
    };
    std::vector<int64_t> elements(buffers_.size());
    for (size_t b = 0; b < buffers_.size(); ++b) {
      if (!buffers_[b].output || results_.empty()) continue;
      const Result& result = results_[buffers_[b].index];
      elements[b] = 1;
      for (size_t axis = 0; axis < result.strides.size(); ++axis)
        elements[b] += (value(result.shape[static_cast<int64_t>(axis)]) - 1) * value(result.strides[axis]);
    }
    return elements;
  }

  static Source source(const ir::Graph& graph, const passes::LoweredKernel& lowered, size_t buffer) {
    const ir::Value value = lowered.values[buffer];
    if (lowered.kernel.buffers[buffer].role == loops::Buffer::Role::kIn) {
      for (size_t p = 0; p < graph.parameters().size(); ++p)
        if (graph.parameters()[p].value == value) return {false, p, nullptr};
      return {false, 0, std::get<ir::ConstantAttributes>(graph.op(value).attributes).value};
    }
    for (size_t r = 0; r < graph.results.size(); ++r)
      if (passes::storage_of(graph, graph.results[r]) == value) return {true, r, nullptr};
    throw InternalError("a dynamic kernel writes something that is no result");
  }

  std::string name_;
  size_t symbols_;
  std::vector<std::vector<Dim>> products_;
  passes::Cost cost_;
  std::vector<Source> buffers_;
  std::shared_ptr<const runtime::KernelCode> code_;
  std::unique_ptr<const loops::Kernel> unchecked_;  // SINTER_CHECK; and of what is not row-major:
  std::vector<Result> results_;
  mutable std::atomic<bool> checked_{false};
};

}  // namespace

std::shared_ptr<const DynamicKernel> compile_dynamic(const ir::Graph& graph, std::span<const Operand> operands,
                                                     int symbols, std::span<const Operand> results) {
  if (options().isa == "reference") return reference_kernel(graph, operands, results);
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
  return std::make_shared<CpuDynamicKernel>(graph, std::move(*result.lowered), symbols, results);
}

}  // namespace sinter::driver
