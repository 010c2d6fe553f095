#include "driver/kernels.h"

#include <algorithm>
#include <atomic>
#include <cstdio>

#include "codegen/cpu/compile_kernel.h"
#include "driver/check.h"
#include "driver/code_cache.h"
#include "driver/disk_store.h"
#include "ir/loops/text.h"
#include "passes/lower/collapse.h"
#include "passes/lower/share_offsets.h"
#include "passes/pass.h"
#include "passes/schedule/cpu.h"
#include "passes/schedule/cuda.h"
#include "passes/schedule/keep.h"
#include "runtime/threads.h"
#include "support/options.h"
#include "support/scope.h"

namespace sinter::driver {
namespace {

using codegen::cpu::Isa;
using Code = std::shared_ptr<const runtime::KernelCode>;

std::atomic<size_t> g_compiled{0};

// By instruction set and SINTER_FTZ.
using Cache = CodeCache<std::pair<Isa, bool>, runtime::KernelCode>;
Cache& process_cache() {
  static Cache& cache = *new Cache;  // jitted functions may be called in the destructors of globals
  return cache;
}

// What the knobs ask of a finished kernel.
void inspect(const loops::Kernel& kernel, const std::string& subject, std::string_view stage) {
  if (options().verify || options().check) loops::verify(kernel);
  if (options().check) check_text(kernel);
  if (options().debug < 4 && options().dump.empty()) return;
  const std::string text = loops::print(kernel, /*locations=*/true);
  if (options().debug >= 4) fmt::print(stderr, "{}", text);
  passes::dump(subject, stage, text);
}

}  // namespace

Isa isa_of(const std::string& asked) {
  const std::string name = asked.empty() ? std::string(options().isa) : asked;
  if (name.empty() || name == "auto") return codegen::cpu::native_isa();
  if (name == "avx2") return Isa::kAvx2;
  if (name == "avx512") {
    if (codegen::cpu::native_isa() != Isa::kAvx512)
      throw ValueError("isa avx512: this machine has no AVX-512", "leave SINTER_ISA unset");
    return Isa::kAvx512;
  }
  throw ValueError(fmt::format("isa is \"{}\", expected auto, avx2, avx512 or reference", name));
}

void schedule(loops::Kernel& kernel, Device device) {
  device.is_cpu() ? passes::schedule_cpu(kernel) : passes::schedule_cuda(kernel);
}

void finish_kernel(loops::Kernel& kernel, const std::string& subject, Device device) {
  passes::collapse(kernel);
  if (device.is_cpu()) passes::keep_values(kernel);
  schedule(kernel, device);
  inspect(kernel, subject, "loops");
}

std::vector<passes::LoweredKernel> lower_all(const ir::Graph& graph, const passes::Fusion& fusion, Device device) {
  const passes::LowerContext context{.graph = &graph, .in_memory = &fusion.in_memory, .layouts = nullptr, .symbols = 0};
  std::vector<passes::LoweredKernel> kernels;
  for (const passes::Cluster& cluster : fusion.clusters) {
    passes::LowerResult result = passes::lower(context, cluster);
    if (!result.lowered)
      throw InternalError(fmt::format("a cluster chosen by fusion cannot be lowered: {}", result.reason));
    finish_kernel(result.lowered->kernel, graph.name + "." + result.lowered->kernel.name, device);
    kernels.push_back(std::move(*result.lowered));
  }
  return kernels;
}

std::vector<passes::LoweredKernel> with_shared_code(const ir::Graph& graph,
                                                    std::vector<passes::LoweredKernel> kernels) {
  std::vector<passes::LoweredKernel> made = passes::share_offsets(std::move(kernels));
  for (const passes::LoweredKernel& kernel : made)
    if (kernel.kernel.symbols > 0) inspect(kernel.kernel, graph.name + "." + kernel.kernel.name, "shared-loops");
  return made;
}

std::vector<Code> compile_kernels(std::span<const loops::Kernel> kernels, const std::string& isa_name,
                                  CompileStats& stats) {
  const Isa isa = isa_of(isa_name);
  return process_cache().get({isa, options().ftz}, kernels, stats, [&](std::span<const loops::Kernel> missing) {
    if (options().debug >= 5)
      for (const loops::Kernel& kernel : missing) fmt::print(stderr, "{}", codegen::cpu::print_llvm(kernel, isa));
    DiskStore store;
    std::vector<Code> made = codegen::cpu::compile_kernels(missing, isa, &store, runtime::wanted_workers());
    count_compiled(std::ranges::count_if(made, [](const Code& code) { return !code->from_cache; }));
    return made;
  });
}

int64_t units(const runtime::KernelCode& code, std::span<const int64_t> symbols) {
  int64_t product = 1;
  for (const runtime::KernelCode::Factor& factor : code.units) {
    const int64_t extent = factor.symbol < 0 ? factor.extent : symbols[static_cast<size_t>(factor.symbol)];
    product *= (extent + factor.divisor - 1) / factor.divisor;
  }
  return product;
}

passes::Check failed_check(std::span<const passes::Check> checks, const runtime::KernelStatus& status) {
  invariant(status.failed >= 1 && static_cast<size_t>(status.failed) <= checks.size(), "a failed check is known");
  return checks[static_cast<size_t>(status.failed - 1)];
}

void throw_index_error(const std::string& kernel, const passes::Check& check, const runtime::KernelStatus& status) {
  const std::string argument = checked_argument(check.scope);
  const std::string expected = status.extent > 0 ? fmt::format("expected 0 to {}", status.extent - 1)
                                                 : "expected none: there is nothing to index";
  std::string problem = argument.empty()
                            ? fmt::format("{}: index {} is out of range, {}", kernel, status.index, expected)
                            : fmt::format("{} has index {}, {}", argument, status.index, expected);
  for (size_t i = 1; i < check.locations.size(); ++i) problem += "\n  and at " + to_string(check.locations[i]);
  const LocationScope line(check.locations.empty() ? Location() : check.locations.front());
  throw IndexError(problem);
}

size_t kernels_compiled() { return g_compiled; }
void count_compiled(ptrdiff_t kernels) { g_compiled += static_cast<size_t>(kernels); }

}  // namespace sinter::driver
