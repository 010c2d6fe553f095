// Tracing: equal bits in both engines, signatures, cells as state, errors that undo.
#include <gmock/gmock.h>

#include <thread>

#include "tests/frontend/compare.h"

namespace sinter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <class E, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Jit, SameBitsAsTheDynamicEngine) {
  manual_seed(5);
  for (const Case& test : cases()) {
    const std::vector<Tensor> inputs = test.inputs();
    const auto compiled = jit(test.f);
    EXPECT_TRUE(same_bits(compiled(inputs), test.f(inputs))) << test.name;
    std::vector<Tensor> narrow;
    for (const Tensor& x : inputs) narrow.push_back(x.to(kFloat32));
    EXPECT_TRUE(same_bits(compiled(narrow), test.f(narrow))) << test.name << " in float32";
  }
}

TEST(Jit, SameBitsOfGradients) {
  manual_seed(6);
  for (const Case& test : cases()) {
    const std::vector<Tensor> inputs = test.inputs();
    const auto gradients_of = [&](const std::vector<Tensor>& x) {
      std::vector<Tensor> leaves;
      for (const Tensor& input : x) leaves.push_back(input.clone().requires_grad_());
      test.f(leaves).sum().backward();
      std::vector<Tensor> found;
      for (const Tensor& leaf : leaves) found.push_back(leaf.grad());
      return found;
    };
    const std::vector<Tensor> dynamic = gradients_of(inputs), compiled = jit(gradients_of)(inputs);
    for (size_t i = 0; i < inputs.size(); ++i)
      EXPECT_TRUE(same_bits(dynamic[i], compiled[i])) << test.name << ", input " << i;
  }
}

TEST(Jit, KeepsTheSignaturesUsedLast) {
  const auto f = jit([](const Tensor& x) { return x.sum(); }, {.cache_size_limit = 2});
  const auto call = [&](int64_t size) { EXPECT_EQ(f(ones({size})).item(), static_cast<double>(size)); };
  call(1);
  call(2);
  call(1);
  testing::internal::CaptureStderr();
  call(3);  // takes the place of 2
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::AllOf(HasSubstr("cache_size_limit"), HasSubstr("2 signatures")));
  EXPECT_EQ(f.stats().compilations, 3u);
  call(1);
  call(3);
  EXPECT_EQ(f.stats().compilations, 3u);
  EXPECT_EQ(f.stats().dropped, 1u);
  call(2);  // takes the place of 1
  call(3);
  EXPECT_EQ(f.stats().compilations, 4u);
  EXPECT_EQ(f.graphs().size(), 2u);
  EXPECT_THAT(f.graphs()[0], HasSubstr("f32[3]"));
  EXPECT_THAT(f.graphs()[1], HasSubstr("f32[2]"));
  EXPECT_EQ(f.stats().explanations.size(), 3u);
}

TEST(Jit, KeepsOneSignatureAtLeast) {
  const auto f = jit([](const Tensor& x) { return x + 1; }, {.cache_size_limit = 0});
  EXPECT_EQ(f(tensor(1.)).item(), 2);
  EXPECT_EQ(f(tensor(2.)).item(), 3);
  EXPECT_EQ(f.stats().compilations, 1u);
}

TEST(Jit, FindsOneOfManySignatures) {
  const auto f = jit([](const Tensor& x, Static<int64_t> n) { return x * n.value; });
  for (int round = 0; round < 2; ++round)
    for (int64_t i = 0; i < 30; ++i) {
      EXPECT_EQ(f(tensor(3.), Static<int64_t>(i)).item(), static_cast<double>(3 * i));
      EXPECT_EQ(f(tensor({3.}), Static<int64_t>(i)).dim(), 1);
    }
  EXPECT_EQ(f.stats().compilations, 60u);
  EXPECT_EQ(f.stats().dropped, 0u);
}

