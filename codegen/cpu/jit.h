// Objects -> callable code in this process, through JITLink.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "runtime/program.h"

namespace sinter::codegen::cpu {

// The symbol every kernel's object defines.
inline constexpr const char* kEntry = "sinter_kernel";
// What objects may import.
inline constexpr const char* kAllowedImports[] = {"memcpy", "memset"};

struct LinkedCode {
  runtime::KernelFunction function = nullptr;
  std::shared_ptr<const void> keep_alive;  // the code lives as long as this
};

// Links an object; `name` is what profilers and debuggers call it (SINTER_PERF). RuntimeError when it is damaged, lacks
// kEntry, or imports anything but kAllowedImports. Thread safe.
[[nodiscard]] LinkedCode link_object(std::span<const char> object, const std::string& name);

}  // namespace sinter::codegen::cpu
