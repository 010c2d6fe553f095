// Dear values that two passes over the same points compute (the exp of softmax: for its sum, then for its quotient) are
// computed once: the earlier pass leaves them where the later one is going to store its result, which reads them there
// first. Golden test: tests/golden/lower.sir
#pragma once

#include "ir/loops/kernel.h"

namespace sinter::passes {

// Whether anything changed. No bit of a result does.
bool keep_values(loops::Kernel& kernel);

}  // namespace sinter::passes
