// Tensors with a part replaced, and cells of which a part is written, in both engines.
#include <gmock/gmock.h>

#include <cmath>
#include <random>

#include "sinter/sinter.h"
#include "tests/frontend/compare.h"

namespace sinter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <class E, class F>
void expect_error(const char* text, F&& f) {
  try {
    f();
    ADD_FAILURE() << text << ": nothing was thrown";
  } catch (const E& error) {
    EXPECT_THAT(error.what(), HasSubstr(text));
    EXPECT_THAT(error.what(), HasSubstr("replace_test.cc:"));
  }
}

TEST(Replace, Values) {
  const Tensor x = tensor({{1, 2, 3}, {4, 5, 6}}), column = tensor({{7}, {8}});
  EXPECT_THAT(x.slice_scatter(0, 1, 1).to_vector<int>(), ElementsAre(1, 0, 0, 4, 0, 0));
  EXPECT_THAT(x.slice_scatter(column, 1, 0, 3, 2).to_vector<int>(), ElementsAre(7, 2, 7, 8, 5, 8));
  EXPECT_THAT(x.slice_scatter(tensor({9, 9, 9}), 0, -1).to_vector<int>(), ElementsAre(1, 2, 3, 9, 9, 9));
  EXPECT_THAT(x.select_scatter(tensor({7, 8}), 1, -1).to_vector<int>(), ElementsAre(1, 2, 7, 4, 5, 8));
  EXPECT_THAT(x.masked_fill(x > 4, -1).to_vector<int>(), ElementsAre(1, 2, 3, 4, -1, -1));
  EXPECT_THAT(tensor({1, 2}).masked_fill(column > 7, 0).to_vector<int>(), ElementsAre(1, 2, 0, 0));
  EXPECT_EQ(x.to_vector<int>()[0], 1);  // x is what it was
  EXPECT_EQ(x.select_scatter(true, 0, 0).dtype(), kInt64);
  EXPECT_EQ(ones({2}).slice_scatter(tensor({1., 2.}, {.dtype = kFloat64})).dtype(), kFloat32);
  EXPECT_EQ(tensor({true, false}).select_scatter(true, 0, 1).to_vector<int>()[1], 1);
}

// Any axis, positions and step, sizes of 0 and elements that are not numbers: the elements are those of a loop.
TEST(Replace, AnySlice) {
  std::mt19937 random(1);
  const auto draw = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  for (int round = 0; round < 40; ++round) {
    Sizes shape;
    for (int64_t axes = draw(1, 3); axes > 0; --axes) shape.push_back(draw(0, 5));
    const int64_t axis = draw(0, shape.rank() - 1), start = draw(-6, 6), stop = draw(-6, 6), step = draw(1, 3);
    const double nan = std::nan(""), infinity = HUGE_VAL;
    const Tensor x = where(rand(shape) < 0.3, nan, randn(shape));
    const Tensor part = where(rand(shape) < 0.3, -infinity, randn(shape)).slice(axis, start, stop, step);
    const auto f = [=](const Tensor& whole, const Tensor& src) {
      return slice_scatter(whole, src, axis, start, stop, step);
    };
    const Tensor position = arange(shape.numel()).reshape(shape);
    const std::vector<int> replaced = position.slice(axis, start, stop, step).to_vector<int>();
    std::vector<float> expected = x.to_vector<float>();
    for (size_t i = 0; i < replaced.size(); ++i)
      expected[static_cast<size_t>(replaced[i])] = part.to_vector<float>()[i];
    const std::string what = fmt::format("{} axis {} [{}:{}:{}]", shape, axis, start, stop, step);
    EXPECT_TRUE(same_bits(f(x, part), from_data(expected.data(), shape))) << what;
    if (round % 4 != 0) continue;  // compiling takes time
    EXPECT_TRUE(same_bits(jit(f)(x, part), f(x, part))) << what;
  }
}

TEST(Replace, GradientsEndWhereElementsWereReplaced) {
  const auto f = [](const Tensor& x, const Tensor& y) {
    return (x.slice_scatter(y, 0, 1, 3) * arange(4)).sum() + x.masked_fill(x > 2, 0).sum();
  };
  const Tensor x = tensor({1., 2., 3., 4.}), y = tensor({5.});
  for (const auto& [dx, dy] : {value_and_grad(f)(x, y).second, jit(value_and_grad(f))(x, y).second}) {
    EXPECT_THAT(dx.to_vector<float>(), ElementsAre(1, 1, 0, 3));
    EXPECT_THAT(dy.to_vector<float>(), ElementsAre(3));
  }
}