TEST(Jit, OneCompilationPerSignature) {
  const auto f = jit([](const Tensor& x) { return x * 2; });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(f(tensor({1., 2.})).sum().item(), 6);
  EXPECT_EQ(f.stats().compilations, 1u);
  (void)f(tensor({1., 2., 3.}));
  (void)f(tensor({1, 2}));
  EXPECT_EQ(f.stats().compilations, 3u);
  EXPECT_THAT(f.stats().explanations[0], HasSubstr("float32[3]"));
}

TEST(Jit, ResultsMayBeConstantsOrArguments) {
  const Tensor captured = tensor({5., 6.});
  const auto f = jit([&](const Tensor& x) {
    return std::tuple{cat({zeros({2}), ones({1})}), x, x.reshape({1, 2}), captured, captured * 2, ones({2}).sum()};
  });
  for (int i = 0; i < 2; ++i) {
    const auto [joined, same, shaped, fixed, doubled, number] = f(tensor({1., 2.}));
    EXPECT_THAT(joined.to_vector<float>(), ElementsAre(0, 0, 1));
    EXPECT_THAT(same.to_vector<float>(), ElementsAre(1, 2));
    EXPECT_THAT(shaped.to_vector<float>(), ElementsAre(1, 2));
    EXPECT_THAT(fixed.to_vector<float>(), ElementsAre(5, 6));
    EXPECT_THAT(doubled.to_vector<float>(), ElementsAre(10, 12));
    EXPECT_EQ(number.item(), 2);
  }
}

struct Pair {
  Tensor low, high;
};
TEST(Jit, ArgumentsAndResultsMayBeAggregates) {
  const auto f =
      jit([](const std::pair<Tensor, Tensor>& p, const std::array<Tensor, 2>& a, const Pair& s, Static<int> times) {
        const Tensor total = p.first + p.second + a[0] + a[1] + s.low + s.high;
        return std::tuple{total * static_cast<int>(times), Pair{s.high, total}, std::vector{total, s.low}};
      });
  const Tensor one = tensor({1.});
  const auto [product, pair, list] = f(std::pair{one, one}, std::array{one, one}, Pair{one, one + 1}, Static(3));
  EXPECT_EQ(product.item(), 21);
  EXPECT_EQ(pair.low.item(), 2);
  EXPECT_EQ(pair.high.item(), 7);
  EXPECT_EQ(list[1].item(), 1);
  EXPECT_EQ(std::get<0>(f(std::pair{one, one}, std::array{one, one}, Pair{one, one}, Static(2))).item(), 12);
  EXPECT_EQ(f.stats().compilations, 2u);
}

TEST(Jit, CellsAreState) {
  const Tensor counter = variable(tensor({0., 0.}), "counter"), rate = variable(tensor(1.), "rate");
  const auto step = jit([&](const Tensor& x) {
    counter.set(counter + x * rate);
    return counter * 10;
  });
  const Tensor x = tensor({1., 2.});
  EXPECT_THAT(step(x).to_vector<float>(), ElementsAre(10, 20));
  const Tensor kept = counter.detach();
  EXPECT_THAT(step(x).to_vector<float>(), ElementsAre(20, 40));
  EXPECT_THAT(kept.to_vector<float>(), ElementsAre(1, 2));  // shared memory was copied, not overwritten
  rate.set(tensor(0.5));
  (void)step(x);
  EXPECT_THAT(counter.to_vector<float>(), ElementsAre(2.5, 5));
  EXPECT_EQ(step.stats().compilations, 1u);
}

TEST(Jit, CompilesWithoutRunning) {
  const Tensor counter = variable(tensor({0., 0.}), "counter"), rate = variable(tensor(1.), "rate");
  const auto step = jit([&](const Tensor& x) {
    counter.set(counter + x * rate);
    return counter * 10;
  });
  const Tensor x = tensor({1., 2.});
  step.compile(x);
  EXPECT_THAT(counter.to_vector<float>(), ElementsAre(0, 0));
  EXPECT_THAT(step(x).to_vector<float>(), ElementsAre(10, 20));
  EXPECT_EQ(step.stats().compilations, 1u);
  const std::vector<Tensor> cells = step.cells();
  ASSERT_EQ(cells.size(), 2u);
  cells[0].set(tensor({7., 7.}));  // they are the cells themselves
  EXPECT_THAT(counter.to_vector<float>(), ElementsAre(7, 7));
}

