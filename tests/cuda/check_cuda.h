// Runs kernels in the simulator, from the text that NVRTC would compile, and compares bits with the kernel interpreter.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ir/graph/graph.h"
#include "ir/loops/kernel.h"

namespace sinter::codegen::cuda {

struct Case {
  loops::Kernel kernel;
  std::vector<std::vector<std::byte>> contents;  // of each buffer before the run
  std::vector<int64_t> symbols{};
};

struct Draw {
  std::vector<int64_t> symbols;
  uint64_t seed = 1;
  int64_t index_limit = 4;     // i64 inputs are drawn from [0, index_limit)
  bool special_values = true;  // floats include NaN, infinities, zeros of both signs
};
// The kernel with random contents.
[[nodiscard]] Case random_case(const loops::Kernel& kernel, const Draw& draw = {});
[[nodiscard]] std::vector<Case> random_cases(std::string_view text, const Draw& draw = {});

// Schedules those kernels that are not scheduled for CUDA, compiles all of them as one program, and fails the running
// test where bits differ (NaNs are equal, denormals are zero), where the status does, or where the simulator finds a
// fault. Each runs with grids of different sizes and threads in different orders.
void check_cuda(std::vector<Case> cases);

// The kernels that a graph becomes, scheduled for CUDA.
[[nodiscard]] std::vector<loops::Kernel> cuda_kernels(const ir::Graph& graph);

}  // namespace sinter::codegen::cuda
