// The page of the reference that lists all operations, docs/ops.md, made from the tables.
#pragma once

#include <string>

namespace sinter::ir {

[[nodiscard]] std::string operations_markdown();

}  // namespace sinter::ir
