#include "tests/cuda/on_device.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "codegen/cuda/nvrtc.h"
#include "runtime/cuda/kernel.h"
#include "runtime/device_memory.h"

namespace sinter::codegen::cuda {
namespace {

constexpr size_t kGuard = 512;
constexpr std::byte kPattern{0xa5};

// A buffer between its guards, on the device.
class Guarded {
 public:
  Guarded(Device device, std::span<const std::byte> initial, size_t offset)
      : device_(device), begin_(kGuard + offset), bytes_(initial.size()), all_(begin_ + bytes_ + kGuard, kPattern) {
    std::ranges::copy(initial, all_.begin() + static_cast<ptrdiff_t>(begin_));
    memory_ = runtime::allocate_on(device, all_.size());
    runtime::copy_bytes(memory_.data(), device, all_.data(), {}, all_.size());
  }
  [[nodiscard]] std::byte* data() const { return memory_.data() + begin_; }
  // Reads it back.
  [[nodiscard]] std::vector<std::byte> bytes() {
    runtime::copy_bytes(all_.data(), {}, memory_.data(), device_, all_.size());
    const auto untouched = [](std::byte byte) { return byte == kPattern; };
    const auto first = all_.begin() + static_cast<ptrdiff_t>(begin_), last = first + static_cast<ptrdiff_t>(bytes_);
    if (!std::all_of(all_.begin(), first, untouched) || !std::all_of(last, all_.end(), untouched))
      throw InternalError("a kernel wrote beside a buffer");
    return {first, last};
  }

 private:
  Device device_;
  size_t begin_, bytes_;
  std::vector<std::byte> all_;
  runtime::Buffer memory_;
};

}  // namespace

bool tests_run_on_device() {
  const char* where = std::getenv("SINTER_TEST_ON");
  return where != nullptr && std::string_view(where) == "device";
}

OnDevice::OnDevice(std::span<const KernelSource> sources, bool flush_denormals)
    : gpu_(runtime::cuda::Gpu::open(Device("cuda"))),
      image_(std::make_shared<const std::vector<char>>(
          compile_program(program_text(sources), gpu_.facts.arch, flush_denormals).image)) {}

runtime::KernelStatus OnDevice::run(const KernelSource& source, loops::Contents& contents,
                                    std::span<const int64_t> symbols, const cuda_sim::RunOptions& options,
                                    std::span<const size_t> offsets) {
  auto code = std::make_shared<runtime::CudaCode>();
  code->name = source.entries[0].symbol;
  code->entries = source.entries;
  for (runtime::CudaEntry& entry : code->entries) entry.max_blocks = std::min(entry.max_blocks, options.max_blocks);
  code->scratch = source.scratch;
  code->image = image_;
  const auto kernel = runtime::cuda::LoadedKernel::load(gpu_, code);

  std::vector<Guarded> buffers;
  std::vector<void*> pointers;
  for (size_t b = 0; b < contents.size(); ++b) {
    buffers.emplace_back(gpu_.device, contents[b], offsets[b]);
    pointers.push_back(buffers.back().data());
  }
  const std::vector<std::byte> garbage(kernel->scratch_bytes(symbols), std::byte{0xff});
  Guarded scratch(gpu_.device, garbage, 0);
  runtime::KernelStatus status, closed{.failed = 1};
  const auto bytes_of = [](runtime::KernelStatus& of) { return std::as_writable_bytes(std::span(&of, 1)); };
  Guarded found(gpu_.device, bytes_of(status), 0), gate(gpu_.device, bytes_of(closed), 0);
  runtime::cuda::LaunchParameters parameters;
  parameters.set(pointers, symbols, garbage.empty() ? nullptr : scratch.data(),
                 reinterpret_cast<runtime::KernelStatus*>(found.data()),
                 options.gate_closed ? reinterpret_cast<runtime::KernelStatus*>(gate.data()) : nullptr);
  runtime::cuda::launch(gpu_, *kernel, symbols, parameters);
  for (size_t b = 0; b < contents.size(); ++b) contents[b] = buffers[b].bytes();
  (void)scratch.bytes();
  std::memcpy(&status, found.bytes().data(), sizeof status);
  return status;
}

}  // namespace sinter::codegen::cuda
