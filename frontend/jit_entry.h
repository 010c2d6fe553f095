// One compiled signature of a jitted function.
#pragma once

#include <atomic>
#include <mutex>
#include <typeindex>

#include "driver/compile.h"
#include "frontend/jit.h"

namespace sinter::detail {

struct ArgumentKey {
  bool defined = true;
  DType dtype = kFloat32;
  Sizes shape;
  Device device;               // of a value
  const Cell* cell = nullptr;  // an argument that is a cell is that cell
  bool is_cut = false;         // Impl::cut_by is set
  bool operator==(const ArgumentKey&) const = default;
};
[[nodiscard]] ArgumentKey key_of(const Ref<Impl>& argument);
// Of what the signature of a call says by itself; what else an entry depends on (cells, switches) is not in it.
[[nodiscard]] size_t signature_hash(const JitCall& call, std::type_index types);

struct JitEntry {
  // Signature.
  std::type_index types = typeid(void);
  std::vector<ArgumentKey> arguments;
  std::vector<std::variant<uint64_t, std::string>> fixed;
  bool grad_enabled = true;
  Device device;  // where it runs: all but roaming cells are there
  std::vector<Guard> guards;

  // Inputs by parameter: from an argument, a cell, a cell's gradient, or fixed.
  struct Input {
    enum class From : uint8_t { kArgument, kCell, kGrad, kFixed } from = From::kFixed;
    size_t index = 0;  // of the argument or the cell
    Ref<Impl> fixed;
  };
  std::vector<Input> inputs;

  struct CellPlan {
    Ref<Cell> cell;
    bool written = false;
    bool requires_grad = false;              // when a call begins
    bool requires_grad_after = false;        // when it has ended
    std::optional<GradState> grad_at_entry;  // if that matters
    enum class Grad : uint8_t { kUntouched, kCleared, kDropped, kKept } grad = Grad::kUntouched;
    size_t grad_result = 0;
  };
  std::vector<CellPlan> cells;  // in the order in which calls lock them

  // A cell that the function makes at every call and returns.
  struct MadeCell {
    size_t output = 0;
    bool requires_grad = false;
    SharedName name;
    std::optional<size_t> grad_output;
    bool grad_dropped = false;
  };
  std::vector<MadeCell> made_cells;

  // Results of the graph that are not state: memory given out before is used again once nobody else holds it.
  struct Output {
    DType dtype = kFloat32;
    Sizes shape;
    bool is_state = false;
    bool is_cut = false;  // gradients would flow through it, were the call recorded
    std::vector<Ref<Impl>> pool;
  };
  std::vector<Output> outputs;
  std::mutex pool_mutex;
  struct Returned {  // a tensor of the function's result
    std::optional<size_t> output;
    Ref<Impl> fixed;  // a cell's handle or a captured tensor, returned as it is; or null: undefined
    std::optional<size_t> made_cell;
  };
  std::vector<Returned> returned;
  std::shared_ptr<void> prototype;

  const std::string* description = nullptr;  // of the function, for errors: interned
  ir::Graph traced;
  std::shared_ptr<const driver::Executable> executable;

  size_t number = 0;                      // of the compilation
  std::atomic<bool> unconfirmed = false;  // SINTER_DEBUG: the next call traces once more and compares (retrace.h)
  std::atomic<uint64_t> last_used = 0;    // by the clock of the function's calls

  [[nodiscard]] bool matches(const JitCall& call, std::type_index call_types) const;
  // What this call differs in.
  [[nodiscard]] std::string difference(const JitCall& call, std::type_index call_types) const;
  void run(JitCall& call);

 private:
  void* memory_of_argument(JitCall& call, const Ref<Impl>& argument) const;
  Ref<Impl> take_output(Output& output);
  void hand_out(JitCall& call);
};

// Calls the function on traced arguments: an entry without its program.
[[nodiscard]] std::unique_ptr<JitEntry> traced_entry(const JitCall& call, std::type_index types,
                                                     const JitCore::TraceFunction& function, const JitOptions& options);
// The same, compiled.
[[nodiscard]] std::unique_ptr<JitEntry> compiled_entry(const JitCall& call, std::type_index types,
                                                       const JitCore::TraceFunction& function,
                                                       const JitOptions& options, JitStats& stats);

}  // namespace sinter::detail
