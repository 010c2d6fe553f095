// A row's bits do not depend on the batch it is in: batches cut out of one of 70 rows, of every size by the dynamic
// engine, of some by the static one, which compiles for each.
// BUILD runs it with 1, 2, 3 and 7 threads.
#include <gtest/gtest.h>

#include <functional>

#include "sinter/sinter.h"
#include "support/options.h"
#include "tests/frontend/compare.h"

namespace sinter {
namespace {

constexpr int64_t kRows = 70;

// Of a batch alone: what else it reads is the same for all batches.
struct RowWise {
  const char* name;
  Tensor batch;  // of kRows
  std::function<Tensor(const Tensor&)> f;
};

Tensor normal(const Sizes& shape) { return randn(shape); }

// softmax(q k^T) v of sequences.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  return matmul(softmax(matmul(q, k.transpose(-1, -2)) * 0.25, -1), v);
}

std::vector<RowWise> functions() {
  manual_seed(4);
  const Tensor weight = normal({33, 97}), bias = normal({33}), matrix = normal({97, 45}), keys = normal({11, 24}),
               scale = normal({300}), shift = normal({300}), square = normal({24, 24}), head = normal({10, 33}),
               column = normal({97});
  const auto gathered = [](const Tensor& logits) {  // of the losses of cross entropy, before their mean
    const Tensor wanted = argmax(logits.slice(1, 0, 9), 1).unsqueeze(1);
    return -gather(log_softmax(logits, 1), 1, wanted);
  };
  return {
      {"linear", normal({kRows, 97}), [=](const Tensor& x) { return linear(x, weight, bias); }},
      {"linear of sequences", normal({kRows, 3, 97}), [=](const Tensor& x) { return relu(linear(x, weight, bias)); }},
      {"matmul", normal({kRows, 97}), [=](const Tensor& x) { return matmul(x, matrix); }},
      {"matmul of matrices", normal({kRows, 5, 24}), [=](const Tensor& x) { return matmul(x, x.transpose(1, 2)); }},
      {"matmul by a vector", normal({kRows, 97}), [=](const Tensor& x) { return matmul(x, column); }},
      {"softmax", normal({kRows, 131}), [](const Tensor& x) { return softmax(x, 1); }},
      {"softmax of long rows", normal({kRows, 4100}), [](const Tensor& x) { return softmax(x, -1); }},
      {"log_softmax", normal({kRows, 17}), [](const Tensor& x) { return log_softmax(x, 1); }},
      {"layer_norm", normal({kRows, 300}), [=](const Tensor& x) { return layer_norm(x, {300}, scale, shift); }},
      {"layer_norm of sequences", normal({kRows, 4, 9}), [](const Tensor& x) { return layer_norm(x, {9}); }},
      {"rows of cross entropy", normal({kRows, 10}), gathered},
      {"self attention", normal({kRows, 9, 24}),
       [=](const Tensor& x) { return attention(matmul(x, square), x, x + 1); }},
      {"attention to fixed keys", normal({kRows, 9, 24}), [=](const Tensor& x) { return attention(x, keys, keys); }},
      {"network", normal({kRows, 97}),
       [=](const Tensor& x) { return softmax(linear(relu(linear(x, weight, bias)), head), 1); }},
  };
}

// Of each function, a batch.
using Batches = std::vector<Tensor>;

// Of each function: the result, and the gradient of a sum that the result decides row by row.
std::vector<Tensor> everything(const std::vector<RowWise>& functions, const Batches& batches) {
  std::vector<Tensor> results;
  for (size_t i = 0; i < functions.size(); ++i) {
    Tensor y;
    const auto loss = [&](const Tensor& x) {
      y = functions[i].f(x);
      return sum(y * sin(y));
    };
    const Tensor gradient = grad(loss)(batches[i]);
    results.push_back(y.detach());
    results.push_back(gradient);
  }
  return results;
}

Batches rows_of(const std::vector<Tensor>& whole, int64_t first, int64_t count) {
  Batches batches;
  for (const Tensor& x : whole) batches.push_back(x.slice(0, first, first + count));
  return batches;
}

// Where a batch of so many rows begins.
int64_t first_of(int64_t count) { return count * 31 % (kRows - count + 1); }

void expect_rows(const std::vector<RowWise>& functions, const std::vector<Tensor>& whole,
                 const std::vector<Tensor>& part, int64_t first, int64_t count) {
  const Batches expected = rows_of(whole, first, count);
  for (size_t i = 0; i < part.size(); ++i)
    EXPECT_TRUE(same_bits(part[i], expected[i]))
        << functions[i / 2].name << (i % 2 == 0 ? "" : ", gradient") << ": " << count << " rows from row " << first;
}

class RowsOfBatches : public testing::Test {
 protected:
  RowsOfBatches() {
    for (const RowWise& function : functions_) batches_.push_back(function.batch);
    whole_ = everything(functions_, batches_);
  }
  const std::vector<RowWise> functions_ = functions();
  Batches batches_;
  std::vector<Tensor> whole_;
};

TEST_F(RowsOfBatches, DynamicEngine) {
  for (int64_t count = 1; count <= kRows; ++count) {
    const int64_t first = first_of(count);
    expect_rows(functions_, whole_, everything(functions_, rows_of(batches_, first, count)), first, count);
  }
}

TEST_F(RowsOfBatches, StaticEngine) {
  Options unchecked = options();
  unchecked.check = false;  // the bits are compared here
  const OptionScope scope(unchecked);
  const auto compiled = jit([&](const Batches& x) { return everything(functions_, x); }, {.cache_size_limit = kRows});
  for (const int64_t count : {1, 2, 3, 5, 8, 13, 16, 17, 31, 33, 64, 70}) {
    const int64_t first = first_of(count);
    expect_rows(functions_, whole_, compiled(rows_of(batches_, first, count)), first, count);
  }
}

// A mean over one row is that row's.
TEST_F(RowsOfBatches, CrossEntropyOfOneRow) {
  const Tensor logits = normal({kRows, 10}), wanted = rem(arange(kRows) * 7, 10);
  const Tensor rows = -gather(log_softmax(logits, 1), 1, wanted.unsqueeze(1)).squeeze(1);
  for (int64_t row = 0; row < kRows; ++row)
    EXPECT_TRUE(same_bits(cross_entropy(logits.slice(0, row, row + 1), wanted.slice(0, row, row + 1)), rows[row]))
        << "row " << row;
}

}  // namespace
}  // namespace sinter
