// Joins neighbouring ranges that every address walks as one (row-major without gaps), so that loops are few and long.
// Reductions keep their linear order. Golden test: tests/golden/lower.sir
#pragma once

#include "ir/loops/kernel.h"

namespace sinter::passes {

void collapse(loops::Kernel& kernel);

}  // namespace sinter::passes
