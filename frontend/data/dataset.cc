#include "frontend/data/dataset.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>

#include "frontend/apply.h"
#include "frontend/cell.h"
#include "frontend/trace.h"
#include "frontend/transfer.h"

namespace sinter::data {
namespace {

// Errors unless x is memory with a first axis, that of samples.
void require_samples(const Tensor& x, const char* name, int position) {
  sinter::detail::require_defined(x, name, position);
  if (sinter::detail::is_traced(x))
    throw GraphError(
        fmt::format("{}: argument {} is traced: its values are not known while a jitted function is traced", name,
                    position),
        "draw samples before the call and pass them as arguments, or choose with index_select(x, 0, indices)");
  if (x.dim() == 0)
    throw ShapeError(fmt::format("{}: argument {} has shape [], expected samples along a first axis", name, position));
}

}  // namespace

TensorDataset::TensorDataset(Tensor inputs_given, Tensor targets_given, At at)
    : inputs(std::move(inputs_given)), targets(std::move(targets_given)) {
  const sinter::detail::CallScope location(at);
  require_samples(inputs, "TensorDataset", 1);
  require_samples(targets, "TensorDataset", 2);
  if (inputs.size(0) != targets.size(0))
    throw ShapeError(fmt::format(
        "TensorDataset: argument 2 has shape {}, expected {} samples along the first axis, as argument 1 of shape {}",
        to_string(targets.shape()), inputs.size(0), to_string(inputs.shape())));
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

DataLoader::Iterator DataLoader::begin(At at) {
  const sinter::detail::CallScope location(at);
  if (sinter::detail::Trace::current() != nullptr)
    throw GraphError(
        "DataLoader: an epoch begins while a jitted function is traced: its batches would be the same at "
        "every call",
        "go through the loader outside, and pass batches as arguments");
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

Tensor take(const Tensor& x, std::span<const int64_t> samples, At at) {
  const sinter::detail::CallScope location(at);
  require_samples(x, "take", 1);
  const int64_t count = x.size(0);
  for (int64_t sample : samples)
    if (sample < 0 || sample >= count)
      throw IndexError(count == 0 ? fmt::format("take: argument 2 has sample {}, expected none of 0 samples", sample)
                                  : fmt::format("take: argument 2 has sample {}, expected 0 to {}", sample, count - 1));
  const sinter::detail::Ref<sinter::detail::Impl> from =
      sinter::detail::on_host(sinter::detail::contiguous(sinter::detail::memory_of(x.impl())));
  Sizes shape = from->shape;
  const size_t bytes = static_cast<size_t>(shape[0] == 0 ? 0 : from->numel() / shape[0]) * size_of(from->dtype);
  shape[0] = static_cast<int64_t>(samples.size());
  sinter::detail::Ref<sinter::detail::Impl> to = sinter::detail::allocate(from->dtype, shape);
  std::byte* next = to->data();
  for (int64_t sample : samples) {
    std::memcpy(next, from->data() + static_cast<size_t>(sample) * bytes, bytes);
    next += bytes;
  }
  return Tensor(std::move(to));
}

}  // namespace sinter::data
