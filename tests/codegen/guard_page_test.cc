// Machine code against guard pages: programs that lead to masks, guards and checked indices, at every extent around the
// vectors' width, lowered as always. Buffers end at a forbidden page, then begin at one (check_kernel.h).
#include <gtest/gtest.h>

#include "driver/lower_program.h"
#include "ir/graph/text.h"
#include "tests/codegen/check_kernel.h"

namespace sinter::codegen::cpu {
namespace {

constexpr int64_t kMostExtent = 40;  // two vectors and a half
// Indices are drawn below this: programs with smaller extents see some fail.
constexpr int64_t kIndexLimit = 8;

void check_program(const std::string& text) {
  driver::CompileStats stats;
  const driver::LoweredProgram program = driver::lower_program(ir::parse(text).back(), {}, stats);
  for (const passes::LoweredKernel& lowered : program.kernels)
    check_kernel(lowered.kernel, {.index_limit = kIndexLimit, .partitions = 1});
}

// The text with T for the dtype, N for the extent, M for the extent + 7, and K for three times the extent.
std::string spelled(std::string_view text, DType dtype, int64_t extent) {
  std::string made;
  for (const char letter : text) {
    if (letter == 'T')
      made += name(dtype);
    else if (letter == 'N' || letter == 'M' || letter == 'K')
      made += std::to_string(letter == 'N' ? extent : letter == 'M' ? extent + 7 : 3 * extent);
    else
      made += letter;
  }
  return made;
}

void sweep(std::string_view text, std::initializer_list<DType> dtypes = {kFloat32, kFloat64, kInt64, kBool},
           int64_t first = 1) {
  for (const DType dtype : dtypes)
    for (int64_t extent = first; extent <= kMostExtent; ++extent) {
      check_program(spelled(text, dtype, extent));
      if (testing::Test::HasFailure()) return;
    }
}

TEST(GuardPages, Tails) {
  sweep(R"(func @f(%m: bool[N], %x: T[N], %y: T[N]) -> (T[N], bool[N]) {
    %0 = select %m, %x, %y
    %1 = eq %x, %0
    return %0, %1
  })");
}

TEST(GuardPages, RowsAndColumns) {
  sweep(R"(func @f(%x: T[3, N], %y: T[N, 3], %b: T[N]) -> (T[3, N], bool[3, N]) {
    %0 = transpose %y {order = [1, 0]}
    %1 = broadcast %b {shape = [3, N], axes = [1]}
    %2 = eq %0, %1
    %3 = select %2, %x, %0
    return %3, %2
  })");
}

TEST(GuardPages, Pads) {
  sweep(R"(func @f(%x: T[3, N], %c: T[], %y: T[4, M]) -> (T[4, M], T[K]) {
    %0 = pad %x, %c {low = [1, 4], high = [0, 3], interior = [0, 0]}
    %1 = eq %0, %y
    %2 = select %1, %y, %0
    %3 = slice %x {start = [1, 0], limit = [2, N], step = [1, 1]}
    %4 = reshape %3 {shape = [N]}
    %5 = pad %4, %c {low = [1], high = [1], interior = [2]}
    %6 = slice %5 {start = [0], limit = [K], step = [1]}
    return %2, %6
  })");
}

// What backward() makes of slices: pads, added up.
TEST(GuardPages, GradientsOfSlices) {
  sweep(R"(func @f(%x: T[N], %y: T[3, N], %z: T[M]) -> (T[M], T[3]) {
    %0 = constant T[] {0}
    %1 = pad %x, %0 {low = [7], high = [0], interior = [0]}
    %2 = pad %x, %0 {low = [0], high = [7], interior = [0]}
    %3 = add %1, %2
    %4 = mul %3, %z
    %5 = pad %y, %0 {low = [0, 3], high = [0, 4], interior = [0, 0]}
    %6 = reduce_sum %5 {axes = [1]}
    return %4, %6
  })",
        {kFloat32, kFloat64, kInt64});
}

TEST(GuardPages, Concatenations) {
  sweep(R"(func @f(%x: T[3, N], %y: T[3, 2], %z: T[3, 5], %w: T[1, M], %r: T[3, M]) -> (T[3, M], T[4, M]) {
    %0 = concat %x, %y, %z {axis = 1}
    %1 = eq %0, %r
    %2 = select %1, %r, %0
    %3 = concat %w, %r {axis = 0}
    return %2, %3
  })");
}

