// The operations that are made from tables: the registry's view of elementwise.cc and reduction.cc.
#pragma once

#include "ir/graph/combiner.h"
#include "ir/graph/op_def.h"
#include "ir/graph/row.h"

namespace sinter::ir {

[[nodiscard]] OpDef elementwise_op(const Row& row);
// `name` must live as long as the definition.
[[nodiscard]] OpDef reduction_op(const Combiner& combiner, std::string_view name);

}  // namespace sinter::ir
