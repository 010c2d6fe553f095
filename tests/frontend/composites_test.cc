// Composites as fused calls of the dynamic engine: the bits of execution operation by operation, and of the static
// engine, forward and backward, whatever the operands; and how few kernels it takes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "driver/compile.h"
#include "frontend/composite.h"
#include "support/options.h"
#include "tests/frontend/compare.h"

namespace sinter {
namespace {

using testing::HasSubstr;

bool on_reference() { return options().isa == "reference"; }

// One kind of call.
struct Call {
  std::string name;
  std::vector<Sizes> shapes;
  Function f;
};

Tensor labels_for(const Tensor& logits) {
  const int64_t rows = logits.size(0), classes = logits.size(1);
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < rows; ++i) labels.push_back(i * 7 % classes);
  return tensor(labels);
}

std::vector<Call> calls() {
  std::vector<Call> all;
  const auto along = [&](const Sizes& shape, int64_t axis) {
    all.push_back(
        {fmt::format("softmax {} {}", to_string(shape), axis), {shape}, [=](auto& x) { return softmax(x[0], axis); }});
    all.push_back({fmt::format("log_softmax {} {}", to_string(shape), axis), {shape}, [=](auto& x) {
                     return log_softmax(x[0], axis);
                   }});
  };
  along({5, 37}, 1);
  along({37, 5}, 0);
  along({3, 4, 18}, 1);
  along({2, 3, 2, 20}, -1);
  along({40}, 0);
  along({1, 40}, 1);
  along({40, 1}, 1);
  along({16, 16}, 1);
  along({2, 5000}, 1);  // more than a block of order R
  along({}, 0);
  const auto normed = [&](const Sizes& shape, const Sizes& part) {
    const std::string name = fmt::format("layer_norm {} {}", to_string(shape), to_string(part));
    all.push_back({name, {shape}, [=](auto& x) { return layer_norm(x[0], part); }});
    all.push_back({name + " weight", {shape, part}, [=](auto& x) { return layer_norm(x[0], part, x[1]); }});
    all.push_back({name + " bias", {shape, part}, [=](auto& x) { return layer_norm(x[0], part, {}, x[1]); }});
    all.push_back(
        {name + " both", {shape, part, part}, [=](auto& x) { return layer_norm(x[0], part, x[1], x[2], 1e-3); }});
  };
  normed({6, 33}, {33});
  normed({2, 3, 20}, {20});
  normed({4, 3, 5}, {3, 5});
  normed({7, 7}, {7});
  normed({1, 24}, {24});
  normed({24, 1}, {1});
  normed({70, 3}, {3});
  normed({5000, 2}, {2});
  for (const Sizes& shape : {Sizes{6, 10}, Sizes{1, 10}, Sizes{10, 1}, Sizes{9, 9}, Sizes{300, 17}}) {
    const std::string name = "cross_entropy " + to_string(shape);
    all.push_back({name, {shape}, [](auto& x) { return cross_entropy(x[0], labels_for(x[0])); }});
    all.push_back({name + " ignoring", {shape}, [](auto& x) { return cross_entropy(x[0], labels_for(x[0]), 7); }});
  }
  all.push_back({"mse_loss", {{4, 6}, {4, 6}}, [](auto& x) { return mse_loss(x[0], x[1]); }});
  all.push_back({"mse_loss broadcast", {{4, 6}, {6}}, [](auto& x) { return mse_loss(x[0], x[1]); }});
  all.push_back({"mse_loss three axes", {{4, 6, 9}, {4, 1, 9}}, [](auto& x) { return mse_loss(x[0], x[1]); }});
  return all;
}

std::vector<Tensor> inputs_of(const Call& call, DType dtype) {
  std::vector<Tensor> inputs;
  for (const Sizes& shape : call.shapes) inputs.push_back(randn(shape, {.dtype = dtype}));
  return inputs;
}

// The value, and the gradients with respect to the inputs in `wanted` (by bit). Each input is used before and after the
// call as well, so that contributions meet.
std::vector<Tensor> everything(const Function& f, const std::vector<Tensor>& inputs, uint32_t wanted) {
  std::vector<Tensor> leaves, used;
  for (size_t i = 0; i < inputs.size(); ++i) {
    Tensor leaf = inputs[i].clone();
    if ((wanted >> i & 1) != 0) leaf.requires_grad_();
    leaves.push_back(leaf);
    used.push_back(leaf * 3);  // a value with a node of its own
  }
  const Tensor once = f(leaves), y = f(used);
  Tensor total = sum(y * sin(y)) + sum(once * y);
  for (size_t i = 0; i < inputs.size(); ++i) total = total + sum(used[i] * used[i] * 0.1) + sum(leaves[i] * 0.7);
  std::vector<Tensor> results{once, y, total};
  if (wanted == 0) return results;
  total.backward();
  for (size_t i = 0; i < inputs.size(); ++i)
    if ((wanted >> i & 1) != 0) results.push_back(leaves[i].grad());
  return results;
}

void expect_same(const std::vector<Tensor>& a, const std::vector<Tensor>& b, const std::string& what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  for (size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(same_bits(a[i], b[i])) << what << ", value " << i;
}

std::vector<Tensor> unfused(const Function& f, const std::vector<Tensor>& inputs, uint32_t wanted) {
  Options apart = options();
  apart.fuse = false;
  const OptionScope scope(apart);
  return everything(f, inputs, wanted);
}

TEST(Composites, HaveTheBitsOfTheirOperations) {
  manual_seed(1);
  for (const Call& call : calls())
    for (const DType dtype : {kFloat32, kFloat64}) {
      const std::vector<Tensor> inputs = inputs_of(call, dtype);
      const uint32_t all = (1u << inputs.size()) - 1;
      for (uint32_t wanted = 0; wanted <= all; ++wanted)
        expect_same(everything(call.f, inputs, wanted), unfused(call.f, inputs, wanted),
                    fmt::format("{}, {}, gradients {}", call.name, torch_name(dtype), wanted));
    }
}

TEST(Composites, HaveTheBitsOfTheStaticEngine) {
  manual_seed(2);
  for (const Call& call : calls()) {
    const std::vector<Tensor> inputs = inputs_of(call, kFloat32);
    const uint32_t all = (1u << inputs.size()) - 1;
    const auto compiled = jit([&](const std::vector<Tensor>& x) { return everything(call.f, x, all); });
    expect_same(everything(call.f, inputs, all), compiled(inputs), call.name);
  }
}

// Operands that are not row-major, spread, or begin in the middle of their memory.
TEST(Composites, TakeOperandsAsTheyLie) {
  manual_seed(3);
  const std::vector<std::pair<std::string, Tensor>> views{
      {"transposed", randn({30, 12}).t()},
      {"sliced", randn({12, 90}).slice(1, 5, 65, 2)},
      {"rows left out", randn({36, 30}).slice(0, 3, 36, 3).slice(0, 0, 10)},
      {"one row", randn({30}).expand({12, 30})},
      {"one column", randn({12, 1}).expand({12, 30})},
      {"permuted", randn({4, 30, 3}).permute({0, 2, 1})},
  };
  const Tensor weight = randn({60}).slice(0, 0, 60, 2), seed = randn({30, 30}).t();
  for (const auto& [name, view] : views) {
    const auto all = [&view = view, &weight, &seed](bool fuse) {
      Options how = options();
      how.fuse = fuse;
      const OptionScope scope(how);
      const Tensor factor = tensor(1.5, {.requires_grad = true}), scale = weight.detach() * 2;
      const Tensor leaf = (view * 1).requires_grad_();  // a cell: row-major
      const Tensor y = softmax(view, -1), z = layer_norm(view, {30}, weight);
      Tensor from_leaf = leaf;
      from_leaf = leaf.dim() == 3 ? leaf.transpose(0, 1) : leaf.slice(1, 0, 30);  // on the tape, strided
      const Tensor w = softmax(from_leaf, -1) * factor, v = layer_norm(from_leaf, {30}, scale);
      if (leaf.dim() == 2) {
        w.backward(seed.slice(0, 0, leaf.size(0)), {.retain_graph = true});
        v.sum().backward();  // a cotangent that is one number, spread
      } else {
        (w * v).sum().backward();
      }
      return std::vector{y, z, w, v, leaf.grad(), factor.grad()};
    };
    expect_same(all(true), all(false), name);
  }
}

TEST(Composites, GiveWayWhereKernelsCannotServe) {
  EXPECT_EQ(softmax(zeros({0, 4}), 1).shape(), (Sizes{0, 4}));
  EXPECT_EQ(softmax(zeros({4, 0}), 1).shape(), (Sizes{4, 0}));
  EXPECT_EQ(layer_norm(zeros({0, 4}), {4}).shape(), (Sizes{0, 4}));
  EXPECT_EQ(softmax(zeros({2, 3, 4, 5, 6, 7, 2}), 1).shape().rank(), 7);
  EXPECT_EQ(softmax(zeros({1, 2, 3, 4, 5, 6, 7, 8}), 1).shape().rank(), 8);  // more sizes than kernels are told
}

// Two operands that are one: their contributions interleave.
TEST(Composites, MayGetATensorTwice) {
  manual_seed(4);
  const Tensor x = randn({8, 8});
  const auto all = [&](bool fuse) {
    Options how = options();
    how.fuse = fuse;
    const OptionScope scope(how);
    const Tensor leaf = x.clone().requires_grad_(), row = (leaf * 2).select(0, 1);
    const Tensor y = mse_loss(leaf, leaf * leaf) + mse_loss(leaf, leaf) + layer_norm(leaf * 3, {8}, row, row).sum();
    y.backward();
    return std::vector{y, leaf.grad()};
  };
  expect_same(all(true), all(false), "a tensor twice");
}

TEST(Composites, TakeASeedThatIsAParameter) {
  const Tensor x = randn({4, 8}), parameter = randn({4, 8}).requires_grad_();
  const Tensor a = x.clone().requires_grad_(), b = x.clone().requires_grad_();
  softmax(a, 1).backward(parameter);
  softmax(b, 1).backward(parameter.detach().clone());
  EXPECT_EQ(a.grad().to_vector<float>(), b.grad().to_vector<float>());
}

TEST(Composites, CanBeDifferentiatedAgain) {
  manual_seed(5);
  const Tensor x = randn({5, 9}, {.dtype = kFloat64}), w = randn({9}, {.dtype = kFloat64});
  const auto all = [&](bool fuse) {
    Options how = options();
    how.fuse = fuse;
    const OptionScope scope(how);
    const Tensor a = x.clone().requires_grad_(), b = w.clone().requires_grad_();
    const Tensor h = a * 2, y = sum(softmax(h, 1) * layer_norm(h, {9}, b)) + cross_entropy(h, labels_for(x));
    const std::vector<Tensor> first = gradients(y, std::array{a, b, h}, {.create_graph = true});
    Tensor norm = sum(first[0] * first[0]) + sum(first[1] * first[1]) + sum(first[2] * first[2]);
    norm.backward({.retain_graph = true});
    std::vector<Tensor> results{y, first[0], first[1], first[2], a.grad(), b.grad()};
    for (const Tensor& second : gradients(norm, std::array{a, b})) results.push_back(second);
    return results;
  };
  expect_same(all(true), all(false), "twice");
  // And from inside functions.
  const auto f = [&](const Tensor& a) { return sum(log_softmax(a, 1) * sin(a)); };
  const auto second = [&](const Tensor& a) { return sum(grad(f)(a) * a); };
  expect_same({grad(second)(x)}, {jit([&](const Tensor& a) { return grad(second)(a); })(x)}, "grad of grad");
}

TEST(Composites, RememberUntilBackward) {
  const Tensor x = randn({4, 6}, {.requires_grad = true});
  const Tensor y = sum(softmax(x, 1) * softmax(x, 0));
  y.backward({.retain_graph = true});
  const Tensor once = x.grad();
  x.zero_grad();
  y.backward();
  EXPECT_TRUE(same_bits(x.grad(), once));
  EXPECT_THROW(y.backward(), GraphError);
  const auto quiet = no_grad();
  EXPECT_FALSE(softmax(x, 1).requires_grad());
  EXPECT_TRUE(y.requires_grad());
}

TEST(Composites, TellTheUsersLineOfABadIndex) {
  if (on_reference()) GTEST_SKIP() << "the reference interpreter has messages of its own";
  const Tensor logits = randn({3, 4});
  (void)cross_entropy(logits, tensor({0, 1, 2}));  // the kernels are made here, and fail elsewhere
  constexpr int kLine = __LINE__ + 2;
  try {
    (void)cross_entropy(logits, tensor({0, 9, 2}));
    FAIL() << "no error";
  } catch (const IndexError& error) {
    EXPECT_THAT(error.what(), HasSubstr("cross_entropy: argument 2 has index 9, expected 0 to 3"));
    EXPECT_THAT(error.what(), HasSubstr(fmt::format("composites_test.cc:{}", kLine)));
  }
}

struct Costs {
  int64_t operations, kernels;
  bool operator==(const Costs&) const = default;
};
template <class F>
Costs costs(const F& f) {
  const DynamicCounters before = dynamic_counters();
  f();
  const DynamicCounters after = dynamic_counters();
  return {after.operations - before.operations, after.kernels - before.kernels};
}

TEST(Composites, TakeFewKernels) {
  if (on_reference()) GTEST_SKIP() << "the reference interpreter has no kernels";
  const Tensor x = randn({64, 100}), leaf = randn({64, 100}, {.requires_grad = true}),
               w = randn({100}, {.requires_grad = true}), b = randn({100}, {.requires_grad = true});
  const Tensor seed = randn({64, 100}), labels = labels_for(x);
  EXPECT_EQ(costs([&] { (void)softmax(x, 1); }), (Costs{1, 1}));
  EXPECT_EQ(costs([&] { (void)log_softmax(x, 1); }), (Costs{1, 1}));
  EXPECT_EQ(costs([&] { (void)layer_norm(x, {100}, w, b); }), (Costs{1, 1}));
  Tensor y;
  EXPECT_EQ(costs([&] { y = softmax(leaf, 1); }), (Costs{1, 1}));
  EXPECT_EQ(costs([&] { y.backward(seed); }), (Costs{1, 1}));
  EXPECT_EQ(costs([&] { y = layer_norm(leaf, {100}, w, b); }), (Costs{1, 1}));
  const Costs norm = costs([&] { y.backward(seed); });
  EXPECT_EQ(norm.operations, 2);  // with the sum with a gradient that is there
  EXPECT_LE(norm.kernels, 6);
  EXPECT_LE(costs([&] { y = cross_entropy(leaf, labels); }).kernels, 2);
  EXPECT_LE(costs([&] { y.backward(); }).kernels, 3);
}

// The rows of x laid out as columns of another shape, times x: plain memory where x is row-major.
constexpr detail::Composite kFolded{"folded",
                                    [](std::span<const Tensor> x, const detail::Settings&) -> std::vector<Tensor> {
                                      return {matmul(x[0].reshape({x[0].size(1), x[0].size(0)}), x[0])};
                                    }};

TEST(Composites, StoreOperandsOfProductsThatAreNoPlainMemory) {
  manual_seed(6);
  const std::vector<std::pair<std::string, Tensor>> operands{
      {"row-major", randn({5, 7})}, {"transposed", randn({7, 5}).t()}, {"sliced", randn({5, 14}).slice(1, 0, 14, 2)}};
  for (const auto& [name, x] : operands) {
    const auto all = [&x = x](bool fuse) {
      Options how = options();
      how.fuse = fuse;
      const OptionScope scope(how);
      const auto loss = [](const Tensor& a) { return sum(sin(detail::apply_composite(kFolded, {a}))); };
      return std::vector{detail::apply_composite(kFolded, {x}), grad(loss)(x)};
    };
    expect_same(all(true), all(false), name);
    if (!on_reference()) {
      EXPECT_EQ(costs([&x = x] { (void)detail::apply_composite(kFolded, {x}); }).operations, 1) << name;
    }
  }
}

TEST(Composites, CompileNothingForNewSizes) {
  const auto all = [](int64_t rows, int64_t columns) {
    const Tensor x = randn({rows, columns}, {.requires_grad = true}), w = randn({columns}, {.requires_grad = true});
    const Tensor h = x * 2;
    (sum(softmax(h, 1) * layer_norm(h, {columns}, w)) + cross_entropy(h, zeros({rows}, {.dtype = kInt64}))).backward();
    return sum(x.grad());
  };
  (void)all(31, 17);
  const size_t before = driver::kernels_compiled();
  for (int64_t rows = 2; rows < 12; ++rows)
    for (int64_t columns = 20; columns < 24; ++columns) (void)all(rows, columns);
  (void)all(17, 17);  // equal by chance
  EXPECT_EQ(driver::kernels_compiled(), before);
}

}  // namespace
}  // namespace sinter
