#include "frontend/data/dataset.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>

#include "frontend/call_scope.h"
#include "frontend/cell.h"
#include "frontend/transfer.h"

namespace sinter::data {

TensorDataset::TensorDataset(Tensor inputs_given, Tensor targets_given, At at)
    : inputs(std::move(inputs_given)), targets(std::move(targets_given)) {
  const sinter::detail::CallScope location(at);
  if (inputs.dim() < 1 || targets.dim() < 1 || inputs.size(0) != targets.size(0))
    throw ShapeError(fmt::format(
        "TensorDataset: arguments have shapes {} and {}, expected equally many samples along the first axis",
        to_string(inputs.shape()), to_string(targets.shape())));
}

DataLoader::DataLoader(TensorDataset dataset, const LoaderOptions& options, At at)
    : dataset_(std::move(dataset)), options_(options) {
  const sinter::detail::CallScope location(at);
  if (options.batch_size < 1)
    throw ValueError(fmt::format("DataLoader: batch_size is {}, expected at least 1", options.batch_size));
  order_.resize(static_cast<size_t>(dataset_.size()));
}

int64_t DataLoader::size() const {
  const int64_t full = dataset_.size() / options_.batch_size;
  return full + (!options_.drop_last && dataset_.size() % options_.batch_size != 0 ? 1 : 0);
}

DataLoader::Iterator DataLoader::begin() {
  std::iota(order_.begin(), order_.end(), 0);
  if (options_.shuffle) {
    // Spelled out, since std::shuffle's order is the library's own business.
    std::seed_seq seeds{options_.seed & 0xffffffff, options_.seed >> 32, static_cast<uint64_t>(epoch_)};
    std::mt19937_64 random(seeds);
    for (size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random() % i]);
  }
  ++epoch_;
  return {this, 0};
}

DataLoader::Batch DataLoader::batch(int64_t index) const {
  const int64_t first = index * options_.batch_size;
  const auto samples = std::span(order_).subspan(
      static_cast<size_t>(first), static_cast<size_t>(std::min(options_.batch_size, dataset_.size() - first)));
  return {take(dataset_.inputs, samples), take(dataset_.targets, samples)};
}

Tensor take(const Tensor& x, std::span<const int64_t> samples) {
  const int64_t count = x.size(0);
  for (int64_t sample : samples)
    if (sample < 0 || sample >= count)
      throw IndexError(fmt::format("take: sample {} is out of range for {} samples", sample, count));
  const sinter::detail::Ref<sinter::detail::Impl> from =
      sinter::detail::on_host(sinter::detail::contiguous(sinter::detail::memory_of(x.impl())));
  Sizes shape = from->shape;
  const size_t bytes = static_cast<size_t>(shape[0] == 0 ? 0 : from->numel() / shape[0]) * size_of(from->dtype);
  shape[0] = static_cast<int64_t>(samples.size());
  sinter::detail::Ref<sinter::detail::Impl> to = sinter::detail::allocate(from->dtype, shape);
  std::byte* at = to->data();
  for (int64_t sample : samples) {
    std::memcpy(at, from->data() + static_cast<size_t>(sample) * bytes, bytes);
    at += bytes;
  }
  return Tensor(std::move(to));
}

}  // namespace sinter::data
