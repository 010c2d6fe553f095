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

// Reports what run(seed) says is wrong, or throws, for each seed, until five have failed. A fault on any thread, an
// abort, a seed that takes minutes and a test runner that loses patience end the process, with seed and stage on
// stderr.
void for_each_seed(const Seeds& seeds, const std::function<std::optional<std::string>(uint64_t seed)>& run);

// What the seed is at from now on: a few words, or a program.
void set_stage(std::string_view stage);

}  // namespace sinter::tests
