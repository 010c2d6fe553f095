#include "tests/kernels/training_graphs.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "ir/graph/text.h"

namespace sinter::test {
namespace {

// The text's function with numbers for ROWS, COLUMNS and ONE_OVER.
ir::Graph with_sizes(std::string text, int64_t rows, int64_t columns, int64_t averaged = 1) {
  const std::pair<std::string_view, std::string> words[] = {{"ROWS", std::to_string(rows)},
                                                            {"COLUMNS", std::to_string(columns)},
                                                            {"ONE_OVER", fmt::format("{}", 1.0F / averaged)}};
  for (const auto& [word, number] : words)
    for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at))
      text.replace(at, word.size(), number);
  return ir::parse(text, "training_graphs.sir").back();
}

}  // namespace

ir::Graph linear_regression(int64_t batch, int64_t features) {
  return with_sizes(R"(
func @linear_regression(%x: f32[ROWS, COLUMNS], %w: f32[COLUMNS, 1], %b: f32[1], %t: f32[ROWS, 1]) -> f32[] {
  %0 = dot %x, %w
  %1 = broadcast %b {shape = [ROWS, 1], axes = [1]}
  %2 = add %0, %1
  %3 = sub %2, %t
  %4 = mul %3, %3
  %5 = reduce_sum %4 {axes = [0, 1]}
  %6 = constant f32[] {ONE_OVER}
  %7 = mul %5, %6
  return %7
})",
                    batch, features, batch);
}

ir::Graph softmax(int64_t rows, int64_t columns) {
  return with_sizes(R"(
func @softmax(%x: f32[ROWS, COLUMNS]) -> f32[ROWS, COLUMNS] {
  %0 = reduce_max %x {axes = [1]}
  %1 = broadcast %0 {shape = [ROWS, COLUMNS], axes = [0]}
  %2 = sub %x, %1
  %3 = exp %2
  %4 = reduce_sum %3 {axes = [1]}
  %5 = broadcast %4 {shape = [ROWS, COLUMNS], axes = [0]}
  %6 = div %3, %5
  return %6
})",
                    rows, columns);
}

ir::Graph softmax_cross_entropy(int64_t rows, int64_t classes) {
  return with_sizes(R"(
func @softmax_cross_entropy(%x: f32[ROWS, COLUMNS], %t: i64[ROWS]) -> f32[] {
  %0 = reduce_max %x {axes = [1]}
  %1 = stop_gradient %0
  %2 = broadcast %1 {shape = [ROWS, COLUMNS], axes = [0]}
  %3 = sub %x, %2
  %4 = exp %3
  %5 = reduce_sum %4 {axes = [1]}
  %6 = log %5
  %7 = gather %3, %t {axis = 1, batch = 1}
  %8 = sub %6, %7
  %9 = reduce_sum %8 {axes = [0]}
  return %9
})",
                    rows, classes);
}

ir::Graph layer_norm(int64_t rows, int64_t columns) {
  return with_sizes(R"(
func @layer_norm(%x: f32[ROWS, COLUMNS], %g: f32[COLUMNS], %b: f32[COLUMNS], %c: f32[ROWS, COLUMNS]) -> f32[] {
  %0 = reduce_sum %x {axes = [1]}
  %1 = constant f32[] {ONE_OVER}
  %2 = broadcast %1 {shape = [ROWS], axes = []}
  %3 = mul %0, %2
  %4 = broadcast %3 {shape = [ROWS, COLUMNS], axes = [0]}
  %5 = sub %x, %4
  %6 = mul %5, %5
  %7 = reduce_sum %6 {axes = [1]}
  %8 = mul %7, %2
  %9 = constant f32[] {1e-05}
  %10 = broadcast %9 {shape = [ROWS], axes = []}
  %11 = add %8, %10
  %12 = sqrt %11
  %13 = broadcast %12 {shape = [ROWS, COLUMNS], axes = [0]}
  %14 = div %5, %13
  %15 = broadcast %g {shape = [ROWS, COLUMNS], axes = [1]}
  %16 = mul %14, %15
  %17 = broadcast %b {shape = [ROWS, COLUMNS], axes = [1]}
  %18 = add %16, %17
  %19 = mul %18, %c
  %20 = reduce_sum %19 {axes = [0, 1]}
  return %20
})",
                    rows, columns, columns);
}

}  // namespace sinter::test
