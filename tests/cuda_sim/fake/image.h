// What the fake NVRTC gives out as a cubin and the fake driver loads: a header, the kernel text, and, when kernels are
// to run, the text compiled for the host.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sinter::cuda_sim {

struct Image {
  int arch = 0;
  std::string text;
  std::vector<char> object;  // empty: made for recording only
};

[[nodiscard]] std::vector<char> pack(const Image& image);
// Nothing when the bytes are not what pack made. Reads as many as the header says, as the driver does.
[[nodiscard]] std::optional<Image> unpack(const void* data);

}  // namespace sinter::cuda_sim
