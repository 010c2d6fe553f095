// Walks the tensors inside arguments and results: tensors, tuples, pairs, arrays, vectors, and plain structs of those.
#pragma once

#include <array>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "frontend/tensor.h"

namespace sinter {

// An argument of a jitted function that is a part of its signature: another value is another compilation.
template <class T>
struct Static {
  T value;
  Static(T fixed) : value(std::move(fixed)) {}  // NOLINT: a value is one
  operator const T&() const { return value; }   // NOLINT
};

namespace detail {

template <class T>
struct IsStatic : std::false_type {};
template <class T>
struct IsStatic<Static<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
concept TupleLike = requires { std::tuple_size<T>::value; };

// The number of fields of a plain struct: as many as it can be initialised with.
struct Anything {
  template <class T>
  operator T() const;  // NOLINT: never defined
};
template <class T, size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), Anything{})...}; };
}
template <class T, size_t count = 16>
constexpr size_t fields() {
  if constexpr (count == 0 || takes<T>(std::make_index_sequence<count>{}))
    return count;
  else
    return fields<T, count - 1>();
}

// Calls visit on each field.
template <class T, class Visit>
void each_field(T& value, Visit&& visit) {
  constexpr size_t kFields = fields<std::remove_const_t<T>>();
  const auto all = [&](auto&... field) { (visit(field), ...); };
  // clang-format off
  if constexpr (kFields == 1) { auto& [a] = value; all(a); }
  else if constexpr (kFields == 2) { auto& [a, b] = value; all(a, b); }
  else if constexpr (kFields == 3) { auto& [a, b, c] = value; all(a, b, c); }
  else if constexpr (kFields == 4) { auto& [a, b, c, d] = value; all(a, b, c, d); }
  else if constexpr (kFields == 5) { auto& [a, b, c, d, e] = value; all(a, b, c, d, e); }
  else if constexpr (kFields == 6) { auto& [a, b, c, d, e, f] = value; all(a, b, c, d, e, f); }
  else if constexpr (kFields == 7) { auto& [a, b, c, d, e, f, g] = value; all(a, b, c, d, e, f, g); }
  else if constexpr (kFields == 8) { auto& [a, b, c, d, e, f, g, h] = value; all(a, b, c, d, e, f, g, h); }
  else if constexpr (kFields == 9) { auto& [a, b, c, d, e, f, g, h, i] = value; all(a, b, c, d, e, f, g, h, i); }
  else if constexpr (kFields == 10) { auto& [a, b, c, d, e, f, g, h, i, j] = value; all(a, b, c, d, e, f, g, h, i, j); }
  else if constexpr (kFields == 11) { auto& [a, b, c, d, e, f, g, h, i, j, k] = value; all(a, b, c, d, e, f, g, h, i, j, k); }
  else if constexpr (kFields == 12) { auto& [a, b, c, d, e, f, g, h, i, j, k, l] = value; all(a, b, c, d, e, f, g, h, i, j, k, l); }
  else if constexpr (kFields == 13) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m] = value; all(a, b, c, d, e, f, g, h, i, j, k, l, m); }
  else if constexpr (kFields == 14) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = value; all(a, b, c, d, e, f, g, h, i, j, k, l, m, n); }
  else if constexpr (kFields == 15) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o] = value; all(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o); }
  else { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = value; all(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p); }
  // clang-format on
}

// Whether visit_leaves can look into a T; of a tuple's entries and a struct's fields their own visits say it.
template <class T>
constexpr bool holds_leaves() {
  if constexpr (std::is_same_v<T, Tensor> || IsStatic<T>::value || IsVector<T>::value || TupleLike<T>)
    return true;
  else if constexpr (std::is_class_v<T> && std::is_aggregate_v<T>)
    return fields<T>() > 0 && !takes<T>(std::make_index_sequence<17>{});
  else
    return false;
}
template <class T>
struct Walkable {
  static_assert(
      holds_leaves<T>(),
      "jit: arguments and results are tensors, or tuples, pairs, arrays, vectors and plain structs of 1 to 16 "
      "fields made of tensors: pass a number as tensor(x), or as Static<T> where another value may compile "
      "anew; capture modules by reference");
  static constexpr bool value = true;  // one message is enough
};

// Calls on.tensor(Tensor&), on.fixed(T&) for the value of a Static<T>, and on.fixed(size) for the length of a vector,
// in order.
template <class T, class On>
void visit_leaves(T& value, On& on) {
  using Plain = std::remove_const_t<T>;
  if constexpr (!holds_leaves<Plain>()) {
    static_assert(Walkable<Plain>::value);
  } else if constexpr (std::is_same_v<Plain, Tensor>) {
    on.tensor(value);
  } else if constexpr (IsStatic<Plain>::value) {
    on.fixed(value.value);
  } else if constexpr (IsVector<Plain>::value) {
    on.fixed(value.size());
    for (auto& entry : value) visit_leaves(entry, on);
  } else if constexpr (TupleLike<Plain>) {
    std::apply([&](auto&... entry) { (visit_leaves(entry, on), ...); }, value);
  } else {
    each_field(value, [&](auto& field) { visit_leaves(field, on); });
  }
}

// A Static's value as it is compared: numbers by bits, strings by text.
using Fixed = std::variant<uint64_t, std::string_view>;

}  // namespace detail
}  // namespace sinter
