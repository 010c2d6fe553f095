#include "codegen/cuda/nvrtc.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "support/dynamic_library.h"
#include "support/error.h"

namespace sinter::codegen::cuda {
namespace {

namespace fs = std::filesystem;

// Folders below `folder` whose name starts with `prefix`, newest version first.
std::vector<fs::path> folders(const fs::path& folder, const std::string& prefix) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().filename().string().starts_with(prefix)) found.push_back(entry.path());
  std::sort(found.begin(), found.end(), std::greater<>());
  return found;
}

constexpr std::initializer_list<const char*> kNaming = {"CUDA_HOME", "CUDA_PATH"};  // a toolkit

std::vector<fs::path> named_by(std::initializer_list<const char*> variables) {
  std::vector<fs::path> found;
  for (const char* variable : variables)
    if (const char* value = std::getenv(variable); value != nullptr && *value != 0) found.emplace_back(value);
  return found;
}

std::vector<fs::path> folders_of(const std::vector<fs::path>& toolkits) {
  std::vector<fs::path> found;
  for (const fs::path& toolkit : toolkits)
    for (const char* below : {"lib64", "lib", "targets/x86_64-linux/lib"}) found.push_back(toolkit / below);
  return found;
}

// Folders in which CUDA toolkits and NVIDIA's Python packages keep libraries, where nobody has named any.
std::vector<fs::path> usual_folders() {
  std::vector<fs::path> toolkits{"/usr/local/cuda"}, prefixes = named_by({"VIRTUAL_ENV", "CONDA_PREFIX"});
  for (const fs::path& folder : folders("/usr/local", "cuda-")) toolkits.push_back(folder);
  std::vector<fs::path> found = folders_of(toolkits);
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != 0)
    prefixes.push_back(fs::path(home) / ".local");
  prefixes.emplace_back("/usr/local");
  prefixes.emplace_back("/usr");
  for (const fs::path& prefix : prefixes) {
    for (const fs::path& python : folders(prefix / "lib", "python3"))
      for (const char* packages : {"site-packages", "dist-packages"})
        for (const fs::path& package : folders(python / packages / "nvidia", "")) found.push_back(package / "lib");
    found.push_back(prefix / "lib");
  }
  return found;
}

