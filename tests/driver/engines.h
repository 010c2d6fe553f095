// The ways to run a graph, all of which give the same bits.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ir/graph/graph.h"
#include "support/device.h"

namespace sinter::test {

struct Way {
  enum class Engine : uint8_t {
    kInterpreted,  // kernels in planned memory, by the kernel interpreter
    kCompiled,     // machine code, every launch spread over the team
    kDynamic,      // the front end's dynamic engine, operation by operation
  };
  Engine engine = Engine::kCompiled;
  bool fuse = true;
  bool passes = true;      // the graph passes go first (compiled graphs always have them)
  bool backwards = false;  // interpreted: steps of a phase in reverse order
  std::string isa = "";    // compiled: as in driver::CompileOptions
  int workers = 1;
  uint64_t layout = 0;  // dynamic: of inputs, as in tests/literal_tensors.h
  Device device = {};   // compiled and dynamic
};
[[nodiscard]] std::string to_string(const Way& way);

// Results of the graph, states among them. Compiled code runs in guarded memory that starts as NaN, twice.
[[nodiscard]] std::vector<ir::Literal> run(const ir::Graph& graph, std::span<const ir::Literal> inputs, const Way& way);

}  // namespace sinter::test
