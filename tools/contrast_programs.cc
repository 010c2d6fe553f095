#include "tools/contrast_programs.h"

#include <algorithm>
#include <array>

#include "bench/workloads.h"
#include "sinter/sinter.h"

namespace sinter::tools {
namespace {

// A row of the benchmark suite.
template <size_t length>
struct Name {
  char text[length];
  constexpr Name(const char (&given)[length]) { std::copy_n(given, length, text); }  // NOLINT: a name is its text
};
template <Name name>
TwoEngines workload(bool quick) {
  const bench::Workload& row =
      *std::ranges::find(bench::workloads(), std::string_view(name.text), &bench::Workload::name);
  return row.make(quick ? row.quick : row.extents).engines;
}

TwoEngines changing_shapes(bool quick) {
  const int64_t columns = quick ? 8 : 64;
  return two_engines_over([](const Tensor& x) { return softmax(relu(x * 2 + 1), 1); },
                          [columns](int64_t run) { return std::tuple(ones({run + 1, columns})); });
}

TwoEngines branch_on_data(bool quick) {
  return two_engines([](const Tensor& x) { return x.sum().item() > 0 ? x * 2 + 1 : x * 3; }, randn({quick ? 8 : 4096}));
}

constexpr std::array kPrograms{
    ContrastProgram{"mlp", "a training step of 784-128-64-10 with Adam, batch 64", workload<"mlp/64">},
    ContrastProgram{"regression", "a step of SGD on five points", workload<"regression">},
    ContrastProgram{"chain", "tanh(x * a + 0.5) * sigmoid(x) - a, 256 K elements", workload<"tanh/256k">},
    ContrastProgram{"softmax_ce", "softmax and cross entropy of [4096, 1000], and the gradient",
                    workload<"softmax_ce">},
    ContrastProgram{"shapes", "rows of softmax, one row more in every call", changing_shapes},
    ContrastProgram{"branch", "a choice by a value that is known only when it runs", branch_on_data},
};

}  // namespace

std::span<const ContrastProgram> contrast_programs() { return kPrograms; }

}  // namespace sinter::tools
