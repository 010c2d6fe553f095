#include "frontend/sizes.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <ostream>

#include "frontend/call_scope.h"

namespace sinter {

namespace detail {
void report_beyond_int64(uint64_t number, const std::source_location& at) {
  const CallScope location(at);
  throw ValueError(
      fmt::format("the number {} is given, expected at most {}: whole numbers are int64", number, INT64_MAX),
      "write it as a double, or its bits as static_cast<int64_t>(number)");
}
}  // namespace detail

Sizes::Sizes(std::span<const int64_t> values) {
  for (int64_t value : values) push_back(value);
}

Sizes::Sizes(const Shape& shape) {
  for (Dim dim : shape) push_back(dim.value());
}

void Sizes::push_back(int64_t value) {
  if (rank_ == kMaxRank) throw ShapeError(fmt::format("a tensor has more than {} dimensions", kMaxRank));
  values_[static_cast<size_t>(rank_++)] = value;
}

Sizes Sizes::contiguous_strides() const {
  Sizes strides = *this;
  int64_t stride = 1;
  for (int axis = rank_ - 1; axis >= 0; --axis) {
    strides[axis] = stride;
    stride *= std::max<int64_t>((*this)[axis], 1);
  }
  return strides;
}

bool Sizes::operator==(const Sizes& other) const { return std::ranges::equal(*this, other); }

Shape Sizes::shape() const {
  // A negative number would stand for a symbol.
  if (std::ranges::any_of(*this, [](int64_t size) { return size < 0; }))
    throw ShapeError(fmt::format("a tensor of shape {} is asked for, expected sizes of 0 or more", to_string(*this)));
  return Shape(std::vector<Dim>(begin(), end()));
}

int64_t Sizes::checked_numel() const {
  const int64_t count = shape().numel();
  if (count > kMaxElements)
    throw ShapeError(fmt::format("a tensor of shape {} is asked for, expected a number of bytes that 63 bits can count",
                                 to_string(*this)));
  return count;
}

std::string to_string(const Sizes& sizes) { return fmt::format("[{}]", fmt::join(sizes, ", ")); }
std::ostream& operator<<(std::ostream& out, const Sizes& sizes) { return out << to_string(sizes); }

}  // namespace sinter
