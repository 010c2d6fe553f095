// Where tensors live and kernels run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sinter {

struct Device {
  enum class Kind : uint8_t { kCpu, kCuda } kind = Kind::kCpu;
  int index = 0;

  constexpr Device() = default;
  constexpr explicit Device(Kind k, int i = 0) : kind(k), index(i) {}
  // "cpu", "cuda", "cuda:1"; ValueError for anything else.
  Device(std::string_view name);                                // NOLINT: tensor.to("cuda")
  Device(const char* name) : Device(std::string_view(name)) {}  // NOLINT
  bool operator==(const Device&) const = default;
  [[nodiscard]] constexpr bool is_cpu() const { return kind == Kind::kCpu; }
};

// "cpu", "cuda:0": as PyTorch prints them.
[[nodiscard]] std::string to_string(Device device);

}  // namespace sinter
