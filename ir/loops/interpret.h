// Runs kernels: obvious, exact bits, every access checked against its buffer's size.
#pragma once

#include <cstddef>
#include <span>

#include "ir/loops/kernel.h"

namespace sinter::loops {

enum class Check : uint8_t {
  kBounds,
  kRaces,  // bounds, and that no two outer points, and no two inner points of a pass, touch a location that one of them
           // writes
};

// Verifies and runs. buffers[i]: the storage of kernel.buffers[i]; symbols: run-time extents and strides. IndexError
// at the first kCheckIndex that fails; InternalError for an access outside its buffer, or a race.
void interpret(const Kernel& kernel, std::span<const std::span<std::byte>> buffers,
               std::span<const int64_t> symbols = {}, Check check = Check::kBounds);

}  // namespace sinter::loops
