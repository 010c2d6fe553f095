// What shape rules share: checks of operands and attributes, each throwing the user's error, and the plain defaults.
#pragma once

#include <string_view>
#include <vector>

#include "ir/graph/op_def.h"

namespace sinter::ir::ops {

inline constexpr int64_t kMaxRank = 8;

// The type itself, if a tensor can have it: no i32, rank at most kMaxRank, bytes countable in 63 bits.
Type checked(const OpDef& def, std::string_view what, Type type);

// Position counts from 1.
void expect_dtype(const OpDef& def, int position, const Type& given, uint8_t dtypes);
// Element type or shape of the operand at `position` must be that of the operand at `model_position`.
void expect_dtype_of(const OpDef& def, int position, const Type& given, int model_position, const Type& model);
void expect_shape_of(const OpDef& def, int position, const Type& given, int model_position, const Type& model);

// 0 <= axis < rank.
void expect_axis(const OpDef& def, std::string_view what, int64_t axis, int64_t rank);
// Each axis in [0, rank), ascending, none twice.
void expect_axes(const OpDef& def, std::string_view what, const Integers& axes, int64_t rank);
// One number for each axis of the operand.
void expect_count(const OpDef& def, std::string_view what, size_t count, int64_t rank);

// For evaluations that are pure copies.
void copy_bytes(const Literal& from, Literal& to);

template <class T>
const T& as(const Attributes& attributes) {
  return std::get<T>(attributes);
}

}  // namespace sinter::ir::ops