TEST(Jit, StatsSayWhatTheProgramIs) {
  const auto f = jit([](const Tensor& x) { return (x * 2 + 1).relu().sum(1); });
  (void)f(ones({8, 16}));
  const JitStats stats = f.stats();
  EXPECT_GE(stats.operations, 4u);
  if (stats.code.kernels == 0) GTEST_SKIP() << "the reference interpreter has no kernels";
  EXPECT_EQ(stats.code.kernels, 1u);
  EXPECT_EQ(stats.code.launches, 1u);
  EXPECT_EQ(stats.code.barriers, 0u);
  EXPECT_EQ(stats.code.bytes_moved, (8u * 16 + 8) * 4);
}

// exp(3 x) is the dearer one to keep until its sum is known; it must not lie where softmax(x) is stored before.
TEST(Jit, KeptValuesAreReadBeforeTheirPlaceIsWritten) {
  manual_seed(1);
  const Tensor x = randn({2, 50});
  const auto both = [](const Tensor& a) { return std::pair(softmax(a, 1), softmax(a * 3, 1)); };
  const auto [first, second] = jit(both)(x);
  EXPECT_TRUE(same_bits(first, both(x).first));
  EXPECT_TRUE(same_bits(second, both(x).second));
}

TEST(Jit, DynamicExecutionIsCounted) {
  const Tensor x = ones({8, 16});
  const DynamicCounters before = dynamic_counters();
  (void)(x * x).t();
  const DynamicCounters after = dynamic_counters();
  EXPECT_EQ(after.operations - before.operations, 2);
  EXPECT_EQ(after.kernels - before.kernels, 1);
  EXPECT_EQ(after.bytes_moved - before.bytes_moved, 3 * 8 * 16 * 4);
}

TEST(Jit, RandomStreamsGoOn) {
  const auto draw = [] { return rand({4}); };
  manual_seed(1);
  const Tensor a = draw(), b = draw();
  manual_seed(1);
  const auto compiled = jit(draw);
  EXPECT_TRUE(same_bits(compiled(), a));
  EXPECT_TRUE(same_bits(compiled(), b));
}

TEST(Jit, AnExceptionLeavesCellsAsTheyWere) {
  const Tensor cell = variable(tensor({1., 2.}));
  bool fail = true;
  const auto step = jit([&](const Tensor& x) {
    cell.set(cell + x);
    cell.set(cell * 2);
    if (fail) throw std::runtime_error("in the middle");
    return cell.sum();
  });
  EXPECT_THROW((void)step(tensor({1., 1.})), std::runtime_error);
  EXPECT_THAT(cell.to_vector<float>(), ElementsAre(1, 2));
  fail = false;
  EXPECT_EQ(step(tensor({1., 1.})).item(), 10);
  EXPECT_THAT(cell.to_vector<float>(), ElementsAre(4, 6));
}

TEST(Jit, DataOfTracedTensorsIsAnError) {
  constexpr int kLine = __LINE__ + 1;
  const auto choose = [](const Tensor& x) { return x > 0 ? pow(x, 2) : pow(x, 3); };
  EXPECT_EQ(choose(tensor(-2.)).item(), -8);
  const std::string text = message_of<GraphError>([&] { (void)jit(choose)(tensor(2.)); });
  EXPECT_THAT(text, HasSubstr("where("));
  EXPECT_THAT(text, HasSubstr(fmt::format("jit_test.cc:{}\n", kLine)));
  EXPECT_EQ(jit([](const Tensor& x) { return where(x > 0, pow(x, 2), pow(x, 3)); })(tensor(-2.)).item(), -8);
  EXPECT_THAT(message_of<GraphError>([] { (void)jit([](const Tensor& x) { return x * x.item(); })(tensor(2.)); }),
              HasSubstr("item"));
  Tensor escaped;
  (void)jit([&](const Tensor& x) { return escaped = x + 1; })(tensor(2.));
  EXPECT_THAT(message_of<GraphError>([&] { (void)(escaped + 1); }), HasSubstr("return it"));
}

