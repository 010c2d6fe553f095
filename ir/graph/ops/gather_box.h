// What gather and scatter_add share: which element of the data belongs to which element of the gathered array.
//
// Data [B..., P..., A, R...] and indices i64 [B..., I...] share `batch` leading axes B; `axis` is A's position in the
// data. The gathered array is [B..., P..., I..., R...]: the data with A replaced by I.
#pragma once

#include "ir/graph/ops/check.h"

namespace sinter::ir::ops {

// Checks data, indices and attributes; the type of the gathered array.
Type gathered_type(const OpDef& def, const GatherAttributes& attributes, const Type& data, const Type& indices);

// For each element of the gathered array, row-major, its offset in the data. IndexError for an index outside [0, size
// of A).
[[nodiscard]] std::vector<size_t> gathered_offsets(const OpDef& def, const GatherAttributes& attributes,
                                                   const Type& data, const Literal& indices, const Shape& gathered);

}  // namespace sinter::ir::ops
