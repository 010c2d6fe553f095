// Runs a kernel compiled and interpreted on the same random data, and compares bits. Buffers end at guard pages, and in
// one more run begin at them, to the byte.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "codegen/cpu/compile_kernel.h"

namespace sinter::codegen::cpu {

// The instruction sets this machine can run.
[[nodiscard]] std::vector<Isa> runnable_isas();

struct CheckOptions {
  std::vector<int64_t> symbols;
  uint64_t seed = 1;
  int64_t index_limit = 4;     // i64 inputs are drawn from [0, index_limit)
  bool special_values = true;  // floats include NaN, infinities, zeros of both signs
  int partitions = 2;          // besides the whole range at once: random cuts of the units, run in random order
};

// Compiles for every runnable instruction set and fails the running test where bits differ (NaNs are
// equal, denormals are zero).
void check_kernel(const loops::Kernel& kernel, const CheckOptions& options = {});
void check_kernel(const loops::Kernel& kernel, const std::vector<std::vector<std::byte>>& contents,
                  const CheckOptions& options);
void check_kernel(std::string_view text, const CheckOptions& options = {});

// Units of work of compiled code, given its symbols.
[[nodiscard]] int64_t unit_count(const runtime::KernelCode& code, std::span<const int64_t> symbols);

}  // namespace sinter::codegen::cpu
