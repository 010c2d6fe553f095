// What loading a kernel throws when the driver refuses its image.
#pragma once

#include "support/error.h"

namespace sinter::runtime::cuda {

// A cubin that is damaged, or made for another device or a newer driver.
struct DamagedImage : RuntimeError {
  using RuntimeError::RuntimeError;
};

}  // namespace sinter::runtime::cuda
