// Sizes or strides of a tensor: a short list of integers that lives on the stack.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <source_location>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "support/shape.h"

namespace sinter {

inline constexpr int kMaxRank = 8;
// More elements than any memory holds: 63 bits count their bytes, whatever their type.
inline constexpr int64_t kMaxElements = int64_t{1} << 59;

namespace detail {
[[noreturn]] void report_beyond_int64(uint64_t number, const std::source_location& at);
}  // namespace detail

// A whole C++ number as what tensors and sizes hold; ValueError, for the line `at`, beyond 2^63 - 1.
template <std::integral T>
[[nodiscard]] constexpr int64_t to_int64(T number, const std::source_location& at) {
  if constexpr (std::is_unsigned_v<T> && sizeof(T) == sizeof(int64_t))
    if (number > static_cast<T>(INT64_MAX)) [[unlikely]]
      detail::report_beyond_int64(number, at);
  return static_cast<int64_t>(number);
}

class Sizes {
 public:
  Sizes() = default;
  template <std::integral T>
  Sizes(T size, const std::source_location& at = std::source_location::current())  // NOLINT: ones(3)
      : Sizes({to_int64(size, at)}) {}
  Sizes(std::initializer_list<int64_t> values) : Sizes(std::span(values.begin(), values.size())) {}
  Sizes(const std::vector<int64_t>& values) : Sizes(std::span(values)) {}  // NOLINT: a list is a list
  explicit Sizes(std::span<const int64_t> values);
  explicit Sizes(const Shape& shape);

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] size_t size() const { return static_cast<size_t>(rank_); }
  [[nodiscard]] bool empty() const { return rank_ == 0; }
  int64_t& operator[](int64_t axis) { return values_[static_cast<size_t>(axis)]; }
  int64_t operator[](int64_t axis) const { return values_[static_cast<size_t>(axis)]; }
  [[nodiscard]] const int64_t* begin() const { return values_.data(); }
  [[nodiscard]] const int64_t* end() const { return values_.data() + rank_; }
  int64_t* begin() { return values_.data(); }
  int64_t* end() { return values_.data() + rank_; }
  // ShapeError beyond kMaxRank.
  void push_back(int64_t value);
  // ShapeError when a size is negative, or 63 bits cannot count the bytes.
  [[nodiscard]] int64_t numel() const {
    int64_t count = 1;
    bool fits = true;
    for (int64_t size : *this) fits = !__builtin_mul_overflow(count, size, &count) && size >= 0 && fits;
    if (!fits || count > kMaxElements) [[unlikely]]
      return checked_numel();
    return count;
  }
  // Row-major strides of these sizes.
  [[nodiscard]] Sizes contiguous_strides() const;
  // ShapeError when a size is negative.
  [[nodiscard]] Shape shape() const;
  [[nodiscard]] std::vector<int64_t> values() const { return {begin(), end()}; }
  bool operator==(const Sizes& other) const;

 private:
  [[nodiscard]] int64_t checked_numel() const;

  std::array<int64_t, kMaxRank> values_;
  int rank_ = 0;
};

// "[2, 3]".
[[nodiscard]] std::string to_string(const Sizes& sizes);
std::ostream& operator<<(std::ostream& out, const Sizes& sizes);

}  // namespace sinter
