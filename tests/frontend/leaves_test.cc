// Leaves, versions of cells, and where gradients end (docs/autograd.md): each program runs in both engines, which must
// agree in every result, cell, gradient and error.
#include <gmock/gmock.h>

#include <functional>

#include "tests/frontend/compare.h"

namespace sinter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// What a program works on: a leaf, a cell without gradients, and an argument.
struct World {
  Tensor c = tensor({1., 2.}, {.requires_grad = true}), v = variable(tensor({2., 7.}));
  Tensor x = tensor({3., 5.});
};
using Program = std::function<Tensor(Tensor c, Tensor v, const Tensor& x)>;

struct Row {
  const char* name;
  Program program;
  std::vector<float> expected;  // of the first call's result; empty: an error, in both
};

std::string outcome(const std::function<Tensor()>& call, Tensor& result) {
  try {
    result = call();
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

void expect_engines_agree(const Row& row) {
  World dynamic, compiled;
  const auto jitted =
      jit([&](const Tensor& x) { return row.program(compiled.c, compiled.v, x); }, {.keep_grads = true});
  for (int call = 0; call < 3; ++call) {
    Tensor a, b;
    const std::string first = outcome([&] { return row.program(dynamic.c, dynamic.v, dynamic.x).detach(); }, a);
    const std::string second = outcome([&] { return jitted(compiled.x).detach(); }, b);
    EXPECT_EQ(first, second) << row.name << ", call " << call;
    EXPECT_EQ(first.empty(), !row.expected.empty()) << row.name << ": " << first;
    if (!first.empty()) return;  // a call of a jitted function that fails changes nothing
    if (a.defined() && b.defined()) {
      EXPECT_TRUE(same_bits(a, b)) << row.name << ", call " << call << ": " << a << " and " << b;
      if (call == 0) {
        EXPECT_EQ(a.to_vector<float>(), row.expected) << row.name;
      }
    }
    const auto expect_same = [&](const Tensor& d, const Tensor& s, const char* what) {
      ASSERT_EQ(d.defined(), s.defined()) << row.name << ": " << what;
      if (d.defined()) {
        EXPECT_TRUE(same_bits(d.detach(), s.detach())) << row.name << ": " << what << d << s;
      }
    };
    expect_same(dynamic.c, compiled.c, "the leaf");
    expect_same(dynamic.v, compiled.v, "the cell");
    expect_same(dynamic.c.grad(), compiled.c.grad(), "the gradient");
    EXPECT_EQ(dynamic.c.requires_grad(), compiled.c.requires_grad()) << row.name;
  }
}

// One gradient of the sum of a tensor.
Tensor slope(const Tensor& of, const Tensor& by, BackwardOptions options = {}) {
  return gradients(of.sum(), std::array{by}, options)[0];
}
Tensor leaf_of(const Tensor& x) { return x.detach().requires_grad_(); }

// A value that was written into a leaf and the leaf are two things.
TEST(Leaves, VersionsAndTheValuesWritten) {
  const BackwardOptions again{.create_graph = true};
  const std::vector<Row> rows{
      {"the argument set, then used",
       [](Tensor c, Tensor, const Tensor& x) {
         Tensor y = x * c;
         c.set(x);
         (y * x).sum().backward();
         return c.grad();
       },
       {9, 25}},
      {"set first, then both read",
       [](Tensor c, Tensor, const Tensor& x) {
         Tensor h = x * 2;
         c.set(h);
         (c * h).sum().backward();
         return c.grad();
       },
       {6, 10}},
      {"a value written, gradients",
       [=](Tensor c, Tensor, const Tensor& x) {
         Tensor h = x * 2, y = h * c;
         c.set(h);
         return slope(y * h, c, again);
       },
       {36, 100}},
      {"second order after a write",
       [=](Tensor c, Tensor, const Tensor& x) {
         Tensor h = x * 2;
         c.set(h);
         return slope(slope(c * c * h, c, again), c);
       },
       {12, 20}},
      {"reads around a write",
       [](Tensor c, Tensor, const Tensor& x) {
         Tensor a = c * x;
         c.set((c * 3).detach());
         (a * (c * x)).sum().backward();
         return c.grad();
       },
       {36, 200}},
      {"reads around a write, gradients",
       [](Tensor c, Tensor, const Tensor& x) {
         Tensor a = c * x;
         c.set((c * 3).detach());
         return slope(a * (c * x), c);
       },
       {36, 200}},
      {"read, written, gradients",
       [=](Tensor c, Tensor, const Tensor& x) {
         Tensor a = c * c * x;
         c.set(x);
         return slope(a, c, again);
       },
       {6, 20}},
      {"weights clamped and used",
       [](Tensor c, Tensor, const Tensor& x) {
         const Tensor q = no_grad([&] { return clamp(c, -1., 1.5); });
         c.set(q);
         (c * x * q).sum().backward();
         return c.grad();
       },
       {3, 7.5}},
      {"an old value set back",
       [](Tensor c, Tensor, const Tensor& x) {
         Tensor old = c.detach();
         c.set((c + 1.0).detach());
         Tensor l = (c * c * x).sum();
         c.set(old);
         (l + (old * c * x).sum()).backward();
         return c.grad();
       },
       {15, 40}},
      {"four versions of a leaf, sums that round",
       [](Tensor c, Tensor, const Tensor& x) {
         Tensor l = (c * 0.1).sum();
         for (int i = 1; i < 5; ++i) {
           c.set((c * 1.1 + 0.3).detach());
           l = l + (c * c * (x / (3 * i))).sum() + (c / 7).sum();
         }
         l.backward();
         return c.grad() * 0;
       },
       {0, 0}},
      {"written and read under no_grad",
       [](Tensor c, Tensor, const Tensor& x) {
         no_grad([&] { c.set(c * 2); });
         const Tensor held = no_grad([&] { return c * x; });
         (c * held).sum().backward();
         return c.grad();
       },
       {6, 20}},
      {"a leaf written into a cell",
       [](Tensor c, Tensor v, const Tensor& x) {
         v.set(c * x);
         (v * c).sum().backward();
         return c.grad();
       },
       {3, 10}},
      {"one leaf set to another",
       [](Tensor c, Tensor, const Tensor& x) {
         Tensor d = leaf_of(x);
         c.set(d);
         (c * c * d).sum().backward();
         return c.grad() * 100 + d.grad();
       },
       {1809, 5025}},
  };
  for (const Row& row : rows) expect_engines_agree(row);
}

TEST(Leaves, MadeInsideAreNewAtEveryCall) {
  const std::vector<Row> rows{
      {"a leaf of numbers",
       [](Tensor, Tensor, const Tensor& x) {
         Tensor t = tensor({1., 2.}, {.requires_grad = true});
         (t * x).sum().backward();
         return t.grad();
       },
       {3, 5}},
      {"zeros",
       [](Tensor, Tensor, const Tensor& x) {
         Tensor t = zeros({2}, {.requires_grad = true});
         t.set(t + x);
         (t * t).sum().backward();
         return t.grad();
       },
       {6, 10}},
      {"a cell without gradients",
       [](Tensor, Tensor, const Tensor& x) {
         Tensor t = variable(x * 2);
         t.set(t + 1);
         return t * 1;
       },
       {7, 11}},
      {"two leaves of one value",
       [](Tensor, Tensor, const Tensor& x) {
         Tensor a = leaf_of(x), b = leaf_of(x);
         (a * a * b).sum().backward();
         return a.grad() * 100 + b.grad();
       },
       {1809, 5025}},
      {"a leaf and its source",
       [](Tensor, Tensor, const Tensor& x) {
         Tensor h = x * 2, a = leaf_of(h);
         (a * h).sum().backward();
         return a.grad();
       },
       {6, 10}},
      {"requires_grad_ changes the handle alone",
       [](Tensor, Tensor, const Tensor& x) {
         Tensor a = x, b = x;
         a.requires_grad_();
         (a * b).sum().backward();
         return a.grad() + (b.requires_grad() ? 100 : 0);
       },
       {3, 5}},
      {"descent on a leaf",
       [](Tensor, Tensor, const Tensor& x) {
         Tensor a = leaf_of(x);
         for (int i = 0; i < 3; ++i) {
           a.zero_grad();
           (a * a).sum().backward();
           a.set((a - a.grad() * 0.5).detach());
         }
         return a.detach();
       },
       {0, 0}},
      {"requires_grad_ of what was computed",
       [](Tensor c, Tensor, const Tensor& x) {
         Tensor h = c * x;
         h.requires_grad_();
         (h * h).sum().backward();
         return c.grad() + (h.grad().defined() ? 1000 : 0);
       },
       {18, 100}},
      {"flags",
       [](Tensor c, Tensor v, const Tensor& x) {
         const Tensor h = c * x, l = leaf_of(x);
         float bits = 0;
         for (const bool flag : {c.is_leaf(), v.is_leaf(), x.is_leaf(), h.is_leaf(), l.is_leaf(), c.requires_grad(),
                                 v.requires_grad(), h.requires_grad(), h.detach().requires_grad(), l.requires_grad(),
                                 c.is_cell(), l.is_cell(), variable(x).is_cell()})
           bits = bits * 2 + static_cast<float>(flag);
         return tensor({bits});
       },
       {0b1110110101111}},
  };
  for (const Row& row : rows) expect_engines_agree(row);
}

TEST(Leaves, RequiresGradMayChangeInside) {
  const std::vector<Row> rows{
      {"frozen for a while",
       [](Tensor c, Tensor, const Tensor& x) {
         Tensor a = c * x;
         c.requires_grad_(false);
         Tensor b = c * x;
         c.requires_grad_(true);
         (a * b * c).sum().backward();
         return c.grad();
       },
       {18, 200}},
      {"a cell becomes a leaf",
       [](Tensor, Tensor v, const Tensor& x) {
         const Tensor before = v * 1;
         v.requires_grad_(true);
         (v * v * x * before).sum().backward();
         Tensor g = v.grad();
         v.zero_grad();
         v.requires_grad_(false);
         return g;
       },
       {24, 490}},
  };
  for (const Row& row : rows) expect_engines_agree(row);
}

TEST(Leaves, GradientsAndWhatTheyRefuse) {
  const BackwardOptions again{.create_graph = true};
  const std::vector<Row> rows{
      {"a plain argument", [](Tensor c, Tensor, const Tensor& x) { return slope(c * x, x); }, {}},
      {"a cell without gradients", [](Tensor c, Tensor v, const Tensor& x) { return slope(c * v * x, v); }, {}},
      {"a target twice",
       [](Tensor c, Tensor, const Tensor& x) {
         const auto g = gradients((c * c * x).sum(), std::vector{c, c});
         return g[0] + 100 * g[1];
       },
       {606, 2020}},
      {"of itself",
       [](Tensor c, Tensor, const Tensor& x) {
         Tensor l = (c * x).sum();
         return gradients(l, std::array{l})[0];
       },
       {1}},
      {"what it does not depend on",
       [](Tensor c, Tensor, const Tensor& x) { return tensor(slope(c * 2, c * x).defined() ? 1. : 2.); },
       {2}},
      {"a gradient that depends on nothing",
       [=](Tensor c, Tensor, const Tensor& x) {
         slope(c * x, c, again).sum().backward();
         return c.grad();
       },
       {}},
      {"twice without retaining",
       [](Tensor c, Tensor, const Tensor& x) {
         Tensor l = (c * c * x).sum();
         l.backward();
         l.backward();
         return c.grad();
       },
       {}},
      {"a part of a released graph",
       [](Tensor c, Tensor, const Tensor& x) {
         Tensor h = sin(c * x);
         h.sum().backward();
         (h * h).sum().backward();
         return c.grad();
       },
       {}},
      {"a graph that saved nothing, twice",
       [](Tensor c, Tensor, const Tensor& x) {
         Tensor l = (c + x).sum();
         l.backward();
         l.backward();
         return c.grad();
       },
       {2, 2}},
      {"twice, retained",
       [](Tensor c, Tensor, const Tensor& x) {
         Tensor l = (c * c * x).sum();
         l.backward({.retain_graph = true});
         l.backward();
         return c.grad();
       },
       {12, 40}},
      {"gradients release as backward does",
       [](Tensor c, Tensor, const Tensor& x) {
         Tensor l = (c * c * x).sum();
         return slope(l, c) + slope(l, c);
       },
       {}},
      {"a gradient's gradient by backward",
       [=](Tensor c, Tensor, const Tensor& x) {
         (c * c * c * x).sum().backward(again);
         Tensor g = c.grad();
         c.zero_grad();
         (g * g).sum().backward();
         return c.grad();
       },
       {324, 7200}},
      {"nothing requires a gradient",
       [](Tensor, Tensor, const Tensor& x) {
         x.sum().backward();
         return x;
       },
       {}},
      {"a cell as the seed",
       [=](Tensor c, Tensor v, const Tensor& x) {
         (c * x).backward(v, again);
         Tensor g = c.grad();
         v.set(x);
         return g;
       },
       {6, 35}},
      {"a leaf as the seed of itself",
       [=](Tensor c, Tensor, const Tensor&) {
         c.backward(c, again);
         Tensor g = c.grad();
         c.zero_grad();
         (g * g).sum().backward();
         return c.grad();
       },
       {2, 4}},
      {"zero_grad on a value",
       [](Tensor, Tensor, const Tensor& x) {
         x.zero_grad();
         return x;
       },
       {3, 5}},
      {"set_grad on a value",
       [](Tensor, Tensor, const Tensor& x) {
         (x * 2).set_grad(x);
         return x;
       },
       {}},
      {"set_grad of what is recorded",
       [](Tensor c, Tensor, const Tensor& x) {
         c.set_grad(c * x);
         (c.grad() * c).sum().backward();
         return c.grad();
       },
       {6, 20}},
  };
  for (const Row& row : rows) expect_engines_agree(row);
}

TEST(Leaves, ReturnedOnesBelongToTheCaller) {
  const auto f = jit(
      [](const Tensor& x) {
        Tensor t = leaf_of(x * 2);
        (t * t).sum().backward();
        return std::pair(t, t);
      },
      {.keep_grads = true});
  const auto [a, same] = f(tensor({1., 2.}));
  const auto [b, other] = f(tensor({5., 6.}));
  EXPECT_TRUE(a.is_leaf() && a.requires_grad() && a.is_cell());
  EXPECT_THAT(a.to_vector<float>(), ElementsAre(2, 4));
  EXPECT_THAT(a.grad().to_vector<float>(), ElementsAre(4, 8));
  EXPECT_THAT(b.to_vector<float>(), ElementsAre(10, 12));
  (a * 3).sum().backward();
  EXPECT_THAT(same.grad().to_vector<float>(), ElementsAre(7, 11));
  same.set(other.detach());
  EXPECT_THAT(a.to_vector<float>(), ElementsAre(10, 12));
}

TEST(Leaves, EndWithTheirTrace) {
  Tensor kept;
  const auto f = jit([&](const Tensor& x) {
    kept = leaf_of(x);
    return x + 1;
  });
  (void)f(tensor({1.}));
  const auto message = [&](auto&& use) {
    try {
      use();
      return std::string("no error");
    } catch (const GraphError& error) {
      return std::string(error.what());
    }
  };
  EXPECT_THAT(message([&] { (void)(kept + 1); }), HasSubstr("return it from the jitted function"));
  EXPECT_THAT(message([&] { (void)kept.to_vector<float>(); }), HasSubstr("return it from the jitted function"));
  EXPECT_THAT(message([&] { (void)jit([&](const Tensor& x) { return x + kept; })(tensor({1.})); }),
              HasSubstr("return it from the jitted function"));
}

}  // namespace
}  // namespace sinter
