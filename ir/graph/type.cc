#include "ir/graph/type.h"

#include <new>

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
  constexpr int64_t kMostBytes = int64_t{1} << 39;  // no machine has more; allocators need not be asked
  const auto refuse = [&] {
    throw RuntimeError(fmt::format("an array of type {} does not fit in memory", to_string(type)));
  };
  const auto size = static_cast<int64_t>(size_of(type.dtype));
  const int64_t count = type.shape.numel();
  if (count > kMostBytes / size) refuse();
  Literal literal{type, {}};
  try {
    literal.bytes.resize(static_cast<size_t>(count * size));
  } catch (const std::bad_alloc&) {
    refuse();
  }
  return literal;
}

}  // namespace sinter::ir
