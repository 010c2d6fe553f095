// Handles to cells by address: how a module finds cells that lie in it.
#pragma once

#include "frontend/cell.h"

namespace sinter::detail {

// Until it ends, the handle is found by its address.
void note_handle(Impl& handle);
void forget_handle(const Impl& handle);
// The cell of the handle at this address; null where no handle is.
[[nodiscard]] Ref<Cell> cell_of_handle(const void* address);

}  // namespace sinter::detail
