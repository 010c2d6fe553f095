// Modules: parts of a model, named, that own parameters and other modules. A model is a plain struct:
//   struct Net : nn::Module {
//     nn::Linear fc1{784, 128}, fc2{128, 10};
//     Tensor operator()(const Tensor& x) const { return fc2(relu(fc1(x))); }
//     SINTER_MODULE(Net, fc1, fc2)
//   };
#pragma once

#include <concepts>
#include <map>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

#include "frontend/apply.h"
#include "frontend/print.h"
#include "frontend/state_dict.h"
#include "frontend/tensor.h"
#include "frontend/trace.h"

namespace sinter::nn {

class Module;

// A member that a module names: a module, a tensor (a parameter where gradients are asked, else a buffer), a list of
// such, or nothing (an empty pointer, what stands in unlisted()).
struct Member {
  std::string name;
  std::variant<std::monostate, const Module*, Tensor, std::vector<Member>> content;
  std::span<const std::byte> place = {};  // that it takes up
};

// What a module is made of, for finding members that it does not name: all of the object that SINTER_MODULE stands in,
// which is of this type; or nothing, for a module that names its members in another way.
struct Extent {
  std::span<const std::byte> bytes;
  const std::type_info* type = nullptr;
};

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

class Module {
 public:
  Module();
  virtual ~Module();
  // A copy would silently share or silently double the parameters.
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  Module(Module&& other) noexcept;
  Module& operator=(Module&&) = default;

  // All of these are errors where a member that is a module or a cell is not named in SINTER_MODULE.
  // Tensors that collect gradients, in order of declaration; handles to the same cells.
  [[nodiscard]] std::vector<Tensor> parameters(At at = At::current()) const;  // each once, also when members share it
  [[nodiscard]] NamedTensors named_parameters(At at = At::current()) const;   // "fc1.weight", ...
  // Parameters and buffers: handles to the same cells.
  [[nodiscard]] NamedTensors state_dict(At at = At::current()) const;
  // Copies values in by name. ValueError lists every missing, unexpected or ill-fitting name; then nothing has changed.
  void load_state_dict(const std::map<std::string, Tensor>& state, At at = At::current()) const;
  // The same of any list of pairs, as what state_dict() gives.
  template <std::ranges::input_range List>
  void load_state_dict(const List& state, At at = At::current()) const {
    load_state_dict(sinter::detail::state_of(state, at), at);
  }

  // Moves parameters and buffers, and their gradients: handles see them there. Under jit an error.
  void to(Device device, At at = At::current()) const;
  void cuda(At at = At::current()) const { to(Device("cuda"), at); }
  void cpu(At at = At::current()) const { to(Device(), at); }

  void train(bool on = true, At at = At::current());
  void eval(At at = At::current()) { train(false, at); }
  [[nodiscard]] bool is_training() const { return training_; }
  void zero_grad(At at = At::current()) const;

  // As PyTorch prints it.
  [[nodiscard]] std::string to_string() const;

  // What SINTER_MODULE writes.
  [[nodiscard]] virtual std::string_view type_name() const = 0;
  [[nodiscard]] virtual std::vector<Member> members() const { return {}; }
  [[nodiscard]] virtual Extent extent() const { return {}; }
  // What stands between the parentheses: "in_features=784, ...".
  [[nodiscard]] virtual std::string extra_repr() const { return ""; }

 protected:
  // The path under which the outermost model that was asked for its parameters knows this module: "encoder.fc1".
  [[nodiscard]] const std::string& path() const { return path_.get(); }

 private:
  // This module and its parts, and their cells: all learn the names that this module knows them by. ValueError, in the
  // name of `what`, for a member that is not listed, or a listed tensor that is no cell.
  struct Parts;
  [[nodiscard]] Parts parts(const char* what) const;

  mutable sinter::detail::SharedName path_;  // what the model above calls it, which reading that writes down
  detail::Switch training_{true};
};

std::ostream& operator<<(std::ostream& out, const Module& module);

// Marks a member that SINTER_MODULE leaves out on purpose: SINTER_MODULE(Net, fc1, nn::unlisted(teacher)). It is not
// trained, saved, moved, or told of train and eval.
template <class T>
struct Unlisted {
  const T& member;
};
template <class T>
[[nodiscard]] Unlisted<T> unlisted(const T& member) {
  return {member};
}

namespace detail {

template <class T>
inline constexpr bool kUnlisted = false;
template <class T>
inline constexpr bool kUnlisted<Unlisted<T>> = true;
// std::unique_ptr, std::optional and the like.
template <class T>
concept Pointing = requires(const T& x) {
  static_cast<bool>(x);
  *x;
};

template <class T>
[[nodiscard]] decltype(Member::content) content_of(const T& member) {
  if constexpr (std::derived_from<T, Module>) {
    return &member;
  } else if constexpr (std::same_as<T, Tensor>) {
    return member;
  } else if constexpr (kUnlisted<T>) {
    return {};
  } else if constexpr (std::ranges::forward_range<const T>) {
    std::vector<Member> entries;
    for (const auto& entry : member) entries.push_back({std::to_string(entries.size()), content_of(entry)});
    return entries;
  } else if constexpr (Pointing<T>) {
    if (!member) return {};
    return content_of(*member);
  } else {
    static_assert(sizeof(T) == 0,
                  "SINTER_MODULE: a member that is listed is a module, a tensor, or a vector, array, optional or "
                  "pointer of those; leave others out of the list");
  }
}

template <class T>
[[nodiscard]] std::span<const std::byte> place_of(const T& member) {
  return std::as_bytes(std::span(&member, 1));
}
template <class T>
[[nodiscard]] std::span<const std::byte> place_of(const Unlisted<T>& member) {
  return place_of(member.member);
}

// Names come as the macro's text, "fc1, fc2".
[[nodiscard]] std::vector<std::string> split_names(std::string_view names);
template <class... T>
[[nodiscard]] std::vector<Member> make_members(std::string_view names, const T&... members) {
  std::vector<std::string> split = split_names(names);
  std::vector<Member> made;
  size_t next = 0;
  (made.push_back({std::move(split[next++]), content_of(members), place_of(members)}), ...);
  return made;
}

}  // namespace detail

}  // namespace sinter::nn

// Names the members of a module, in the order in which they are listed, printed and saved.
#define SINTER_MODULE(Type, ...)                                                        \
  [[nodiscard]] std::string_view type_name() const override { return #Type; }           \
  [[nodiscard]] std::vector<::sinter::nn::Member> members() const override {            \
    return ::sinter::nn::detail::make_members(#__VA_ARGS__ __VA_OPT__(, ) __VA_ARGS__); \
  }                                                                                     \
  [[nodiscard]] ::sinter::nn::Extent extent() const override {                          \
    return {::sinter::nn::detail::place_of(*this), &typeid(Type)};                      \
  }

template <std::derived_from<sinter::nn::Module> M>
struct fmt::formatter<M> : fmt::formatter<std::string> {
  template <class Context>
  auto format(const M& module, Context& context) const {
    return fmt::formatter<std::string>::format(module.to_string(), context);
  }
};
