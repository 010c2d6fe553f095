// What tests of modules and optimisers share: a small network, its states, the texts of errors.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "sinter/sinter.h"
#include "tests/frontend/compare.h"

namespace sinter {

struct Seeded {
  explicit Seeded(int64_t seed) { manual_seed(seed); }
};
struct SmallNet : Seeded, nn::Module {
  explicit SmallNet(int64_t seed) : Seeded(seed) {}
  nn::Linear fc1{6, 8}, fc2{8, 3};
  Tensor operator()(const Tensor& x) const { return fc2(relu(fc1(x))); }
  SINTER_MODULE(SmallNet, fc1, fc2)
};

// A batch of ten: inputs and the labels of three classes.
[[nodiscard]] inline std::pair<Tensor, Tensor> random_batch() {
  const Tensor x = randn({10, 6});
  return {x, x.slice(1, 0, 3).argmax(1)};
}

// The values behind a state_dict, copied.
[[nodiscard]] inline std::vector<Tensor> values_of(const std::vector<std::pair<std::string, Tensor>>& state) {
  std::vector<Tensor> values;
  for (const auto& [name, tensor] : state) values.push_back(tensor.clone());
  return values;
}
[[nodiscard]] inline bool same_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  return std::ranges::equal(a, b, [](const Tensor& x, const Tensor& y) { return same_bits(x, y); });
}

// What the function throws, which is an E.
template <class E, class F>
[[nodiscard]] std::string message_of(F&& f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace sinter
