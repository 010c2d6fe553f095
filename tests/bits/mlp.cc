#include "tests/bits/mlp.h"

#include <xxhash.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace sinter::test {
namespace {

constexpr int64_t kBatch = 64, kSamples = 20 * kBatch;

Net seeded_net() {
  manual_seed(7);
  return Net();
}

template <class T>
T canonical(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(x)) return std::numeric_limits<T>::quiet_NaN();
    if (std::abs(x) < std::numeric_limits<T>::min()) return std::copysign(T{0}, x);
  }
  return x;
}

}  // namespace

Mlp::Mlp() : net(seeded_net()), adam(net.parameters()) {}

Tensor Mlp::step(const Tensor& images, const Tensor& labels) {
  adam.zero_grad();
  Tensor loss = cross_entropy(net(images), labels);
  loss.backward();
  adam.step();
  return loss;
}

uint64_t Mlp::hash() const {
  uint64_t all = 0;
  for (const auto& [name, tensor] : net.state_dict()) all = test::hash(tensor, all);
  for (const auto& [name, tensor] : adam.state_dict()) all = test::hash(tensor, all);
  return all;
}

uint64_t hash(const Tensor& tensor, uint64_t seed) {
  return visit_dtype(tensor.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const std::vector<T> plain = tensor.to_vector<T>();
    std::string bytes(plain.size() * sizeof(T), '\0');
    for (size_t i = 0; i < plain.size(); ++i) {
      const T element = canonical<T>(plain[i]);
      std::memcpy(bytes.data() + i * sizeof(T), &element, sizeof(T));
    }
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
  });
}

Batches::Batches()
    : loader_(data::drawn_digits({.mean = 0.5, .std = 0.5}, kSamples, kBatch).train,
              {.batch_size = kBatch, .shuffle = true, .seed = 3}),
      at_(loader_.begin()) {}

std::pair<Tensor, Tensor> Batches::next() {
  if (at_ == loader_.end()) at_ = loader_.begin();
  const auto batch = *at_;
  ++at_;
  return batch;
}

}  // namespace sinter::test
