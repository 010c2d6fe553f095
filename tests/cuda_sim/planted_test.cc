// Faults planted in kernels written by hand in the shape of generated ones: each must be caught, in every order of
// threads, and the kernel without it must pass.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <variant>

#include "support/error.h"
#include "tests/cuda_sim/grid.h"

namespace sinter::cuda_sim {
namespace {

struct WrongBits {};     // no fault, but another result
struct OrderMatters {};  // other results in other orders of threads

struct Planted {
  const char* name;
  const char* body;  // of kernel(float* out, const float* in, long long n, scratch, status, gate)
  const char* good;  // a part of it
  const char* bad;   // what it is replaced by
  std::variant<FaultKind, WrongBits, OrderMatters> caught_as;
  Geometry geometry = {.grid = {4, 1, 1}, .block = {64, 1, 1}};
  size_t in_elements = 250, out_elements = 250, scratch_bytes = 0;
  bool gate_closed = false;

  friend void PrintTo(const Planted& planted, std::ostream* out) { *out << planted.name; }
};

constexpr size_t kShared64 = 64 * sizeof(float);
constexpr const char* kThroughShared = R"(
  extern __shared__ unsigned char sinter_shared[];
  float* const values = (float*)sinter_shared;
  const int t = threadIdx.x;
  for (int round = 0; round < 2; ++round) {
    values[t] = in[64 * round + t];
    __syncthreads();
    out[64 * round + t] = values[63 - t];
    __syncthreads();  // before the next round
  })";
constexpr const char* kElementwise = R"(
  float values[4] = {1.0f, 2.0f, 3.0f, (float)n};
  const long long i = (long long)blockIdx.x * 64 + threadIdx.x;
  if (i < n) out[i] = in[i] + 1.0f;)";
constexpr const char* kVectors = R"(
  const long long i = 4 * ((long long)blockIdx.x * 64 + threadIdx.x);
  if (i + 4 <= n) {
    const float4 x = *(const float4*)(in + i);
    *(float4*)(out + i) = x;
  } else {
    for (long long k = i; k < n; ++k) out[k] = in[k];
  })";
constexpr const char* kRowSum = R"(
  const unsigned mask = 0xffffu << (threadIdx.x & 16);
  float x = 0.0f;
  for (long long i = threadIdx.x & 15; i < n; i += 16) x = x + in[i];
  for (int offset = 8; offset > 0; offset /= 2) x = x + __shfl_xor_sync(mask, x, offset, 16);
  if (threadIdx.x == 0) out[0] = x;)";
constexpr const char* kWarpExchange = R"(
  extern __shared__ unsigned char sinter_shared[];
  float* const values = (float*)sinter_shared;
  const int t = threadIdx.x;
  values[t] = 0.0f;
  __syncwarp();
  values[t] = in[t];
  __syncwarp();  // all are there
  out[t] = values[t ^ 1];)";
constexpr const char* kCheck = R"(
  if (in[threadIdx.x] > 3.0f) {
    if (atomicCAS((unsigned long long*)&status->failed, 0ull, 1ull) == 0ull) status->index = threadIdx.x, status->extent = 3;
  }
  if (threadIdx.x == 0 && blockIdx.x == 0) out[0] = 1.0f;)";
constexpr const char* kMaximum = R"(
  const long long i = threadIdx.x;
  const float x = in[i], y = in[i + 64];
  out[i] = x > y || x != x ? x : y;)";

const Geometry kOneBlock{.grid = {1, 1, 1}, .block = {64, 1, 1}};
const Geometry kOneBlockShared{.grid = {1, 1, 1}, .block = {64, 1, 1}, .shared_bytes = kShared64};
const Geometry kOneWarp{.grid = {1, 1, 1}, .block = {32, 1, 1}};

