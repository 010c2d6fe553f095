// Faults planted in generated kernels by editing their text or their launch: each must be caught, by the simulator or
// as wrong bits, and the kernel as it was generated must pass.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "ir/graph/text.h"
#include "tests/cuda/check_cuda.h"

namespace sinter::codegen::cuda {
namespace {

using cuda_sim::Order;
using cuda_sim::RunOptions;

const char* graph_of(std::string_view program) {
  if (program == "chain")
    return R"(func @f(%x: f32[5003], %y: f32[5003]) -> f32[5003] {
    %0 = mul %x, %y
    %1 = add %0, %x
    %2 = relu %1
    return %2
  })";
  if (program == "softmax")
    return R"(func @f(%x: f32[9, 50]) -> f32[9, 50] {
    %0 = reduce_max %x {axes = [1]}
    %1 = broadcast %0 {shape = [9, 50], axes = [0]}
    %2 = sub %x, %1
    %3 = exp %2
    %4 = reduce_sum %3 {axes = [1]}
    %5 = broadcast %4 {shape = [9, 50], axes = [0]}
    %6 = div %3, %5
    return %6
  })";
  if (program == "maximum")
    return R"(func @f(%x: f32[9, 50]) -> f32[9] {
    %0 = reduce_max %x {axes = [1]}
    return %0
  })";
  if (program == "columns")
    return R"(func @f(%x: f32[40, 37]) -> f32[37] {
    %0 = reduce_sum %x {axes = [0]}
    return %0
  })";
  if (program == "block")
    return R"(func @f(%x: f32[3, 5000]) -> f32[3] {
    %0 = reduce_sum %x {axes = [1]}
    return %0
  })";
  if (program == "split")
    return R"(func @f(%x: f32[70000]) -> f32[] {
    %0 = reduce_sum %x {axes = [0]}
    return %0
  })";
  if (program == "dot")
    return R"(func @f(%x: f32[17, 70], %w: f32[70, 33], %b: f32[33]) -> f32[17, 33] {
    %0 = dot %x, %w
    %1 = broadcast %b {shape = [17, 33], axes = [1]}
    %2 = add %0, %1
    return %2
  })";
  return R"(func @f(%x: f32[3, 7], %i: i64[40]) -> f32[40, 7] {
    %0 = gather %x, %i {axis = 0, batch = 0}
    return %0
  })";
}

// What the words of a caught fault hold.
constexpr const char* kBounds = "which has|of which there are";
constexpr const char* kReadOnly = "an input";
constexpr const char* kUninitialised = "nothing has been written to";
constexpr const char* kMisaligned = "not a multiple of its size";
constexpr const char* kRace = "without a barrier between";
constexpr const char* kRaceOrUninitialised = "without a barrier between|nothing has been written to";
constexpr const char* kBarrier = "waits at __syncthreads.*but thread";
constexpr const char* kWarp = "a shuffle with mask";
constexpr const char* kLaunch = "bytes of shared memory";
constexpr const char* kBits = "element [0-9]+: expected";

struct Planted {
  const char* name;
  const char* program;
  const char* from;  // a part of the text; "" when the launch is changed
  const char* to;
  const char* caught;
  void (*change)(KernelSource&) = nullptr;

  friend void PrintTo(const Planted& planted, std::ostream* out) { *out << planted.name; }
};

