// What every fuzzer shares: which seeds it runs, and last words that name the seed when the process dies.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sinter::tests {

struct Seeds {
  uint64_t first = 1, count = 0;
};
// FUZZ_SEEDS=FIRST:COUNT, else `count` seeds from 1 on.
[[nodiscard]] Seeds seeds(uint64_t count);

// While it lives, a fault on any thread, an abort, minutes without an end and a test runner that loses patience end the
// process with the seed and the stage on stderr.
class SeedScope {
 public:
  explicit SeedScope(uint64_t seed);
  ~SeedScope();
  SeedScope(const SeedScope&) = delete;
  SeedScope& operator=(const SeedScope&) = delete;
};

// What the seed is at from now on: a few words, or a program.
void set_stage(std::string_view stage);

// In such a scope, for each seed: reports what run(seed) says is wrong, or throws, until five have failed.
void for_each_seed(const Seeds& seeds, const std::function<std::optional<std::string>(uint64_t seed)>& run);

}  // namespace sinter::tests
