// Values, promotion, broadcasting, shapes, access to data.
#include <gmock/gmock.h>

#include "sinter/sinter.h"

namespace sinter {
namespace {

using testing::ElementsAre;

TEST(Tensor, FromNestedLists) {
  const Tensor x = tensor({{1., 2.}, {3., 4.}});
  EXPECT_EQ(x.dtype(), kFloat32);
  EXPECT_EQ(x.shape(), (Sizes{2, 2}));
  EXPECT_THAT(x.to_vector<float>(), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(tensor({1, 2}).dtype(), kInt64);
  EXPECT_EQ(tensor(true).dtype(), kBool);
  EXPECT_EQ(tensor(2.5).item(), 2.5);
  EXPECT_EQ(tensor({{{1., 2.}}}, {.dtype = kFloat64}).shape(), (Sizes{1, 1, 2}));
  EXPECT_THROW((void)tensor({{1., 2.}, {3.}}), ShapeError);
}

TEST(Tensor, PromotesAsPyTorch) {
  const Tensor f32 = tensor({1.5}), f64 = tensor({1.5}, {.dtype = kFloat64}), i64 = tensor({2}),
               boolean = tensor({true});
  EXPECT_EQ((f32 + i64).dtype(), kFloat32);
  EXPECT_EQ((f32 + f64).dtype(), kFloat64);
  EXPECT_EQ((f32 + tensor(1., {.dtype = kFloat64})).dtype(), kFloat32);  // 0-d tensors are weak within their kind
  EXPECT_EQ((i64 + tensor(1., {.dtype = kFloat64})).dtype(), kFloat64);
  EXPECT_EQ((i64 + 1).dtype(), kInt64);
  EXPECT_EQ((i64 + 1.).dtype(), kFloat32);
  EXPECT_EQ((f64 * 2.f).dtype(), kFloat64);
  EXPECT_EQ((boolean + 1).dtype(), kInt64);
  EXPECT_EQ((i64 / i64).dtype(), kFloat32);
  EXPECT_EQ((boolean + boolean).dtype(), kInt64);
  EXPECT_EQ(exp(i64).dtype(), kFloat32);
  EXPECT_EQ((f32 > 1).dtype(), kBool);
  EXPECT_EQ(sum(tensor({true, true})).item<int64_t>(), 2);
}

TEST(Tensor, Broadcasts) {
  const Tensor column = tensor({{1.}, {2.}}), row = tensor({10., 20., 30.});
  EXPECT_THAT((column + row).to_vector<float>(), ElementsAre(11, 21, 31, 12, 22, 32));
  EXPECT_THAT((2 - row).to_vector<float>(), ElementsAre(-8, -18, -28));
  EXPECT_EQ((zeros({0, 3}) + row).shape(), (Sizes{0, 3}));
}

TEST(Tensor, ViewsShareMemory) {
  const Tensor x = arange(24).reshape({2, 3, 4});
  const Tensor y = x.transpose(0, 2);
  EXPECT_EQ(y.shape(), (Sizes{4, 3, 2}));
  EXPECT_FALSE(y.is_contiguous());
  EXPECT_TRUE(y.impl()->buffer.shares_with(x.impl()->buffer));
  EXPECT_EQ(y[1][2][0].item<int64_t>(), 9);
  EXPECT_THAT(x.slice(2, 1, 4, 2)[0].to_vector<int64_t>(), ElementsAre(1, 3, 5, 7, 9, 11));
  EXPECT_THAT((y + 0)[0].to_vector<int64_t>(), ElementsAre(0, 12, 4, 16, 8, 20));
  EXPECT_THAT(y.reshape({24}).slice(0, 0, 4).to_vector<int64_t>(), ElementsAre(0, 12, 4, 16));
  EXPECT_EQ(x.flatten(1).shape(), (Sizes{2, 12}));
  EXPECT_EQ(x.unsqueeze(-1).squeeze(-1).shape(), x.shape());
  EXPECT_EQ(x.permute({2, 0, 1}).shape(), (Sizes{4, 2, 3}));
  EXPECT_EQ(tensor({1, 2}).unsqueeze(0).expand({3, -1}).shape(), (Sizes{3, 2}));
}

TEST(Tensor, Reductions) {
  const Tensor x = tensor({{1., 5., 3.}, {4., 2., 6.}});
  EXPECT_EQ(x.sum().item(), 21);
  EXPECT_THAT(x.sum(0).to_vector<float>(), ElementsAre(5, 7, 9));
  EXPECT_EQ(x.sum(1, true).shape(), (Sizes{2, 1}));
  EXPECT_EQ(x.mean().item(), 3.5);
  EXPECT_EQ(x.max().item(), 6);
  EXPECT_EQ(x.argmax().item<int64_t>(), 5);
  const auto [values, indices] = x.max(1);
  EXPECT_THAT(values.to_vector<float>(), ElementsAre(5, 6));
  EXPECT_THAT(indices.to_vector<int64_t>(), ElementsAre(1, 2));
  EXPECT_THAT(x.argmax(0).to_vector<int64_t>(), ElementsAre(1, 0, 1));
  EXPECT_EQ(prod(x).item(), 720);
  EXPECT_EQ(tensor({1., 2., 3., 4., 5.}).var().item(), 2.5);
  EXPECT_EQ(zeros({0, 3}).sum().item(), 0);
  EXPECT_THAT(zeros({0, 2}).sum(0).to_vector<float>(), ElementsAre(0, 0));
  EXPECT_EQ(zeros({3, 0}).sum(0).shape(), (Sizes{0}));
}

TEST(Tensor, Products) {
  const Tensor a = tensor({{1., 2.}, {3., 4.}}), v = tensor({1., 10.});
  EXPECT_THAT(matmul(a, a).to_vector<float>(), ElementsAre(7, 10, 15, 22));
  EXPECT_THAT(matmul(a.t(), a).to_vector<float>(), ElementsAre(10, 14, 14, 20));
  EXPECT_THAT(matmul(a, v).to_vector<float>(), ElementsAre(21, 43));
  EXPECT_THAT(matmul(v, a).to_vector<float>(), ElementsAre(31, 42));
  EXPECT_EQ(matmul(v, v).item(), 101);
  const Tensor batch = stack({a, 2 * a});
  EXPECT_THAT(matmul(batch, a).to_vector<float>(), ElementsAre(7, 10, 15, 22, 14, 20, 30, 44));
  EXPECT_THAT(matmul(a, batch).to_vector<float>(), ElementsAre(7, 10, 15, 22, 14, 20, 30, 44));
  EXPECT_THAT(matmul(zeros({2, 0}), zeros({0, 2})).to_vector<float>(), ElementsAre(0, 0, 0, 0));
}

TEST(Tensor, Choice) {
  const Tensor x = tensor({-2., 0., 3.});
  EXPECT_THAT(where(x > 0, x, 0).to_vector<float>(), ElementsAre(0, 0, 3));
  EXPECT_THAT(clamp(x, -1., 1.).to_vector<float>(), ElementsAre(-1, 0, 1));
  EXPECT_THAT(relu(x).to_vector<float>(), ElementsAre(0, 0, 3));
  EXPECT_THAT(one_hot(tensor({2, 0}), 3).to_vector<int64_t>(), ElementsAre(0, 0, 1, 1, 0, 0));
  EXPECT_THAT(cat({x, x.slice(0, 1, 2)}).to_vector<float>(), ElementsAre(-2, 0, 3, 0));
  EXPECT_THAT(pow(x, 2).to_vector<float>(), ElementsAre(4, 0, 9));
  EXPECT_THAT(gather(tensor({{1., 2.}, {3., 4.}}), 1, tensor({{1}, {0}})).to_vector<float>(), ElementsAre(2, 3));
  EXPECT_THAT(gather(tensor({{1., 2.}, {3., 4.}}), 0, tensor({{1, 0}})).to_vector<float>(), ElementsAre(3, 2));
  EXPECT_THAT(index_select(x, 0, tensor({2, 2})).to_vector<float>(), ElementsAre(3, 3));
}

TEST(Tensor, Bits) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min(), kMost = std::numeric_limits<int64_t>::max();
  const Tensor x = tensor({6, -7, 0}), y = tensor({3, 2, -1}), mask = tensor({true, false, true});
  EXPECT_EQ((x & y).to_vector<int64_t>(), (std::vector<int64_t>{6 & 3, -7 & 2, 0}));
  EXPECT_EQ((x | 1).to_vector<int64_t>(), (std::vector<int64_t>{7, -7, 1}));
  EXPECT_EQ((x ^ y).to_vector<int64_t>(), (std::vector<int64_t>{6 ^ 3, -7 ^ 2, -1}));
  EXPECT_EQ((~x).to_vector<int64_t>(), (std::vector<int64_t>{-7, 6, -1}));
  EXPECT_EQ((x & mask).to_vector<int64_t>(), (std::vector<int64_t>{0, 0, 0})) << "a bool is 0 or 1 beside integers";
  EXPECT_EQ((1 | mask).dtype(), kInt64);
  EXPECT_EQ((mask & true).dtype(), kBool);
  EXPECT_EQ((~mask).to_vector<int>(), (std::vector{0, 1, 0}));
  EXPECT_EQ((x << y).to_vector<int64_t>(), (std::vector<int64_t>{48, -28, 0}));
  const Tensor ends = tensor({kLeast, kMost, int64_t{-5}, int64_t{5}});
  EXPECT_EQ((ends >> 1).to_vector<int64_t>(), (std::vector<int64_t>{kLeast / 2, kMost / 2, -3, 2}));
  EXPECT_EQ((ends >> 63).to_vector<int64_t>(), (std::vector<int64_t>{-1, 0, -1, 0}));
  EXPECT_EQ((ends >> 64).to_vector<int64_t>(), (std::vector<int64_t>{-1, 0, -1, 0}));
  EXPECT_EQ((ends >> -1).to_vector<int64_t>(), (std::vector<int64_t>{-1, 0, -1, 0}));
  EXPECT_EQ((ends << 64).to_vector<int64_t>(), (std::vector<int64_t>{0, 0, 0, 0}));
}

TEST(Tensor, WithoutDimensionsHasAnAxisZero) {
  const Tensor x = tensor(5.), zero = tensor(0), zeros = tensor({0, 0});
  for (const int64_t axis : {0, -1}) {
    EXPECT_EQ(transpose(x, axis, 0).shape(), Sizes());
    EXPECT_EQ(squeeze(x, axis).shape(), Sizes());
    EXPECT_EQ(gather(x, axis, zero).shape(), Sizes());
    EXPECT_EQ(gather(x, axis, zero).item(), 5);
  }
  EXPECT_EQ(gather(x, 0, zeros).to_vector<float>(), (std::vector{5.F, 5.F}));
  EXPECT_EQ(gather(tensor({3., 4.}), 0, tensor(1)).shape(), Sizes());
  EXPECT_EQ(gather(tensor({3., 4.}), 0, tensor(1)).item(), 4);
  EXPECT_EQ(index_select(x, 0, tensor({0})).shape(), Sizes());
  EXPECT_THROW((void)transpose(x, 0, 1), IndexError);
  EXPECT_THROW((void)squeeze(x, 1), IndexError);
  EXPECT_THROW((void)gather(x, 1, zero), IndexError);
  EXPECT_THROW((void)gather(x, 0, tensor(1)), IndexError);
  EXPECT_THROW((void)gather(x, 0, tensor({{0}})), ShapeError);
  EXPECT_THROW((void)index_select(x, 0, zeros), IndexError);
}

TEST(Tensor, BlobsAreUsedInPlace) {
  float memory[] = {1, 2, 3, 4};
  bool gone = false;
  {
    const Tensor x = from_blob(memory, {2, 2}, [&] { gone = true; });
    EXPECT_EQ(x.data<float>(), memory);
    const Tensor copy = x.clone();
    memory[0] = 9;
    EXPECT_EQ(x[0][0].item(), 9);
    EXPECT_EQ(copy[0][0].item(), 1);
  }
  EXPECT_TRUE(gone);
}

TEST(Tensor, RandomNumbersFollowTheSeed) {
  manual_seed(7);
  const Tensor a = rand({1000}), b = rand({1000});
  manual_seed(7);
  EXPECT_EQ(rand({1000}).to_vector<float>(), a.to_vector<float>());
  EXPECT_NE(a.to_vector<float>(), b.to_vector<float>());
  EXPECT_NEAR(a.mean().item(), 0.5, 0.05);
  EXPECT_TRUE(static_cast<bool>((a.max() < 1) & (a.min() >= 0)));
  const Tensor normal = randn({4000}, {.dtype = kFloat64});
  EXPECT_NEAR(normal.mean().item(), 0, 0.1);
  EXPECT_NEAR(normal.var().item(), 1, 0.1);
  const Tensor dice = randint(1, 7, {600});
  EXPECT_EQ(dice.min().item<int64_t>(), 1);
  EXPECT_EQ(dice.max().item<int64_t>(), 6);
}

}  // namespace
}  // namespace sinter