// Names for the loader, in the order of preference: of the toolkit that the user names, of the loader's own path, of
// the usual places.
std::vector<std::string> candidates() {
  std::vector<std::string> names;
  const auto add = [&](const std::vector<fs::path>& places) {
    for (const fs::path& folder : places)
      for (const fs::path& file : folders(folder, "libnvrtc.so"))
        if (std::find(names.begin(), names.end(), file.string()) == names.end()) names.push_back(file.string());
  };
  add(folders_of(named_by(kNaming)));
  for (const char* name : {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"}) names.emplace_back(name);
  add(usual_folders());
  return names;
}

using Program = struct OpaqueProgram*;

struct Nvrtc {
  std::optional<DynamicLibrary> library;
  NvrtcState state;
  int (*create)(Program*, const char*, const char*, int, const char* const*, const char* const*) = nullptr;
  int (*compile)(Program, int, const char* const*) = nullptr;
  int (*destroy)(Program*) = nullptr;
  int (*log_size)(Program, size_t*) = nullptr;
  int (*log)(Program, char*) = nullptr;
  int (*cubin_size)(Program, size_t*) = nullptr;
  int (*cubin)(Program, char*) = nullptr;
  const char* (*error_string)(int) = nullptr;
};

bool bind(Nvrtc& nvrtc) {
  const DynamicLibrary& library = *nvrtc.library;
  const auto find = [&](auto& function, const char* symbol) {
    function = library.find<std::remove_reference_t<decltype(function)>>(symbol);
    return function != nullptr;
  };
  int (*version)(int*, int*) = nullptr;
  int (*count_architectures)(int*) = nullptr;
  int (*list_architectures)(int*) = nullptr;
  if (!find(nvrtc.create, "nvrtcCreateProgram") || !find(nvrtc.compile, "nvrtcCompileProgram") ||
      !find(nvrtc.destroy, "nvrtcDestroyProgram") || !find(nvrtc.log_size, "nvrtcGetProgramLogSize") ||
      !find(nvrtc.log, "nvrtcGetProgramLog") || !find(nvrtc.cubin_size, "nvrtcGetCUBINSize") ||
      !find(nvrtc.cubin, "nvrtcGetCUBIN") || !find(nvrtc.error_string, "nvrtcGetErrorString") ||
      !find(version, "nvrtcVersion") || !find(count_architectures, "nvrtcGetNumSupportedArchs") ||
      !find(list_architectures, "nvrtcGetSupportedArchs"))
    return false;
  NvrtcState& state = nvrtc.state;
  int count = 0;
  if (version(&state.major, &state.minor) != 0 || count_architectures(&count) != 0) return false;
  state.architectures.resize(static_cast<size_t>(count));
  return list_architectures(state.architectures.data()) == 0;
}

Nvrtc open() {
  Nvrtc nvrtc;
  for (const std::string& name : candidates()) {
    const std::array<std::string, 1> one{name};
    nvrtc.library = open_first(one, &nvrtc.state.looked);
    if (!nvrtc.library) continue;
    if (bind(nvrtc)) {
      nvrtc.state.found = true;
      nvrtc.state.path = nvrtc.library->path();
      nvrtc.state.looked.clear();
      return nvrtc;
    }
    nvrtc.state.looked.push_back(name + ": it lacks functions that NVRTC 11.2 and later have");
    nvrtc.library.reset();
  }
  for (const auto& searched : {folders_of(named_by(kNaming)), usual_folders()})
    for (const fs::path& folder : searched) {
      std::error_code error;
      if (fs::exists(folder, error)) nvrtc.state.looked.push_back(folder.string() + ": no libnvrtc.so");
    }
  return nvrtc;
}

const Nvrtc& nvrtc() {
  static const Nvrtc opened = open();
  return opened;
}

constexpr const char* kCure =
    "install the CUDA toolkit (apt-get install cuda-nvrtc-13-0) or pip install nvidia-cuda-nvrtc, or set CUDA_HOME";

}  // namespace

const NvrtcState& nvrtc_state() { return nvrtc().state; }

std::string describe(const NvrtcState& state) {
  if (state.found) return fmt::format("NVRTC {}.{}, {}", state.major, state.minor, state.path);
  return fmt::format("NVRTC not found: {}\n  looked at {}", kCure, fmt::join(state.looked, "\n  "));
}

Cubin compile_program(const std::string& source, int architecture, bool flush) {
  const Nvrtc& compiler = nvrtc();
  const NvrtcState& state = compiler.state;
  if (!state.found)
    throw RuntimeError(
        fmt::format("NVRTC, which compiles for CUDA devices, was not found in {} places; `sinter doctor` "
                    "lists them",
                    state.looked.size()),
        kCure);
  if (std::find(state.architectures.begin(), state.architectures.end(), architecture) == state.architectures.end())
    throw RuntimeError(fmt::format("NVRTC {}.{} does not compile for sm_{}, only for sm_{}", state.major, state.minor,
                                   architecture, fmt::join(state.architectures, ", sm_")),
                       "install an NVRTC that knows this device: a newer one, or an older one for old devices");
  const auto check = [&](int result, const char* call) {
    if (result != 0) throw RuntimeError(fmt::format("{} failed: {}", call, compiler.error_string(result)));
  };
  Program program = nullptr;
  check(compiler.create(&program, source.c_str(), "sinter.cu", 0, nullptr, nullptr), "nvrtcCreateProgram");
  struct Owner {
    const Nvrtc& compiler;
    Program program;
    ~Owner() { compiler.destroy(&program); }
  } const owner{compiler, program};
  const std::string target = fmt::format("--gpu-architecture=sm_{}", architecture);
  // 177: a variable that nobody reads, as is a range that no address depends on.
  const std::array<const char*, 8> options{
      target.c_str(),     "--std=c++17",        "--fmad=false",        "--prec-div=true",
      "--prec-sqrt=true", "--ptxas-options=-v", "--diag-suppress=177", flush ? "--ftz=true" : "--ftz=false"};
  const int result = compiler.compile(program, static_cast<int>(options.size()), options.data());
  Cubin cubin;
  size_t size = 0;
  check(compiler.log_size(program, &size), "nvrtcGetProgramLogSize");
  cubin.log.resize(size);
  if (size > 0) check(compiler.log(program, cubin.log.data()), "nvrtcGetProgramLog");
  while (!cubin.log.empty() && (cubin.log.back() == '\0' || cubin.log.back() == '\n')) cubin.log.pop_back();
  constexpr int kCompilation = 6;  // the program's fault; else the machine's
  if (result == kCompilation)
    throw InternalError(
        fmt::format("NVRTC refuses a kernel of Sinter: {}\n{}", compiler.error_string(result), cubin.log));
  check(result, "nvrtcCompileProgram");
  check(compiler.cubin_size(program, &size), "nvrtcGetCUBINSize");
  cubin.image.resize(size);
  check(compiler.cubin(program, cubin.image.data()), "nvrtcGetCUBIN");
  return cubin;
}

}  // namespace sinter::codegen::cuda
