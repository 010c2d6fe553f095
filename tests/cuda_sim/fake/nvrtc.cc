// A libnvrtc.so.13 for tests: checks options, compiles texts for the host, and hands them on to the fake driver.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <mutex>

#include "support/error.h"
#include "tests/cuda_sim/fake/image.h"
#include "tests/cuda_sim/fake/settings.h"
#include "tests/cuda_sim/module.h"

namespace sinter::cuda_sim {
namespace {

enum Code { kSuccess = 0, kInvalidInput = 3, kInvalidProgram = 4, kInvalidOption = 5, kCompilation = 6 };

struct Library {
  std::mutex mutex;
  Settings settings = settings_from_environment();
  CallLog log;
};
Library& library() {
  static Library& made = *new Library;
  return made;
}

// What an entry point does around its own work, which runs without the lock: programs compile in parallel.
template <class Body>
int call(const std::string& name, const std::string& arguments, const Body& body) {
  int code = 0;
  {
    const std::lock_guard lock(library().mutex);
    code = library().log.begin(library().settings, name);
  }
  if (code == 0) code = body();
  const std::lock_guard lock(library().mutex);
  library().log.end(name, arguments, code);
  return code;
}

struct Options {
  CompileOptions compile{.flush_denormals = false, .contract = true};  // NVRTC's defaults
  int arch = 75;
  std::string unknown;
};

Options read_options(int count, const char* const* words) {
  Options options;
  for (int i = 0; i < count; ++i) {
    std::string word = words[i];
    if (word == "-arch" || word == "--gpu-architecture") word += std::string("=") + words[++i];
    const size_t equals = word.find('=');
    const std::string key = word.substr(0, equals), value = equals == std::string::npos ? "" : word.substr(equals + 1);
    const bool on = value == "true" || value == "1";
    if (key == "--ftz" || key == "-ftz")
      options.compile.flush_denormals = on;
    else if (key == "--fmad" || key == "-fmad")
      options.compile.contract = on;
    else if (key == "--gpu-architecture" || key == "-arch")
      options.arch = std::atoi(value.c_str() + value.find_first_of("0123456789"));
    else if (!key.starts_with("-"))
      options.unknown = word;
  }
  return options;
}

std::string quoted(int count, const char* const* words) {
  return fmt::format("{}", fmt::join(words, words + count, " "));
}

}  // namespace
}  // namespace sinter::cuda_sim

using namespace sinter::cuda_sim;

struct _nvrtcProgram {
  std::string text, log;
  std::vector<char> cubin;
};
using Program = _nvrtcProgram*;

extern "C" {

int nvrtcVersion(int* major, int* minor) {
  return call("nvrtcVersion", "", [&] {
    *major = 13;
    *minor = 0;
    return kSuccess;
  });
}

int nvrtcGetNumSupportedArchs(int* count) {
  *count = 4;
  return kSuccess;
}

int nvrtcGetSupportedArchs(int* archs) {
  std::ranges::copy(std::initializer_list<int>{75, 80, 90, 100}, archs);
  return kSuccess;
}

const char* nvrtcGetErrorString(int code) {
  switch (code) {
    case kSuccess:
      return "NVRTC_SUCCESS";
    case kInvalidOption:
      return "NVRTC_ERROR_INVALID_OPTION";
    case kCompilation:
      return "NVRTC_ERROR_COMPILATION";
    default:
      return "NVRTC_ERROR";
  }
}

int nvrtcCreateProgram(Program* program, const char* text, const char* name, int headers, const char* const*,
                       const char* const*) {
  return call("nvrtcCreateProgram", name == nullptr ? "" : name, [&] {
    if (headers != 0) return kInvalidInput;
    *program = new _nvrtcProgram{text, "", {}};
    return kSuccess;
  });
}

int nvrtcDestroyProgram(Program* program) {
  return call("nvrtcDestroyProgram", "", [&] {
    delete *program;
    *program = nullptr;
    return kSuccess;
  });
}

int nvrtcCompileProgram(Program program, int count, const char* const* words) {
  return call("nvrtcCompileProgram", quoted(count, words), [&]() -> int {
    const Options options = read_options(count, words);
    if (!options.unknown.empty()) {
      program->log = "nvrtc: error: invalid value for --gpu-architecture or unknown option " + options.unknown;
      return kInvalidOption;
    }
    Image image{.arch = options.arch, .text = program->text, .object = {}};
    try {
      if (library().settings.execute) image.object = compile(program->text, options.compile);
    } catch (const CompileError& error) {
      program->log = error.what();
      return kCompilation;
    }
    program->cubin = pack(image);
    return kSuccess;
  });
}

int nvrtcGetProgramLogSize(Program program, size_t* bytes) {
  *bytes = program->log.size() + 1;
  return kSuccess;
}

int nvrtcGetProgramLog(Program program, char* log) {
  std::copy_n(program->log.c_str(), program->log.size() + 1, log);
  return kSuccess;
}

int nvrtcGetCUBINSize(Program program, size_t* bytes) {
  *bytes = program->cubin.size();
  return program->cubin.empty() ? kInvalidProgram : kSuccess;
}

int nvrtcGetCUBIN(Program program, char* cubin) {
  return call("nvrtcGetCUBIN", "", [&] {
    std::ranges::copy(program->cubin, cubin);
    return kSuccess;
  });
}

// For tests (fake_cuda.h).
void fake_cuda_configure(const char* words) {
  const std::lock_guard lock(library().mutex);
  library().settings.failures.clear();
  library().log.clear();
  apply(library().settings, words);
}

const char* fake_cuda_log() {
  static std::string text;
  const std::lock_guard lock(library().mutex);
  text = library().log.text();
  return text.c_str();
}

unsigned long fake_cuda_calls(const char* name) {
  const std::lock_guard lock(library().mutex);
  return library().log.count(name);
}

}  // extern "C"