const Planted kPlanted[] = {
    {"no_barrier_before_read", kThroughShared, "__syncthreads();\n    out", "if (round == 0) __syncthreads();\n    out",
     FaultKind::kRace, kOneBlockShared},
    {"no_barrier_after_read", kThroughShared, "__syncthreads();  // before the next round", "", FaultKind::kRace,
     kOneBlockShared},
    {"tail_one_too_far", kElementwise, "i < n", "i <= n", FaultKind::kBounds},
    {"read_one_below", kElementwise, "in[i]", "in[i - 1]", FaultKind::kBounds},
    {"read_one_above", kElementwise, "in[i]", "in[i + 1]", FaultKind::kBounds},
    {"write_one_above", kElementwise, "out[i]", "out[i + 1]", FaultKind::kBounds},
    {"write_to_input", kElementwise, "out[i] =", "((float*)in)[i] =", FaultKind::kReadOnly},
    {"wild_pointer", kElementwise, "out[i]", "((float*)16)[i]", FaultKind::kBounds},
    {"reads_output", kElementwise, "in[i] + 1.0f", "in[i] + out[i]", FaultKind::kUninitialised},
    {"uninitialised_shared", kThroughShared, "values[t] = in", "if (t != 5) values[t] = in", FaultKind::kUninitialised,
     kOneBlockShared},
    {"blocks_share_an_output", kElementwise, "blockIdx.x * 64", "(blockIdx.x / 2) * 64", FaultKind::kRace},
    {"no_syncwarp", kWarpExchange, "__syncwarp();  // all are there", "", FaultKind::kRace, kOneBlockShared},
    {"half_a_syncwarp", kWarpExchange, "__syncwarp();  // all are there",
     "if (t & 1) __syncwarp(0xaaaaaaaau); else __syncwarp(0x55555555u);", FaultKind::kRace, kOneBlockShared},
    {"barrier_in_a_branch", kThroughShared, "const int t = threadIdx.x;",
     "const int t = threadIdx.x;\n  if (t < 40) __syncthreads();", FaultKind::kBarrier, kOneBlockShared},
    {"return_before_barrier", kThroughShared, "const int t = threadIdx.x;",
     "const int t = threadIdx.x;\n  if (t == 63) return;", FaultKind::kBarrier, kOneBlockShared},
    {"unequal_trips_over_a_barrier", kThroughShared, "round < 2", "round < 2 + (t < 10)", FaultKind::kBarrier,
     kOneBlockShared},
    {"two_barriers_for_one", kThroughShared, "__syncthreads();\n    out",
     "if (t < 32) __syncthreads();\n    else\n      __syncthreads();\n    out", FaultKind::kBarrier, kOneBlockShared},
    {"shuffle_from_inactive_lane", kRowSum, "__shfl_xor_sync(mask, x, offset, 16)",
     "((threadIdx.x & 15) < 12 ? __shfl_xor_sync(mask, x, offset, 16) : 0.0f)", FaultKind::kWarp, kOneWarp},
    {"shuffle_outside_its_mask", kRowSum, "__shfl_xor_sync(mask, x, offset, 16)", "__shfl_xor_sync(mask, x, 16, 32)",
     FaultKind::kWarp, kOneWarp},
    {"mask_of_the_other_half", kRowSum, "threadIdx.x & 16", "~threadIdx.x & 16", FaultKind::kWarp, kOneWarp},
    {"mask_of_lanes_that_do_not_exist",
     kRowSum,
     "0xffffu << (threadIdx.x & 16)",
     "0xffffffffu",
     FaultKind::kWarp,
     {.grid = {1, 1, 1}, .block = {16, 1, 1}}},
    {"other_tree_in_a_reduction", kRowSum, "offset = 8; offset > 0; offset /= 2",
     "offset = 1; offset < 16; offset *= 2", WrongBits(), kOneWarp},
    {"shuffle_width", kRowSum, "offset, 16)", "offset, 8)", WrongBits(), kOneWarp},
    {"status_without_atomics", kCheck, "atomicCAS((unsigned long long*)&status->failed, 0ull, 1ull) == 0ull",
     "(status->failed = 1) != 0", FaultKind::kRace},
    {"status_read_without_atomics", kCheck, "if (atomicCAS", "if (status->failed == 0 && atomicCAS", FaultKind::kRace},
    {"sum_by_atomics", kRowSum, "if (threadIdx.x == 0) out[0] = x;",
     "if (threadIdx.x == 0) out[0] = 0.0f;\n  __syncthreads();\n  atomicAdd(out, in[threadIdx.x] + x);", OrderMatters(),
     kOneWarp},
    {"no_tail_mask", kVectors, "i + 4 <= n", "i < n", FaultKind::kBounds, kOneBlock, 246, 246},
    {"misaligned_vector", kVectors, "(in + i)", "(in + i - (i > 0 ? 1 : 0))", FaultKind::kMisaligned, kOneBlock},
    {"too_much_shared",
     kThroughShared,
     "",
     "",
     FaultKind::kLaunch,
     {.grid = {1, 1, 1}, .block = {64, 1, 1}, .shared_bytes = (48 << 10) + 4}},
    {"too_little_shared",
     kThroughShared,
     "",
     "",
     FaultKind::kBounds,
     {.grid = {1, 1, 1}, .block = {64, 1, 1}, .shared_bytes = kShared64 - 4}},
    {"too_many_threads", kElementwise, "", "", FaultKind::kLaunch, {.grid = {1, 1, 1}, .block = {1025, 1, 1}}},
    {"more_threads_than_promised", kElementwise, "", "", FaultKind::kLaunch, {.grid = {1, 1, 1}, .block = {128, 1, 1}}},
    {"empty_grid", kElementwise, "", "", FaultKind::kLaunch, {.grid = {0, 1, 1}, .block = {64, 1, 1}}},
    {"grid_too_small", kElementwise, "", "", WrongBits(), {.grid = {3, 1, 1}, .block = {64, 1, 1}}},
    {"gate_looked_at_wrongly",
     kElementwise,
     "const long long i",
     "gate = nullptr;\n  const long long i",
     WrongBits(),
     {.grid = {4, 1, 1}, .block = {64, 1, 1}},
     250,
     250,
     0,
     true},
    {"scratch_too_small", R"(
  ((float*)scratch)[threadIdx.x] = in[threadIdx.x];
  __syncthreads();
  out[threadIdx.x] = ((float*)scratch)[63 - threadIdx.x];)",
     "scratch)[t", "scratch)[1 + t", FaultKind::kBounds, kOneBlock, 250, 250, kShared64},
    {"scratch_taken_for_zeros", R"(
  ((float*)scratch)[threadIdx.x] = 0.0f;
  out[threadIdx.x] = ((float*)scratch)[threadIdx.x] + in[threadIdx.x];)",
     "((float*)scratch)[threadIdx.x] = 0.0f;", "", FaultKind::kUninitialised, kOneBlock, 250, 250, kShared64},
    {"maximum_passes_nan_over", kMaximum, "x > y || x != x ? x : y", "fmaxf(x, y)", WrongBits(), kOneBlock},
    {"contracted_by_hand", kElementwise, "in[i] + 1.0f", "__fmaf_rn(in[i], 1.000001f, 1.0f)", WrongBits()},
    {"overflow", kElementwise, "in[i] + 1.0f", "in[i] + (float)((int)i + 2147483647 - 30)", FaultKind::kUndefined},
    {"local_array_left", kElementwise, "in[i] + 1.0f", "values[(i % 9) * (i > 100)]", FaultKind::kUndefined},
    {"shift_too_far", kElementwise, "in[i] + 1.0f", "in[i] + (float)(1u << (i % 40))", FaultKind::kUndefined},
    {"float_that_no_integer_holds", kElementwise, "in[i] + 1.0f", "(float)(int)(in[i] * 1e9f)", FaultKind::kUndefined},
    {"traps", kElementwise, "if (i < n)", "if (i == 100) __trap();\n  if (i < n)", FaultKind::kTrap},
};

