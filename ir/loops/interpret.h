// Runs kernels one instruction at a time: slow, obvious, exact bits. Checks every access against its buffer's size.
#pragma once

#include <cstddef>
#include <span>

#include "ir/loops/kernel.h"

namespace sinter::loops {

// buffers[i]: the storage of kernel.buffers[i]; symbols: run-time extents and strides. IndexError from kCheckIndex (all stores made
// before stay); InternalError for an access outside its buffer.
void interpret(const Kernel& kernel, std::span<const std::span<std::byte>> buffers, std::span<const int64_t> symbols = {});

}  // namespace sinter::loops