// Lanes of the load that nothing reads: only the mask keeps them from it.
constexpr std::string_view kDeadLanes = R"(func @f(%w: T[7], %x: A[5, N], %y: B[5, N]) -> A[5] {
    %0 = constant bool[] {false}
    %1 = broadcast %0 {shape = [600], axes = []}
    %2 = to_bool %w
    %3 = broadcast %0 {shape = [393], axes = []}
    %4 = concat %1, %2, %3 {axis = 0}
    %5 = reshape %4 {shape = [5, 200]}
    %6 = slice %5 {start = [0, 0], limit = [5, N], step = [1, 1]}
    %7 = to_A %y
    %8 = select %6, %x, %7
    %9 = reduce_sum %8 {axes = [1]}
    return %9
  })";

TEST(GuardPages, MasksOfDeadLanes) {
  for (const std::string_view of : {"f32", "f64", "i64"}) {
    std::string text;
    for (const char letter : kDeadLanes)
      text += letter == 'A' ? std::string(of) : letter == 'B' ? "bool" : std::string(1, letter);
    sweep(text, {kFloat32, kFloat64, kInt64});
  }
}

TEST(GuardPages, Reductions) {
  sweep(R"(func @f(%x: T[3, N], %y: T[N, 3], %z: T[70, N]) -> (T[3], T[3], T[N], i64[3]) {
    %0 = reduce_sum %x {axes = [1]}
    %1 = reduce_max %y {axes = [0]}
    %2 = reduce_sum %z {axes = [0]}
    %3 = argmax %x {axis = 1}
    return %0, %1, %2, %3
  })",
        {kFloat32, kFloat64, kInt64});
}

TEST(GuardPages, Products) {
  sweep(R"(func @f(%x: T[3, N], %y: T[N, 5], %z: T[5, N], %w: T[N, N]) -> (T[3, 5], T[3, 5], T[5, N], T[N, 5]) {
    %0 = dot %x, %y
    %1 = transpose %z {order = [1, 0]}
    %2 = dot %x, %1
    %3 = dot %z, %w
    %4 = dot %w, %1
    return %0, %2, %3, %4
  })",
        {kFloat32, kFloat64});
}

// Indices that fail read nothing, of an empty axis too.
TEST(GuardPages, Gathers) {
  sweep(R"(func @f(%x: T[N], %y: T[N, 9], %z: T[9, N], %i: i64[21]) -> (T[21], T[21, 9], T[9, 21]) {
    %0 = gather %x, %i {axis = 0, batch = 0}
    %1 = gather %y, %i {axis = 0, batch = 0}
    %2 = gather %z, %i {axis = 1, batch = 0}
    return %0, %1, %2
  })",
        {kFloat32, kFloat64, kInt64, kBool}, 0);
}

TEST(GuardPages, GathersByEveryPoint) {
  sweep(R"(func @f(%x: T[5], %y: T[3, 5], %i: i64[N], %j: i64[3, N], %c: T[]) -> (T[N], T[3, N], T[M]) {
    %0 = gather %x, %i {axis = 0, batch = 0}
    %1 = gather %y, %j {axis = 1, batch = 1}
    %2 = pad %0, %c {low = [3], high = [4], interior = [0]}
    return %0, %1, %2
  })",
        {kFloat32, kFloat64, kInt64, kBool}, 0);
}

TEST(GuardPages, Scatters) {
  sweep(
      R"(func @f(%b: T[N], %i: i64[21], %u: T[21], %c: T[N, 9], %v: T[21, 9], %j: i64[N], %d: T[5], %w: T[N]) -> (T[N], T[N, 9], T[5]) {
    %0 = scatter_add %b, %i, %u {axis = 0, batch = 0}
    %1 = scatter_add %c, %i, %v {axis = 0, batch = 0}
    %2 = scatter_add %d, %j, %w {axis = 0, batch = 0}
    return %0, %1, %2
  })",
      {kFloat32, kFloat64, kInt64}, 0);
}

}  // namespace
}  // namespace sinter::codegen::cpu
