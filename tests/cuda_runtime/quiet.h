// For tests in which the fake driver only records: kernels compute nothing, so nothing may be compared.
#pragma once

#include <gtest/gtest.h>

#include "support/options.h"

namespace sinter {

[[nodiscard]] inline Options without_checks() {
  Options changed = options();
  changed.check = false;
  changed.cache = testing::TempDir() + "cuda_cache";
  return changed;
}

}  // namespace sinter