std::string edited(const Planted& planted) {
  std::string body = planted.body;
  const size_t at = body.find(planted.good);
  invariant(at != std::string::npos, planted.name);
  return body.replace(at, std::strlen(planted.good), planted.bad);
}

std::string kernel_text(const std::string& name, std::string body) {
  return "extern \"C\" __global__ void __launch_bounds__(64) " + name +
         "(float* out, const float* in, long long n, unsigned char* scratch, KernelStatus* status, "
         "const KernelStatus* gate) {\n" +
         (body.find("gate = nullptr;") == std::string::npos ? "  if (gate != nullptr && gate->failed != 0) return;\n"
                                                            : "") +
         body + "\n}\n";
}

// All kernels, good and bad, in one compilation.
const Module& kernels() {
  static const Module& module = []() -> const Module& {
    std::string text = "struct KernelStatus { long long failed, index, extent; };\n";
    for (const Planted& planted : kPlanted) {
      text += kernel_text(std::string("good_") + planted.name, planted.body);
      text += kernel_text(std::string("bad_") + planted.name, edited(planted));
    }
    return *new Module(compile(text));
  }();
  return module;
}

// The result as bits; throws Fault.
std::vector<uint32_t> run(const Planted& planted, const std::string& kernel, const Geometry& geometry,
                          const Order& order) {
  std::vector<float> in(planted.in_elements), out(planted.out_elements, 42.0F);
  for (size_t i = 0; i < in.size(); ++i) in[i] = std::sin(static_cast<float>(i)) * std::exp(static_cast<float>(i % 9));
  in[7] = std::numeric_limits<float>::quiet_NaN();
  if (std::string_view(planted.name).find("sum") != std::string_view::npos || planted.body == kRowSum) in[7] = 3.0F;
  std::vector<std::byte> scratch(std::max<size_t>(planted.scratch_bytes, 1));
  struct {
    long long failed, index, extent;
  } status{}, gate{planted.gate_closed ? 1 : 0, 0, 0};
  Memory memory;
  const auto add = [&memory](const char* name, auto* data, size_t bytes, bool writable, Contents contents) {
    memory.add(name, reinterpret_cast<std::byte*>(data), bytes, writable, contents);
    return static_cast<void*>(data);
  };
  const size_t four = sizeof(float);
  void* out_pointer = add("out", out.data(), out.size() * four, true, Contents::kUnspecified);
  void* in_pointer = add("in", in.data(), in.size() * four, false, Contents::kGiven);
  void* scratch_pointer = add("scratch", scratch.data(), planted.scratch_bytes, true, Contents::kUnspecified);
  void* status_pointer = add("status", &status, sizeof status, true, Contents::kGiven);
  void* gate_pointer = add("gate", &gate, sizeof gate, false, Contents::kGiven);
  auto n = static_cast<long long>(in.size());
  void* parameters[] = {
      static_cast<void*>(&out_pointer),     static_cast<void*>(&in_pointer),     &n,
      static_cast<void*>(&scratch_pointer), static_cast<void*>(&status_pointer), static_cast<void*>(&gate_pointer)};
  launch(kernels(), kernel, geometry, parameters, memory, order);
  std::vector<uint32_t> bits;
  for (const float x : out) bits.push_back(std::bit_cast<uint32_t>(x));
  return bits;
}

