// For tests of the kernel IR: a kernel's text that must verify and round-trip, and running it on vectors.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "ir/loops/interpret.h"
#include "ir/loops/text.h"

namespace sinter::loops {

// The one kernel of the text; it must verify, and print and parse back to the same text.
inline Kernel good_kernel(const std::string& text) {
  const std::vector<Kernel> kernels = parse(text);
  invariant(kernels.size() == 1, "the text has one kernel");
  verify(kernels[0]);
  const std::string printed = print(kernels[0], true);
  EXPECT_EQ(print(parse(printed).at(0), true), printed);
  return kernels[0];
}

template <class T>
std::span<std::byte> bytes(std::vector<T>& elements) {
  return std::as_writable_bytes(std::span(elements));
}

// Interprets with every check on; one vector per buffer.
template <class... T>
void run_kernel(const Kernel& kernel, std::vector<int64_t> symbols, std::vector<T>&... buffers) {
  const std::array<std::span<std::byte>, sizeof...(T)> storage{bytes(buffers)...};
  interpret(kernel, storage, symbols, Check::kRaces);
}

// Numbers without a pattern, in [-2, 2), the same at every run.
template <class T>
std::vector<T> scattered(size_t count, uint32_t seed = 1) {
  std::vector<T> out(count);
  for (T& x : out) {
    seed = seed * 1664525 + 1013904223;
    x = static_cast<T>(static_cast<double>(seed >> 8) / (1 << 22) - 2.0);
  }
  return out;
}

// Equal bits, so that +0 is not -0.
inline void expect_same(const std::vector<float>& got, const std::vector<float>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i)
    ASSERT_EQ(std::bit_cast<uint32_t>(got[i]), std::bit_cast<uint32_t>(expected[i]))
        << "element " << i << ": " << got[i] << ", expected " << expected[i];
}

}  // namespace sinter::loops
