// Both engines on "cuda", whose kernels the simulator runs thread by thread: the bits are the CPU's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sinter/sinter.h"
#include "tests/cuda_runtime/quiet.h"
#include "tests/frontend/compare.h"

namespace sinter {
namespace {

using testing::HasSubstr;

// y = x w + b, by its sums: mean square error, SGD.
struct Line : nn::Module {
  Tensor w = tensor({0.5, -0.25}, {.requires_grad = true}), b = tensor(0.125, {.requires_grad = true});
  Tensor operator()(const Tensor& x) const { return (x * w).sum(1) + b; }
  SINTER_MODULE(Line, w, b)
};

// All that training leaves behind, on the CPU.
std::vector<Tensor> trained(const Device& device, bool is_static) {
  Line model;
  model.to(device);
  optim::SGD sgd(model.parameters(), {.lr = 0.05, .momentum = 0.5});
  const auto step = [&](const Tensor& x, const Tensor& y) {
    sgd.zero_grad();
    const Tensor error = model(x) - y;
    const Tensor loss = (error * error).mean();
    loss.backward();
    sgd.step();
    return loss;
  };
  const auto compiled = jit(step);
  manual_seed(3);
  const Tensor x = randn({8, 2}), y = randn({8});
  std::vector<Tensor> left;
  for (int i = 0; i < 4; ++i)
    left.push_back(
        (is_static ? compiled(x.to(device), y.to(device)) : step(x.to(device), y.to(device))).detach().cpu());
  for (const Tensor& parameter : model.parameters()) left.push_back(parameter.detach().cpu());
  return left;
}

void expect_same_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(same_bits(a[i], b[i])) << i << ": " << a[i] << " " << b[i];
}

TEST(CudaEngines, TrainALineWithTheCpusBits) {
  const std::vector<Tensor> expected = trained(Device(), true);
  expect_same_bits(expected, trained(Device("cuda"), true));
  expect_same_bits(expected, trained(Device("cuda"), false));
}

TEST(CudaEngines, DrawTheCpusNumbers) {
  manual_seed(11);
  const Tensor here = rand({5, 7}), next = rand({3});
  manual_seed(11);
  const Tensor there = rand({5, 7}, {.device = "cuda"});
  const auto draw = jit([] { return rand({3}, {.device = "cuda"}); });
  const Tensor there_next = draw();
  EXPECT_TRUE(same_bits(here, there.cpu()));
  EXPECT_TRUE(same_bits(next, there_next.cpu()));
  const Tensor back = rand({3});  // the stream went on
  EXPECT_FALSE(same_bits(back, next));
}

// A table that a step writes after it has looked into it.
struct Table : nn::Module {
  Tensor rows = tensor({{1., 2.}, {3., 4.}, {5., 6.}}, {.requires_grad = true});
  SINTER_MODULE(Table, rows)
};

std::string step_with(const Device& device, const Tensor& indices, std::vector<float>& left) {
  Table table;
  table.to(device);
  optim::SGD sgd(table.parameters(), {.lr = 1.0});
  const auto step = jit([&](const Tensor& at) {
    sgd.zero_grad();
    const Tensor loss = index_select(table.rows, 0, at).sum();
    loss.backward();
    sgd.step();
    return loss;
  });
  std::string text;
  try {
    (void)step(indices.to(device)).item();
  } catch (const IndexError& error) {
    text = error.what();
  }
  left = table.rows.to_vector<float>();
  // The failure is over: the next step works.
  (void)step(tensor({0}, {.device = device})).item();
  return text;
}

TEST(CudaEngines, AnIndexOutOfRangeLeavesStateAsBefore) {
  std::vector<float> left;
  const std::string on_cuda = step_with(Device("cuda"), tensor({0, 7}), left);
  EXPECT_THAT(left, testing::ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(on_cuda, HasSubstr("index 7, expected 0 to 2"));
  EXPECT_THAT(on_cuda, HasSubstr("engines_test.cc:"));
  EXPECT_EQ(step_with(Device("cuda"), tensor({1, 2}), left), "");
  EXPECT_THAT(left, testing::ElementsAre(1, 2, 2, 3, 4, 5));
}

// Several kernels check indices against tables of one size: the one that failed is named, and no other.
TEST(CudaEngines, TheLaunchWhoseIndexIsOutOfRangeIsNamed) {
  constexpr int kFirst = __LINE__ + 2;
  const auto look = jit([](const Tensor& table, const Tensor& few, const Tensor& many) {
    const Tensor first = exp(index_select(table, 0, few));
    const Tensor second = log(index_select(table, 0, many));
    return std::vector<Tensor>{first, second};
  });
  const Tensor table = tensor({1., 2., 3.}).cuda(), few = tensor({0, 1}).cuda(), many = tensor({2, 1, 0}).cuda();
  (void)look(table, few, many);
  EXPECT_GE(look.stats().code.launches, 2u);
  const auto error_of = [&](const Tensor& at_first, const Tensor& at_second) -> std::string {
    try {
      (void)look(table, at_first, at_second);
      cuda::synchronize();
    } catch (const IndexError& error) {
      return error.what();
    }
    return "";
  };
  const auto line = [](int number) { return fmt::format("engines_test.cc:{}", number); };
  EXPECT_THAT(error_of(tensor({0, 5}).cuda(), many),
              testing::AllOf(HasSubstr("index 5"), HasSubstr(line(kFirst)), testing::Not(HasSubstr(line(kFirst + 1)))));
  EXPECT_THAT(
      error_of(few, tensor({0, -1, 2}).cuda()),
      testing::AllOf(HasSubstr("index -1"), HasSubstr(line(kFirst + 1)), testing::Not(HasSubstr(line(kFirst)))));
  EXPECT_EQ(error_of(few, many), "");
}

TEST(CudaEngines, OperationsFailWhereTheHostWaits) {
  const OptionScope options(without_checks());  // SINTER_CHECK waits for every new kernel
  const Tensor rows = tensor({1., 2., 3.}).cuda();
  const Tensor found = index_select(rows, 0, tensor({3}).cuda());  // asked for, not known yet
  EXPECT_THROW((void)found.item(), IndexError);
  EXPECT_EQ(rows.to_vector<float>()[2], 3);

  const Tensor cell = variable(tensor({1.}).cuda());
  const Tensor wrong = index_select(rows, 0, tensor({-1}).cuda());
  EXPECT_THROW(cell.set(wrong), IndexError);
  EXPECT_EQ(cell.item(), 1);
}

}  // namespace
}  // namespace sinter
