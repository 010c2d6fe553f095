// Kernels -> a step: in which order they run, where a barrier stands between them, and where every value lies. State is
// updated in place where that is safe, else through a copy at the end; what a failed index check could leave half done
// comes after all checks. Golden test: tests/golden/plan.sir
#pragma once

#include <string>
#include <vector>

#include "passes/lower/lower.h"
#include "passes/plan/phases.h"

namespace sinter::passes {

struct Place {  // where a value lies
  enum class Kind : uint8_t { kInput, kOutput, kArena, kConstant };
  Kind kind = Kind::kArena;
  size_t index = 0;  // of the input (parameter), output (result) or constant; byte offset in the arena
  size_t bytes = 0;
  bool operator==(const Place&) const = default;
};

struct Step {
  size_t kernel = 0;
  std::vector<Place> places;  // one a buffer of the kernel
  int phase = 0;              // steps of one phase may run at the same time; a barrier stands between phases
  bool writes_state = false;  // then its phase lies after those of all steps that check indices
  bool checks_indices = false;
};

// Bytes of the arena whose value nobody reads from this phase on.
struct Death {
  int phase = 0;
  size_t offset = 0, bytes = 0;
};

struct Plan {
  std::vector<Step> steps;               // by phase
  std::vector<LoweredKernel> copies;     // kernels the plan added; Step::kernel counts on from the given ones
  std::vector<ir::Value> constants;      // operations whose literals are loaded from memory
  std::vector<int32_t> output_in_input;  // by result: the parameter whose storage receives it, or -1
  size_t arena_bytes = 0;
  std::vector<Death> deaths;  // by phase; values that live to the end have none
  int phases = 0;
};

// `spare`: bytes that may be alive only because kernels run side by side (phases.h).
[[nodiscard]] Plan plan(const ir::Graph& graph, const std::vector<LoweredKernel>& kernels, size_t spare = kSpareBytes);
[[nodiscard]] std::string print(const Plan& plan, const std::vector<LoweredKernel>& kernels);

}  // namespace sinter::passes
