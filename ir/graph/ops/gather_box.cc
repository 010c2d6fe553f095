#include "ir/graph/ops/gather_box.h"

#include "ir/graph/strided.h"

namespace sinter::ir::ops {
namespace {

// "[1, 0]": where the element number `at` lies.
std::string position(const Shape& shape, int64_t at) {
  Shape index = shape;
  for (int64_t axis = shape.rank() - 1; axis >= 0; --axis) {
    index[axis] = at % shape[axis].value();
    at /= shape[axis].value();
  }
  return to_string(index);
}

void check_range(const OpDef& def, const Literal& indices, int64_t axis, int64_t size) {
  const std::span<const int64_t> given = indices.view<int64_t>();
  for (size_t i = 0; i < given.size(); ++i) {
    if (given[i] >= 0 && given[i] < size) continue;
    const std::string where = fmt::format("{}: argument 2 has index {} at position {}", def.name, given[i],
                                          position(indices.type.shape, static_cast<int64_t>(i)));
    if (size == 0) throw IndexError(fmt::format("{}, but axis {} of argument 1 has no elements", where, axis));
    throw IndexError(fmt::format("{}, expected 0 to {}", where, size - 1));
  }
}

}  // namespace

Type gathered_type(const OpDef& def, const GatherAttributes& attributes, const Type& data, const Type& indices) {
  const auto [axis, batch] = attributes;
  expect_dtype(def, 2, indices, kIntegers);
  expect_axis(def, "axis", axis, data.shape.rank());
  if (batch < 0 || batch > axis || batch > indices.shape.rank())
    throw IndexError(
        fmt::format("{}: batch is {}, expected 0 to {}: at most the axis, {}, and the rank of argument 2, {}", def.name,
                    batch, std::min(axis, indices.shape.rank()), axis, indices.shape.rank()));
  for (int64_t i = 0; i < batch; ++i)
    if (data.shape[i] != indices.shape[i])
      throw ShapeError(
          fmt::format("{}: argument 2 has type {}, expected size {} along batch axis {}, as argument 1, {}, has",
                      def.name, to_string(indices), to_string(data.shape[i]), i, to_string(data)));
  Type gathered{data.dtype, {}};
  for (int64_t i = 0; i < axis; ++i) gathered.shape.push_back(data.shape[i]);
  for (int64_t i = batch; i < indices.shape.rank(); ++i) gathered.shape.push_back(indices.shape[i]);
  for (int64_t i = axis + 1; i < data.shape.rank(); ++i) gathered.shape.push_back(data.shape[i]);
  return checked(def, "the gathered array", std::move(gathered));
}

std::vector<size_t> gathered_offsets(const OpDef& def, const GatherAttributes& attributes, const Type& data,
                                     const Literal& indices, const Shape& gathered) {
  const auto [axis, batch] = attributes;
  check_range(def, indices, axis, data.shape[axis].value());
  const std::vector<int64_t> data_strides = data.shape.strides(), index_strides = indices.type.shape.strides();
  const int64_t picked = indices.type.shape.rank() - batch;  // how many axes replace A
  Strided in_data, in_indices;
  for (int64_t i = 0; i < gathered.rank(); ++i) {
    const bool in_batch = i < batch, replaced = i >= axis && i < axis + picked;
    const int64_t data_axis = i < axis ? i : i - picked + 1;
    in_data.strides.push_back(replaced ? 0 : data_strides[static_cast<size_t>(data_axis)]);
    const int64_t index_axis = in_batch ? i : i - axis + batch;
    in_indices.strides.push_back(in_batch || replaced ? index_strides[static_cast<size_t>(index_axis)] : 0);
  }
  std::vector<size_t> offsets;
  for_each_offset(gathered.values(), in_data, [&](int64_t offset) { offsets.push_back(static_cast<size_t>(offset)); });
  size_t n = 0;
  for_each_offset(gathered.values(), in_indices, [&](int64_t at) {
    offsets[n++] +=
        static_cast<size_t>(indices.view<int64_t>()[static_cast<size_t>(at)] * data_strides[static_cast<size_t>(axis)]);
  });
  return offsets;
}

}  // namespace sinter::ir::ops
