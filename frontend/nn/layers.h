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

// One module after the other: nn::Sequential net(nn::Linear(4, 3), nn::ReLU(), nn::Linear(3, 1)).
class Sequential : public Module {
 public:
  template <std::derived_from<Module>... M>
  explicit Sequential(M... modules) {
    (add(std::move(modules)), ...);
  }
  template <std::derived_from<Module> M>
  void add(M module) {
    auto owned = std::make_unique<M>(std::move(module));
    steps_.push_back({std::move(owned), [](const Module& step, const Tensor& x, At where) {
                        return static_cast<const M&>(step)(x, where);
                      }});
  }
  [[nodiscard]] Tensor operator()(const Tensor& x, At at = At::current()) const;
  [[nodiscard]] size_t size() const { return steps_.size(); }
  [[nodiscard]] std::string_view type_name() const override { return "Sequential"; }
  [[nodiscard]] std::vector<Member> members() const override;

 private:
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
