// Data sets and loaders: order by seed and epoch, last batches, resumption; progress bars only on terminals.
#include <pty.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "tests/nn/small_net.h"

namespace sinter {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// n samples: sample i is [i, i], its target 10 i.
data::TensorDataset numbered(int64_t n) {
  const Tensor i = arange(n);
  return {stack({i, i}, 1).to(kFloat32), i * 10};
}

// The numbers of the samples of one pass, batch by batch; checks that inputs and targets belong together.
std::vector<std::vector<int64_t>> pass(data::DataLoader& loader) {
  std::vector<std::vector<int64_t>> batches;
  for (const auto& [inputs, targets] : loader) {
    EXPECT_EQ(inputs.shape(), (Sizes{targets.size(0), 2}));
    const auto first = inputs.select(1, 0).to_vector<int64_t>(), tenfold = targets.to_vector<int64_t>();
    EXPECT_TRUE(std::ranges::equal(first, tenfold, [](int64_t a, int64_t b) { return 10 * a == b; }));
    batches.push_back(first);
  }
  return batches;
}
std::vector<int64_t> order_of(data::DataLoader& loader) {
  std::vector<int64_t> order;
  for (const auto& batch : pass(loader)) order.insert(order.end(), batch.begin(), batch.end());
  return order;
}

TEST(TensorDataset, NeedsEquallyManySamples) {
  EXPECT_EQ(numbered(5).size(), 5);
  EXPECT_THAT(message_of<ShapeError>([] { (void)data::TensorDataset(ones({3, 2}), ones({4})); }),
              AllOf(HasSubstr("argument 2 has shape [4], expected 3 samples"), HasSubstr("data_test.cc:")));
  EXPECT_THROW((void)data::TensorDataset(tensor(1.), tensor(1.)), ShapeError);
}

TEST(DataLoader, InOrderWithoutShuffle) {
  data::DataLoader loader(numbered(7), {.batch_size = 3});
  EXPECT_EQ(loader.size(), 3);
  EXPECT_EQ(loader.samples(), 7);
  EXPECT_THAT(pass(loader), ElementsAre(ElementsAre(0, 1, 2), ElementsAre(3, 4, 5), ElementsAre(6)));
  EXPECT_EQ(order_of(loader).size(), 7u);  // a second pass
}

TEST(DataLoader, DropLast) {
  data::DataLoader loader(numbered(7), {.batch_size = 3, .drop_last = true});
  EXPECT_EQ(loader.size(), 2);
  EXPECT_THAT(pass(loader), ElementsAre(ElementsAre(0, 1, 2), ElementsAre(3, 4, 5)));
  data::DataLoader even(numbered(6), {.batch_size = 3, .drop_last = true});
  EXPECT_EQ(pass(even).size(), 2u);
  data::DataLoader few(numbered(2), {.batch_size = 3, .drop_last = true});
  EXPECT_EQ(pass(few).size(), 0u);
}

TEST(DataLoader, EveryEpochIsAnotherPermutation) {
  data::DataLoader loader(numbered(40), {.batch_size = 7, .shuffle = true});
  std::set<std::vector<int64_t>> orders;
  for (int epoch = 0; epoch < 5; ++epoch) {
    std::vector<int64_t> order = order_of(loader);
    orders.insert(order);
    std::ranges::sort(order);
    for (int64_t i = 0; i < 40; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
  }
  EXPECT_EQ(orders.size(), 5u);
  EXPECT_EQ(loader.epoch(), 5);
}

TEST(DataLoader, OrderIsAFunctionOfSeedAndEpoch) {
  data::DataLoader a(numbered(40), {.batch_size = 7, .shuffle = true, .seed = 3});
  data::DataLoader b(numbered(40), {.batch_size = 11, .shuffle = true, .seed = 3});
  data::DataLoader c(numbered(40), {.batch_size = 7, .shuffle = true, .seed = 4});
  data::DataLoader high(numbered(40), {.batch_size = 7, .shuffle = true, .seed = 3 + (uint64_t{1} << 40)});
  for (int epoch = 0; epoch < 3; ++epoch) {
    const std::vector<int64_t> order = order_of(a);
    EXPECT_EQ(order, order_of(b));
    EXPECT_NE(order, order_of(c));
    EXPECT_NE(order, order_of(high));
  }
}

TEST(DataLoader, GoesOnWhereAnotherStopped) {
  const data::LoaderOptions options{.batch_size = 7, .shuffle = true, .seed = 3};
  data::DataLoader straight(numbered(40), options), resumed(numbered(40), options);
  (void)order_of(straight);
  (void)order_of(straight);
  resumed.set_epoch(2);
  EXPECT_EQ(order_of(straight), order_of(resumed));
}

TEST(DataLoader, EmptyDataAndBadSizes) {
  data::DataLoader none(numbered(0), {.batch_size = 4, .shuffle = true});
  EXPECT_EQ(none.size(), 0);
  EXPECT_TRUE(pass(none).empty());
  EXPECT_THAT(message_of<ValueError>([] { (void)data::DataLoader(numbered(3), {.batch_size = 0}); }),
              AllOf(HasSubstr("batch_size is 0, expected at least 1"), HasSubstr("data_test.cc:")));
}

std::string rest_of(int file) {
  std::string text;
  char bytes[4096];
  for (ssize_t count; (count = read(file, bytes, sizeof(bytes))) > 0;) text.append(bytes, static_cast<size_t>(count));
  return text;
}

// What a pass of 64 steps writes to stderr.
template <class Read>
std::string progress_text(Read&& read) {
  data::DataLoader loader(numbered(64));
  size_t seen = 0;
  for (const auto& batch : data::progress(loader, "epoch 1 ")) {
    seen += static_cast<size_t>(batch.second.numel());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(seen, 64u);
  return read();
}

TEST(Progress, SilentWhereNobodyLooks) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const int before = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  const std::string text = progress_text([&] {
    dup2(before, STDERR_FILENO);
    close(ends[1]);
    return rest_of(ends[0]);
  });
  close(ends[0]);
  close(before);
  EXPECT_EQ(text, "");
}

TEST(Progress, ABarOnATerminal) {
  int terminal = 0, program = 0;
  ASSERT_EQ(openpty(&terminal, &program, nullptr, nullptr, nullptr), 0);
  const int before = dup(STDERR_FILENO);
  dup2(program, STDERR_FILENO);
  const std::string text = progress_text([&] {
    dup2(before, STDERR_FILENO);
    close(program);
    return rest_of(terminal);
  });
  close(terminal);
  close(before);
  EXPECT_THAT(text, AllOf(HasSubstr("epoch 1 [#"), HasSubstr("/64 "), HasSubstr("/s, "), HasSubstr(" s left")));
  EXPECT_TRUE(text.ends_with("\r\033[K")) << text;  // the line is cleared
}

}  // namespace
}  // namespace sinter
