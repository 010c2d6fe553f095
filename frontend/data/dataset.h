// Data sets: tensors that share their first axis, and the batches drawn from them.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "frontend/tensor.h"

namespace sinter::data {

// Samples: element i of every tensor. Two tensors (images, labels) are what loaders hand out.
class TensorDataset {
 public:
  // ShapeError unless the tensors have equally many samples.
  TensorDataset(Tensor inputs_given, Tensor targets_given, At at = At::current());
  [[nodiscard]] int64_t size() const { return inputs.size(0); }

  Tensor inputs, targets;
};

struct LoaderOptions {
  int64_t batch_size = 1;
  bool shuffle = false;
  uint64_t seed = 0;       // of the order; every epoch has its own, a function of seed and epoch alone
  bool drop_last = false;  // leaves out a last batch that is not full
};

// Batches of a data set: for (auto [images, labels] : loader). Every pass over it is the next epoch.
class DataLoader {
 public:
  explicit DataLoader(TensorDataset dataset, const LoaderOptions& options = {}, At at = At::current());

  using Batch = std::pair<Tensor, Tensor>;
  class Iterator {
   public:
    Iterator(const DataLoader* loader, int64_t batch) : loader_(loader), batch_(batch) {}
    [[nodiscard]] Batch operator*() const { return loader_->batch(batch_); }
    Iterator& operator++() {
      ++batch_;
      return *this;
    }
    bool operator==(const Iterator& other) const { return batch_ == other.batch_; }

   private:
    const DataLoader* loader_;
    int64_t batch_;
  };

  // Starts the next epoch; GraphError while a function is traced. at: the line of the loop.
  [[nodiscard]] Iterator begin(At at = At::current());
  [[nodiscard]] Iterator end() const { return {this, size()}; }
  // Number of batches, and of samples.
  [[nodiscard]] int64_t size() const;
  [[nodiscard]] int64_t samples() const { return dataset_.size(); }
  // Epochs begun so far; setting it is how a resumed program goes on with the order it would have had.
  [[nodiscard]] int64_t epoch() const { return epoch_; }
  void set_epoch(int64_t epoch) { epoch_ = epoch; }

 private:
  [[nodiscard]] Batch batch(int64_t index) const;

  TensorDataset dataset_;
  LoaderOptions options_;
  int64_t epoch_ = 0;
  std::vector<int64_t> order_;
};

// The samples with these numbers, copied into new memory.
[[nodiscard]] Tensor take(const Tensor& x, std::span<const int64_t> samples, At at = At::current());

}  // namespace sinter::data
