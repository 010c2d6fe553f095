// The simulator itself: what threads see of their place, of each other and of memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "tests/cuda_sim/grid.h"

namespace sinter::cuda_sim {
namespace {

const Order kOrders[] = {{Order::Kind::kAscending}, {Order::Kind::kDescending}, {Order::Kind::kRandom, 7}};

// Runs `kernel(float* out, const float* in, long long n)` of the text.
void run(const Module& module, const std::string& kernel, std::vector<float>& out, std::vector<float> in,
         const Geometry& geometry, const Order& order = {}) {
  Memory memory;
  auto* out_data = reinterpret_cast<std::byte*>(out.data());
  auto* in_data = reinterpret_cast<std::byte*>(in.data());
  memory.add("out", out_data, out.size() * sizeof(float), true);
  memory.add("in", in_data, in.size() * sizeof(float), false);
  auto n = static_cast<long long>(in.size());
  void* parameters[] = {static_cast<void*>(&out_data), static_cast<void*>(&in_data), &n};
  launch(module, kernel, geometry, parameters, memory, order);
}

TEST(Simulator, ThreadsKnowTheirPlace) {
  const Module module(compile(R"(
extern "C" __global__ void __launch_bounds__(64) place(float* out, const float* in, long long n) {
  const long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = in[i] + gridDim.x;
})"));
  for (const Order& order : kOrders) {
    std::vector<float> out(100), in(100, 1);
    run(module, "place", out, in, {.grid = {2, 1, 1}, .block = {64, 1, 1}}, order);
    EXPECT_THAT(out, ::testing::Each(3.0F));
  }
}

TEST(Simulator, BlocksReduceThroughWarpsAndSharedMemory) {
  const Module module(compile(R"(
static __device__ __forceinline__ float warp_sum(float x) {
  for (int d = 16; d > 0; d /= 2) x = __fadd_rn(x, __shfl_xor_sync(0xffffffffu, x, d));
  return x;
}
extern "C" __global__ void sum(float* out, const float* in, long long n) {
  extern __shared__ unsigned char sinter_shared[];
  float* partial = reinterpret_cast<float*>(sinter_shared);
  float x = 0.0f;
  for (long long i = threadIdx.x; i < n; i += blockDim.x) x = __fadd_rn(x, in[i]);
  x = warp_sum(x);
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = x;
  __syncthreads();
  if (threadIdx.x < 32) {
    x = threadIdx.x < blockDim.x / 32 ? partial[threadIdx.x] : 0.0f;
    x = warp_sum(x);
    if (threadIdx.x == 0) *out = x;
  }
})"));
  std::vector<float> in(1000);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i);
  for (const Order& order : kOrders) {
    std::vector<float> out(1);
    run(module, "sum", out, in, {.block = {128, 1, 1}, .shared_bytes = 16}, order);
    EXPECT_EQ(out[0], 499500.0F);
  }
}

TEST(Simulator, VotesBallotsAndAtomics) {
  const Module module(compile(R"(
extern "C" __global__ void votes(float* out, const float* in, long long n) {
  const unsigned odd = __ballot_sync(0xffffffffu, threadIdx.x % 2);
  const bool any = __any_sync(0xffffffffu, threadIdx.x == 40), all = __all_sync(0xffffffffu, threadIdx.x < 32);
  if (odd == 0xaaaaaaaau && any == (threadIdx.x >= 32) && all == (threadIdx.x < 32)) atomicAdd(out, 1.0f);
  const float up = __shfl_up_sync(0xffffffffu, (float)threadIdx.x, 1, 8);
  const float down = __shfl_down_sync(0xffffffffu, (float)threadIdx.x, 3, 8);
  const float one = __shfl_sync(0xffffffffu, (float)threadIdx.x, 5, 8);
  out[1 + threadIdx.x] = up + 100 * down + 10000 * one;
})"));
  for (const Order& order : kOrders) {
    std::vector<float> out(65);
    run(module, "votes", out, {}, {.block = {64, 1, 1}}, order);
    EXPECT_EQ(out[0], 64.0F);
    EXPECT_EQ(out[1], 0 + 100 * 3 + 10000 * 5);
    EXPECT_EQ(out[1 + 15], 14 + 100 * 15 + 10000 * 13);
  }
}

TEST(Simulator, DenormalsAndContractionAreWhatWasAskedFor) {
  const char* text = R"(
extern "C" __global__ void numbers(float* out, const float* in, long long n) {
  out[0] = in[0] * 0.5f;
  out[1] = in[1] * in[1] + in[2];
  out[2] = __fadd_rn(__fmul_rn(in[1], in[1]), in[2]);
  out[3] = __fmaf_rn(in[1], in[1], in[2]);
})";
  const float x = 1.0F + 0x1p-12F;
  const std::vector<float> in{std::numeric_limits<float>::min(), x, -1.0F - 0x1p-11F};
  for (const bool flush : {false, true})
    for (const bool contract : {false, true}) {
      const Module module(compile(text, {.flush_denormals = flush, .contract = contract}));
      std::vector<float> out(4);
      run(module, "numbers", out, in, {});
      EXPECT_EQ(out[0], flush ? 0.0F : std::numeric_limits<float>::min() / 2);
      EXPECT_EQ(out[1], contract ? 0x1p-24F : 0.0F);
      EXPECT_EQ(out[2], 0.0F);
      EXPECT_EQ(out[3], 0x1p-24F);
    }
}

TEST(Simulator, ErrorsOfTheCompilerNameLinesOfTheText) {
  try {
    (void)compile("\n\nextern \"C\" __global__ void wrong(float* out) { out[0] = expf(1.0f); }\n");
    FAIL() << "the device's own expf is no part of generated code";
  } catch (const CompileError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("kernel.cu:3"));
  }
}

}  // namespace
}  // namespace sinter::cuda_sim
