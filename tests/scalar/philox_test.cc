// Philox4x32-10 against the known answers published with Random123.
#include "ir/scalar/philox.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace sinter::ir {
namespace {

using Counter = std::array<uint32_t, 4>;
using Key = std::array<uint32_t, 2>;

// The generator as its paper states it, on any counter and key: philox_bits reaches only counters of element numbers.
Counter philox(Counter c, Key k) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t first = uint64_t{0xD2511F53} * c[0], second = uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<uint32_t>(second >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(second),
         static_cast<uint32_t>(first >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(first)};
    k = {k[0] + 0x9E3779B9, k[1] + 0xBB67AE85};
  }
  return c;
}

TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, BitsOfAnElementAreAWordOfItsCounter) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000; ++i) {
    const uint64_t seed = random(), stream = random(), element = random() >> (random() % 64);
    const uint64_t index = element / 4;
    const Counter words = philox({static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32),
                                  static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)},
                                 {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
    EXPECT_EQ(philox_bits(static_cast<int64_t>(seed), static_cast<int64_t>(stream), static_cast<int64_t>(element)),
              int64_t{words[element % 4]});
  }
}

TEST(Philox, FitsIn32Bits) {
  for (int64_t element = 0; element < 1000; ++element) {
    const int64_t bits = philox_bits(7, 3, element);
    EXPECT_GE(bits, 0);
    EXPECT_LT(bits, int64_t{1} << 32);
  }
}

}  // namespace
}  // namespace sinter::ir