const Order kOrders[] = {{Order::Kind::kAscending}, {Order::Kind::kDescending}, {Order::Kind::kRandom, 5}};

class PlantedFault : public ::testing::TestWithParam<Planted> {
 protected:
  // What a launch that is itself the fault should have been.
  static Geometry good_geometry(const Planted& planted) {
    if (*planted.good != '\0') return planted.geometry;
    return planted.body == kThroughShared ? kOneBlockShared : Geometry{.grid = {4, 1, 1}, .block = {64, 1, 1}};
  }
};

TEST_P(PlantedFault, IsCaughtAndItsTwinPasses) {
  const Planted& planted = GetParam();
  Geometry geometry = good_geometry(planted);
  if (std::string_view(planted.name) == "mask_of_lanes_that_do_not_exist") geometry.block.x = 32;
  const std::vector<uint32_t> expected = run(planted, std::string("good_") + planted.name, geometry, kOrders[0]);
  std::vector<std::vector<uint32_t>> results;
  for (const Order& order : kOrders) {
    EXPECT_EQ(run(planted, std::string("good_") + planted.name, geometry, order), expected);
    try {
      results.push_back(run(planted, std::string("bad_") + planted.name, planted.geometry, order));
      EXPECT_FALSE(std::holds_alternative<FaultKind>(planted.caught_as)) << "not caught";
      if (std::holds_alternative<WrongBits>(planted.caught_as)) {
        EXPECT_NE(results.back(), expected);
      }
    } catch (const Fault& fault) {
      ASSERT_TRUE(std::holds_alternative<FaultKind>(planted.caught_as)) << fault.what();
      EXPECT_EQ(std::get<FaultKind>(planted.caught_as), fault.kind) << fault.what();
      EXPECT_THAT(fault.what(), ::testing::StartsWith(std::string("kernel bad_") + planted.name));
      if (fault.kind != FaultKind::kLaunch) {
        EXPECT_THAT(fault.what(), ::testing::ContainsRegex("line [0-9]+: "));
      }
    }
  }
  if (std::holds_alternative<OrderMatters>(planted.caught_as)) {
    EXPECT_FALSE(results[0] == results[1] && results[1] == results[2]);
  }
}

INSTANTIATE_TEST_SUITE_P(Simulator, PlantedFault, ::testing::ValuesIn(kPlanted),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace sinter::cuda_sim
