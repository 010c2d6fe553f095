// What only moves elements in the dynamic engine, against plain index arithmetic and against the static engine.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "driver/compile.h"
#include "frontend/apply.h"
#include "sinter/sinter.h"
#include "tests/frontend/compare.h"

namespace sinter {
namespace {

using testing::ElementsAre;

constexpr DType kDTypes[] = {kBool, kInt64, kFloat32, kFloat64};

// Different elements, NaN, infinities and negative zero among them.
Tensor sample(const Sizes& shape, DType dtype) {
  const int64_t count = shape.numel();
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(static_cast<double>((i * 7919 + 1) % 100003) - 50001.5);
  if (is_float(dtype) && count > 3) {
    values[0] = -0.0;
    values[1] = std::nan("");
    values[2] = -std::numeric_limits<double>::infinity();
  }
  const Tensor x = from_data(values.data(), shape);
  return dtype == kBool ? x > 100 : x.to(dtype);
}

// The bytes of the elements in row-major order, read one by one from the view's memory.
std::string elements(const Tensor& x) {
  const detail::Impl& impl = *x.impl();
  const auto bytes = static_cast<int64_t>(size_of(impl.dtype));
  std::string all;
  for (int64_t at = 0; at < impl.numel(); ++at) {
    int64_t rest = at, offset = 0;
    for (int axis = impl.shape.rank() - 1; axis >= 0; --axis) {
      offset += rest % impl.shape[axis] * impl.strides[axis];
      rest /= impl.shape[axis];
    }
    all.append(reinterpret_cast<const char*>(impl.data() + offset * bytes), static_cast<size_t>(bytes));
  }
  return all;
}

void expect_same_elements(const Tensor& copy, const Tensor& view, const std::string& what) {
  ASSERT_EQ(copy.shape(), view.shape()) << what;
  ASSERT_TRUE(copy.is_contiguous()) << what;
  ASSERT_TRUE(elements(copy) == elements(view)) << what;
}

TEST(Copies, EveryDTypeAndStride) {
  for (DType dtype : kDTypes) {
    const Tensor x = sample({6, 5, 4, 3}, dtype);
    expect_same_elements(x.permute({3, 1, 0, 2}).contiguous(), x.permute({3, 1, 0, 2}), "permuted");
    expect_same_elements(x.slice(1, 1, 5, 3).contiguous(), x.slice(1, 1, 5, 3), "sliced with a step");
    expect_same_elements(x.slice(3, 2, 3).contiguous(), x.slice(3, 2, 3), "a column");
    expect_same_elements(x[2][3][1].unsqueeze(1).expand({3, 70}).contiguous(), x[2][3][1].unsqueeze(1).expand({3, 70}),
                         "spread along the last axis");
    expect_same_elements(x[0][0].expand({5, 2, 4, 3}).contiguous(), x[0][0].expand({5, 2, 4, 3}), "spread in front");
    expect_same_elements(x[0][0][0][1].expand({90, 90}).contiguous(), x[0][0][0][1].expand({90, 90}), "one element");
  }
}

TEST(Copies, RandomViewsUpToTheLargestRank) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 60; ++round) {
    const auto rank = static_cast<int64_t>(1 + random() % kMaxRank);
    Sizes shape, order;
    for (int64_t axis = 0; axis < rank; ++axis) {
      shape.push_back(static_cast<int64_t>(random() % (rank > 5 ? 3 : 5)) + (random() % 20 != 0 ? 1 : 0));
      order.push_back(axis);
    }
    std::shuffle(order.begin(), order.end(), random);
    Tensor view = sample(shape, kDTypes[random() % 4]).permute(order);
    for (int64_t axis = 0; axis < rank; ++axis)
      if (random() % 3 == 0 && view.size(axis) > 1)
        view = view.slice(axis, 1, view.size(axis), static_cast<int64_t>(1 + random() % 2));
    expect_same_elements(view.contiguous(), view, "shape " + to_string(view.shape()));
  }
}