const Planted kPlanted[] = {
    {"tail_one_too_far", "chain", "5003 - i0 < 4", "5004 - i0 < 4", kBounds},
    {"no_tail_mask", "chain", "load4_f32_part(v0, b0 + i0, count)", "load4_f32(v0, b0 + i0)", kBounds},
    {"misaligned_vector", "chain", "b0 + i0, count", "b0 + (i0 > 0 ? i0 - 1 : 0), count", kMisaligned},
    {"writes_an_input", "chain", "store4_f32_part(b2", "store4_f32_part((float*)b0", kReadOnly},
    {"reads_its_output", "chain", "load4_f32_part(v0, b0", "load4_f32_part(v0, b2", kUninitialised},
    {"blocks_overlap", "chain", "(int)blockIdx.x * 256", "(int)blockIdx.x * 255", kRace},
    {"stride_too_long", "chain", "(int)gridDim.x * 256", "(int)gridDim.x * 512", kBits},
    {"last_share_forgotten", "chain", "share < 1251", "share < 1250", kBits},
    {"mask_of_the_first_half", "softmax", "0xffffu << (threadIdx.x & 16)", "0xffffu", kWarp},
    {"shuffle_from_inactive_lanes", "softmax", "    row_max_f32(v1, mask);",
     "    if (lane < 12) row_max_f32(v1, mask);", kWarp},
    {"lanes_not_joined", "softmax", "    row_sum_f32(lane5, mask);", "", kBits},
    {"row_one_too_far", "softmax", "at < 50; at += 16", "at < 51; at += 16", kBounds},
    {"nan_passed_over", "maximum", "t3 || t2", "t3", kBits},
    {"another_tree", "columns", "offset = 8; offset > 0; offset /= 2", "offset = 1; offset < 16; offset *= 2", kBits},
    {"shuffle_width", "columns", "offset, 16)", "offset, 8)", kBits},
    {"no_barrier_before_the_turn", "columns", "column] = x;\n  __syncthreads();", "column] = x;", kRaceOrUninitialised},
    {"no_barrier_after_the_turn", "columns", "  __syncthreads();\n  x = results", "  x = results",
     kRaceOrUninitialised},
    {"barrier_in_a_branch", "columns", "    columns_sum_f32(lane1", "    if (inside) columns_sum_f32(lane1", kBarrier},
    {"return_before_a_barrier", "columns", "    const bool inside",
     "    if (first + (threadIdx.x & 31) >= 37) return;\n    const bool inside", kBarrier},
    {"all_lanes_store", "columns", "inside && lane == 0", "inside", kRace},
    {"too_little_shared", "columns", "", "", kBounds,
     [](KernelSource& source) { source.entries[0].shared_bytes /= 4; }},
    {"too_much_shared", "columns", "", "", kLaunch,
     [](KernelSource& source) { source.entries[0].shared_bytes = 228 << 10; }},
    {"no_barrier_before_the_next_point", "block", "row_sum_f32(x, mask);\n  __syncthreads();", "row_sum_f32(x, mask);",
     kRace},
    {"barrier_in_unequal_loops", "block", "      float lane1", "      __syncthreads();\n      float lane1", kBarrier},
    {"groups_instead_of_blocks", "block", "4096*group", "2048*group", kBits},
    {"scratch_too_small", "split", "", "", kBounds, [](KernelSource& source) { source.scratch[0].divisor *= 4; }},
    {"groups_share_a_partial_sum", "split",
     "part1[point*blocks + block] =", "part1[(point*blocks + block) / 2] =", kRace},
    {"one_partial_sum_too_many", "split", "block < blocks", "block <= blocks", kUninitialised},
    {"no_barrier_before_the_tile", "dot", "break;\n      __syncthreads();", "break;", kRace},
    {"no_barrier_after_the_tile", "dot", "      __syncthreads();\n    }\n", "    }\n", kRaceOrUninitialised},
    {"depth_not_masked", "dot", "line < 17 && depth < 70", "line < 17", kBounds},
    {"rows_not_masked", "dot", "if (row >= 17) continue;", "", "which has|without a barrier between"},
    {"rounds_twice", "dot", "__fmaf_rn(a[i], b[j], sum[i][j])", "sum[i][j] + a[i] * b[j]", kBits},
    {"no_index_check", "gather", "check_index(v0, 3, first_check + 1, status)", "v0",
     "which has|no buffer|no failed check"},
    {"status_without_atomics", "gather",
     "atomicCAS((unsigned long long*)&status->failed, 0ull, (unsigned long long)number) == 0ull",
     "(status->failed = (long long)number) != 0", kRace},
    {"gate_not_looked_at", "gather", "if (gate != nullptr && gate->failed != 0) return;", "",
     "a check failed|expected"},
    {"gate_the_wrong_way", "gather", "gate->failed != 0", "gate->failed == 0", "a check failed|expected"},
};

struct Subject {
  KernelSource source;
  Case given;
  Expected expected;
};

Case case_of(const char* program) {
  const std::vector<loops::Kernel> kernels = cuda_kernels(ir::parse(graph_of(program)).back());
  invariant(kernels.size() == 1, program);
  Case made = random_case(kernels[0], {.special_values = false});
  if (std::string_view(program) == "maximum") {
    const float nan = std::nanf("");
    for (size_t row = 0; row < 9; ++row)
      std::memcpy(&made.contents[0][(50 * row + row) * sizeof nan], &nan, sizeof nan);
  }
  return made;
}

// All texts in one program, each in a namespace of its own so that helpers may differ.
struct Subjects {
  std::vector<Subject> good, bad;  // by number of the fault
  std::unique_ptr<cuda_sim::Module> module;

  Subjects() {
    std::string text;
    for (const Planted& planted : kPlanted) {
      const Case given = case_of(planted.program);
      const Expected expected = interpreted(given);
      for (const bool faulty : {false, true}) {
        const std::string symbol = std::string(faulty ? "bad_" : "good_") + planted.name;
        KernelSource source = write_kernel(given.kernel, symbol, {});
        std::string program = program_text({&source, 1});
        if (faulty && planted.change != nullptr) planted.change(source);
        if (faulty && planted.change == nullptr) {
          const size_t at = program.find(planted.from);
          invariant(at != std::string::npos, planted.name);
          program.replace(at, std::strlen(planted.from), planted.to);
        }
        text += "namespace in_" + symbol + " {\n" + program + "}\n";
        for (const runtime::CudaEntry& entry : source.entries)
          text += "using in_" + symbol + "::" + entry.symbol + ";\n";
        (faulty ? bad : good).push_back({std::move(source), given, expected});
      }
    }
    module = std::make_unique<cuda_sim::Module>(cuda_sim::compile(text));
  }
};
const Subjects& subjects() {
  static const Subjects& made = *new Subjects;
  return made;
}

// The first thing wrong in any of the ways to run it; "" if nothing.
std::string first_problem(const Subject& subject) {
  const RunOptions runs[] = {{.order = {Order::Kind::kAscending}},
                             {.order = {Order::Kind::kDescending}, .max_blocks = 1},
                             {.order = {Order::Kind::kRandom, 3}},
                             {.gate_closed = true}};
  for (const RunOptions& options : runs) {
    const std::string found = problem(subject.given, subject.source, *subjects().module, subject.expected, options);
    if (!found.empty()) return found;
  }
  return "";
}

class PlantedFault : public testing::TestWithParam<Planted> {};

TEST_P(PlantedFault, IsCaught) {
  const auto number = static_cast<size_t>(
      std::find_if(std::begin(kPlanted), std::end(kPlanted),
                   [&](const Planted& planted) { return std::strcmp(planted.name, GetParam().name) == 0; }) -
      std::begin(kPlanted));
  EXPECT_EQ(first_problem(subjects().good[number]), "");
  EXPECT_THAT(first_problem(subjects().bad[number]), testing::ContainsRegex(GetParam().caught));
}

INSTANTIATE_TEST_SUITE_P(Generated, PlantedFault, testing::ValuesIn(kPlanted),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace sinter::codegen::cuda
