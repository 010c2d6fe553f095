// Random damage to bytes, for tests of readers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <random>
#include <vector>

namespace sinter::runtime {

// One to three of: flip a bit, overwrite a byte, cut the end, insert, erase, repeat a stretch, append.
inline std::vector<std::byte> mutated(std::vector<std::byte> bytes, std::mt19937& random) {
  const auto below = [&](size_t n) { return n == 0 ? size_t{0} : random() % n; };
  const auto at = [&](size_t i) { return bytes.begin() + static_cast<std::ptrdiff_t>(i); };
  for (size_t times = 1 + below(3); times > 0; --times) {
    const size_t where = below(bytes.size()), length = 1 + below(16);
    const size_t end = std::min(bytes.size(), where + length);
    switch (bytes.empty() ? 6 : below(7)) {
      case 0:
        bytes[where] ^= std::byte(1u << below(8));
        break;
      case 1:
        bytes[where] = std::byte(below(256));
        break;
      case 2:
        bytes.resize(where);
        break;
      case 3:
        bytes.insert(at(where), length, std::byte(below(256)));
        break;
      case 4:
        bytes.erase(at(where), at(end));
        break;
      case 5: {
        const std::vector<std::byte> stretch(at(where), at(end));
        bytes.insert(at(below(bytes.size())), stretch.begin(), stretch.end());
        break;
      }
      default:
        bytes.insert(bytes.end(), length, std::byte(below(256)));
    }
  }
  return bytes;
}

}  // namespace sinter::runtime
