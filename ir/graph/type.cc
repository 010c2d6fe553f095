#include "ir/graph/type.h"

#include <new>
#include <stdexcept>

namespace sinter::ir {

bool contains(uint8_t dtypes, DType dtype) {
  if (is_float(dtype)) return (dtypes & kFloats) != 0;
  return (dtypes & (dtype == kBool ? kBools : kIntegers)) != 0;
}

std::string to_text(uint8_t dtypes) {
  std::vector<std::string_view> names;
  for (DType dtype : {kFloat32, kFloat64, kInt64, kBool})
    if (contains(dtypes, dtype)) names.push_back(name(dtype));
  std::string text;
  for (size_t i = 0; i < names.size(); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : i + 1 == names.size() ? " or " : ", ", names[i]);
  return text;
}

std::string to_string(const Type& type) { return std::string(name(type.dtype)) + to_string(type.shape); }

Literal Literal::zeros(const Type& type) {
  Literal literal{type, {}};
  try {
    literal.bytes.resize(static_cast<size_t>(type.shape.numel()) * size_of(type.dtype));
  } catch (const std::bad_alloc&) {
    throw RuntimeError(fmt::format("an array of type {} does not fit in memory", to_string(type)));
  } catch (const std::length_error&) {
    throw RuntimeError(fmt::format("an array of type {} does not fit in memory", to_string(type)));
  }
  return literal;
}

}  // namespace sinter::ir
