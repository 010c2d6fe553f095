// The kernels of random graphs, and kernels with run-time extents, in the simulator, against the kernel interpreter.
#include "tests/cuda/programs.h"

#include <gtest/gtest.h>

#include "tests/cuda/check_cuda.h"

namespace sinter::codegen::cuda {
namespace {

// A few equal kernels are one; the simulator is slow, so large ones are left out.
std::vector<Case> small_cases(const std::vector<loops::Kernel>& kernels, uint64_t seed) {
  constexpr int64_t kMostElements = 4096;
  std::vector<Case> cases;
  for (const loops::Kernel& kernel : kernels) {
    bool small = true;
    for (const loops::Buffer& buffer : kernel.buffers)
      small = small && !buffer.size.is_symbol() && buffer.size.value() <= kMostElements;
    if (small) cases.push_back(random_case(kernel, {.symbols = {}, .seed = seed++}));
  }
  return cases;
}

TEST(Programs, RandomGraphs) {
  const std::vector<Case> all = small_cases(random_graph_kernels(0, 200).kernels, 0);
  EXPECT_GE(all.size(), 400U);
  // One in five, in programs of about fifty: the host's compiler takes its time.
  for (size_t first = 0; first < 2; ++first) {
    std::vector<Case> cases;
    for (size_t k = first; k < all.size(); k += 10) cases.push_back(all[k]);
    check_cuda(std::move(cases));
  }
}

// Everything at four sizes: strides s2 = s1, as dense operands have them.
TEST(Programs, RunTimeExtents) {
  std::vector<Case> cases;
  for (const int64_t rows : {1, 33})
    for (const int64_t columns : {7, 64})
      for (const loops::Kernel& kernel : dynamic_kernels().kernels) {
        std::vector<int64_t> symbols{rows, columns, columns, rows * columns};
        if (kernel.name == "column_sum") symbols = {columns, rows, columns, rows * columns};
        if (kernel.name == "dot") symbols = {rows, columns, 19, rows * 19, 19 * columns, rows * columns, 19, columns};
        symbols.resize(static_cast<size_t>(kernel.symbols));
        cases.push_back(random_case(kernel, {.symbols = symbols, .seed = cases.size()}));
      }
  check_cuda(cases);
}

}  // namespace
}  // namespace sinter::codegen::cuda
