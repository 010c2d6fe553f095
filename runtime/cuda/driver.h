// NVIDIA's driver, opened while the program runs: its entry points, and its errors as exceptions. Declares what it uses
// of <cuda.h>, which is not needed to build.
#pragma once

#include <cstddef>
#include <string>

namespace sinter::runtime::cuda {

using DevicePointer = unsigned long long;
using Context = struct CUctx_st*;
using Stream = struct CUstream_st*;
using Event = struct CUevent_st*;
using Module = struct CUmod_st*;
using Function = struct CUfunc_st*;
using Graph = struct CUgraph_st*;
using GraphNode = struct CUgraphNode_st*;
using GraphExec = struct CUgraphExec_st*;

// Codes that Sinter tells apart.
inline constexpr int kSuccess = 0, kOutOfMemory = 2, kNoDevice = 100, kInvalidImage = 200, kNoBinary = 209,
                     kUnsupportedPtx = 222, kNotReady = 600;
// The device's context is lost: no call on it succeeds any more.
[[nodiscard]] bool is_sticky(int code);

struct KernelNode {  // CUDA_KERNEL_NODE_PARAMS_v2
  Function function = nullptr;
  unsigned grid_x = 1, grid_y = 1, grid_z = 1, block_x = 1, block_y = 1, block_z = 1;
  unsigned shared_bytes = 0;
  void** parameters = nullptr;
  void** extra = nullptr;
  void* kernel = nullptr;
  Context context = nullptr;
};

// Throws the RuntimeError for a call that gave `code`: its name, the code, what can be done; after a fault on the
// device, the kernels that may have made it.
[[noreturn]] void report(const char* call, int code);

template <class... P>
struct DriverCall {
  const char* name = "";
  int (*function)(P...) = nullptr;
  void operator()(P... arguments) const {
    if (const int code = function(arguments...); code != kSuccess) report(name, code);
  }
  // The code instead of an exception.
  [[nodiscard]] int attempt(P... arguments) const { return function(arguments...); }
};

struct DriverCalls {
#define SINTER_CUDA_CALL(member, symbol, ...) DriverCall<__VA_ARGS__> member{#symbol};
#include "runtime/cuda/driver_calls.def"
#undef SINTER_CUDA_CALL
};

struct DriverState {
  DriverCalls calls;
  std::string path;           // of the library
  int version = 0;            // 12040: 12.4
  int devices = 0;            // 0 where there is a problem
  std::string problem, cure;  // why CUDA cannot be used; empty: it can
};
// Opens the driver at the first call; never throws for what the machine lacks.
[[nodiscard]] const DriverState& driver_state();
// The entry points; RuntimeError with the problem and its cure where CUDA cannot be used.
[[nodiscard]] const DriverCalls& driver();
// "12.4"
[[nodiscard]] std::string version_text(int version);

}  // namespace sinter::runtime::cuda
