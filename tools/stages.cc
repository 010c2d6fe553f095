#include "tools/stages.h"

#include <array>

#include "codegen/cpu/compile_kernel.h"
#include "codegen/cuda/compile_kernel.h"
#include "driver/kernels.h"
#include "ir/graph/text.h"
#include "ir/loops/text.h"
#include "passes/dead_code.h"
#include "passes/fuse/fuse.h"
#include "passes/inline_calls.h"
#include "passes/plan/plan.h"

namespace sinter::tools {
namespace {

// What fusion asks of a graph that has been through no pass.
ir::Graph fusible(const ir::Graph& graph) { return passes::dead_code(passes::inline_calls(graph).graph).graph; }

std::vector<passes::LoweredKernel> kernels(const ir::Graph& graph, Device device = {}) {
  return driver::lower_all(graph, passes::fuse(graph, {}), device);
}

// Every kernel of the graph, printed one after the other.
template <class Print>
std::string each_kernel(const ir::Graph& graph, const Print& print) {
  std::string text;
  for (const passes::LoweredKernel& lowered : kernels(fusible(graph)))
    text += (text.empty() ? "" : "\n") + print(lowered.kernel);
  return text;
}

std::string print_fusion(const ir::Graph& given) {
  const ir::Graph graph = fusible(given);
  return passes::print_ledger(graph, passes::fuse(graph, {}));
}
std::string print_loops(const ir::Graph& graph) {
  return each_kernel(graph, [](const loops::Kernel& kernel) { return loops::print(kernel, /*locations=*/true); });
}
std::string print_plan(const ir::Graph& given) {
  const ir::Graph graph = fusible(given);
  const std::vector<passes::LoweredKernel> lowered = kernels(graph);
  return passes::print(passes::plan(graph, lowered), lowered);
}
std::string print_llvm(const ir::Graph& graph) {
  const codegen::cpu::Isa isa = driver::isa_of("");
  return each_kernel(graph, [&](const loops::Kernel& kernel) { return codegen::cpu::print_llvm(kernel, isa); });
}
std::string print_assembly(const ir::Graph& graph) {
  const codegen::cpu::Isa isa = driver::isa_of("");
  return each_kernel(graph, [&](const loops::Kernel& kernel) { return codegen::cpu::print_assembly(kernel, isa); });
}

std::vector<loops::Kernel> cuda_kernels(const ir::Graph& graph) {
  std::vector<loops::Kernel> found;
  for (passes::LoweredKernel& lowered : kernels(fusible(graph), Device(Device::Kind::kCuda)))
    found.push_back(std::move(lowered.kernel));
  return found;
}
std::string print_cuda_loops(const ir::Graph& graph) {
  std::string text;
  for (const loops::Kernel& kernel : cuda_kernels(graph)) text += (text.empty() ? "" : "\n") + loops::print(kernel);
  return text;
}
std::string print_cuda(const ir::Graph& graph) { return codegen::cuda::print_cuda(cuda_kernels(graph)); }
std::string print_cubin(const ir::Graph& graph) {
  const std::vector<loops::Kernel> kernels = cuda_kernels(graph);
  std::string text;
  for (const int architecture : codegen::cuda::nvrtc_state().architectures) {
    const codegen::cuda::Report report = codegen::cuda::report_kernels(kernels, architecture);
    for (const codegen::cuda::ResourceUsage& usage : report.usage)
      text += fmt::format("sm_{:<4}{:<60}{:>4} registers {:>6} bytes of stack {:>6} bytes spilled\n", architecture,
                          usage.symbol, usage.registers, usage.stack_bytes, usage.spill_bytes);
    text += report.warnings;
  }
  return text.empty() ? codegen::cuda::describe(codegen::cuda::nvrtc_state()) + "\n" : text;
}

constexpr std::array kStages{
    Stage{"graph", "the graph itself", [](const ir::Graph& graph) { return ir::print(graph); }},
    Stage{"fusion", "what fusion joined, what it refused, and why", print_fusion},
    Stage{"loops", "the kernels: ranges, passes, addresses", print_loops},
    Stage{"plan", "phases, and where every value lies", print_plan},
    Stage{"llvm", "LLVM IR of the kernels, for SINTER_ISA", print_llvm},
    Stage{"asm", "their machine code", print_assembly},
    Stage{"cuda-loops", "the kernels as they are scheduled for CUDA", print_cuda_loops},
    Stage{"cuda", "the kernels in CUDA C++, as one program", print_cuda},
    Stage{"cubin", "what NVRTC makes of them for every architecture it knows: registers, spills", print_cubin},
};

}  // namespace

std::span<const Stage> stages() { return kStages; }

}  // namespace sinter::tools
