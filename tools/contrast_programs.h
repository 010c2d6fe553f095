// The programs of `sinter contrast`.
#pragma once

#include <span>
#include <string_view>

#include "frontend/two_engines.h"

namespace sinter::tools {

struct ContrastProgram {
  std::string_view name, help;
  TwoEngines (*make)(bool quick);  // quick: small sizes, for tests
};
[[nodiscard]] std::span<const ContrastProgram> contrast_programs();

}  // namespace sinter::tools
