// C++ numbers as arguments: exact to the last bit where the type holds them, of PyTorch's types where they are mixed
// with tensors, the same in both engines. Numbers that do not fit are refused (refusals_*_test.cc).
#include <gmock/gmock.h>

#include <limits>

#include "sinter/sinter.h"
#include "tests/frontend/compare.h"

namespace sinter {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max(), kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kOdd = (int64_t{1} << 53) + 1;  // no double

struct Expected {
  const char* name;
  std::function<Tensor(const Tensor&)> f;
  DType dtype = kInt64;
  std::vector<int64_t> values;  // of x = {-3, 0, 2, most - 1}
};

TEST(Numbers, WholeOnesAreExact) {
  const Tensor x = tensor({int64_t{-3}, int64_t{0}, int64_t{2}, kMost - 1});
  const std::vector<Expected> all{
      {"clamp above", [](const Tensor& t) { return clamp(t, {}, kMost - 2); }, kInt64, {-3, 0, 2, kMost - 2}},
      {"clamp below",
       [](const Tensor& t) { return clamp(t, kMost - 3); },
       kInt64,
       {kMost - 3, kMost - 3, kMost - 3, kMost - 1}},
      {"clamp both", [](const Tensor& t) { return clamp(t, kLeast, kOdd); }, kInt64, {-3, 0, 2, kOdd}},
      {"clamp uint64",
       [](const Tensor& t) { return clamp(t, 0, static_cast<uint64_t>(kMost)); },
       kInt64,
       {0, 0, 2, kMost - 1}},
      {"add",
       [](const Tensor& t) { return t + kOdd; },
       kInt64,
       {kOdd - 3, kOdd, kOdd + 2,
        static_cast<int64_t>(static_cast<uint64_t>(kMost - 1) + static_cast<uint64_t>(kOdd))}},
      {"mul", [](const Tensor& t) { return t.slice(0, 0, 3) * kOdd; }, kInt64, {-3 * kOdd, 0, 2 * kOdd}},
      {"sub from", [](const Tensor& t) { return kOdd - t.slice(0, 0, 3); }, kInt64, {kOdd + 3, kOdd, kOdd - 2}},
      {"eq", [](const Tensor& t) { return t + 1 == kMost; }, kBool, {0, 0, 0, 1}},
      {"lt", [](const Tensor& t) { return t < kMost - 1; }, kBool, {1, 1, 1, 0}},
      {"where", [](const Tensor& t) { return where(t > 0, kOdd, t); }, kInt64, {-3, 0, kOdd, kOdd}},
      {"maximum", [](const Tensor& t) { return maximum(t, kOdd); }, kInt64, {kOdd, kOdd, kOdd, kMost - 1}},
      {"full", [](const Tensor& t) { return full({2}, kOdd) + t[1]; }, kInt64, {kOdd, kOdd}},
      {"full of a cast",
       [](const Tensor& t) { return full({1}, kMost, {.dtype = kInt64}) - t[2]; },
       kInt64,
       {kMost - 2}},
      {"arange", [](const Tensor& t) { return arange(kOdd, kOdd + 5, 2) + t[1]; }, kInt64, {kOdd, kOdd + 2, kOdd + 4}},
      {"tensor", [](const Tensor& t) { return tensor({kOdd, kMost}) - t[1]; }, kInt64, {kOdd, kMost}},
  };
  for (const Expected& each : all) {
    const Tensor found = each.f(x);
    EXPECT_EQ(found.dtype(), each.dtype) << each.name;
    EXPECT_EQ(found.to_vector<int64_t>(), each.values) << each.name;
    EXPECT_TRUE(same_bits(jit(each.f)(x), found)) << each.name;
  }
}

// Types and values of PyTorch 2.15.
TEST(Numbers, MixedWithIntegersFollowPyTorch) {
  const Tensor x = tensor({1, 2, 3}), scalar = tensor(2), flags = tensor({true, false});
  struct Mixed {
    const char* name;
    std::function<Tensor(const std::vector<Tensor>&)> f;
    DType dtype;
    std::vector<double> values;
  };
  const std::vector<Mixed> all{
      {"x + 0.5", [](auto& t) { return t[0] + 0.5; }, kFloat32, {1.5, 2.5, 3.5}},
      {"x + 1.", [](auto& t) { return t[0] + 1.; }, kFloat32, {2, 3, 4}},
      {"x * true", [](auto& t) { return t[0] * true; }, kInt64, {1, 2, 3}},
      {"x / 2", [](auto& t) { return t[0] / 2; }, kFloat32, {0.5, 1, 1.5}},
      {"x < 2.5", [](auto& t) { return t[0] < 2.5; }, kBool, {1, 1, 0}},
      {"x == 2.", [](auto& t) { return t[0] == 2.; }, kBool, {0, 1, 0}},
      {"x > 1e300", [](auto& t) { return t[0] > 1e300; }, kBool, {0, 0, 0}},
      {"x >= -infinity", [](auto& t) { return t[0] >= -std::numeric_limits<double>::infinity(); }, kBool, {1, 1, 1}},
      {"scalar + 0.5", [](auto& t) { return t[1] + 0.5; }, kFloat32, {2.5}},
      {"flags + 1", [](auto& t) { return t[2] + 1; }, kInt64, {2, 1}},
      {"flags + 0.5", [](auto& t) { return t[2] + 0.5; }, kFloat32, {1.5, 0.5}},
      {"clamp to 1.5", [](auto& t) { return clamp(t[0], 1.5); }, kFloat32, {1.5, 2, 3}},
      {"clamp to 2.", [](auto& t) { return clamp(t[0], {}, 2.); }, kFloat32, {1, 2, 2}},
      {"clamp to 2", [](auto& t) { return clamp(t[0], {}, 2); }, kInt64, {1, 2, 2}},
      {"clamp from -infinity",
       [](auto& t) { return clamp(t[0], -std::numeric_limits<double>::infinity(), 2); },
       kFloat32,
       {1, 2, 2}},
      {"where", [](auto& t) { return where(t[0] > 1, 0.5, t[0]); }, kFloat32, {1, 0.5, 0.5}},
  };
  const std::vector<Tensor> inputs{x, scalar, flags};
  for (const Mixed& each : all) {
    const Tensor found = each.f(inputs);
    EXPECT_EQ(found.dtype(), each.dtype) << each.name;
    EXPECT_EQ(found.to_vector<double>(), each.values) << each.name;
    EXPECT_TRUE(same_bits(jit(each.f)(inputs), found)) << each.name;
  }
}

TEST(Numbers, AnIndexBeyondInt64IsNoNegativeOne) {
  EXPECT_THROW((void)ones({3})[std::numeric_limits<uint64_t>::max()], ValueError);
  EXPECT_THROW((void)ones(std::numeric_limits<uint64_t>::max()), ValueError);
  EXPECT_THROW((void)ones({6}).reshape(std::numeric_limits<uint64_t>::max()), ValueError);
}

}  // namespace
}  // namespace sinter
