// Kernels loaded on a device, and what a launch of one is made of.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "runtime/cuda/code.h"
#include "runtime/cuda/driver.h"

namespace sinter::runtime::cuda {

class Gpu;

class LoadedKernel {
 public:
  // Loads the image, once a device and image while a kernel of it is loaded. DamagedImage when the driver refuses it.
  [[nodiscard]] static std::shared_ptr<const LoadedKernel> load(Gpu& gpu, std::shared_ptr<const CudaCode> code);

  [[nodiscard]] const CudaCode& code() const { return *code_; }
  [[nodiscard]] const std::vector<Function>& functions() const { return functions_; }  // one an entry
  [[nodiscard]] size_t scratch_bytes(std::span<const int64_t> symbols) const;

 private:
  struct LoadedImage;
  std::shared_ptr<const CudaCode> code_;
  std::shared_ptr<const LoadedImage> image_;
  std::vector<Function> functions_;
};

// Blocks of the entry for these symbols; 0: nothing to do.
[[nodiscard]] unsigned blocks(const CudaEntry& entry, std::span<const int64_t> symbols);

// A launch's parameters as the driver takes them: one array for all entries of the kernel.
class LaunchParameters {
 public:
  void set(std::span<void* const> buffers, std::span<const int64_t> symbols, void* scratch, KernelStatus* status,
           const KernelStatus* gate, int64_t first_check = 0);
  // Whether a buffer changed.
  bool set_buffer(size_t index, const void* buffer);
  [[nodiscard]] void** pointers() { return pointers_.data(); }

 private:
  std::vector<unsigned long long> values_;
  std::vector<void*> pointers_;
};

// All entries of the kernel, on the device's stream.
void launch(Gpu& gpu, const LoadedKernel& kernel, std::span<const int64_t> symbols, LaunchParameters& parameters);

}  // namespace sinter::runtime::cuda
