// `sinter doctor`: what Sinter found on this machine, for people and for bug reports.
#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "codegen/cuda/nvrtc.h"
#include "runtime/cpu_info.h"
#include "runtime/cuda/gpu.h"
#include "runtime/disk_cache.h"
#include "support/options.h"
#include "tools/commands.h"

namespace sinter::tools {
namespace {

void line(std::string_view what, std::string_view state) { fmt::print("{:<14}{}\n", what, state); }

std::string cache_size(int64_t bytes) { return bytes == 0 ? "unknown" : fmt::format("{} KiB", bytes / 1024); }

// The program's path, found as a shell would.
std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string candidate = (std::filesystem::path(folder) / name).string();
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

void print_program(const std::string& name, std::string_view use) {
  const std::string path = find_program(name);
  line(name, path.empty() ? fmt::format("not found ({})", use) : path);
}

void print_options() {
#define SINTER_OPTION(field, type, fallback, accepted, help) \
  if (options().field != Options().field) line("option " #field, fmt::format("{}", options().field));
#include "support/options.def"
#undef SINTER_OPTION
}

// The driver, its devices and the compiler for them; what is missing, and the cure.
void print_cuda() {
  const runtime::cuda::DriverState& driver = runtime::cuda::driver_state();
  if (driver.problem.empty())
    line("CUDA driver", fmt::format("{} (CUDA {})", driver.path, runtime::cuda::version_text(driver.version)));
  else
    line("CUDA driver", fmt::format("{}; cure: {}", driver.problem, driver.cure));
  for (int i = 0; i < driver.devices; ++i) {
    const runtime::cuda::GpuFacts gpu = runtime::cuda::gpu_facts(i);
    line(to_string(Device(Device::Kind::kCuda, i)),
         fmt::format("{}, compute capability {}.{}, {} multiprocessors, {} MiB", gpu.name, gpu.arch / 10, gpu.arch % 10,
                     gpu.multiprocessors, gpu.memory_bytes >> 20));
  }
  line("NVRTC", codegen::cuda::describe(codegen::cuda::nvrtc_state()));
}

void doctor() {
  const runtime::CpuInfo& cpu = runtime::cpu_info();
  line("built by", fmt::format("C++ compiler {}, fmt {}", __VERSION__, FMT_VERSION));
  line("processor", fmt::format("{} ({})", cpu.model_name, cpu.vendor));
  line("vectors", cpu.avx512     ? "AVX-512 (and AVX2)"
                  : cpu.avx2_fma ? "AVX2"
                                 : "neither AVX2 nor AVX-512: Sinter cannot compile for this machine");
  line("cores", fmt::format("{} usable", cpu.usable_cores));
  line("caches", fmt::format("L1 {}, L2 {}, L3 {}", cache_size(cpu.l1d_bytes), cache_size(cpu.l2_bytes),
                             cache_size(cpu.l3_bytes)));
  line("kernel cache", runtime::DiskCache::global().state());
  print_cuda();
  print_program("gnuplot", "needed for plots: apt-get install gnuplot-nox");
  print_program("dot", "needed for pictures of graphs: apt-get install graphviz");
  print_options();
}

}  // namespace

void add_doctor(CLI::App& sinter) {
  sinter.add_subcommand("doctor", "Prints what Sinter found on this machine")->callback(doctor);
}

}  // namespace sinter::tools