// A ring buffer: the same cell, eagerly and compiled.
TEST(Replace, CellsArePartlyWritten) {
  const auto run = [](bool compiled) {
    const Tensor cell = variable(zeros({3, 4}));
    const auto write = [=](const Tensor& row) {
      cell.set_select(row, 0, 1);
      cell.set_slice(row.sum(), 1, 2, 4);
      cell.set_where(cell < 0, 0);
      return cell * 1;
    };
    const auto step = jit(write);
    for (int i = 0; i < 3; ++i) {
      const Tensor row = tensor({-2., 1., 0., 3.}) * i;
      (void)(compiled ? step(row) : write(row));
    }
    return cell.clone();
  };
  EXPECT_THAT(run(false).to_vector<float>(), ElementsAre(0, 0, 4, 4, 0, 2, 4, 4, 0, 0, 4, 4));
  EXPECT_TRUE(same_bits(run(true), run(false)));

  const Tensor weight = tensor({1., 2., 3.}, {.requires_grad = true});
  weight.set_slice(tensor({7.}), 0, 1, 3);
  (weight * weight).sum().backward();  // a cell is a leaf whatever was written
  EXPECT_THAT(weight.grad().to_vector<float>(), ElementsAre(2, 14, 14));
}

TEST(Replace, Errors) {
  const Tensor x = ones({2, 3}), integers = tensor({1, 2}), cell = variable(ones({2, 3}));
  expect_error<ShapeError>("slice_scatter: argument 2 has shape [2, 2], expected [2, 1]",
                           [&] { (void)x.slice_scatter(ones({2, 2}), 1, 0, 1); });
  expect_error<ShapeError>("slice_scatter: argument 2 has shape [2], expected [2, 3]",
                           [&] { (void)x.slice_scatter(ones({2})); });
  expect_error<ValueError>("slice_scatter: argument 6, the step, is 0", [&] { (void)x.slice_scatter(0, 0, 0, 2, 0); });
  expect_error<IndexError>("slice_scatter: axis 2", [&] { (void)x.slice_scatter(0, 2); });
  expect_error<IndexError>("select_scatter: index 2 is out of range for axis 0, expected -2 to 1",
                           [&] { (void)x.select_scatter(0, 0, 2); });
  expect_error<ShapeError>("select_scatter: argument 2 has shape [2], expected [3]",
                           [&] { (void)x.select_scatter(ones({2}), 0, 0); });
  expect_error<DTypeError>("masked_fill: argument 2 has element type float32, expected bool",
                           [&] { (void)x.masked_fill(x, 0); });
  expect_error<DTypeError>("masked_fill: argument 3 has element type float32, which int64 cannot hold",
                           [&] { (void)integers.masked_fill(integers > 1, ones({})); });
  expect_error<DTypeError>("select_scatter: argument 2 has element type float64, which int64 cannot hold",
                           [&] { (void)integers.select_scatter(0.5, 0, 0); });
  expect_error<ValueError>("masked_fill: argument 2 is an undefined tensor", [&] { (void)x.masked_fill({}, 0); });
  expect_error<ValueError>("select_scatter: argument 2 is an undefined tensor",
                           [&] { (void)x.select_scatter(Tensor(), 0, 0); });
  expect_error<GraphError>("set_slice: the tensor is a value", [&] { x.set_slice(0, 0, 1); });
  expect_error<GraphError>("set_select: the tensor is a value", [&] { x.set_select(0, 0, 1); });
  expect_error<GraphError>("set_where: the tensor is a value", [&] { x.set_where(x > 0, 1); });
  expect_error<ShapeError>("set_slice: argument 2 has shape [4], expected [1, 3]",
                           [&] { cell.set_slice(ones({4}), 0, 1); });
  expect_error<ShapeError>("set_where: argument 2 has shape [2, 2, 3], expected one that broadcasts to [2, 3]",
                           [&] { cell.set_where(ones({2, 2, 3}) > 0, 1); });
  expect_error<ValueError>("set_slice: argument 6, the step, is 0", [&] { cell.set_slice(0, 0, 0, 1, 0); });
  EXPECT_TRUE(
      same_bits(x.slice_scatter(7, 0, 0, std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::max()),
                x.select_scatter(7, 0, 0)));
  expect_error<IndexError>("set_select: index 5", [&] { cell.set_select(0, 0, 5); });
  EXPECT_TRUE(same_bits(cell.clone(), x));
}

}  // namespace
}  // namespace sinter
