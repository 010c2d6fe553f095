// How the fake driver and the fake NVRTC behave: words of the environment variable FAKE_CUDA, separated by commas.
//   execute | record     run kernels in the simulator (the default), or only record calls
//   late                 nothing asked of a stream happens before someone waits for it
//   arch=90 version=13000 devices=1 memory=4294967296    what the machine has
//   order=ascending | descending | random:SEED           of blocks, threads, and independent nodes of graphs
//   fail=NAME[:N[+]]=CODE   the N-th call of NAME (with +, and all after it; without N, every call) gives CODE
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/cuda_sim/grid.h"

namespace sinter::cuda_sim {

struct Failure {
  std::string call;
  unsigned long first = 1, last = 0;  // calls counted from 1; last 0: without end
  int code = 0;
};

struct Settings {
  bool execute = true, late = false;
  int arch = 90, version = 13000, devices = 1;
  size_t memory = size_t{4} << 30;
  Order order;
  std::vector<Failure> failures;
};

// Changes what the words name; throws ValueError for a word it does not know.
void apply(Settings& settings, std::string_view words);
// Those of the environment variable FAKE_CUDA.
[[nodiscard]] Settings settings_from_environment();

// The calls of one library: a line for each, "cuMemAlloc_v2(512) = 0", and the failures to inject.
class CallLog {
 public:
  // Counts the call; the code to fail with, or 0.
  [[nodiscard]] int begin(const Settings& settings, const std::string& name);
  void end(const std::string& name, const std::string& arguments, int code);
  void clear();
  [[nodiscard]] unsigned long count(const std::string& name) const;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::map<std::string, unsigned long> counts_;
  std::string text_;
};

}  // namespace sinter::cuda_sim
