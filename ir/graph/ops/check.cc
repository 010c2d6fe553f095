#include "ir/graph/ops/check.h"

#include <algorithm>
#include <cstring>

namespace sinter::ir::ops {

Type checked(const OpDef& def, std::string_view what, Type type) {
  if (type.dtype == kInt32)
    throw DTypeError(fmt::format("{}: {} has element type i32, expected {}", def.name, what, to_text(kAnything)),
                     "i32 exists only inside scalar expressions: use i64");
  if (type.shape.rank() > kMaxRank)
    throw ShapeError(
        fmt::format("{}: {} has {} dimensions, expected at most {}", def.name, what, type.shape.rank(), kMaxRank));
  // Zeros count as ones: strides and partial products must be countable too.
  auto bytes = static_cast<int64_t>(size_of(type.dtype));
  for (Dim dim : type.shape)
    if (!dim.is_symbol() && __builtin_mul_overflow(bytes, std::max<int64_t>(dim.value(), 1), &bytes))
      throw ShapeError(fmt::format("{}: {} has type {}, expected a type whose bytes 63 bits can count", def.name, what,
                                   to_string(type)));
  return type;
}

void expect_dtype(const OpDef& def, int position, const Type& given, uint8_t dtypes) {
  if (!contains(dtypes, given.dtype))
    throw DTypeError(fmt::format("{}: argument {} has type {}, expected element type {}", def.name, position,
                                 to_string(given), to_text(dtypes)),
                     "convert it first");
}

void expect_dtype_of(const OpDef& def, int position, const Type& given, int model_position, const Type& model) {
  if (given.dtype != model.dtype)
    throw DTypeError(fmt::format("{}: argument {} has type {}, expected element type {}, that of argument {}", def.name,
                                 position, to_string(given), name(model.dtype), model_position),
                     "convert one of them");
}

void expect_shape_of(const OpDef& def, int position, const Type& given, int model_position, const Type& model) {
  if (given.shape != model.shape)
    throw ShapeError(fmt::format("{}: argument {} has type {}, expected shape {}, that of argument {}", def.name,
                                 position, to_string(given), to_string(model.shape), model_position),
                     "broadcast or reshape one of them");
}

void expect_axis(const OpDef& def, std::string_view what, int64_t axis, int64_t rank) {
  if (axis < 0 || axis >= rank)
    throw IndexError(rank == 0
                         ? fmt::format("{}: {} is {}, but argument 1 is a scalar and has no axis", def.name, what, axis)
                         : fmt::format("{}: {} is {}, expected 0 to {}", def.name, what, axis, rank - 1));
}

void expect_axes(const OpDef& def, std::string_view what, const Integers& axes, int64_t rank) {
  for (size_t i = 0; i < axes.size(); ++i) {
    expect_axis(def, fmt::format("{}[{}]", what, i), axes[i], rank);
    if (i > 0 && axes[i] <= axes[i - 1])
      throw IndexError(fmt::format("{}: {}[{}] is {} after {}, expected ascending axes, each once", def.name, what, i,
                                   axes[i], axes[i - 1]));
  }
}

void expect_count(const OpDef& def, std::string_view what, size_t count, int64_t rank) {
  if (count != static_cast<size_t>(rank))
    throw ShapeError(fmt::format("{}: {} has {} entr{}, expected {}, one for each axis of argument 1", def.name, what,
                                 count, count == 1 ? "y" : "ies", rank));
}

void copy_bytes(const Literal& from, Literal& to) {
  invariant(from.bytes.size() == to.bytes.size(), "a copy has the size of what it copies");
  if (!from.bytes.empty()) std::memcpy(to.bytes.data(), from.bytes.data(), from.bytes.size());
}

}  // namespace sinter::ir::ops
