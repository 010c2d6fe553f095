#include "runtime/cuda/kernel.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "runtime/cuda/damaged_image.h"
#include "runtime/cuda/gpu.h"

namespace sinter::runtime::cuda {

struct LoadedKernel::LoadedImage {
  LoadedImage(Gpu& on, std::shared_ptr<const std::vector<char>> image) : gpu(on), bytes(std::move(image)) {
    const int code = driver().module_load.attempt(&module, bytes->data());
    if (code == kInvalidImage || code == kNoBinary || code == kUnsupportedPtx)
      throw DamagedImage(
          fmt::format("{}: code {}: the driver (CUDA {}) refuses a kernel's image for compute capability {}.{}",
                      driver().module_load.name, code, version_text(driver_state().version), gpu.facts.arch / 10,
                      gpu.facts.arch % 10),
          "update the driver to at least the CUDA version of NVRTC (`sinter doctor` prints both)");
    if (code != kSuccess) report(driver().module_load.name, code);
  }
  ~LoadedImage() {
    // A device that was lost refuses; then nothing is left to unload.
    gpu.activate();
    (void)driver().stream_synchronize.attempt(gpu.stream);
    (void)driver().module_unload.attempt(module);
  }
  LoadedImage(const LoadedImage&) = delete;
  LoadedImage& operator=(const LoadedImage&) = delete;

  Gpu& gpu;
  std::shared_ptr<const std::vector<char>> bytes;
  Module module = nullptr;
};

std::shared_ptr<const LoadedKernel> LoadedKernel::load(Gpu& gpu, std::shared_ptr<const CudaCode> code) {
  auto kernel = std::make_shared<LoadedKernel>();
  kernel->code_ = std::move(code);
  {
    using Images = std::map<std::pair<const Gpu*, const void*>, std::weak_ptr<const LoadedImage>>;
    static std::mutex mutex;
    static Images& images = *new Images;
    const std::lock_guard lock(mutex);
    std::erase_if(images, [](const auto& entry) { return entry.second.expired(); });
    std::weak_ptr<const LoadedImage>& known = images[{&gpu, kernel->code_->image.get()}];
    kernel->image_ = known.lock();
    if (kernel->image_ == nullptr) {
      gpu.activate();
      kernel->image_ = std::make_shared<const LoadedImage>(gpu, kernel->code_->image);
      known = kernel->image_;
    }
  }
  constexpr size_t kFreeSharedBytes = size_t{48} << 10;  // beyond it a function must ask
  constexpr int kMaxDynamicShared = 8;                   // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
  for (const CudaEntry& entry : kernel->code_->entries) {
    Function function = nullptr;
    driver().module_function(&function, kernel->image_->module, entry.symbol.c_str());
    if (entry.shared_bytes > kFreeSharedBytes)
      driver().function_attribute(function, kMaxDynamicShared, static_cast<int>(entry.shared_bytes));
    kernel->functions_.push_back(function);
  }
  return kernel;
}

namespace {

int64_t product(std::span<const KernelCode::Factor> factors, std::span<const int64_t> symbols) {
  int64_t total = 1;
  for (const KernelCode::Factor& factor : factors) {
    const int64_t extent = factor.symbol < 0 ? factor.extent : symbols[static_cast<size_t>(factor.symbol)];
    total *= (extent + factor.divisor - 1) / factor.divisor;
  }
  return total;
}

}  // namespace

size_t LoadedKernel::scratch_bytes(std::span<const int64_t> symbols) const {
  return code_->scratch.empty() ? 0 : static_cast<size_t>(product(code_->scratch, symbols));
}

unsigned blocks(const CudaEntry& entry, std::span<const int64_t> symbols) {
  return static_cast<unsigned>(std::min(product(entry.blocks, symbols), entry.max_blocks));
}

void LaunchParameters::set(std::span<void* const> buffers, std::span<const int64_t> symbols, void* scratch,
                           KernelStatus* status, const KernelStatus* gate, int64_t first_check) {
  const auto bits = [](const void* pointer) { return reinterpret_cast<unsigned long long>(pointer); };
  values_.clear();
  for (void* buffer : buffers) values_.push_back(bits(buffer));
  for (int64_t symbol : symbols) values_.push_back(static_cast<unsigned long long>(symbol));
  values_.insert(values_.end(),
                 {bits(scratch), bits(status), bits(gate), static_cast<unsigned long long>(first_check)});
  pointers_.clear();
  for (unsigned long long& value : values_) pointers_.push_back(&value);
}

bool LaunchParameters::set_buffer(size_t index, const void* buffer) {
  const auto bits = reinterpret_cast<unsigned long long>(buffer);
  return std::exchange(values_[index], bits) != bits;
}

void launch(Gpu& gpu, const LoadedKernel& kernel, std::span<const int64_t> symbols, LaunchParameters& parameters) {
  for (size_t i = 0; i < kernel.functions().size(); ++i) {
    const CudaEntry& entry = kernel.code().entries[i];
    const unsigned grid = blocks(entry, symbols);
    if (grid == 0) continue;
    driver().launch(kernel.functions()[i], grid, 1, 1, static_cast<unsigned>(entry.threads), 1, 1,
                    static_cast<unsigned>(entry.shared_bytes), gpu.stream, parameters.pointers(), nullptr);
  }
}

}  // namespace sinter::runtime::cuda
