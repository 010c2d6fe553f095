#include "support/dynamic_library.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>

#include <utility>

namespace sinter {

std::optional<DynamicLibrary> DynamicLibrary::open(const std::string& name, std::string* reason) {
  void* handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle != nullptr) return DynamicLibrary(handle, name);
  const char* error = dlerror();
  if (reason != nullptr) *reason = error != nullptr ? error : "it does not open";
  return std::nullopt;
}

DynamicLibrary::DynamicLibrary(void* handle, const std::string& name) : handle_(handle), path_(name) {
  const link_map* map = nullptr;
  if (dlinfo(handle, RTLD_DI_LINKMAP, static_cast<void*>(&map)) == 0 && map->l_name != nullptr && *map->l_name != 0)
    path_ = map->l_name;
}

DynamicLibrary::DynamicLibrary(DynamicLibrary&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), path_(std::move(other.path_)) {}

DynamicLibrary& DynamicLibrary::operator=(DynamicLibrary&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(path_, other.path_);
  return *this;
}

DynamicLibrary::~DynamicLibrary() {
  if (handle_ != nullptr) dlclose(handle_);
}

void* DynamicLibrary::find_address(const char* symbol) const { return dlsym(handle_, symbol); }

std::optional<DynamicLibrary> open_first(std::span<const std::string> names, std::vector<std::string>* tried) {
  for (const std::string& name : names) {
    std::string reason;
    if (auto library = DynamicLibrary::open(name, &reason)) return library;
    // The loader's words mostly start with the name already.
    if (tried != nullptr) tried->push_back(reason.starts_with(name) ? reason : fmt::format("{}: {}", name, reason));
  }
  return std::nullopt;
}

}  // namespace sinter
