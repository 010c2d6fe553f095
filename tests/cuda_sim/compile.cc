// Kernel text to shared object, by the host's compiler.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/error.h"
#include "support/temporary_folder.h"
#include "tests/cuda_sim/kernel_text.h"
#include "tests/cuda_sim/module.h"

namespace sinter::cuda_sim {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHostAbi =
#include "tests/cuda_sim/host_abi_text.inc"
    ;
constexpr std::string_view kHostCuda =
#include "tests/cuda_sim/host_cuda_text.inc"
    ;

void write_file(const fs::path& path, std::string_view text) { std::ofstream(path, std::ios::binary) << text; }

std::vector<char> read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string compiler() {
  const char* named = std::getenv("CUDA_SIM_CC");
  return named != nullptr ? named : "g++";
}

}  // namespace

std::vector<char> compile(std::string_view text, const CompileOptions& options) {
  // -fno-tree-sra: a vector's load stays one access, whose alignment can be seen.
  constexpr std::string_view kFlags =
      "-x c++ -std=c++20 -O1 -g1 -w -shared -fPIC -nostdlib -fsanitize=thread "
      "-fsanitize=signed-integer-overflow,shift,integer-divide-by-zero,bounds,float-cast-overflow -fno-tree-sra "
      "-fno-tree-vectorize "
      "-fexpensive-optimizations -fno-strict-aliasing -fno-math-errno -fno-trapping-math -fno-exceptions "
      "-fno-rtti -fvisibility=hidden -fno-gnu-unique -fno-stack-protector -mavx2 -mfma";
  const TemporaryFolder folder;
  write_file(folder / "host_abi.h", kHostAbi);
  write_file(folder / "host_cuda.h", kHostCuda);
  write_file(folder / "kernel.cu", text);
  std::string unit = "#include \"host_abi.h\"\n#include \"host_cuda.h\"\n#line 1 \"kernel.cu\"\n";
  unit += text;
  unit += "\n#line 1 \"exports\"\n";
  for (const GlobalFunction& function : global_functions(text))
    unit += fmt::format("SIM_KERNEL({}, {})\n", function.name, function.max_threads);
  write_file(folder / "unit.cc", unit);
  const std::string command = fmt::format(
      "cd {} && {} {} -ffp-contract={} -DSIM_FLUSH_DENORMALS={} unit.cc -o unit.so > log 2>&1", folder.path().string(),
      compiler(), kFlags, options.contract ? "fast" : "off", options.flush_denormals ? 1 : 0);
  if (std::system(command.c_str()) != 0) {
    const std::vector<char> log = read_file(folder / "log");
    throw CompileError(std::string(log.begin(), log.end()));
  }
  return read_file(folder / "unit.so");
}

}  // namespace sinter::cuda_sim
