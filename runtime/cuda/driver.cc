#include "runtime/cuda/driver.h"

#include <algorithm>
#include <array>
#include <optional>

#include "runtime/cuda/launch_log.h"
#include "support/dynamic_library.h"
#include "support/error.h"

namespace sinter::runtime::cuda {
namespace {

static_assert(sizeof(KernelNode) == 72, "laid out as the driver's");

constexpr const char* kLibrary = "libcuda.so.1";
constexpr int kOldest = 12000;  // the entry points of graphs, and cubins of today's NVRTC

DynamicLibrary* opened(DriverState& state) {
  std::string reason;
  std::optional<DynamicLibrary> library = DynamicLibrary::open(kLibrary, &reason);
  if (!library) {
    state.problem = "CUDA: the driver's library does not open: " + reason;
    state.cure = "install NVIDIA's driver (version 525 or later), or use device cpu";
    return nullptr;
  }
  state.path = library->path();
  return new DynamicLibrary(std::move(*library));  // for the life of the process
}

// Fills state.calls; the first symbol that is missing, or null.
const char* missing_symbol(DriverState& state, const DynamicLibrary& library) {
  const char* missing = nullptr;
  const auto fill = [&]<class... P>(DriverCall<P...>& call) {
    call.function = library.find<int (*)(P...)>(call.name);
    if (call.function == nullptr && missing == nullptr) missing = call.name;
  };
#define SINTER_CUDA_CALL(member, symbol, ...) fill(state.calls.member);
#include "runtime/cuda/driver_calls.def"
#undef SINTER_CUDA_CALL
  return missing;
}

void open_driver(DriverState& state) {
  const DynamicLibrary* library = opened(state);
  if (library == nullptr) return;
  const char* missing = missing_symbol(state, *library);
  if (state.calls.driver_version.function != nullptr) (void)state.calls.driver_version.attempt(&state.version);
  if (missing != nullptr || state.version < kOldest) {
    state.problem = fmt::format("CUDA: the driver ({}) is of CUDA {}, expected 12.0 or later", state.path,
                                version_text(state.version));
    if (missing != nullptr) state.problem += fmt::format("; it lacks {}", missing);
    state.cure = "update NVIDIA's driver to version 525 or later, or use device cpu";
    return;
  }
  if (const int code = state.calls.init.attempt(0); code != kSuccess) {
    const char* name = nullptr;
    (void)state.calls.error_name.attempt(code, &name);
    state.problem = fmt::format("CUDA: cuInit: {} ({})", name != nullptr ? name : "unknown error", code);
    state.cure = code == kNoDevice ? "no NVIDIA GPU is visible: look at nvidia-smi and CUDA_VISIBLE_DEVICES, or use "
                                     "device cpu"
                                   : "look at nvidia-smi: the kernel's module and the library must be of one version; "
                                     "or use device cpu";
    return;
  }
  int count = 0;
  if (state.calls.device_count.attempt(&count) != kSuccess || count == 0) {
    state.problem = "CUDA: the driver finds no device";
    state.cure = "look at nvidia-smi and CUDA_VISIBLE_DEVICES, or use device cpu";
    return;
  }
  state.devices = count;
}

}  // namespace

bool is_sticky(int code) {
  // Hardware and launch faults; cudaErrorUnknown.
  constexpr std::array kSticky{214, 226, 700, 702, 714, 715, 716, 717, 718, 719, 999};
  return std::ranges::find(kSticky, code) != kSticky.end();
}

const DriverState& driver_state() {
  static const DriverState& state = []() -> const DriverState& {
    auto& made = *new DriverState;
    open_driver(made);
    return made;
  }();
  return state;
}

const DriverCalls& driver() {
  const DriverState& state = driver_state();
  if (!state.problem.empty()) throw RuntimeError(state.problem, state.cure);
  return state.calls;
}

std::string version_text(int version) { return fmt::format("{}.{}", version / 1000, version % 1000 / 10); }

void report(const char* call, int code) {
  const char *name = nullptr, *text = nullptr;
  const DriverCalls& calls = driver_state().calls;
  (void)calls.error_name.attempt(code, &name);
  (void)calls.error_text.attempt(code, &text);
  std::string problem = fmt::format("{}: {} ({})", call, name != nullptr ? name : "unknown error", code);
  if (text != nullptr) problem += fmt::format(", {}", text);
  if (!is_sticky(code)) throw RuntimeError(problem);
  const std::vector<std::string> suspects = recent_launches();
  const char* cure = "start the process again: the device cannot be used any more in this one";
  if (suspects.size() > 1) {
    problem += "; made by one of the kernels launched since the last synchronization";
    cure = "run again with SINTER_DEBUG=4, which waits for each kernel and so names the one";
  }
  for (const std::string& suspect : suspects) problem += "\n  in " + suspect;
  throw RuntimeError(problem, cure);
}

}  // namespace sinter::runtime::cuda
