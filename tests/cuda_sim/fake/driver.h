// What the fake driver's entry points share: the machine's state, the record of calls, and work that waits in streams.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "tests/cuda_sim/fake/device_memory.h"
#include "tests/cuda_sim/fake/image.h"
#include "tests/cuda_sim/fake/settings.h"
#include "tests/cuda_sim/kernel_text.h"
#include "tests/cuda_sim/module.h"

namespace sinter::cuda_sim {

enum Code {
  kSuccess = 0,
  kInvalidValue = 1,
  kOutOfMemory = 2,
  kNotInitialized = 3,
  kNoDevice = 100,
  kInvalidDevice = 101,
  kInvalidImage = 200,
  kInvalidContext = 201,
  kNoBinary = 209,
  kInvalidHandle = 400,
  kNotFound = 500,
  kNotReady = 600,
  kIllegalAddress = 700,
  kMisalignedAddress = 716,
  kLaunchFailed = 719,
};

struct FakeContext {
  int device = 0;
  int retained = 0;
  DeviceMemory memory;
};
struct FakeStream {
  FakeContext* context;
};
struct FakeEvent {
  bool pending = false;
  double milliseconds = 0;
};
struct FakeModule;
struct FakeFunction {
  FakeModule* module;
  GlobalFunction facts;
  std::vector<unsigned> parameter_bytes;
  Limits limits;
};
struct FakeModule {
  FakeContext* context;
  Image image;
  std::unique_ptr<Module> code;  // null when recording
  std::vector<std::unique_ptr<FakeFunction>> functions;
};

struct KernelNodeParams {  // CUDA_KERNEL_NODE_PARAMS_v2
  FakeFunction* function;
  unsigned grid_x, grid_y, grid_z, block_x, block_y, block_z, shared_bytes;
  void** parameters;
  void** extra;
  void* kernel;
  void* context;
};

// A launch with its parameters' values.
struct LaunchRequest {
  FakeFunction* function = nullptr;
  Geometry geometry;
  std::vector<std::vector<std::byte>> parameters;
};
struct FakeNode {
  LaunchRequest launch;
  std::vector<FakeNode*> after;
};
struct FakeGraph {
  std::vector<std::unique_ptr<FakeNode>> nodes;
};
struct FakeGraphExec {
  std::vector<FakeNode*> origin;  // the nodes it was made from; only their addresses count
  std::vector<LaunchRequest> launches;
  std::vector<std::vector<size_t>> after;
};

// Live objects of one kind: a handle is the object's address.
template <class T>
class Handles {
 public:
  T* add(std::unique_ptr<T> object) {
    T* handle = object.get();
    objects_.insert(std::move(object));
    return handle;
  }
  [[nodiscard]] bool has(const T* handle) const { return find(handle) != objects_.end(); }
  bool remove(const T* handle) {
    const auto found = find(handle);
    if (found == objects_.end()) return false;
    objects_.erase(found);
    return true;
  }
  [[nodiscard]] size_t size() const { return objects_.size(); }

 private:
  auto find(const T* handle) const {
    return std::find_if(objects_.begin(), objects_.end(), [&](const auto& object) { return object.get() == handle; });
  }
  std::set<std::unique_ptr<T>> objects_;
};

struct Driver {
  std::recursive_mutex mutex;
  Settings settings = settings_from_environment();
  CallLog log;
  bool initialized = false;
  int sticky = 0;     // of an earlier fault: what every call gives from then on
  std::string fault;  // the last one, in the simulator's words
  unsigned long order_seed = 0;
  std::vector<std::unique_ptr<FakeContext>> contexts;  // by device
  Handles<FakeStream> streams;
  Handles<FakeEvent> events;
  Handles<FakeModule> modules;
  Handles<FakeGraph> graphs;
  Handles<FakeGraphExec> executables;
  std::map<void*, size_t> pinned;
  std::deque<std::function<void()>> waiting;  // "late": what nobody has waited for yet

  // Does the work now, or once someone waits. A Fault in it becomes the sticky code.
  void enqueue(std::function<void()> work);
  void run_one();
  void run_all();
  [[nodiscard]] bool is_pinned(const void* at) const;
};
[[nodiscard]] Driver& fake_driver();
// Of the calling thread; null when none is set.
[[nodiscard]] FakeContext*& current_context();
// The device whose memory holds these bytes, or null.
[[nodiscard]] DeviceMemory* memory_of(unsigned long long address, size_t bytes);

[[nodiscard]] bool is_sticky(int code);
[[nodiscard]] int code_of(FaultKind kind);
// The most dynamic shared memory that a block may ask for.
[[nodiscard]] size_t maximum_shared(int arch);
// Checks and puts a launch into the stream.
[[nodiscard]] int request_launch(const LaunchRequest& request);

enum class Needs { kNothing, kInit, kContext };

// What every entry point does around its own work: count, record, inject failures, require a context.
template <class Body>
int call(Needs needs, const char* name, const std::string& arguments, const Body& body) {
  Driver& driver = fake_driver();
  const std::lock_guard lock(driver.mutex);
  int code = driver.log.begin(driver.settings, name);
  if (code == 0 && needs != Needs::kNothing) {
    if (!driver.initialized)
      code = kNotInitialized;
    else if (driver.sticky != 0)
      code = driver.sticky;
    else if (needs == Needs::kContext && current_context() == nullptr)
      code = kInvalidContext;
  }
  if (code == 0) {
    try {
      code = body(driver);
    } catch (const Fault& fault) {
      driver.fault = fault.what();
      code = code_of(fault.kind);
    }
  }
  if (is_sticky(code)) driver.sticky = code;
  driver.log.end(name, arguments, code);
  return code;
}

}  // namespace sinter::cuda_sim
