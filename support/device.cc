#include "support/device.h"

#include <fmt/format.h>

#include <charconv>

#include "support/error.h"

namespace sinter {

Device::Device(std::string_view name) {
  if (name == "cpu" || name == "cpu:0") return;
  constexpr std::string_view kCudaName = "cuda";
  if (name.starts_with(kCudaName)) {
    kind = Kind::kCuda;
    const std::string_view rest = name.substr(kCudaName.size());
    if (rest.empty()) return;
    const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), index);
    if (rest[0] == ':' && error == std::errc() && end == rest.data() + rest.size() && rest.size() > 1 && index >= 0)
      return;
  }
  throw ValueError(fmt::format("device is \"{}\", expected cpu, cuda or cuda:N", name));
}

std::string to_string(Device device) { return device.is_cpu() ? "cpu" : fmt::format("cuda:{}", device.index); }

}  // namespace sinter
