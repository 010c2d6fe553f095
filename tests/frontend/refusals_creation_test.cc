// Operators and the makers of tensors, called with bad arguments.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/frontend/refusals.h"

namespace sinter::tests {
namespace {

using enum Kind;
using enum Engines;

const float kOne = 1;
float g_one = 1;

TEST(Refusals, OfOperators) {
  expect_refusals(std::vector<Refusal>{
      refused(kValue, "add: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)(x.none + x.m); }),
      refused(kValue, "add: argument 2 is an undefined tensor", "", [&](const Given& x) { (void)(x.m + x.none); }),
      refused(kShape, "add: argument 2 has shape [4], expected [2, 3] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) { (void)(x.m + x.v); }),
      refused(kValue, "sub: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)(x.none - x.m); }),
      refused(kValue, "sub: argument 2 is an undefined tensor", "", [&](const Given& x) { (void)(x.m - x.none); }),
      refused(kShape, "sub: argument 2 has shape [4], expected [2, 3] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) { (void)(x.m - x.v); }),
      refused(kValue, "mul: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)(x.none * x.m); }),
      refused(kValue, "mul: argument 2 is an undefined tensor", "", [&](const Given& x) { (void)(x.m * x.none); }),
      refused(kShape, "mul: argument 2 has shape [4], expected [2, 3] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) { (void)(x.m * x.v); }),
      refused(kValue, "div: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)(x.none / x.m); }),
      refused(kValue, "div: argument 2 is an undefined tensor", "", [&](const Given& x) { (void)(x.m / x.none); }),
      refused(kShape, "div: argument 2 has shape [4], expected [2, 3] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) { (void)(x.m / x.v); }),
      refused(kValue, "eq: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)(x.none == x.m); }),
      refused(kValue, "eq: argument 2 is an undefined tensor", "", [&](const Given& x) { (void)(x.m == x.none); }),
      refused(kShape, "eq: argument 2 has shape [4], expected [2, 3] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) { (void)(x.m == x.v); }),
      refused(kValue, "ne: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)(x.none != x.m); }),
      refused(kValue, "ne: argument 2 is an undefined tensor", "", [&](const Given& x) { (void)(x.m != x.none); }),
      refused(kShape, "ne: argument 2 has shape [4], expected [2, 3] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) { (void)(x.m != x.v); }),
      refused(kValue, "lt: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)(x.none < x.m); }),
      refused(kValue, "lt: argument 2 is an undefined tensor", "", [&](const Given& x) { (void)(x.m < x.none); }),
      refused(kShape, "lt: argument 2 has shape [4], expected [2, 3] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) { (void)(x.m < x.v); }),
      refused(kValue, "le: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)(x.none <= x.m); }),
      refused(kValue, "le: argument 2 is an undefined tensor", "", [&](const Given& x) { (void)(x.m <= x.none); }),
      refused(kShape, "le: argument 2 has shape [4], expected [2, 3] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) { (void)(x.m <= x.v); }),
      refused(kValue, "gt: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)(x.none > x.m); }),
      refused(kValue, "gt: argument 2 is an undefined tensor", "", [&](const Given& x) { (void)(x.m > x.none); }),
      refused(kShape, "gt: argument 2 has shape [4], expected [2, 3] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) { (void)(x.m > x.v); }),
      refused(kValue, "ge: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)(x.none >= x.m); }),
      refused(kValue, "ge: argument 2 is an undefined tensor", "", [&](const Given& x) { (void)(x.m >= x.none); }),
      refused(kShape, "ge: argument 2 has shape [4], expected [2, 3] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) { (void)(x.m >= x.v); }),
      refused(kValue, "operator&: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)(x.none & x.i); }),
      refused(kValue, "operator&: argument 2 is an undefined tensor", "",
              [&](const Given& x) { (void)(x.i & x.none); }),
      refused(kShape, "operator&: argument 2 has shape [3], expected [2] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) { (void)(x.i & tensor({1, 2, 3})); }),
      refused(kValue, "operator|: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)(x.none | x.i); }),
      refused(kValue, "operator|: argument 2 is an undefined tensor", "",
              [&](const Given& x) { (void)(x.i | x.none); }),
      refused(kShape, "operator|: argument 2 has shape [3], expected [2] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) { (void)(x.i | tensor({1, 2, 3})); }),
      refused(kValue, "operator^: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)(x.none ^ x.i); }),
      refused(kValue, "operator^: argument 2 is an undefined tensor", "",
              [&](const Given& x) { (void)(x.i ^ x.none); }),
      refused(kShape, "operator^: argument 2 has shape [3], expected [2] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) { (void)(x.i ^ tensor({1, 2, 3})); }),
      refused(kValue, "operator<<: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)(x.none << x.i); }),
      refused(kValue, "operator<<: argument 2 is an undefined tensor", "",
              [&](const Given& x) { (void)(x.i << x.none); }),
      refused(kShape, "operator<<: argument 2 has shape [3], expected [2] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) { (void)(x.i << tensor({1, 2, 3})); }),
      refused(kValue, "operator>>: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)(x.none >> x.i); }),
      refused(kValue, "operator>>: argument 2 is an undefined tensor", "",
              [&](const Given& x) { (void)(x.i >> x.none); }),
      refused(kShape, "operator>>: argument 2 has shape [3], expected [2] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) { (void)(x.i >> tensor({1, 2, 3})); }),
      refused(kDType, "operator&: argument 1 has element type float32, expected bool or integers",
              "compare it with something, as in x != 0", [&](const Given& x) { (void)(x.m & x.m); }),
      refused(kDType, "operator|: argument 2 has element type float32, expected bool or integers",
              "compare it with something, as in x != 0", [&](const Given& x) { (void)(x.b | 1.0); }),
      refused(kDType, "operator^: argument 2 has element type float32, expected bool or integers",
              "compare it with something, as in x != 0", [&](const Given& x) { (void)(x.b ^ x.m); }),
      refused(kDType, "operator~: argument 1 has element type float32, expected bool or integers",
              "compare it with something, as in x != 0", [&](const Given& x) { (void)(~x.m); }),
      refused(kDType, "operator<<: argument 1 has element type float32, expected int64 or bool",
              "convert it with .to(kInt64)", [&](const Given& x) { (void)(x.m << 1); }),
      refused(kDType, "operator>>: argument 2 has element type float32, expected int64 or bool",
              "convert it with .to(kInt64)", [&](const Given& x) { (void)(x.i >> 1.5); }),
      refused(kValue, "operator~: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)(~x.none); }),
      refused(kValue, "neg: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)(-x.none); }),
      refused(kValue,
              "the number 18446744073709551615 is given, expected at most 9223372036854775807: whole numbers are int64",
              "write it as a double, or its bits as static_cast<int64_t>(number)",
              [&](const Given& x) { (void)(x.m + std::numeric_limits<uint64_t>::max()); }),
      refused(kShape, "add: argument 2 has shape [4], expected [2, 3] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) {
                Tensor y = x.m;
                y += x.v;
              }),
      refused(kValue, "add: argument 1 is an undefined tensor", "",
              [&](const Given& x) {
                Tensor y = x.none;
                y += x.m;
              }),
      refused(
          kGraph, "operator+=: the left side is a cell, which an assignment to the handle would lose",
          "write it with x.set(x + y), under no_grad if it requires a gradient",
          [&] {
            Tensor c = variable(ones({2}));
            c += 1;
          },
          kDynamic),
      refused(kShape, "sub: argument 2 has shape [4], expected [2, 3] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) {
                Tensor y = x.m;
                y -= x.v;
              }),
      refused(kValue, "sub: argument 1 is an undefined tensor", "",
              [&](const Given& x) {
                Tensor y = x.none;
                y -= x.m;
              }),
      refused(
          kGraph, "operator-=: the left side is a cell, which an assignment to the handle would lose",
          "write it with x.set(x + y), under no_grad if it requires a gradient",
          [&] {
            Tensor c = variable(ones({2}));
            c -= 1;
          },
          kDynamic),
      refused(kShape, "mul: argument 2 has shape [4], expected [2, 3] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) {
                Tensor y = x.m;
                y *= x.v;
              }),
      refused(kValue, "mul: argument 1 is an undefined tensor", "",
              [&](const Given& x) {
                Tensor y = x.none;
                y *= x.m;
              }),
      refused(
          kGraph, "operator*=: the left side is a cell, which an assignment to the handle would lose",
          "write it with x.set(x + y), under no_grad if it requires a gradient",
          [&] {
            Tensor c = variable(ones({2}));
            c *= 1;
          },
          kDynamic),
      refused(kShape, "div: argument 2 has shape [4], expected [2, 3] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) {
                Tensor y = x.m;
                y /= x.v;
              }),
      refused(kValue, "div: argument 1 is an undefined tensor", "",
              [&](const Given& x) {
                Tensor y = x.none;
                y /= x.m;
              }),
      refused(
          kGraph, "operator/=: the left side is a cell, which an assignment to the handle would lose",
          "write it with x.set(x + y), under no_grad if it requires a gradient",
          [&] {
            Tensor c = variable(ones({2}));
            c /= 1;
          },
          kDynamic),
  });
}

TEST(Refusals, OfCreation) {
  expect_refusals(std::vector<Refusal>{
      refused(kShape, "tensor: the nested lists differ in length, expected rows of one length", "",
              [&] { (void)tensor({{1., 2.}, {3.}}); }),
      refused(kDType, "tensor: element type int32 is asked for, which tensors do not have yet", "ask for kInt64",
              [&] { (void)tensor({1., 2.}, {.dtype = kInt32}); }),
      refused(kValue, "tensor: number 1 is nan, expected a number that int64 holds", "ask for {.dtype = kFloat64}",
              [&] { (void)tensor({1., double{NAN}}, {.dtype = kInt64}); }),
      refused(kValue, "tensor: number 0 is 1e+19, expected a number that int64 holds", "ask for {.dtype = kFloat64}",
              [&] { (void)tensor(1e19, {.dtype = kInt64}); }),
      refused(kValue,
              "the number 18446744073709551615 is given, expected at most 9223372036854775807: whole numbers are int64",
              "write it as a double, or its bits as static_cast<int64_t>(number)",
              [&] { (void)tensor({std::numeric_limits<uint64_t>::max()}); }),
      refused(kValue,
              "the number 9223372036854775808 is given, expected at most 9223372036854775807: whole numbers are int64",
              "write it as a double, or its bits as static_cast<int64_t>(number)",
              [&] { (void)tensor(std::vector<uint64_t>{1, uint64_t{1} << 63}); }),
      refused(kDType, "tensor: a gradient is asked for of element type int64, expected float32 or float64",
              "ask for {.dtype = kFloat32}", [&] { (void)tensor({1, 2}, {.requires_grad = true}); }),
      refused(kValue, "from_data: argument 1 is a null pointer, expected 2 elements", "",
              [&] { (void)from_data(static_cast<const float*>(nullptr), {2}); }),
      refused(kShape, "from_data: argument 2 is [-1], expected sizes of 0 or more", "",
              [&] { (void)from_data(&kOne, {-1}); }),
      refused(kValue, "from_blob: argument 1 is a null pointer, expected 2 elements", "",
              [&] { (void)from_blob(static_cast<float*>(nullptr), {2}); }),
      refused(kShape, "from_blob: argument 2 is [1, -1], expected sizes of 0 or more", "",
              [&] { (void)from_blob(&g_one, {1, -1}); }),
      refused(kShape, "zeros: argument 1 is [2, -1], expected sizes of 0 or more", "", [&] { (void)zeros({2, -1}); }),
      refused(kShape,
              "zeros: argument 1 is [4611686018427387905, 4], expected a number of bytes that 63 bits can count", "",
              [&] { (void)zeros({4611686018427387905, 4}); }),
      refused(kDType, "zeros: element type int32 is asked for, which tensors do not have yet", "ask for kInt64",
              [&] { (void)zeros({2}, {.dtype = kInt32}); }),
      refused(kDType, "zeros: a gradient is asked for of element type int64, expected float32 or float64",
              "ask for {.dtype = kFloat32}", [&] { (void)zeros({2}, {.dtype = kInt64, .requires_grad = true}); }),
      refused(kShape, "ones: argument 1 is [-2], expected sizes of 0 or more", "", [&] { (void)ones({-2}); }),
      refused(kDType, "ones: element type int32 is asked for, which tensors do not have yet", "ask for kInt64",
              [&] { (void)ones({2}, {.dtype = kInt32}); }),
      refused(kShape, "full: argument 1 is [-2], expected sizes of 0 or more", "", [&] { (void)full({-2}, 1); }),
      refused(kShape, "full: argument 2 has shape [4], expected a number or a tensor without dimensions",
              "spread it with expand(x, shape)", [&](const Given& x) { (void)full({2}, x.v); }),
      refused(kValue, "full: argument 2 is an undefined tensor", "", [&](const Given& x) { (void)full({2}, x.none); }),
      refused(kDType, "full: element type int32 is asked for, which tensors do not have yet", "ask for kInt64",
              [&] { (void)full({2}, 1, {.dtype = kInt32}); }),
      refused(kDType, "full: element type int32 is asked for, which tensors do not have yet", "ask for kInt64",
              [&](const Given& x) { (void)full({2}, x.s, {.dtype = kInt32}); }),
      refused(kValue, "full: argument 2 is 1e+300, expected a number that float32 holds", "ask for {.dtype = kFloat64}",
              [&] { (void)full({2}, 1e300); }),
      refused(kValue, "full: argument 2 is 1e+19, expected a number that int64 holds", "ask for {.dtype = kFloat64}",
              [&] { (void)full({2}, 1e19, {.dtype = kInt64}); }),
      refused(kValue, "full: argument 2 is nan, expected a number that int64 holds", "ask for {.dtype = kFloat64}",
              [&] { (void)full({2}, NAN, {.dtype = kInt64}); }),
      refused(kValue,
              "the number 18446744073709551615 is given, expected at most 9223372036854775807: whole numbers are int64",
              "write it as a double, or its bits as static_cast<int64_t>(number)",
              [&] { (void)full({2}, std::numeric_limits<uint64_t>::max()); }),
      refused(kValue, "zeros_like: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)zeros_like(x.none); }),
      refused(kValue, "ones_like: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)ones_like(x.none); }),
      refused(kValue, "arange: argument 3, the step, is 1, expected one that leads from 5 to 1", "",
              [&] { (void)arange(5, 1); }),
      refused(kValue, "arange: argument 3, the step, is 0, expected one that leads from 0 to 5", "",
              [&] { (void)arange(0, 5, 0); }),
      refused(kValue, "arange: argument 3, the step, is nan, expected one that leads from 0 to 5", "",
              [&] { (void)arange(0., 5., NAN); }),
      refused(kValue, "arange: argument 3, the step, is 1, expected one that leads from 9007199254740993 to 5", "",
              [&] { (void)arange(9007199254740993, 5); }),
      refused(kValue, "arange: argument 1 is a tensor, expected a number", "use item() outside jit",
              [&](const Given& x) { (void)arange(x.s); }),
      refused(kValue, "arange: argument 2 is a tensor, expected a number", "use item() outside jit",
              [&](const Given& x) { (void)arange(0, x.s); }),
      refused(kValue, "arange: argument 3 is a tensor, expected a number", "use item() outside jit",
              [&](const Given& x) { (void)arange(0, 5, x.none); }),
      refused(kShape,
              "arange: from 0 to 1e+18 by 1 are 1000000000000000000 numbers, expected a number of bytes that 63 bits "
              "can count",
              "", [&] { (void)arange(0., 1e18, 1.); }),
      refused(kValue, "arange: argument 3, the step, is 1, expected one that leads from 0 to 1e+30", "",
              [&] { (void)arange(0., 1e30, 1.); }),
      refused(kValue, "variable: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)variable(x.none); }),
      refused(kShape, "rand: argument 1 is [-3], expected sizes of 0 or more", "", [&] { (void)rand({-3}); }),
      refused(kDType, "rand: element type int64 is asked for, expected float32 or float64",
              "randint makes whole numbers; others convert with .to(...)", [&] { (void)rand({2}, {.dtype = kInt64}); }),
      refused(kShape, "randn: argument 1 is [2, -3], expected sizes of 0 or more", "", [&] { (void)randn({2, -3}); }),
      refused(kDType, "randn: element type bool is asked for, expected float32 or float64",
              "randint makes whole numbers; others convert with .to(...)", [&] { (void)randn({2}, {.dtype = kBool}); }),
      refused(kValue, "randint: arguments 1 and 2 are the range [3, 3), expected 1 to 2^31 numbers", "",
              [&] { (void)randint(3, 3, {1}); }),
      refused(kShape, "randint: argument 3 is [-1], expected sizes of 0 or more", "",
              [&] { (void)randint(0, 2, {-1}); }),
      refused(kValue,
              "randint: arguments 1 and 2 are the range [-9223372036854775808, 9223372036854775807), expected 1 to "
              "2^31 numbers",
              "",
              [&] { (void)randint(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(), {2}); }),
  });
}

}  // namespace
}  // namespace sinter::tests
