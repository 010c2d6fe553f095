// A CUDA text compiled for the host: a shared object whose kernels the simulator calls.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/cuda_sim/host_abi.h"

namespace sinter::cuda_sim {

// What a generator asks of NVRTC that shows in the bits.
struct CompileOptions {
  bool flush_denormals = true;  // --ftz=true
  bool contract = false;        // --fmad=true
};

// The compiler's words, with lines of the kernel text.
struct CompileError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The shared object for a text, by the host's C++ compiler ($CUDA_SIM_CC, else g++). May run in several threads.
[[nodiscard]] std::vector<char> compile(std::string_view text, const CompileOptions& options = {});

class Module {
 public:
  explicit Module(std::span<const char> image);
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  // Null when there is no such kernel.
  [[nodiscard]] const SimKernel* find(const std::string& name) const;
  void bind(const SimHooks& hooks) const;
  [[nodiscard]] bool flushes_denormals() const { return flushes_denormals_; }
  [[nodiscard]] std::byte* shared() const { return shared_; }
  // Whether the bytes are constants of the shared object.
  [[nodiscard]] bool is_constant(const void* at, size_t bytes) const;

  // An address of code as a number for place_of.
  [[nodiscard]] uint32_t offset_of(const void* code) const;
  // "line 12: x = y;" for a return address; asks addr2line, so it is slow.
  [[nodiscard]] std::string place_of(uint32_t offset) const;
  [[nodiscard]] std::string place_of_line(int line) const;

 private:
  struct Range {
    const std::byte* begin;
    const std::byte* end;
  };

  int file_ = -1;  // held open: the loader knows loaded objects by name, and this one's name is its descriptor
  std::string path_;
  void* handle_ = nullptr;
  const std::byte* base_ = nullptr;
  std::byte* shared_ = nullptr;
  bool flushes_denormals_ = false;
  std::string_view text_;
  std::vector<Range> constants_;
};

}  // namespace sinter::cuda_sim
