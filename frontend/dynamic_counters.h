// What the dynamic engine did, counted: for reports that put the engines side by side.
#pragma once

#include <cstdint>

namespace sinter {

struct DynamicCounters {
  int64_t operations = 0;   // executed, views included
  int64_t kernels = 0;      // launched
  int64_t bytes_moved = 0;  // of the kernels' operands and results, each once
};

namespace detail {
inline constinit thread_local DynamicCounters g_dynamic_counters;
}

// Of this thread, since it began.
[[nodiscard]] inline DynamicCounters dynamic_counters() { return detail::g_dynamic_counters; }

}  // namespace sinter
