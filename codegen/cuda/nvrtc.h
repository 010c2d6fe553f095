// NVIDIA's run-time compiler, opened at first use. Nothing of CUDA is needed to build Sinter, or to run it without.
#pragma once

#include <string>
#include <vector>

namespace sinter::codegen::cuda {

// Where the compiler was looked for and what was found.
struct NvrtcState {
  bool found = false;
  std::string path;                 // of the library
  int major = 0, minor = 0;         // its version
  std::vector<int> architectures;   // 75 for sm_75, ascending
  std::vector<std::string> looked;  // when not found: places, each with the reason
};
[[nodiscard]] const NvrtcState& nvrtc_state();
// For `sinter doctor`: "NVRTC 13.0, /usr/local/cuda/...", or what is missing and the cure.
[[nodiscard]] std::string describe(const NvrtcState& state);

struct Cubin {
  std::vector<char> image;
  std::string log;  // the compiler's and the assembler's words; the resources of each function
};
// Compiles a program for one architecture (90 for sm_90). RuntimeError when NVRTC is missing, does not know the
// architecture, or lacks what it needs; InternalError, with the log, when it refuses the program. flush: denormals of
// f32 are zero.
[[nodiscard]] Cubin compile_program(const std::string& source, int architecture, bool flush);

// What the assembler reports of one function.
struct ResourceUsage {
  std::string symbol;
  int registers = 0;
  int64_t stack_bytes = 0, spill_bytes = 0, shared_bytes = 0;
};
[[nodiscard]] std::vector<ResourceUsage> resource_usage(const std::string& log);
// The log without what resource_usage reads: empty for a program without warnings.
[[nodiscard]] std::string warnings(const std::string& log);

}  // namespace sinter::codegen::cuda
