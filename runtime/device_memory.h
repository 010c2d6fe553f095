// Memory wherever it lies: what the front end allocates, copies and fills without asking which device it is.
#pragma once

#include <cstddef>

#include "runtime/buffer.h"
#include "support/device.h"

namespace sinter::runtime {

// Not initialised. RuntimeError when the device is missing or full.
[[nodiscard]] Buffer allocate_on(Device device, size_t bytes);

// Copies bytes, in order with all else that runs on the devices. To the host: waits for the device, and throws what
// went wrong on it: RuntimeError for a fault, IndexError for a failed check. From the host: `from` is free at once.
void copy_bytes(void* to, Device to_device, const void* from, Device from_device, size_t bytes);

// Zeros.
void clear_bytes(void* to, Device device, size_t bytes);
// Copies of a 4-byte word.
void fill_words(void* to, Device device, uint32_t word, size_t count);

// Waits for all work on the device; throws what went wrong on it. Nothing to do on the CPU.
void synchronize(Device device);

[[nodiscard]] MemoryStatistics memory_statistics(Device device);
void reset_peak_memory(Device device);

}  // namespace sinter::runtime
