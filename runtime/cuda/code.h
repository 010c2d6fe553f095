// CUDA kernels as plain data: what code generation fills and runtime/cuda loads and launches. The parameter lists are
// part of the ABI of generated code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/program.h"

namespace sinter::runtime {

// One __global__ function. Its parameters, in this order: a pointer for each of the kernel's buffers, a long long for
// each run-time symbol, `unsigned char* scratch` (CudaCode::scratch bytes of device memory shared by the kernel's
// entries, contents unspecified; null when there are none), `KernelStatus* status` (device memory, its three i64 zero
// before the first launch of a run; whoever finds `failed` zero and changes it writes the other two),
// `const KernelStatus* gate`: when not null and gate->failed is not zero the function returns at once; and, of kernels
// that check indices, `long long first_check`: what to add to the check's number in `failed`, so that the checks of all
// launches of a program have numbers of their own.
struct CudaEntry {
  std::string symbol;                      // unmangled name
  int threads = 256;                       // of a block, in x
  size_t shared_bytes = 0;                 // dynamic shared memory
  std::vector<KernelCode::Factor> blocks;  // the grid's x: product over dims of ceil(dim / divisor), at most max_blocks
  int64_t max_blocks = INT32_MAX;          // beyond it blocks take several shares each
};

// One kernel of the kernel IR: its entries run one after another on one stream.
struct CudaCode {
  std::string name;
  std::vector<CudaEntry> entries;
  std::vector<KernelCode::Factor> scratch;         // bytes: product of the factors; none: no scratch
  std::shared_ptr<const std::vector<char>> image;  // the cubin that holds the entries, maybe shared with other kernels
  bool from_cache = false;
};

}  // namespace sinter::runtime
