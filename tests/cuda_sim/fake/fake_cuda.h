// The test's view of the fake libraries: what was called, what to fail with, what the simulator found. The process must
// find them under their real names (LD_LIBRARY_PATH, see ../README.md).
#pragma once

#include <dlfcn.h>

#include <string>

#include "support/error.h"

namespace sinter::cuda_sim {

class FakeLibrary {
 public:
  explicit FakeLibrary(const char* name) : handle_(dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
    invariant(handle_ != nullptr, "the fake library lies on LD_LIBRARY_PATH");
  }
  // Forgets calls, failures and faults, and applies words of settings.h to what is set.
  void configure(const std::string& words = "") const {
    find<void (*)(const char*)>("fake_cuda_configure")(words.c_str());
  }
  // All calls since, a line each: "cuMemAlloc_v2(512) = 0".
  [[nodiscard]] std::string log() const { return find<const char* (*)()>("fake_cuda_log")(); }
  [[nodiscard]] unsigned long calls(const std::string& name) const {
    return find<unsigned long (*)(const char*)>("fake_cuda_calls")(name.c_str());
  }

 protected:
  template <class Function>
  [[nodiscard]] Function find(const char* name) const {
    void* symbol = dlsym(handle_, name);
    invariant(symbol != nullptr, "the library is the fake one");
    return reinterpret_cast<Function>(symbol);
  }

 private:
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
  [[nodiscard]] std::string fault() const { return find<const char* (*)()>("fake_cuda_fault")(); }
  // "buffers 2, bytes 1024, pinned 0, modules 1, ...": what is alive.
  [[nodiscard]] std::string live() const { return find<const char* (*)()>("fake_cuda_live")(); }
};

}  // namespace sinter::cuda_sim
