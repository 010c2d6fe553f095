// Layers and losses.
#pragma once

#include <memory>

#include "frontend/nn/module.h"

namespace sinter::nn {

struct LinearOptions {
  bool bias = true;
  DType dtype = kFloat32;
};

// x W^T + b over the last axis; weight [out, in], bias [out]. Initialised as PyTorch does: U(-k, k), k = 1 / sqrt(in).
class Linear : public Module {
 public:
  Linear(int64_t in_features, int64_t out_features, const LinearOptions& options = {}, At at = At::current());
  [[nodiscard]] Tensor operator()(const Tensor& x, At at = At::current()) const;

  Tensor weight, bias;

  [[nodiscard]] std::string extra_repr() const override;
  SINTER_MODULE(Linear, weight, bias)
};

class ReLU : public Module {
 public:
  [[nodiscard]] Tensor operator()(const Tensor& x, At at = At::current()) const;
  SINTER_MODULE(ReLU)
};

// Joins axes first to last.
class Flatten : public Module {
 public:
  explicit Flatten(int64_t first = 1, int64_t last = -1) : first_(first), last_(last) {}
  [[nodiscard]] Tensor operator()(const Tensor& x, At at = At::current()) const;
  [[nodiscard]] std::string extra_repr() const override;
  SINTER_MODULE(Flatten)

 private:
  int64_t first_, last_;
};

// One module after the other: nn::Sequential net(nn::Linear(4, 3), nn::ReLU(), nn::Linear(3, 1)). A module is called
// with a tensor, and with the user's line if it takes that, and gives a tensor.
class Sequential : public Module {
 public:
  template <class... M>
    requires(sizeof...(M) != 1 || !(std::same_as<std::remove_cvref_t<M>, Sequential> || ...))
  explicit Sequential(M&&... modules) {
    (add(std::forward<M>(modules)), ...);
  }
  template <class M>
  void add(M&& module) {
    static_assert(std::derived_from<std::remove_cvref_t<M>, Module>,
                  "Sequential: a step is not a module: a function is called in the operator() of a module of yours");
    static_assert(std::is_constructible_v<std::remove_cvref_t<M>, M>,
                  "Sequential: modules are moved in, for a copy would double their parameters: "
                  "Sequential(std::move(layer), ...)");
    add_step<std::remove_cvref_t<M>>(std::forward<M>(module));
  }
  [[nodiscard]] Tensor operator()(const Tensor& x, At at = At::current()) const;
  [[nodiscard]] size_t size() const { return steps_.size(); }
  [[nodiscard]] std::string_view type_name() const override { return "Sequential"; }
  [[nodiscard]] std::vector<Member> members() const override;
  [[nodiscard]] Extent extent() const override { return {detail::place_of(*this)}; }

 private:
  template <class M>
  void add_step(M&& module) {
    constexpr bool kTakesLine = std::is_invocable_r_v<Tensor, const M&, const Tensor&, At>;
    constexpr bool kCallable = kTakesLine || std::is_invocable_r_v<Tensor, const M&, const Tensor&>;
    static_assert(kCallable,
                  "Sequential: a step is called as Tensor operator()(const Tensor& x) const, which this module lacks");
    steps_.push_back({std::make_unique<M>(std::move(module)),
                      [](const Module& step, [[maybe_unused]] const Tensor& x, [[maybe_unused]] At where) -> Tensor {
                        if constexpr (kTakesLine)
                          return static_cast<const M&>(step)(x, where);
                        else if constexpr (kCallable)
                          return static_cast<const M&>(step)(x);
                      }});
  }
  struct Step {
    std::unique_ptr<Module> module;
    Tensor (*call)(const Module& module, const Tensor& x, At at);
  };
  std::vector<Step> steps_;
};

// Mean of -log softmax(logits)[label] over rows: logits [N, C], labels i64 [N].
class CrossEntropyLoss : public Module {
 public:
  [[nodiscard]] Tensor operator()(const Tensor& logits, const Tensor& labels, At at = At::current()) const;
  SINTER_MODULE(CrossEntropyLoss)
};

// Mean of (x - target)^2.
class MSELoss : public Module {
 public:
  [[nodiscard]] Tensor operator()(const Tensor& x, const Tensor& target, At at = At::current()) const;
  SINTER_MODULE(MSELoss)
};

}  // namespace sinter::nn
