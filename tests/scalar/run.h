// Evaluates scalar expressions in tests.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <vector>

#include "ir/scalar/evaluate.h"

namespace sinter::ir {

// Memory of bools that is not std::vector<bool>.
template <class T>
using Values = std::vector<std::conditional_t<std::is_same_v<T, bool>, uint8_t, T>>;

template <class T>
const std::byte* bytes_of(const T& values) {
  return reinterpret_cast<const std::byte*>(values.data());
}

// f(x[i], y[i], ...) for every i; f takes and returns Exprs. Out and In name the element types.
template <class Out, class... In, class F>
Values<Out> evaluate_each(F f, const Values<In>&... inputs) {
  ExprGraph graph;
  int position = 0;
  const std::array<Expr, sizeof...(In)> arguments{argument(graph, position++, dtype_of<In>)...};
  const Expr root = std::apply(f, arguments);
  EXPECT_EQ(root.dtype(), dtype_of<Out>);
  graph.add_root(root.id);
  const std::array<const std::byte*, sizeof...(In)> pointers{bytes_of(inputs)...};
  std::array<int, sizeof...(In)> strides;
  strides.fill(1);
  Values<Out> result(std::get<0>(std::tie(inputs...)).size());
  std::byte* const out = reinterpret_cast<std::byte*>(result.data());
  evaluate(graph, result.size(), pointers, strides, {&out, 1});
  return result;
}

// f at one point, all of one type.
template <class T, class F, class... Rest>
T at(F f, T x, Rest... rest) {
  return evaluate_each<T, T, Rest...>(f, Values<T>{x}, Values<Rest>{rest}...)[0];
}

}  // namespace sinter::ir
