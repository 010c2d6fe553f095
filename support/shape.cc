#include "support/shape.h"

#include <algorithm>

namespace sinter {

std::string to_string(Dim dim) {
  return dim.is_symbol() ? fmt::format("s{}", dim.symbol_id()) : fmt::format("{}", dim.value());
}

bool Shape::is_static() const {
  return std::none_of(begin(), end(), [](Dim dim) { return dim.is_symbol(); });
}

int64_t Shape::numel() const {
  // A zero anywhere makes the whole empty, however large the others are.
  if (std::any_of(begin(), end(), [](Dim dim) { return dim.is(0); })) return 0;
  int64_t count = 1;
  for (Dim dim : dims_)
    if (__builtin_mul_overflow(count, dim.value(), &count))
      throw ShapeError(fmt::format("shape {} has more elements than 63 bits can count", to_string(*this)));
  return count;
}

std::vector<int64_t> Shape::strides() const {
  std::vector<int64_t> strides(dims_.size());
  int64_t stride = 1;
  for (int64_t axis = rank() - 1; axis >= 0; --axis) {
    strides[static_cast<size_t>(axis)] = stride;
    if (axis > 0) stride *= std::max<int64_t>(dims_[static_cast<size_t>(axis)].value(), 1);
  }
  return strides;
}

std::vector<int64_t> Shape::values() const {
  std::vector<int64_t> values;
  values.reserve(dims_.size());
  for (Dim dim : dims_) values.push_back(dim.value());
  return values;
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (int64_t axis = 0; axis < shape.rank(); ++axis) text += (axis > 0 ? ", " : "") + to_string(shape[axis]);
  return text + "]";
}

int64_t normalize_axis(int64_t axis, int64_t rank, const char* operation) {
  if (rank == 0)
    throw IndexError(fmt::format("{}: axis {} is given for a tensor without dimensions, expected at least 1 dimension",
                                 operation, axis),
                     "give it one with unsqueeze(x, 0)");
  if (axis < -rank || axis >= rank)
    throw IndexError(fmt::format("{}: axis {} is out of range for {} dimension{}, expected {} to {}", operation, axis,
                                 rank, rank == 1 ? "" : "s", -rank, rank - 1));
  return axis < 0 ? axis + rank : axis;
}

}  // namespace sinter
