// Counts the elementary steps of compilation (values visited, candidates compared), so that tests see how work grows
// with a program and need no clock.
#pragma once

#include <cstdint>

namespace sinter {

namespace detail {
inline thread_local uint64_t steps_done = 0;
}

// Called where a pass does its steps; each call's `steps` take bounded time.
inline void count_work(uint64_t steps = 1) { detail::steps_done += steps; }

// Steps of this thread so far.
[[nodiscard]] inline uint64_t work_done() { return detail::steps_done; }

}  // namespace sinter
