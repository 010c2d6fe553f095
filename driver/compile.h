// Graph -> executable: joins passes, code generation and runtime. Compiled kernels are shared within the process and
// kept on disk.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ir/graph/graph.h"
#include "runtime/program.h"
#include "support/device.h"

namespace sinter::runtime {
class ThreadTeam;
}

namespace sinter::driver {

struct CompileOptions {
  bool fuse = true;        // off, or SINTER_FUSE off: one kernel an operation (contrast, tests): the same bits
  std::string isa;         // a value of SINTER_ISA, which is what "" stands for
  bool share_all = false;  // every launch is spread over all workers, however small (tests)
  Device device;           // where it runs, and where all its inputs and outputs lie
};

struct CompileStats {
  double passes_ms = 0, codegen_ms = 0;
  size_t kernels = 0, launches = 0, barriers = 0;
  size_t shared = 0;                    // launches whose units all workers share
  size_t compiled = 0, from_cache = 0;  // kernels compiled now, and found on disk or in process
  uint64_t arena_bytes = 0, bytes_moved = 0;
};

class Executable {
 public:
  virtual ~Executable() = default;
  // Runs once; on a CUDA device: asks for it and returns, faults and failed checks show when the host next waits.
  // inputs[i]: contiguous storage of parameter i, 64-byte aligned; outputs[r]: of result r. For a state pair
  // (p, r) the new value is written into inputs[p] and outputs[r] is ignored. Other inputs are not written. Re-entrant.
  // Allocates nothing after the first run on a thread team. IndexError (with the user's line) when an index was out of
  // range: state is as before.
  virtual void run(std::span<void* const> inputs, std::span<void* const> outputs, runtime::ThreadTeam& team) const = 0;
  [[nodiscard]] virtual const CompileStats& stats() const = 0;
  [[nodiscard]] virtual const ir::Graph& graph() const = 0;  // after the graph passes
};

// All shapes constant.
[[nodiscard]] std::shared_ptr<const Executable> compile(const ir::Graph& graph, const CompileOptions& options = {});

// One operation with run-time extents, for the dynamic engine: `graph` has one operation (or a small elementwise
// composition) whose parameter types have symbolic dimensions s0, s1, ...; each parameter i comes with its strides in
// elements, one a dimension: constants (0: broadcast, 1: contiguous) or symbols again (any run-time value).
struct Operand {
  std::vector<Dim> strides;
};
class DynamicKernel {
 public:
  virtual ~DynamicKernel() = default;
  // outputs: row-major, or as compile_dynamic was told. symbols: values of s0, s1, ...
  virtual void run(std::span<void* const> inputs, std::span<void* const> outputs, std::span<const int64_t> symbols,
                   runtime::ThreadTeam& team) const = 0;
};
// results: empty when all results are row-major, else the strides of each in the memory it is written to. The strides
// keep its elements apart.
[[nodiscard]] std::shared_ptr<const DynamicKernel> compile_dynamic(const ir::Graph& graph,
                                                                   std::span<const Operand> operands, int symbols,
                                                                   std::span<const Operand> results = {},
                                                                   Device device = {});

// Kernels compiled by this process so far (not found in any cache).
[[nodiscard]] size_t kernels_compiled();

}  // namespace sinter::driver