TEST(Jit, GradientsAreKeptOnRequest) {
  const Tensor w = tensor({1., 2.}, {.requires_grad = true});
  const auto body = [&] {
    w.zero_grad();
    const Tensor loss = (w * w).sum();
    loss.backward();
    return loss;
  };
  const auto dropped = jit(body);
  EXPECT_EQ(dropped().item(), 5);
  EXPECT_THAT(message_of<GraphError>([&] { (void)w.grad(); }), HasSubstr("keep_grads"));
  const auto kept = jit(body, {.keep_grads = true});
  (void)kept();
  EXPECT_THAT(w.grad().to_vector<float>(), ElementsAre(2, 4));
  const auto adds = jit([&] { (w * w).sum().backward(); });
  w.zero_grad();
  EXPECT_THAT(message_of<GraphError>([&] { adds(); }), HasSubstr("zero_grad"));
  const auto gathers = jit([&] { (w * w).sum().backward(); }, {.keep_grads = true});
  gathers();
  gathers();
  EXPECT_THAT(w.grad().to_vector<float>(), ElementsAre(4, 8));
}

TEST(Jit, BackwardTwiceIsAnErrorHereToo) {
  const Tensor w = tensor(3., {.requires_grad = true});
  const auto twice = jit([&] {
    w.zero_grad();
    const Tensor loss = w * w;
    loss.backward();
    loss.backward();
  });
  EXPECT_THAT(message_of<GraphError>([&] { twice(); }), HasSubstr("retain_graph"));
}

TEST(Jit, SettingsReadAreGuards) {
  Switch training = true;
  const auto f = jit([&](const Tensor& x) { return training ? x * 2 : x * 3; });
  EXPECT_EQ(f(tensor(1.)).item(), 2);
  training = false;
  EXPECT_EQ(f(tensor(1.)).item(), 3);
  training = true;
  EXPECT_EQ(f(tensor(1.)).item(), 2);
  EXPECT_EQ(f.stats().compilations, 2u);
}

TEST(Jit, NestsAndComposesWithGrad) {
  const auto inner = jit([](const Tensor& x) { return (x * x * x).sum(); });
  EXPECT_EQ(jit([&](const Tensor& x) { return inner(x) + 1; })(tensor({2.})).item(), 9);
  const auto f = [](const Tensor& x) { return (x * x * x).sum(); };
  EXPECT_EQ(jit(grad(f))(tensor(2.)).item(), 12);
  EXPECT_EQ(jit(grad(grad(f)))(tensor(2.)).item(), 12);
}

TEST(Jit, RecycledResultsAreNotThoseStillHeld) {
  const auto f = jit([](const Tensor& x) { return x + 1; });
  const Tensor first = f(tensor({1.})), second = f(tensor({2.}));
  const Tensor view = f(tensor({3.})).reshape({1, 1});
  (void)f(tensor({4.}));
  EXPECT_EQ(first.item() * 100 + second.item() * 10 + view.item(), 234);
}

TEST(Jit, CallsFromSeveralThreads) {
  const Tensor counter = variable(tensor({0.}));
  const auto step = jit([&](const Tensor& x) {
    counter.set(counter + x);
    return x * 3;
  });
  (void)step(tensor({0.}));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) EXPECT_EQ(step(tensor({static_cast<float>(t)})).item(), 3 * t);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.item(), 50 * (0 + 1 + 2 + 3));
}

}  // namespace
}  // namespace sinter
