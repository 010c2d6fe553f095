// Random composites, most of which break the rules under which one is a single call of kernels: sizes halved, cut,
// counted but for one, compared; parts cut out, joined, padded. Whatever they do, and whatever the sizes: the values,
// gradients and errors of their operations.
#include <gtest/gtest.h>

#include "frontend/composite.h"
#include "sinter/sinter.h"
#include "tests/frontend/compare.h"
#include "tests/random_engine.h"

namespace sinter {
namespace {

using detail::Composite;
using detail::Settings;
using tests::RandomEngine;

int64_t axis_in(const Tensor& x, RandomEngine& random) { return static_cast<int64_t>(random.below(8)) % x.dim(); }

// Another tensor made of x, of at least one dimension, and y: by chance alone, so that a seed is a function.
Tensor next_of(const Tensor& x, const Tensor& y, RandomEngine& random) {
  const size_t what = random.below(22);
  const int64_t axis = axis_in(x, random), size = x.size(axis), last = x.dim() - 1;
  switch (what) {
    case 0:
      return sin(x) * 0.5;
    case 1:
      return x - mean(x, axis, true);
    case 2:
      return x.dim() > 1 ? sum(x, axis) : x * x;
    case 3:
      return softmax(x, axis);
    case 4:
      return x.dim() > 1 ? transpose(x, 0, last) : x;
    case 5:
      return flatten(x);
    case 6:
      return slice(x, axis, 0, size / 2 + 1);  // a half, and one more
    case 7:
      return slice(x, axis, std::max<int64_t>(size - 3, 0));  // a window
    case 8:
      return slice(x, axis, 0, 4);  // cut to 4 at most
    case 9:
      return x / static_cast<double>(std::max<int64_t>(size - 1, 1));
    case 10:
      return x * static_cast<double>(size);
    case 11:
      return x * (size > 5 ? 2.0 : 3.0);
    case 12:
      return size > x.size(0) ? relu(x) : -x;
    case 13:
      return size % 2 == 0 ? flatten(x).reshape({2, -1}) : x;
    case 14:
      return cat({x, x * 0.5}, axis);
    case 15:
      return cat({flatten(x), flatten(y)}).slice(0, 0, y.numel());
    case 16:
      return cat({zeros_like(x.slice(axis, 0, 2)), x}, axis).slice(axis, 0, size);  // shifted by two
    case 17:
      return flatten(x) + flatten(y);  // an error but by chance
    case 18:
      return x + arange(0., static_cast<double>(x.size(last)), 1.);
    case 19:
      return clamp(x, -0.5, 0.75);
    case 20:
      return x.dim() == 2 ? matmul(x, x.t()) : x;
    default:
      return x.size(0) == y.size(0) ? x + 1 : x - amax(x, axis, true).detach();
  }
}

// whole: the seed.
constexpr Composite kRandom{"random", [](std::span<const Tensor> x, const Settings& settings) -> std::vector<Tensor> {
                              RandomEngine random(static_cast<uint64_t>(settings.whole[0]));
                              Tensor value = x[0];
                              for (size_t left = 1 + random.below(4); left > 0; --left) {
                                value = next_of(value, x[1], random);
                                if (value.dim() == 0) break;
                              }
                              return {value};
                            }};

struct Outcome {
  std::string error;
  std::vector<Tensor> values;
};

template <class F>
Outcome outcome(const std::vector<Tensor>& inputs, const F& f) {
  try {
    const Tensor a = inputs[0].clone().requires_grad_(), b = inputs[1].clone().requires_grad_();
    const Tensor y = f({a * 1.5, b * 0.5});
    if (y.requires_grad()) sum(y * sin(y)).backward();
    return {"", {y, a.grad(), b.grad()}};
  } catch (const Error& error) {
    return {error.what(), {}};
  }
}

std::string text(const Tensor& x) { return x.defined() ? fmt::format("{} {}", x.shape(), x) : "none"; }
bool same(const Tensor& a, const Tensor& b) {
  return a.defined() && b.defined() ? same_bits(a, b) : a.defined() == b.defined();
}

TEST(RandomComposites, AreTheirOperations) {
  size_t errors = 0, values = 0, calls_of_kernels = 0;
  for (int64_t seed = 0; seed < 120; ++seed) {
    RandomEngine random(static_cast<uint64_t>(seed) + 1000);
    const int64_t rank = random.between(1, 3);
    const Settings settings{.whole = {seed, 0}};
    for (int call = 0; call < 5; ++call) {
      std::vector<int64_t> shape;
      for (int64_t axis = 0; axis < rank; ++axis) shape.push_back(random.between(random.one_in(20) ? 0 : 1, 12));
      const std::vector<Tensor> inputs{randn(shape), randn({random.between(1, 12)})};
      const auto run = [&](bool whole) {
        return outcome(inputs, [&](const std::vector<Tensor>& x) {
          if (!whole) return kRandom.run(x, settings)[0];
          const int64_t before = dynamic_counters().operations;
          Tensor y = detail::apply_composite(kRandom, {x[0], x[1]}, settings);
          calls_of_kernels += dynamic_counters().operations == before + 1 ? 1 : 0;
          return y;
        });
      };
      const Outcome found = run(true), expected = run(false);
      ASSERT_EQ(found.error, expected.error) << "seed " << seed << ", call " << call;
      (found.values.empty() ? errors : values) += 1;
      for (size_t i = 0; i < found.values.size(); ++i)
        ASSERT_TRUE(same(found.values[i], expected.values[i]))
            << "seed " << seed << ", call " << call << ", value " << i << "\n"
            << text(inputs[0]) << "\n"
            << text(found.values[i]) << "\n"
            << text(expected.values[i]);
    }
  }
  EXPECT_GT(values, 400u);
  EXPECT_GT(errors, 10u);
  EXPECT_GT(calls_of_kernels, 100u);
}

// Shapes inside that have more elements at sample sizes than can be counted, though few at these.
TEST(RandomComposites, MayHaveManyAxesInside) {
  constexpr Composite kOuter{"outer", [](std::span<const Tensor> x, const Settings&) -> std::vector<Tensor> {
                               return {sum(x[0].reshape({2, 3, 4, 5, 1, 1, 1}) * x[1])};
                             }};
  constexpr Composite kWide{"wide", [](std::span<const Tensor> x, const Settings&) -> std::vector<Tensor> {
                              return {sum(unsqueeze(unsqueeze(unsqueeze(x[0], -1), -1), -1) * x[1])};
                            }};
  const Tensor x = full({2, 3, 4, 5}, 1.), y = full({2, 3, 2}, 2.);
  for (const Composite* composite : {&kOuter, &kWide})
    EXPECT_EQ(detail::apply_composite(*composite, {x, y}).item(), 2880) << composite->name;
}

// What looks like 8 at two samples is 5 here; and a value that no gradient reaches is one that none reaches by
// operation.
TEST(RandomComposites, AreCheckedAtTheSizesOfTheCall) {
  constexpr Composite kCut{"cut", [](std::span<const Tensor> x, const Settings&) -> std::vector<Tensor> {
                             return {x[0] / static_cast<double>(std::min<int64_t>(x[0].size(0), 8))};
                           }};
  EXPECT_EQ(detail::apply_composite(kCut, {full({100}, 40.)}).max().item(), 5);
  EXPECT_EQ(detail::apply_composite(kCut, {full({5}, 40.)}).max().item(), 8);
  EXPECT_EQ(detail::apply_composite(kCut, {full({16}, 40.)}).max().item(), 5);
}

}  // namespace
}  // namespace sinter
