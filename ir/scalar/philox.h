// Philox4x32-10 (Salmon et al., 2011): random bits that depend on (seed, stream, element) alone.
#pragma once

#include <array>
#include <cstdint>

namespace sinter::ir {

// The 32 random bits of one element, in an i64. Key: the seed, low word first. Counter: element / 4, then the stream,
// low words first. Each counter makes four words; the element takes number element % 4.
[[nodiscard]] inline int64_t philox_bits(int64_t seed, int64_t stream, int64_t element) {
  const auto low = [](uint64_t x) { return static_cast<uint32_t>(x); };
  const auto high = [](uint64_t x) { return static_cast<uint32_t>(x >> 32); };
  const auto e = static_cast<uint64_t>(element), s = static_cast<uint64_t>(stream), k = static_cast<uint64_t>(seed);
  std::array<uint32_t, 4> x{low(e / 4), high(e / 4), low(s), high(s)};
  std::array<uint32_t, 2> key{low(k), high(k)};
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * x[0], b = uint64_t{0xCD9E8D57} * x[2];
    x = {high(b) ^ x[1] ^ key[0], low(b), high(a) ^ x[3] ^ key[1], low(a)};
    key = {key[0] + 0x9E3779B9, key[1] + 0xBB67AE85};
  }
  return x[e % 4];
}

}  // namespace sinter::ir
