// The dynamic engine's kernels on a CUDA device: launched on its stream, nobody waits.
#include <atomic>

#include "driver/check.h"
#include "driver/cuda.h"
#include "driver/cuda_kernels.h"
#include "driver/dynamic_kernel.h"
#include "driver/kernels.h"
#include "runtime/cuda/launch_log.h"
#include "runtime/device_memory.h"
#include "support/options.h"
#include "support/scope.h"

namespace sinter::driver {
namespace {

using runtime::cuda::Gpu;

class CudaDynamicKernel : public DynamicKernel {
 public:
  CudaDynamicKernel(DynamicArguments arguments, passes::LoweredKernel lowered, std::optional<StridedMemory> memory,
                    Device device)
      : gpu_(Gpu::open(device)),
        arguments_(std::move(arguments)),
        index_checks_(std::move(lowered.checks)),
        memory_(std::move(memory)) {
    finish_kernel(lowered.kernel, "dynamic." + lowered.kernel.name, device);
    CompileStats stats;
    kernel_ = load_cuda_kernels(gpu_, {&lowered.kernel, 1}, stats)[0];
    name_ = std::make_shared<const std::string>(lowered.kernel.name);
    for (const loops::Pass& pass : lowered.kernel.passes)
      for (const loops::Inst& inst : pass.insts) checks_ |= inst.kind == loops::InstKind::kCheckIndex;
    for (const DynamicArguments::Source& source : arguments_.sources()) {
      constants_.emplace_back();
      if (source.constant == nullptr) continue;
      const std::vector<std::byte>& bytes = source.constant->bytes;
      constants_.back() = gpu_.memory.allocate(bytes.size());
      runtime::copy_bytes(constants_.back().data(), device, bytes.data(), {}, bytes.size());
    }
    if (options().check && memory_) unchecked_ = std::make_unique<const loops::Kernel>(std::move(lowered.kernel));
  }

  void run(std::span<void* const> inputs, std::span<void* const> outputs, std::span<const int64_t> given,
           runtime::ThreadTeam&) const override {
    gpu_.activate();
    DynamicArguments::Values values = arguments_.values(inputs, outputs, given);
    for (size_t b = 0; b < constants_.size(); ++b)
      if (constants_[b].data() != nullptr) values.buffers[b] = constants_[b].data();
    const std::span<const int64_t> symbols = values.symbol_span();
    runtime::Buffer scratch;  // goes back at the end: what comes later on the stream may have it
    if (const size_t bytes = kernel_->scratch_bytes(symbols); bytes > 0) scratch = gpu_.memory.allocate(bytes);
    std::shared_ptr<runtime::cuda::CheckSite> site;
    if (checks_)
      site = std::make_shared<runtime::cuda::CheckSite>(
          gpu_, [name = name_, checks = checks_of_call()](const runtime::KernelStatus& status) {
            throw_index_error(*name, failed_check(checks, status), status);
          });
    static thread_local runtime::cuda::LaunchParameters parameters;
    parameters.set(values.buffer_span(), symbols, scratch.data(),
                   checks_ ? site->status() : reinterpret_cast<runtime::KernelStatus*>(gpu_.idle_status), nullptr);
    const bool slow = options().debug >= 4;
    if (slow) gpu_.synchronize();
    runtime::cuda::log_launch(name_, current_location());
    runtime::cuda::launch(gpu_, *kernel_, symbols, parameters);
    if (checks_) gpu_.checks.launched_operation(std::move(site));
    if (slow) gpu_.synchronize();
    if (unchecked_ && !checked_.exchange(true)) check(values, symbols);
  }

 private:
  std::vector<passes::Check> checks_of_call() const {
    std::vector<passes::Check> checks;
    for (const passes::Check& check : index_checks_) checks.push_back(check_of_call(check));
    return checks;
  }

  // Beside the interpreter: on copies of all that the kernel can reach.
  void check(const DynamicArguments::Values& values, std::span<const int64_t> symbols) const {
    gpu_.synchronize();
    std::vector<std::vector<std::byte>> copies;
    std::vector<void*> pointers;
    std::vector<int64_t> reach;
    for (size_t b = 0; b < constants_.size(); ++b) {
      const DynamicArguments::Source& source = arguments_.sources()[b];
      const int64_t elements = source.constant != nullptr ? source.constant->type.shape.numel()
                                                          : memory_->elements(source.output, source.index, symbols);
      copies.emplace_back(static_cast<size_t>(elements) * size_of(unchecked_->buffers[b].dtype));
      runtime::copy_bytes(copies.back().data(), {}, values.buffers[b], gpu_.device, copies.back().size());
      pointers.push_back(copies.back().data());
      reach.push_back(source.output && memory_->strided_results() ? elements : 0);
    }
    check_kernel(*unchecked_, pointers, symbols, reach);
  }

  Gpu& gpu_;
  DynamicArguments arguments_;
  std::shared_ptr<const runtime::cuda::LoadedKernel> kernel_;
  std::shared_ptr<const std::string> name_;
  bool checks_ = false;
  std::vector<passes::Check> index_checks_;
  std::vector<runtime::Buffer> constants_;          // by buffer; empty where it is none
  std::unique_ptr<const loops::Kernel> unchecked_;  // SINTER_CHECK
  std::optional<StridedMemory> memory_;
  mutable std::atomic<bool> checked_{false};
};

}  // namespace

std::shared_ptr<const DynamicKernel> cuda_dynamic_kernel(DynamicArguments arguments, passes::LoweredKernel lowered,
                                                         std::optional<StridedMemory> memory, Device device) {
  return std::make_shared<CudaDynamicKernel>(std::move(arguments), std::move(lowered), std::move(memory), device);
}

}  // namespace sinter::driver