// Beyond the size that one thread does alone, with and without whole tiles.
TEST(Copies, LargeTransposes) {
  for (const auto& [rows, columns] :
       std::vector<std::pair<int64_t, int64_t>>{{64, 16}, {300, 517}, {16, 1000}, {1000, 15}}) {
    for (DType dtype : kDTypes) {
      const Tensor x = sample({rows, columns}, dtype);
      expect_same_elements(x.t().contiguous(), x.t(), to_string(x.shape()));
    }
    const Tensor batch = sample({3, rows, 2, columns}, kFloat32).transpose(1, 3);
    expect_same_elements(batch.contiguous(), batch, to_string(batch.shape()));
    const Tensor part = sample({rows, columns}, kInt64).t().slice(0, 0, columns - 3).slice(1, 1, rows, 2);
    expect_same_elements(part.contiguous(), part, to_string(part.shape()));
  }
}

TEST(Copies, NothingToCopy) {
  expect_same_elements(zeros({0, 3}).t().contiguous(), zeros({0, 3}).t(), "empty");
  EXPECT_EQ(cat({zeros({2, 0}), ones({2, 3}), zeros({2, 0})}, 1).shape(), (Sizes{2, 3}));
  EXPECT_EQ(cat({zeros({0, 3}), zeros({0, 3})}, 0).shape(), (Sizes{0, 3}));
  EXPECT_EQ(arange(0).shape(), (Sizes{0}));
}

Tensor pad(const Tensor& x, const Tensor& with, ir::Integers low, ir::Integers high, ir::Integers interior) {
  return detail::apply(ir::ops::kPad, ir::PadAttributes{std::move(low), std::move(high), std::move(interior)},
                       {x, with});
}

TEST(Copies, DynamicIsStatic) {
  struct One {
    std::string name;
    Sizes shape;
    std::function<Tensor(const Tensor&)> f;
  };
  const std::vector<One> all{
      {"transposed", {130, 70}, [](const Tensor& x) { return x.t().contiguous(); }},
      {"padded", {33, 40}, [](const Tensor& x) { return pad(x, x[0][0], {1, 0}, {2, 3}, {0, 0}); }},
      {"padded in one axis",
       {7, 9, 5},
       [](const Tensor& x) { return pad(x, x[1][2][3], {0, 4, 0}, {0, 0, 0}, {0, 0, 0}); }},
      {"spread out", {9, 8}, [](const Tensor& x) { return pad(x, x[0][1], {2, 1}, {0, 5}, {3, 1}); }},
      {"spread out, transposed", {9, 8}, [](const Tensor& x) { return pad(x.t(), x[0][1], {2, 1}, {0, 5}, {0, 2}); }},
      {"padded nothing",
       {0, 3},
       [](const Tensor& x) { return pad(x, zeros({}, {.dtype = x.dtype()}), {2, 0}, {1, 1}, {0, 0}); }},
      {"padded by nothing", {5, 3}, [](const Tensor& x) { return pad(x, x[0][0], {0, 0}, {0, 0}, {0, 0}); }},
      {"joined", {40, 30}, [](const Tensor& x) { return cat({x, x.slice(1, 3, 20), x}, 1); }},
      {"joined, transposed", {40, 30}, [](const Tensor& x) { return cat({x.t(), x.t().slice(0, 1, 2)}, 0); }},
      {"stacked", {5, 6, 7}, [](const Tensor& x) { return stack({x, x.slice(1, 0, 1).expand({5, 6, 7})}, 3); }},
      {"counted",
       {300, 2},
       [](const Tensor& x) { return detail::converted(arange(300).unsqueeze(1).expand({300, 2}), x.dtype()); }},
      {"filled", {300, 200}, [](const Tensor& x) { return full({300, 200}, 3, {.dtype = x.dtype()}); }},
  };
  for (const One& one : all)
    for (DType dtype : kDTypes) {
      const Tensor x = sample(one.shape, dtype);
      EXPECT_TRUE(same_bits(one.f(x), jit(one.f)(x))) << one.name << " " << name(dtype);
    }
}

