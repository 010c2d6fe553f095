// What clusters need in memory between them, and which joins keep values alive that would have died. Golden test:
// tests/golden/fuse.sir
#pragma once

#include <span>

#include "passes/fuse/clusters.h"

namespace sinter::passes {

// Bytes alive at one time, results aside, when each cluster is a kernel (find_phases).
[[nodiscard]] size_t peak_bytes(const Clusters& clusters, size_t spare);

// Bytes that these operations of a cluster load and nobody after that cluster: they die when it has run.
[[nodiscard]] int64_t dying_bytes(const Clusters& clusters, uint32_t cluster, std::span<const uint32_t> operations);

// Whether `from`, as part of `to`, waits for something made later in the program than all that it reads itself.
[[nodiscard]] bool would_wait(const Clusters& clusters, uint32_t from, uint32_t to);

}  // namespace sinter::passes
