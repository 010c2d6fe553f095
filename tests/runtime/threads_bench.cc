// What a run and a barrier of a thread team cost. Prints microseconds: bazel run -c opt //tests/runtime:threads_bench
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "runtime/cpu_info.h"
#include "runtime/threads.h"

namespace {

using sinter::runtime::ThreadTeam;
using sinter::runtime::Worker;
using Clock = std::chrono::steady_clock;

// The least and the median time of one call, over 50 samples of `calls` calls.
template <class F>
void report(const char* what, int workers, int calls, F&& f) {
  std::vector<double> samples;
  for (int sample = 0; sample < 50; ++sample) {
    const auto start = Clock::now();
    f(calls);
    samples.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count() / calls);
  }
  std::sort(samples.begin(), samples.end());
  std::printf("%-8s %3d workers  least %8.3f us  median %8.3f us\n", what, workers, samples.front(), samples[25]);
}

}  // namespace

int main() {
  std::printf("%d usable cores\n", sinter::runtime::cpu_info().usable_cores);
  for (int workers : {1, 2, 3, 7, 64}) {
    ThreadTeam team(workers);
    const int calls = workers <= sinter::runtime::cpu_info().usable_cores ? 2000 : 20;
    report("run", workers, calls, [&](int n) {
      for (int i = 0; i < n; ++i) team.run([](Worker&) {});
    });
    report("barrier", workers, calls, [&](int n) {
      team.run([n](Worker& self) {
        for (int i = 0; i < n; ++i) self.barrier();
      });
    });
  }
}
