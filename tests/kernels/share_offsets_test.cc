// Kernels that differ in offsets alone are one kernel afterwards, and each still does what it did.
#include "passes/lower/share_offsets.h"

#include <gtest/gtest.h>

#include <random>

#include "ir/loops/interpret.h"
#include "ir/loops/text.h"
#include "tests/loops/random_kernel.h"

namespace sinter::passes {
namespace {

std::vector<LoweredKernel> lowered(const std::vector<std::string>& texts) {
  std::vector<LoweredKernel> kernels;
  for (const std::string& text : texts) kernels.push_back({loops::parse(text).at(0), {}, {}, {}});
  return kernels;
}

std::string row(int64_t from, int64_t to) {
  return fmt::format(
      "kernel @k(%x: f32[800] in, %y: f32[800] out) {{ for i0 < 4 {{ pass {{ %0 = load f32 %x[8*i0 + {}] %1 = tanh f32 "
      "%0 store f32 %y[i0 + {}], %1 }} }} }}",
      from, to);
}

std::string line(const LoweredKernel& kernel, uint32_t value) { return loops::print_inst(kernel.kernel, value); }

TEST(ShareOffsets, OffsetsThatGoUpTogetherAreOneSymbol) {
  const auto shared = share_offsets(lowered({row(96, 0), row(128, 4), row(192, 12)}));
  for (const LoweredKernel& kernel : shared) {
    EXPECT_EQ(loops::code_text(kernel.kernel), loops::code_text(shared[0].kernel));
    EXPECT_EQ(kernel.kernel.symbols, 1);
    EXPECT_EQ(line(kernel, 0), "%0 = load f32 %x[8*i0 + 32*s0 + 96]");
    EXPECT_EQ(line(kernel, 2), "store f32 %y[i0 + 4*s0], %1");
    loops::verify(kernel.kernel);
  }
  EXPECT_EQ(shared[0].symbols, std::vector<int64_t>{0});
  EXPECT_EQ(shared[1].symbols, std::vector<int64_t>{1});
  EXPECT_EQ(shared[2].symbols, std::vector<int64_t>{3});
}

TEST(ShareOffsets, OffsetsThatMoveApartAreTwo) {
  const auto shared = share_offsets(lowered({row(0, 20), row(10, 10), row(20, 0)}));
  EXPECT_EQ(shared[0].kernel.symbols, 2);
  EXPECT_EQ(line(shared[0], 0), "%0 = load f32 %x[8*i0 + 10*s0]");
  EXPECT_EQ(line(shared[0], 2), "store f32 %y[i0 + 10*s1], %1");
  EXPECT_EQ(shared[2].symbols, (std::vector<int64_t>{2, 0}));
}

TEST(ShareOffsets, NamesDoNotTellKernelsApart) {
  std::string renamed = row(8, 0);
  for (size_t at = 0; (at = renamed.find("%x", at)) != std::string::npos;) renamed.replace(at, 2, "%other");
  const auto shared = share_offsets(lowered({row(0, 0), renamed}));
  EXPECT_EQ(loops::code_text(shared[0].kernel), loops::code_text(shared[1].kernel));
  EXPECT_EQ(shared[1].kernel.buffers[0].name, "other");
}

TEST(ShareOffsets, WhatHasNoTwinKeepsItsConstants) {
  const auto kernels = lowered({row(8, 0), row(8, 0),
                                "kernel @k(%y: i64[4] out) { for i0 < 4 { pass { %0 = index i64 i0 "
                                "+ 7 store i64 %y[i0], %0 } } }"});
  const auto shared = share_offsets(kernels);
  for (size_t k = 0; k < kernels.size(); ++k) {
    EXPECT_EQ(loops::print(shared[k].kernel), loops::print(kernels[k].kernel));
    EXPECT_TRUE(shared[k].symbols.empty());
  }
}

std::string padded(int64_t low, int64_t high, int64_t added) {
  return fmt::format(
      "kernel @k(%x: f32[9] in, %y: f32[9] out, %n: i64[9] out) {{ for i0 < 9 {{ pass {{ %0 = index i64 i0 %1 = "
      "constant "
      "i64 {} %2 = ge bool %0, %1 %3 = constant i64 {} %4 = lt bool %0, %3 %5 = logical_and bool %2, %4 %6 = load f32 "
      "%x[i0 - {}] if %5 store f32 %y[i0], %6 %8 = constant i64 {} %9 = add i64 %0, %8 store i64 %n[i0], %9 }} }} }}",
      low, high, low, added);
}

TEST(ShareOffsets, BoundsAreOffsetsAndNumbersThatAreComputedWithAreNot) {
  const auto shared = share_offsets(lowered({padded(2, 5, 1), padded(3, 6, 1)}));
  EXPECT_EQ(line(shared[0], 1), "%1 = index i64 s0 + 2");
  EXPECT_EQ(line(shared[0], 3), "%3 = index i64 s0 + 5");
  EXPECT_EQ(line(shared[0], 6), "%6 = load f32 %x[i0 + s1 - 3] if %5");
  EXPECT_EQ(line(shared[0], 8), "%8 = constant i64 1");
  const auto apart = share_offsets(lowered({padded(2, 5, 1), padded(3, 6, 2)}));
  EXPECT_EQ(apart[0].kernel.symbols + apart[1].kernel.symbols, 0);
}

TEST(ShareOffsets, ManyUnrelatedOffsetsAreNotWorthIt) {
  const auto many = [](int64_t seed) {
    std::string text = "kernel @k(%x: f32[40000] in, %y: f32[1] out) { pass { %0 = load f32 %x[0] ";
    for (int64_t i = 1; i < 200; i += 2)
      text += fmt::format("%{} = load f32 %x[{}] %{} = add f32 %{}, %{} ", i, (i * i * seed) % 40000, i + 1, i - 1, i);
    return text + "store f32 %y[0], %200 } }";
  };
  for (const LoweredKernel& kernel : share_offsets(lowered({many(1), many(77), many(1234)})))
    EXPECT_EQ(kernel.kernel.symbols, 0);
}

// A twin of a kernel: the same work on inputs that begin later in their buffers.
void shift_inputs(loops::Kernel& kernel, std::vector<std::vector<std::byte>>& buffers, std::mt19937_64& random) {
  for (uint32_t b = 0; b < kernel.buffers.size(); ++b) {
    loops::Buffer& buffer = kernel.buffers[b];
    if (buffer.role != loops::Buffer::Role::kIn) continue;
    const auto by = static_cast<int64_t>(random() % 7);
    buffer.size = buffer.size.value() + 6;
    buffers[b].insert(buffers[b].begin(), static_cast<size_t>(by) * size_of(buffer.dtype), std::byte{0});
    buffers[b].resize(static_cast<size_t>(buffer.size.value()) * size_of(buffer.dtype));
    for (loops::Pass& pass : kernel.passes)
      for (loops::Inst& inst : pass.insts)
        if (inst.kind == loops::InstKind::kLoad && inst.buffer == b) inst.index.base += by;
  }
}

TEST(ShareOffsets, RandomKernelsGiveTheSameBits) {
  size_t shared_kernels = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const loops::RandomKernel made = loops::random_kernel(seed);
    if (made.kernel.symbols > 0) continue;
    SCOPED_TRACE(fmt::format("seed {}\n{}", seed, loops::print(made.kernel)));
    std::mt19937_64 random(seed);
    std::vector<LoweredKernel> kernels(3);
    std::vector<std::vector<std::vector<std::byte>>> memory(3, made.buffers);
    for (size_t k = 0; k < kernels.size(); ++k) {
      kernels[k].kernel = made.kernel;
      shift_inputs(kernels[k].kernel, memory[k], random);
    }
    // What it writes, and the error of an index.
    const auto run = [](const LoweredKernel& lowered, std::vector<std::vector<std::byte>> buffers) {
      const std::vector<std::span<std::byte>> storage(buffers.begin(), buffers.end());
      std::string error;
      try {
        loops::interpret(lowered.kernel, storage, lowered.symbols);
      } catch (const IndexError& out_of_range) {
        error = out_of_range.what();
      }
      return std::pair(error, buffers);
    };
    const auto shared = share_offsets(kernels);
    for (size_t k = 0; k < kernels.size(); ++k) {
      ASSERT_EQ(loops::code_text(shared[k].kernel), loops::code_text(shared[0].kernel));
      ASSERT_NO_THROW(loops::verify(shared[k].kernel));
      ASSERT_EQ(run(shared[k], memory[k]), run(kernels[k], memory[k]));
      shared_kernels += shared[k].kernel.symbols > 0 ? 1 : 0;
    }
  }
  EXPECT_GT(shared_kernels, 100U);
}

}  // namespace
}  // namespace sinter::passes
