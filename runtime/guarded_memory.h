// Memory between two pages that cannot be touched, for debugging: an access outside it faults at once.
#pragma once

#include <cstddef>

namespace sinter::runtime {

inline constexpr int kPoison = 0xff;  // every byte; NaN as f32 and f64

struct GuardedPages {
  std::byte* data = nullptr;  // null when the system refused
  size_t bytes = 0;
  std::byte* mapping = nullptr;
  size_t mapping_bytes = 0;
};

// `bytes` bytes, poisoned and aligned. They, rounded up to the alignment, end where a forbidden page begins.
[[nodiscard]] GuardedPages map_guarded(size_t bytes, size_t alignment);

// Gives the pages back, so that late accesses fault. Ends the process with a message if bytes between them and the
// forbidden pages were written.
void unmap_guarded(const GuardedPages& pages);

}  // namespace sinter::runtime
