// Runs kernels in the simulator, from the text that NVRTC would compile, and compares bits with the kernel interpreter;
// or on a device (on_device.h), with SINTER_TEST_ON=device.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/cuda/kernel_source.h"
#include "ir/graph/graph.h"
#include "ir/loops/kernel.h"
#include "tests/cuda_sim/run_code.h"
#include "tests/loops/contents.h"

namespace sinter::codegen::cuda {

struct Case {
  loops::Kernel kernel;
  loops::Contents contents;  // of each buffer before the run
  std::vector<int64_t> symbols{};
};

using Draw = loops::ContentOptions;
// The kernel with random contents.
[[nodiscard]] Case random_case(const loops::Kernel& kernel, const Draw& draw = {});
[[nodiscard]] std::vector<Case> random_cases(std::string_view text, const Draw& draw = {});

// Schedules those kernels that are not scheduled for CUDA, compiles all of them as one program, and fails the running
// test where bits differ (NaNs are equal, denormals are zero), where the status does, or where the simulator finds a
// fault. Each runs with grids of different sizes and threads in different orders, and once with a closed gate; kernels
// with run-time extents also on buffers that start anywhere, as views do. options: of the simulator alone.
void check_cuda(std::vector<Case> cases, const cuda_sim::CompileOptions& options = {});

// What the interpreter makes of the contents, and whether an index check failed.
struct Expected {
  loops::Contents contents;
  bool fails = false;
};
[[nodiscard]] Expected interpreted(const Case& given);
// One run in the simulator against that: "" or what is wrong, a fault's words among it. anywhere: buffers are aligned
// to their elements alone.
[[nodiscard]] std::string problem(const Case& given, const KernelSource& source, const cuda_sim::Module& module,
                                  const Expected& expected, const cuda_sim::RunOptions& options, bool anywhere = false);

// The kernels that a graph becomes, scheduled for CUDA.
[[nodiscard]] std::vector<loops::Kernel> cuda_kernels(const ir::Graph& graph, bool fuse = true);

}  // namespace sinter::codegen::cuda
