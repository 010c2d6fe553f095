// The dynamic engine: executes one operation at once.
#pragma once

#include <span>

#include "frontend/impl.h"
#include "ir/graph/op_def.h"

namespace sinter::detail {

// Executes the operation and records it on the tape. Operands: concrete tensors or handles of cells, of shapes and
// dtypes that the operation accepts. Errors: those of the operation's shape rule, IndexError from gather and
// scatter_add (on devices other than the CPU when the host next waits for them). It runs where the operands lie;
// ValueError where they lie on several devices. device: where an operation without operands runs.
[[nodiscard]] Ref<Impl> apply_eager(const ir::OpDef& def, const ir::Attributes& attributes,
                                    std::span<const Ref<Impl>> operands, Device device = {});

}  // namespace sinter::detail
