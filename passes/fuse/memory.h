// What clusters need in memory between them, and which joins keep values alive that would have died. Golden test:
// tests/golden/fuse.sir
#pragma once

#include <span>

#include "passes/fuse/clusters.h"

namespace sinter::passes {

// Bytes alive at one time, results aside, when each cluster is a kernel (find_phases).
[[nodiscard]] size_t peak_bytes(const Clusters& clusters, size_t spare);

// Bytes that `from`, as part of `to`, would keep alive for longer: what these of its operations load and nobody else
// does once all that `to` loads is made. 0 where that is made no later than what `from` loads.
[[nodiscard]] int64_t kept_by_waiting(const Clusters& clusters, uint32_t from, std::span<const uint32_t> operations,
                                      uint32_t to);

}  // namespace sinter::passes
