#include "driver/cuda_kernels.h"

#include <algorithm>

#include "codegen/cuda/compile_kernel.h"
#include "driver/code_cache.h"
#include "driver/disk_store.h"
#include "driver/kernels.h"
#include "runtime/cuda/damaged_image.h"

namespace sinter::driver {
namespace {

using Code = std::shared_ptr<const runtime::CudaCode>;
using Cache = CodeCache<int, runtime::CudaCode>;  // by architecture
Cache& process_cache() {
  static Cache& cache = *new Cache;
  return cache;
}

std::vector<Code> code_of(int arch, std::span<const loops::Kernel> kernels, bool read_disk, CompileStats& stats) {
  return process_cache().get(arch, kernels, stats, [&](std::span<const loops::Kernel> missing) {
    DiskStore store(read_disk);
    std::vector<Code> made = codegen::cuda::compile_kernels(missing, arch, &store);
    count_compiled(std::ranges::count_if(made, [](const Code& code) { return !code->from_cache; }));
    return made;
  });
}

LoadedKernels loaded(runtime::cuda::Gpu& gpu, const std::vector<Code>& code) {
  LoadedKernels kernels;
  for (const Code& kernel : code) kernels.push_back(runtime::cuda::LoadedKernel::load(gpu, kernel));
  return kernels;
}

// Whether this launch can have failed so.
bool fits(const CheckingLaunch& launch, const runtime::KernelStatus& status) {
  const auto number = static_cast<size_t>(status.failed - 1);
  if (number >= launch.extents.size()) return false;
  const Dim extent = launch.extents[number];
  return extent.is_symbol() || extent.value() == status.extent;
}

}  // namespace

LoadedKernels load_cuda_kernels(runtime::cuda::Gpu& gpu, std::span<const loops::Kernel> kernels, CompileStats& stats) {
  const std::vector<Code> code = code_of(gpu.facts.arch, kernels, /*read_disk=*/true, stats);
  try {
    return loaded(gpu, code);
  } catch (const runtime::cuda::DamagedImage&) {
    if (std::ranges::none_of(code, [](const Code& kernel) { return kernel->from_cache; })) throw;
    process_cache().clear();
    CompileStats again;
    const std::vector<Code> fresh = code_of(gpu.facts.arch, kernels, /*read_disk=*/false, again);
    stats.compiled += again.compiled;
    stats.from_cache -= std::min(stats.from_cache, again.compiled);
    return loaded(gpu, fresh);
  }
}

std::vector<Dim> checked_extents(const loops::Kernel& kernel) {
  std::vector<Dim> extents;
  for (const loops::Pass& pass : kernel.passes)
    for (const loops::Inst& inst : pass.insts)
      if (inst.kind == loops::InstKind::kCheckIndex) extents.push_back(inst.extent);
  return extents;
}

void throw_index_error(std::span<const CheckingLaunch> launches, const runtime::KernelStatus& status) {
  std::vector<const CheckingLaunch*> suspects;
  for (const CheckingLaunch& launch : launches)
    if (fits(launch, status)) suspects.push_back(&launch);
  invariant(!suspects.empty(), "a failed check belongs to a launch of the program");
  passes::Check check = failed_check(suspects[0]->checks, status);
  for (size_t i = 1; i < suspects.size(); ++i)
    check.locations = ir::unite(check.locations, failed_check(suspects[i]->checks, status).locations);
  throw_index_error(suspects[0]->kernel, check, status);
}

}  // namespace sinter::driver
