// The test's view of the fake libraries: what was called, what to fail with, what the simulator found. The process must
// find them under their real names (LD_LIBRARY_PATH, see ../README.md). With SINTER_TEST_ON=device it may find NVIDIA's
// own: then tests run on the device, nothing is counted, and what needs the fake ones asks there() first.
#pragma once

#include <dlfcn.h>

#include <cstdlib>
#include <ostream>
#include <string>
#include <string_view>

#include "support/error.h"

namespace sinter::cuda_sim {

// How often an entry point was called; equal to any number where nobody counted.
struct Calls {
  bool counted = false;
  unsigned long count = 0;
  bool operator==(unsigned long expected) const { return !counted || count == expected; }
  friend std::ostream& operator<<(std::ostream& out, const Calls& calls) { return out << calls.count; }
};

class FakeLibrary {
 public:
  explicit FakeLibrary(const char* name) : handle_(dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
    const char* on = std::getenv("SINTER_TEST_ON");
    invariant(there() || (on != nullptr && std::string_view(on) == "device"),
              "the fake library lies on LD_LIBRARY_PATH");
  }
  // Whether the library is the fake one.
  [[nodiscard]] bool there() const { return find<void (*)(const char*)>("fake_cuda_configure") != nullptr; }
  // Forgets calls, failures and faults, and applies words of settings.h to what is set.
  void configure(const std::string& words = "") const {
    if (there()) find<void (*)(const char*)>("fake_cuda_configure")(words.c_str());
  }
  // All calls since, a line each: "cuMemAlloc_v2(512) = 0".
  [[nodiscard]] std::string log() const { return text("fake_cuda_log"); }
  [[nodiscard]] Calls calls(const std::string& name) const {
    if (!there()) return {};
    return {.counted = true, .count = find<unsigned long (*)(const char*)>("fake_cuda_calls")(name.c_str())};
  }

 protected:
  [[nodiscard]] std::string text(const char* of) const { return there() ? find<const char* (*)()>(of)() : ""; }

 private:
  template <class Function>
  [[nodiscard]] Function find(const char* name) const {
    return handle_ == nullptr ? nullptr : reinterpret_cast<Function>(dlsym(handle_, name));
  }

  void* handle_;
};

class FakeNvrtc : public FakeLibrary {
 public:
  FakeNvrtc() : FakeLibrary("libnvrtc.so.13") {}
};

class FakeDriver : public FakeLibrary {
 public:
  FakeDriver() : FakeLibrary("libcuda.so.1") {}
  // What the simulator found wrong last; "" when nothing.
  [[nodiscard]] std::string fault() const { return text("fake_cuda_fault"); }
  // "buffers 2, bytes 1024, pinned 0, modules 1, ...": what is alive.
  [[nodiscard]] std::string live() const { return text("fake_cuda_live"); }
};

}  // namespace sinter::cuda_sim
