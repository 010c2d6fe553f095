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

void throw_index_error(std::span<const CheckingLaunch> launches, const runtime::KernelStatus& status) {
  const auto after = std::ranges::upper_bound(launches, status.failed - 1, {}, &CheckingLaunch::first);
  invariant(after != launches.begin(), "a failed check belongs to a launch of the program");
  const CheckingLaunch& launch = *std::prev(after);
  runtime::KernelStatus own = status;
  own.failed -= launch.first;
  throw_index_error(launch.kernel, failed_check(launch.checks, own), own);
}

}  // namespace sinter::driver
