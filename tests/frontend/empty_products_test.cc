// Products over an inner size of 0: sums of nothing, in both engines, with the gradients of a constant.
#include <gtest/gtest.h>

#include "tests/frontend/compare.h"

namespace sinter {
namespace {

struct Product {
  const char* name;
  std::vector<Sizes> operands;
  Sizes result;
  Function f;
};

const std::vector<Product>& products() {
  const Function product = [](const std::vector<Tensor>& x) { return matmul(x[0], x[1]); };
  const Function affine = [](const std::vector<Tensor>& x) { return linear(x[0], x[1]); };
  static const std::vector<Product> all{
      {"vectors", {{0}, {0}}, {}, product},
      {"vector, matrix", {{0}, {0, 4}}, {4}, product},
      {"matrix, vector", {{4, 0}, {0}}, {4}, product},
      {"matrices", {{5, 0}, {0, 3}}, {5, 3}, product},
      {"batch, vector", {{5, 4, 0}, {0}}, {5, 4}, product},
      {"batch, matrix", {{5, 4, 0}, {0, 3}}, {5, 4, 3}, product},
      {"matrix, batch", {{4, 0}, {5, 0, 3}}, {5, 4, 3}, product},
      {"batches", {{2, 1, 4, 0}, {3, 0, 3}}, {2, 3, 4, 3}, product},
      {"an empty batch", {{0, 4, 0}, {0, 3}}, {0, 4, 3}, product},
      {"no rows", {{5, 0, 2}, {2, 3}}, {5, 0, 3}, product},
      {"no columns", {{5, 4, 2}, {2, 0}}, {5, 4, 0}, product},
      {"linear of a vector", {{0}, {3, 0}}, {3}, affine},
      {"linear", {{4, 0}, {3, 0}}, {4, 3}, affine},
      {"linear of a batch", {{5, 4, 0}, {3, 0}}, {5, 4, 3}, affine},
      {"linear of nothing to nothing", {{5, 4, 0}, {0, 0}}, {5, 4, 0}, affine},
  };
  return all;
}

// The result, and the gradients of a sum that is more than it by both operands.
std::vector<Tensor> everything(const Function& f, const std::vector<Tensor>& operands) {
  Tensor result;
  const auto loss = [&](const Tensor& x, const Tensor& y) {
    result = f({x, y});
    return sum(exp(result)) + sum(x * 2) + sum(y * 3);
  };
  const auto [value, gradients] = value_and_grad(loss)(operands[0], operands[1]);
  return {result.detach(), value, gradients[0], gradients[1]};
}

TEST(EmptyProducts, AreZerosOfTheRightShape) {
  for (const Product& product : products())
    for (DType dtype : {kFloat32, kFloat64}) {
      std::vector<Tensor> operands;
      for (const Sizes& shape : product.operands) operands.push_back(ones(shape, {.dtype = dtype}));
      const auto compiled = jit([&](const std::vector<Tensor>& x) { return everything(product.f, x); });
      for (const std::vector<Tensor>& found : {everything(product.f, operands), compiled(operands)}) {
        EXPECT_TRUE(same_bits(found[0], zeros(product.result, {.dtype = dtype}))) << product.name;
        EXPECT_EQ(found[2].shape(), operands[0].shape()) << product.name;
        EXPECT_EQ(found[3].shape(), operands[1].shape()) << product.name;
      }
      EXPECT_EQ(everything(product.f, operands)[1].item(), compiled(operands)[1].item()) << product.name;
    }
}

TEST(EmptyProducts, ABiasIsAllThatIsLeft) {
  const Tensor x = ones({5, 4, 0}), weight = ones({3, 0}), bias = tensor({1., 2., 3.});
  const Tensor expected = bias.expand({5, 4, 3}).clone();
  EXPECT_TRUE(same_bits(linear(x, weight, bias), expected));
  EXPECT_TRUE(
      same_bits(jit([](const Tensor& a, const Tensor& b, const Tensor& c) { return linear(a, b, c); })(x, weight, bias),
                expected));
}

}  // namespace
}  // namespace sinter
