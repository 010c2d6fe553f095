// What this machine can do, measured on the spot: the yardsticks of the report.
#pragma once

namespace sinter::bench {

// The arrays that a triad goes through: `reads` are read, `writes` are written.
struct Streams {
  int reads = 2, writes = 1;
  bool in_place = false;  // the arrays written are the first of those read
};

// GB/s, reads and writes together, of plain vector loads and stores over arrays that take `footprint` bytes in all,
// each thread on its own part, no synchronisation in between: the best of a few trials.
[[nodiscard]] double probe_triad(double footprint, const Streams& streams, int threads);

// GF/s of independent fused multiply-adds on the widest registers, f32, by all threads together: the best of a few
// trials.
[[nodiscard]] double probe_fma(int threads);

}  // namespace sinter::bench
