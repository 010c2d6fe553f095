// Modules: parts of a model, named, that own parameters and other modules. A model is a plain struct:
//   struct Net : nn::Module {
//     nn::Linear fc1{784, 128}, fc2{128, 10};
//     Tensor operator()(const Tensor& x) const { return fc2(relu(fc1(x))); }
//     SINTER_MODULE(Net, fc1, fc2)
//   };
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frontend/apply.h"
#include "frontend/print.h"
#include "frontend/tensor.h"
#include "frontend/trace.h"

namespace sinter::nn {

class Module;

// A member that a module names: a module, or a tensor (a parameter where gradients are asked, else a buffer).
struct Member {
  std::string name;
  const Module* module = nullptr;
  Tensor tensor;
};

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

class Module {
 public:
  Module() = default;
  virtual ~Module() = default;
  // A copy would silently share or silently double the parameters.
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  Module(Module&&) = default;
  Module& operator=(Module&&) = default;

  // Tensors that collect gradients, in order of declaration; handles to the same cells.
  [[nodiscard]] std::vector<Tensor> parameters() const;  // each once, also when members share it
  [[nodiscard]] NamedTensors named_parameters() const;   // "fc1.weight", ...
  // Parameters and buffers: handles to the same cells.
  [[nodiscard]] NamedTensors state_dict() const;
  // Copies values in by name. ValueError lists every missing, unexpected or ill-fitting name; then nothing has changed.
  void load_state_dict(const std::map<std::string, Tensor>& state, At at = At::current()) const;

  // Moves parameters and buffers, and their gradients: handles see them there. Under jit an error.
  void to(Device device, At at = At::current()) const;
  void cuda(At at = At::current()) const { to(Device("cuda"), at); }
  void cpu(At at = At::current()) const { to(Device(), at); }

  void train(bool on = true);
  void eval() { train(false); }
  [[nodiscard]] bool is_training() const { return training_; }
  void zero_grad() const;

  // As PyTorch prints it.
  [[nodiscard]] std::string to_string() const;

  // What SINTER_MODULE writes.
  [[nodiscard]] virtual std::string_view type_name() const = 0;
  [[nodiscard]] virtual std::vector<Member> members() const { return {}; }
  // What stands between the parentheses: "in_features=784, ...".
  [[nodiscard]] virtual std::string extra_repr() const { return ""; }

 protected:
  // The path under which the outermost model that was asked for its parameters knows this module: "encoder.fc1".
  [[nodiscard]] const std::string& path() const { return path_.get(); }

 private:
  void collect(const std::string& prefix, bool buffers, NamedTensors& into) const;

  mutable sinter::detail::SharedName path_;  // what the model above calls it, which reading that writes down
  detail::Switch training_{true};
};

std::ostream& operator<<(std::ostream& out, const Module& module);

namespace detail {
// Names come as the macro's text, "fc1, fc2".
[[nodiscard]] std::vector<std::string> split_names(std::string_view names);
[[nodiscard]] inline Member member(std::string name, const Module& module) { return {std::move(name), &module, {}}; }
[[nodiscard]] inline Member member(std::string name, const Tensor& tensor) {
  return {std::move(name), nullptr, tensor};
}
template <class... T>
[[nodiscard]] std::vector<Member> make_members(std::string_view names, const T&... members) {
  std::vector<std::string> split = split_names(names);
  std::vector<Member> made;
  size_t next = 0;
  (made.push_back(member(std::move(split[next++]), members)), ...);
  return made;
}
}  // namespace detail

}  // namespace sinter::nn

// Names the members of a module, in the order in which they are listed, printed and saved.
#define SINTER_MODULE(Type, ...)                                                        \
  [[nodiscard]] std::string_view type_name() const override { return #Type; }           \
  [[nodiscard]] std::vector<::sinter::nn::Member> members() const override {            \
    return ::sinter::nn::detail::make_members(#__VA_ARGS__ __VA_OPT__(, ) __VA_ARGS__); \
  }

template <std::derived_from<sinter::nn::Module> M>
struct fmt::formatter<M> : fmt::formatter<std::string> {
  template <class Context>
  auto format(const M& module, Context& context) const {
    return fmt::formatter<std::string>::format(module.to_string(), context);
  }
};