TEST(Copies, PadsAroundAndBetween) {
  const Tensor x = tensor({{1, 2}, {3, 4}});
  EXPECT_THAT(pad(x, tensor(9), {1, 0}, {0, 1}, {0, 1}).to_vector<int64_t>(),
              ElementsAre(9, 9, 9, 9, 1, 9, 2, 9, 3, 9, 4, 9));
  EXPECT_THAT(pad(x, tensor(0), {0, 1}, {1, 0}, {0, 0}).to_vector<int64_t>(), ElementsAre(0, 1, 2, 0, 3, 4, 0, 0, 0));
}

TEST(Copies, Counts) {
  const std::vector<int64_t> numbers = arange(100000).to_vector<int64_t>();
  for (size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(numbers[i], static_cast<int64_t>(i));
  EXPECT_THAT(arange(2, 11, 3).to_vector<int64_t>(), ElementsAre(2, 5, 8));
}

TEST(Copies, FiftyShapesCompileNothingNew) {
  const auto work = [](int64_t n) {
    const Tensor x = sample({n, n + 40}, kFloat32);
    (void)x.t().contiguous();
    (void)cat({x, x}, 1);
    (void)cat({x.t(), x.t()}, 0);
    (void)pad(x, x[0][0], {1, 2}, {3, 4}, {0, 0});
    (void)pad(x, x[0][0], {1, 2}, {3, 4}, {1, 1});
    (void)arange(n);
    (void)full({n, 1000}, 1.5);
    (void)zeros({0, n * 100}).sum(0);
  };
  work(100);
  work(170);
  const size_t before = driver::kernels_compiled();
  for (int64_t n = 101; n < 151; ++n) work(n);
  EXPECT_EQ(driver::kernels_compiled(), before);
}

TEST(Fill, KeepsEveryBitOfAnInteger) {
  const int64_t odd = (int64_t{1} << 53) + 1, least = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(full({2}, odd)[1].item<int64_t>(), odd);
  EXPECT_EQ(full({2}, least)[1].item<int64_t>(), least);
  EXPECT_EQ(jit([&](const Tensor& x) { return x + full({2}, odd); })(zeros({2}, {.dtype = kInt64}))[0].item<int64_t>(),
            odd);
}

TEST(Fill, ConvertsAsConversionsDo) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max(), kLeast = std::numeric_limits<int64_t>::min();
  const std::vector<double> odd{std::nan(""), kInfinity, -kInfinity, 1e300, -1e300, 2.9, -2.9, 0.0};
  const std::vector<int64_t> expected{0, kMost, kLeast, kMost, kLeast, 2, -2, 0};
  for (size_t i = 0; i < odd.size(); ++i) {
    const TensorOptions integer{.dtype = kInt64}, boolean{.dtype = kBool};
    if (i < 5) {  // a C++ number that does not fit is an error
      EXPECT_THROW((void)full({3}, odd[i], integer), ValueError) << odd[i];
      EXPECT_THROW((void)tensor({odd[i]}, integer), ValueError) << odd[i];
    } else {
      EXPECT_EQ(full({3}, odd[i], integer)[2].item<int64_t>(), expected[i]) << odd[i];
      EXPECT_EQ(tensor({odd[i]}, integer)[0].item<int64_t>(), expected[i]) << odd[i];
    }
    EXPECT_EQ(tensor({odd[i]}, {.dtype = kFloat64}).to(kInt64)[0].item<int64_t>(), expected[i]) << odd[i];
    if (i >= 5) {
      EXPECT_EQ(jit([&](const Tensor& x) { return x + full({1}, odd[i], integer); })(tensor({0}))[0].item<int64_t>(),
                expected[i])
          << odd[i];
    }
    EXPECT_EQ(full({3}, odd[i], boolean)[2].item<bool>(), i + 1 != odd.size()) << odd[i];
    EXPECT_EQ(tensor({odd[i]}, boolean)[0].item<bool>(), i + 1 != odd.size()) << odd[i];
  }
}

TEST(Fill, ReductionsOfNothing) {
  EXPECT_EQ(zeros({0, 30000}).sum(0)[29999].item(), 0);
  EXPECT_EQ(prod(zeros({0, 30000}), 0)[29999].item(), 1);
  EXPECT_EQ(prod(zeros({0, 3}, {.dtype = kInt64}), 0)[2].item<int64_t>(), 1);
}

}  // namespace
}  // namespace sinter
