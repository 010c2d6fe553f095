// Optimisers: what turns gradients into updates. All they remember is cells, so that step() is the same dynamically and
// under jit, and a change of the learning rate compiles nothing.
#pragma once

#include <map>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "frontend/state_dict.h"
#include "frontend/tensor.h"

namespace sinter::optim {

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // Updates every parameter that has a gradient.
  virtual void step(At at = At::current()) = 0;
  void zero_grad(At at = At::current()) const;

  // The learning rate, a cell: set_lr between steps needs no recompilation.
  [[nodiscard]] double lr(At at = At::current()) const;
  void set_lr(double lr, At at = At::current()) const;

  // Learning rate, counters, moments: handles to the cells, by name ("m.0" is the first parameter's).
  [[nodiscard]] std::vector<std::pair<std::string, Tensor>> state_dict() const;
  // As Module::load_state_dict: every problem is listed, and then nothing has changed.
  void load_state_dict(const std::map<std::string, Tensor>& state, At at = At::current()) const;
  template <std::ranges::input_range List>
  void load_state_dict(const List& state, At at = At::current()) const {
    load_state_dict(detail::state_of(state, at), at);
  }

 protected:
  // ValueError when there is no parameter, or one that collects no gradient; GraphError while a function is traced.
  Optimizer(const char* name, std::vector<Tensor> parameters, double lr, At at);
  // ValueError, for the option of this name, unless it is 0 or more.
  void require_not_negative(const char* option, double value) const;
  // A cell of zeros beside every parameter, named "<name>.<i>".
  [[nodiscard]] std::vector<Tensor> zeros_beside_parameters(const std::string& name);
  // A scalar f64 cell.
  [[nodiscard]] Tensor scalar_cell(const std::string& name, double value);
  // Moves what is remembered beside a parameter to where that now lies; jitted functions do so by themselves.
  static void bring_beside(const Tensor& cell, const Tensor& parameter);

  // Scalars that a step computes for all parameters: converted once a type, and sent once, together, to a device.
  class Scalars {
   public:
    explicit Scalars(std::vector<Tensor> values) : values_(std::move(values)) {}  // f64
    // In the parameter's type, where it lies.
    [[nodiscard]] const std::vector<Tensor>& beside(const Tensor& parameter);

   private:
    struct Converted {
      DType dtype;
      Device device;
      std::vector<Tensor> values;
    };
    std::vector<Tensor> values_;
    std::vector<Converted> converted_;
  };

  const char* name_;
  std::vector<Tensor> parameters_;
  Tensor lr_;

 private:
  [[nodiscard]] Tensor remembered(const Tensor& value, const std::string& name) const;

  std::vector<std::pair<std::string, Tensor>> state_;
};

}  // namespace sinter::optim
