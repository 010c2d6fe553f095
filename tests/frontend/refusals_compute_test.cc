// Functions that compute, called with bad arguments.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/frontend/refusals.h"

namespace sinter::tests {
namespace {

using enum Kind;
using enum Engines;

struct Unary {
  const char* name;
  Tensor (*f)(const Tensor&, At);
};
struct Binary {
  const char* name;
  Tensor (*f)(const Arg&, const Arg&, At);
};

TEST(Refusals, OfElementwiseFunctions) {
  constexpr Unary kUnary[]{{"neg", neg},         {"abs", abs},   {"sign", sign},     {"relu", relu},
                           {"floor", floor},     {"ceil", ceil}, {"round", round},   {"sqrt", sqrt},
                           {"rsqrt", rsqrt},     {"exp", exp},   {"expm1", expm1},   {"log", log},
                           {"log1p", log1p},     {"sin", sin},   {"cos", cos},       {"tanh", tanh},
                           {"sigmoid", sigmoid}, {"erf", erf},   {"is_nan", is_nan}, {"logical_not", logical_not},
                           {"bit_not", bit_not}};
  constexpr Binary kBinary[]{{"add", add},
                             {"sub", sub},
                             {"mul", mul},
                             {"div", div},
                             {"idiv", idiv},
                             {"rem", rem},
                             {"maximum", maximum},
                             {"minimum", minimum},
                             {"eq", eq},
                             {"ne", ne},
                             {"lt", lt},
                             {"le", le},
                             {"gt", gt},
                             {"ge", ge},
                             {"logical_and", logical_and},
                             {"logical_or", logical_or},
                             {"logical_xor", logical_xor},
                             {"bit_and", bit_and},
                             {"bit_or", bit_or},
                             {"bit_xor", bit_xor},
                             {"shl", shl},
                             {"shr", shr},
                             {"shr_signed", shr_signed}};
  constexpr Binary kOfBits[]{{"bit_and", bit_and}, {"bit_or", bit_or}, {"bit_xor", bit_xor},
                             {"shl", shl},         {"shr", shr},       {"shr_signed", shr_signed}};
  const std::string reshape = "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1";
  std::vector<Refusal> table;
  for (const auto& [name, f] : kUnary)
    table.push_back(refused(kValue, fmt::format("{}: argument 1 is an undefined tensor", name), "",
                            [f = f](const Given& x) { (void)f(x.none, At::current()); }));
  for (const auto& [name, f] : kBinary) {
    table.push_back(refused(kValue, fmt::format("{}: argument 1 is an undefined tensor", name), "",
                            [f = f](const Given& x) { (void)f(x.none, x.i, At::current()); }));
    table.push_back(refused(kValue, fmt::format("{}: argument 2 is an undefined tensor", name), "",
                            [f = f](const Given& x) { (void)f(x.i, x.none, At::current()); }));
    table.push_back(refused(kValue, fmt::format("{}: no argument is a tensor, expected at least one", name), "",
                            [f = f] { (void)f(1, 2, At::current()); }));
    table.push_back(refused(
        kShape, fmt::format("{}: argument 2 has shape [3], expected [2] or a shape that broadcasts with it", name),
        reshape, [f = f](const Given& x) { (void)f(x.i, tensor({1, 2, 3}), At::current()); }));
  }
  for (const auto& [name, f] : kOfBits)
    table.push_back(
        refused(kDType, fmt::format("{}: argument 2 has element type float32, expected int64 or bool", name),
                "convert it with .to(kInt64)", [f = f](const Given& x) { (void)f(x.i, x.s, At::current()); }));
  expect_refusals(table);
}

TEST(Refusals, OfFunctions) {
  expect_refusals(std::vector<Refusal>{
      refused(kValue, "where: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)where(x.none, x.m, x.m); }),
      refused(kDType, "where: argument 1 has element type float32, expected bool",
              "compare it with something, as in where(x > 0, a, b)",
              [&](const Given& x) { (void)where(x.m, x.m, x.m); }),
      refused(kShape, "where: argument 2 has shape [4], expected [2, 3] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) { (void)where(x.m > 0, x.v, x.m); }),
      refused(kValue, "where: argument 2 is an undefined tensor", "",
              [&](const Given& x) { (void)where(x.b, x.none, 1); }),
      refused(kValue, "where: argument 3 is an undefined tensor", "",
              [&](const Given& x) { (void)where(x.b, 1, x.none); }),
      refused(kShape, "where: argument 3 has shape [4], expected [2] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) { (void)where(x.b, 1, x.v); }),
      refused(kValue, "clamp: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)clamp(x.none, 0); }),
      refused(kValue, "clamp: arguments 2 and 3 are not given, expected at least one bound", "pass x itself on",
              [&](const Given& x) { (void)clamp(x.m, {}); }),
      refused(kValue, "clamp: argument 2 is a tensor, expected a number", "use maximum(x, low) and minimum(x, high)",
              [&](const Given& x) { (void)clamp(x.m, x.s); }),
      refused(kValue, "clamp: argument 3 is a tensor, expected a number", "use maximum(x, low) and minimum(x, high)",
              [&](const Given& x) { (void)clamp(x.m, {}, x.s); }),
      refused(kValue,
              "the number 18446744073709551615 is given, expected at most 9223372036854775807: whole numbers are int64",
              "write it as a double, or its bits as static_cast<int64_t>(number)",
              [&](const Given& x) { (void)clamp(x.i, 0, std::numeric_limits<uint64_t>::max()); }),
      refused(kValue, "index_select: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)index_select(x.none, 0, x.i); }),
      refused(kValue, "index_select: argument 3 is an undefined tensor", "",
              [&](const Given& x) { (void)index_select(x.m, 0, x.none); }),
      refused(kDType, "index_select: argument 3 has element type float32, expected int64",
              "convert it with .to(kInt64)", [&](const Given& x) { (void)index_select(x.m, 0, x.v); }),
      refused(kIndex, "index_select: axis 2 is out of range for 2 dimensions, expected -2 to 1", "",
              [&](const Given& x) { (void)index_select(x.m, 2, x.i); }),
      refused(kValue, "gather: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)gather(x.none, 0, x.i); }),
      refused(kValue, "gather: argument 3 is an undefined tensor", "",
              [&](const Given& x) { (void)gather(x.m, 0, x.none); }),
      refused(kDType, "gather: argument 3 has element type float32, expected int64", "convert it with .to(kInt64)",
              [&](const Given& x) { (void)gather(x.m, 0, x.v); }),
      refused(kShape, "gather: argument 3 has shape [2], expected [2, 3] but for axis 1", "",
              [&](const Given& x) { (void)gather(x.m, 1, x.i); }),
      refused(kIndex, "gather: axis 2 is out of range for 2 dimensions, expected -2 to 1", "",
              [&](const Given& x) { (void)gather(x.m, 2, x.i); }),
      refused(kValue, "one_hot: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)one_hot(x.none, 3); }),
      refused(kDType, "one_hot: argument 1 has element type float32, expected int64", "convert it with .to(kInt64)",
              [&](const Given& x) { (void)one_hot(x.m, 3); }),
      refused(kValue, "one_hot: argument 2 is 0, expected 1 or more", "",
              [&](const Given& x) { (void)one_hot(x.i, 0); }),
      refused(kShape,
              "one_hot: argument 2 is [2, 4611686018427387904], expected a number of bytes that 63 bits can count", "",
              [&](const Given& x) { (void)one_hot(x.i, 4611686018427387904); }),
      refused(kValue, "pow: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)pow(x.none, 2); }),
      refused(kValue, "pow: argument 2 is an undefined tensor", "", [&](const Given& x) { (void)pow(x.m, x.none); }),
      refused(kShape, "pow: argument 2 has shape [4], expected [2, 3] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) { (void)pow(x.m, x.v); }),
      refused(kValue, "pow: argument 2 is -1, expected 0 or more for integers", "convert the base with .to(kFloat32)",
              [&](const Given& x) { (void)pow(x.i, -1); }),
      refused(kValue, "pow: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)x.none.pow(2); }),
      refused(kValue, "matmul: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)matmul(x.none, x.m); }),
      refused(kValue, "matmul: argument 2 is an undefined tensor", "",
              [&](const Given& x) { (void)matmul(x.m, x.none); }),
      refused(kShape, "matmul: argument 1 has shape [], expected at least 1 dimension", "multiply by a number with *",
              [&](const Given& x) { (void)matmul(x.s, x.m); }),
      refused(kShape, "matmul: argument 2 has shape [], expected at least 1 dimension", "multiply by a number with *",
              [&](const Given& x) { (void)matmul(x.m, x.s); }),
      refused(kDType, "matmul: argument 1 has element type int64, expected float32 or float64",
              "convert it with .to(kFloat32)", [&](const Given& x) { (void)matmul(x.i, x.i); }),
      refused(kDType, "matmul: argument 2 has element type float64, expected float32, that of argument 1",
              "convert one of them with .to(...)", [&](const Given& x) { (void)matmul(x.m, x.d.t()); }),
      refused(kShape,
              "matmul: argument 2 has shape [2, 3], expected its second to last size (its only one, of a vector) to be "
              "that of argument 1's last, [2, 3]",
              "transpose one of them with .t()", [&](const Given& x) { (void)matmul(x.m, x.m); }),
      refused(kShape,
              "matmul: argument 2 has shape [2, 3], expected its second to last size (its only one, of a vector) to be "
              "that of argument 1's last, [4]",
              "transpose one of them with .t()", [&](const Given& x) { (void)matmul(x.v, x.m); }),
      refused(kShape,
              "matmul: argument 2 has shape [5, 4, 2], expected sizes before the last two that broadcast with those of "
              "argument 1, [2, 3, 4]",
              "reshape or unsqueeze one of them so that they agree, or are 1",
              [&](const Given& x) { (void)matmul(x.cube, ones({5, 4, 2})); }),
      refused(kShape,
              "matmul: argument 2 has shape [2, 3], expected its second to last size (its only one, of a vector) to be "
              "that of argument 1's last, [2, 3]",
              "transpose one of them with .t()", [&](const Given& x) { (void)x.m.matmul(x.m); }),
      refused(kValue, "linear: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)linear(x.none, x.m); }),
      refused(kValue, "linear: argument 2 is an undefined tensor", "",
              [&](const Given& x) { (void)linear(x.m, x.none); }),
      refused(kDType, "linear: argument 1 has element type int64, expected float32 or float64",
              "convert it with .to(kFloat32)", [&](const Given& x) { (void)linear(x.i, x.m); }),
      refused(kDType, "linear: argument 2 has element type float64, expected float32, that of argument 1",
              "convert one of them with .to(...)", [&](const Given& x) { (void)linear(x.m, x.d); }),
      refused(kShape, "linear: argument 1 has shape [4], expected [..., 3] for a weight of shape [2, 3]",
              "flatten(x, 1) makes rows of images", [&](const Given& x) { (void)linear(x.v, x.m); }),
      refused(kShape, "linear: argument 2 has shape [4], expected [out, in], 2 dimensions", "",
              [&](const Given& x) { (void)linear(x.m, x.v); }),
      refused(kShape, "linear: argument 1 has shape [], expected [..., 3] for a weight of shape [2, 3]",
              "flatten(x, 1) makes rows of images", [&](const Given& x) { (void)linear(x.s, x.m); }),
      refused(kShape, "linear: argument 3 has shape [4], expected [2] for a weight of shape [2, 3]", "",
              [&](const Given& x) { (void)linear(x.m, x.m, x.v); }),
      refused(kDType, "linear: argument 3 has element type int64, expected float32, that of argument 1",
              "convert one of them with .to(...)", [&](const Given& x) { (void)linear(x.m, x.m, x.i); }),
      refused(kValue, "softmax: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)softmax(x.none, 0); }),
      refused(kDType, "softmax: argument 1 has element type int64, expected float32 or float64",
              "convert it with .to(kFloat32)", [&](const Given& x) { (void)softmax(x.i, 0); }),
      refused(kIndex, "softmax: axis 2 is out of range for 2 dimensions, expected -2 to 1", "",
              [&](const Given& x) { (void)softmax(x.m, 2); }),
      refused(kValue, "log_softmax: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)log_softmax(x.none, 0); }),
      refused(kDType, "log_softmax: argument 1 has element type int64, expected float32 or float64",
              "convert it with .to(kFloat32)", [&](const Given& x) { (void)log_softmax(x.i, 0); }),
      refused(kIndex, "log_softmax: axis -3 is out of range for 2 dimensions, expected -2 to 1", "",
              [&](const Given& x) { (void)log_softmax(x.m, -3); }),
      refused(kValue, "layer_norm: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)layer_norm(x.none, {3}); }),
      refused(kDType, "layer_norm: argument 1 has element type int64, expected float32 or float64",
              "convert it with .to(kFloat32)", [&](const Given& x) { (void)layer_norm(x.i, {2}); }),
      refused(kShape, "layer_norm: argument 1 has shape [2, 3], expected its last sizes to be argument 2, [2]", "",
              [&](const Given& x) { (void)layer_norm(x.m, {2}); }),
      refused(kShape, "layer_norm: argument 2 is [], expected at least 1 size", "",
              [&](const Given& x) { (void)layer_norm(x.m, {}); }),
      refused(kShape, "layer_norm: argument 1 has shape [4], expected its last sizes to be argument 2, [2, 4]", "",
              [&](const Given& x) { (void)layer_norm(x.v, {2, 4}); }),
      refused(kShape, "layer_norm: argument 3 has shape [4], expected [3], that of argument 2", "",
              [&](const Given& x) { (void)layer_norm(x.m, {3}, x.v); }),
      refused(kShape, "layer_norm: argument 4 has shape [4], expected [3], that of argument 2", "",
              [&](const Given& x) { (void)layer_norm(x.m, {3}, {}, x.v); }),
      refused(kDType, "layer_norm: argument 3 has element type float64, expected float32, that of argument 1",
              "convert one of them with .to(...)", [&](const Given& x) { (void)layer_norm(x.m, {3}, x.d[0]); }),
      refused(kValue, "layer_norm: argument 5, eps, is -1, expected 0 or more", "",
              [&](const Given& x) { (void)layer_norm(x.m, {3}, {}, {}, -1); }),
      refused(kValue, "layer_norm: argument 5, eps, is nan, expected 0 or more", "",
              [&](const Given& x) { (void)layer_norm(x.m, {3}, {}, {}, NAN); }),
      refused(kValue, "cross_entropy: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)cross_entropy(x.none, x.i); }),
      refused(kValue, "cross_entropy: argument 2 is an undefined tensor", "",
              [&](const Given& x) { (void)cross_entropy(x.m, x.none); }),
      refused(kDType, "cross_entropy: argument 1 has element type int64, expected float32 or float64",
              "convert it with .to(kFloat32)", [&](const Given& x) { (void)cross_entropy(x.i, x.i); }),
      refused(kShape, "cross_entropy: argument 1 has shape [4], expected [rows, classes]", "",
              [&](const Given& x) { (void)cross_entropy(x.v, x.i); }),
      refused(kDType, "cross_entropy: argument 2 has element type float32, expected int64 class numbers",
              "convert it with .to(kInt64)", [&](const Given& x) { (void)cross_entropy(x.m, x.v); }),
      refused(kShape, "cross_entropy: argument 2 has shape [3], expected [2], one label a row of argument 1, [2, 3]",
              "", [&](const Given& x) { (void)cross_entropy(x.m, tensor({0, 1, 2})); }),
      refused(kValue, "mse_loss: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)mse_loss(x.none, x.m); }),
      refused(kValue, "mse_loss: argument 2 is an undefined tensor", "",
              [&](const Given& x) { (void)mse_loss(x.m, x.none); }),
      refused(kDType, "mse_loss: argument 1 has element type int64, expected float32 or float64",
              "convert it with .to(kFloat32)", [&](const Given& x) { (void)mse_loss(x.i, x.m); }),
      refused(kDType, "mse_loss: argument 2 has element type int64, expected float32 or float64",
              "convert it with .to(kFloat32)", [&](const Given& x) { (void)mse_loss(x.m, x.i); }),
      refused(kShape, "mse_loss: argument 2 has shape [4], expected [2, 3] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) { (void)mse_loss(x.m, x.v); }),
  });
}

}  // namespace
}  // namespace sinter::tests
