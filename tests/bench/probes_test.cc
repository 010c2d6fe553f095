// Probes give figures of the right order: a machine that computes at all does this much, and none does the rest.
#include "bench/probes.h"

#include <gtest/gtest.h>

namespace sinter::bench {
namespace {

TEST(Probes, Triad) {
  for (const Streams& streams :
       {Streams{}, Streams{.reads = 1, .writes = 1}, Streams{.reads = 3, .writes = 3, .in_place = true}}) {
    const double found = probe_triad(1 << 18, streams, 1);
    EXPECT_GT(found, 0.1);
    EXPECT_LT(found, 2000);
  }
  EXPECT_GT(probe_triad(1, {}, 3), 0.001) << "the least that three threads can share";
}

TEST(Probes, Fma) {
  const double one = probe_fma(1);
  EXPECT_GT(one, 1);
  EXPECT_LT(one, 1000);
}

}  // namespace
}  // namespace sinter::bench
