// What PyTorch prints (../shared/seeds/pytorch_outputs.txt), line by line.
#include <gtest/gtest.h>

#include <limits>

#include "sinter/sinter.h"

namespace sinter {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity(), kNaN = std::numeric_limits<float>::quiet_NaN();

TEST(Print, PolynomialAndItsLeaf) {
  const Tensor x = tensor({2.0}, {.requires_grad = true});
  const Tensor y = pow(x, 2) + 3 * x + 1;
  EXPECT_EQ(y.item(), 11.0);
  EXPECT_EQ(to_string(y), "tensor([11.], grad_fn=<AddBackward0>)");
  EXPECT_EQ(to_string(x), "tensor([2.], requires_grad=True)");
  y.backward();
  EXPECT_EQ(x.grad().item(), 7.0);
}

TEST(Print, GraphOfThree) {
  const Tensor x = tensor(1., {.requires_grad = true}), y = tensor(2., {.requires_grad = true}),
               w = tensor(3., {.requires_grad = true});
  const Tensor z = (x + y) * w;
  z.backward();
  EXPECT_EQ(to_string(z), "tensor(9., grad_fn=<MulBackward0>)");
  EXPECT_EQ(to_string(x.grad()) + to_string(y.grad()) + to_string(w.grad()), "tensor(3.)tensor(3.)tensor(3.)");
}

TEST(Print, ControlFlow) {
  for (const auto& [start, result, gradient] :
       {std::tuple{2., "tensor(4., grad_fn=<PowBackward0>)", "tensor(4.)"},
        std::tuple{-2., "tensor(-8., grad_fn=<PowBackward0>)", "tensor(12.)"}}) {
    const Tensor x = tensor(start, {.requires_grad = true});
    const Tensor y = x > 0 ? pow(x, 2) : pow(x, 3);
    y.backward();
    EXPECT_EQ(to_string(y), result);
    EXPECT_EQ(to_string(x.grad()), gradient);
  }
}

TEST(Print, Tensors) {
  const Tensor x = tensor({{1., 2.}, {3., 4.}}), i = tensor({{1, 2}, {3, 4}}), v = tensor({1., 2., 3., 4., 5.});
  EXPECT_EQ(to_string(x), "tensor([[1., 2.],\n        [3., 4.]])");
  EXPECT_EQ(to_string(x.sum()), "tensor(10.)");
  EXPECT_EQ(to_string(x.mean()), "tensor(2.5000)");
  EXPECT_EQ(to_string(x.max()), "tensor(4.)");
  EXPECT_EQ(to_string(x.argmax()), "tensor(3)");
  EXPECT_EQ(to_string(i.reshape({4, 1})), "tensor([[1],\n        [2],\n        [3],\n        [4]])");
  EXPECT_EQ(to_string(i.transpose(0, 1)), "tensor([[1, 3],\n        [2, 4]])");
  EXPECT_EQ(to_string(i.flatten()), "tensor([1, 2, 3, 4])");
  EXPECT_EQ(to_string(v.max()), "tensor(5.)");
  EXPECT_EQ(to_string(v.mean()), "tensor(3.)");
  EXPECT_EQ(to_string(v.var()), "tensor(2.5000)");
  EXPECT_EQ(to_string(zeros({2, 3})), "tensor([[0., 0., 0.],\n        [0., 0., 0.]])");
  EXPECT_EQ(to_string(ones({2, 3})), "tensor([[1., 1., 1.],\n        [1., 1., 1.]])");
  EXPECT_EQ(to_string(arange(0, 10, 2)), "tensor([0, 2, 4, 6, 8])");
}

TEST(Print, Layouts) {
  EXPECT_EQ(to_string(tensor({{0.4963, 0.7682, 0.0885}, {0.1320, 0.3074, 0.6341}})),
            "tensor([[0.4963, 0.7682, 0.0885],\n        [0.1320, 0.3074, 0.6341]])");
  EXPECT_EQ(to_string(tensor({{1.2645, -0.6874, 0.1604}, {-0.6065, -0.7831, 1.0622}})),
            "tensor([[ 1.2645, -0.6874,  0.1604],\n        [-0.6065, -0.7831,  1.0622]])");
}

TEST(Print, Extras) {
  EXPECT_EQ(to_string(tensor({1e-8, 1., 1e6})), "tensor([1.0000e-08, 1.0000e+00, 1.0000e+06])");
  EXPECT_EQ(to_string(tensor({0.1, 100.25})), "tensor([1.0000e-01, 1.0025e+02])");
  EXPECT_EQ(to_string(tensor({kNaN, kInf, 1.f})), "tensor([nan, inf, 1.])");
  EXPECT_EQ(to_string(tensor(true)), "tensor(True)");
  EXPECT_EQ(to_string(zeros({1, 0})), "tensor([], size=(1, 0))");
  EXPECT_EQ(to_string(arange(2000)), "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])");
  EXPECT_EQ(to_string(tensor({1.5}, {.dtype = kFloat64})), "tensor([1.5000], dtype=torch.float64)");
  EXPECT_EQ(to_string(tensor(3)), "tensor(3)");
  EXPECT_EQ(to_string(tensor({{{-0., 1.}, {0., 1.}}, {{-1., -1.}, {-1., 0.}}})),
            "tensor([[[-0.,  1.],\n         [ 0.,  1.]],\n\n        [[-1., -1.],\n         [-1.,  0.]]])");
  EXPECT_EQ(to_string(Tensor()), "None");
}

TEST(Print, WrapsLongRows) {
  EXPECT_EQ(to_string(arange(30)),
            "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n"
            "        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])");
}

TEST(Print, Linear) {
  const Tensor w = tensor({{0.5, -0.25}}, {.requires_grad = true}), b = tensor({0.1}, {.requires_grad = true});
  EXPECT_EQ(to_string(linear(tensor({{1., 2.}}), w, b)), "tensor([[0.1000]], grad_fn=<AddmmBackward0>)");
}

TEST(Print, DrawsTheTape) {
  const Tensor x = tensor(1., {.requires_grad = true}), y = tensor(2., {.requires_grad = true});
  x.set_name("x");
  const std::string dot = to_dot((x + y) * 3.);
  EXPECT_NE(dot.find("digraph"), std::string::npos);
  EXPECT_NE(dot.find("\"x\\n[]\""), std::string::npos);
  EXPECT_NE(dot.find("\"Add\\n[]\""), std::string::npos);
  EXPECT_NE(dot.find("\"Mul\\n[]\""), std::string::npos);
}

}  // namespace
}  // namespace sinter
