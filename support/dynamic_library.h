// Shared libraries opened while the program runs: one binary works on machines with and without them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sinter {

class DynamicLibrary {
 public:
  // The library under a path, or under a file name that the loader looks up; nothing when it does not open, and then
  // `reason` (may be null) receives the loader's words. It stays mapped while the object lives.
  [[nodiscard]] static std::optional<DynamicLibrary> open(const std::string& name, std::string* reason = nullptr);

  DynamicLibrary(DynamicLibrary&& other) noexcept;
  DynamicLibrary& operator=(DynamicLibrary&& other) noexcept;
  ~DynamicLibrary();

  // The address of a symbol as a pointer to function type F; null when the library has none of that name.
  //   auto* version = library.find<int (*)(int*)>("cuDriverGetVersion");
  template <class F>
  [[nodiscard]] F find(const char* symbol) const {
    return reinterpret_cast<F>(find_address(symbol));
  }
  // The file that was opened, as an absolute path where the loader knows it.
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  DynamicLibrary(void* handle, const std::string& name);
  [[nodiscard]] void* find_address(const char* symbol) const;

  void* handle_ = nullptr;
  std::string path_;
};

// The first of `names` that opens. `tried` (may be null) receives a line for each that did not: name and reason.
[[nodiscard]] std::optional<DynamicLibrary> open_first(std::span<const std::string> names,
                                                       std::vector<std::string>* tried = nullptr);

}  // namespace sinter
