// A trace: a function's operations as a graph under construction. A transaction: cells that the function writes are
// written here, and keep their values until the trace has become a compiled function.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "frontend/cell.h"
#include "frontend/tape.h"
#include "ir/graph/graph.h"

namespace sinter::detail {

// A setting that traced functions may depend on (a module's train or eval). Reading it while tracing makes its value
// part of the signature of what is traced.
class Switch {
 public:
  Switch(bool on = false) : on_(std::make_shared<std::atomic<bool>>(on)) {}  // NOLINT: a switch is a bool
  // Copies are switches of their own.
  Switch(const Switch& other) : Switch(static_cast<bool>(other)) {}
  Switch& operator=(const Switch& other) { return *this = static_cast<bool>(other); }  // NOLINT: of itself, too
  Switch& operator=(bool on) {
    on_->store(on, std::memory_order_relaxed);
    return *this;
  }
  operator bool() const;  // NOLINT

 private:
  std::shared_ptr<std::atomic<bool>> on_;
};

struct Guard {
  std::shared_ptr<const std::atomic<bool>> setting;
  bool value;
  [[nodiscard]] bool holds() const { return setting->load(std::memory_order_relaxed) == value; }
};

// How a trace uses one cell.
struct CellUse {
  Ref<Cell> cell;
  size_t parameter = 0;           // that its value enters by
  ir::Value value;                // now
  std::vector<ir::Value> leaves;  // every value it had: gradients with respect to any are the cell's
  bool written = false;
  Ref<Impl> grad;                        // now; null: none
  bool grad_touched = false;             // cleared or made here
  bool grad_entered = false;             // what was there before the call is part of `grad`
  std::optional<size_t> grad_parameter;  // that an earlier gradient enters by
};

class Trace {
 public:
  Trace();
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;
  // The open trace of this thread, or null. There is one at most: jitted functions called while tracing are traced with
  // it.
  [[nodiscard]] static Trace* current();

  [[nodiscard]] uint64_t number() const { return number_; }
  // Notes that something lies on this device: all of a trace runs on one. ValueError, which begins with `what`, for a
  // second one.
  void runs_on(Device wanted, std::string_view what);
  ir::Graph graph;

  // A parameter of the graph.
  [[nodiscard]] Ref<Impl> add_input(DType dtype, const Sizes& shape, const std::string& name);
  [[nodiscard]] Ref<Impl> apply(const ir::OpDef& def, const ir::Attributes& attributes,
                                std::span<const Ref<Impl>> operands);
  // The graph's value for a traced tensor, a cell (what it holds now) or a concrete tensor (fixed from now on).
  [[nodiscard]] ir::Value value_of(const Ref<Impl>& x);
  void write(const Ref<Cell>& cell, const Ref<Impl>& value);

  // Gradients.
  [[nodiscard]] Ref<Impl> grad(const Ref<Impl>& x);
  void set_grad(const Ref<Impl>& x, const Ref<Impl>& grad);
  void make_leaf(Impl& x);
  void backward(const Ref<Impl>& root, const Ref<Impl>& seed, BackwardOptions options);
  [[nodiscard]] std::vector<Ref<Impl>> gradients(const Ref<Impl>& root, const Ref<Impl>& seed,
                                                 std::span<const Ref<Impl>> with_respect_to, BackwardOptions options);

  // What the trace depends on besides its inputs.
  std::vector<CellUse> cells;
  struct Captured {
    Ref<Impl> impl;
    size_t parameter;
    ir::Value value;
  };
  std::vector<Captured> captured;
  std::vector<Guard> guards;
  std::optional<Device> device;  // unknown until something says it

 private:
  struct Leaf {
    ir::Value value;
    Ref<Impl> grad;
  };
  CellUse& use(const Ref<Cell>& cell);
  [[nodiscard]] Ref<Impl> wrap(ir::Value value, bool requires_grad) const;
  [[nodiscard]] Ref<Impl> read(const Ref<Cell>& cell);
  [[nodiscard]] Ref<Impl> sum(const Ref<Impl>& a, const Ref<Impl>& b);
  [[nodiscard]] Leaf* leaf_of(const Impl& x);
  [[nodiscard]] ir::Value stopped(ir::Value value);

  uint64_t number_;
  ir::GraphBuilder builder_;
  std::vector<Leaf> leaves_;
  std::map<ir::Value, ir::Value> stopped_;  // under no_grad, gradients end at these
  std::vector<ir::Value> walked_;           // roots of backward() without retain_graph
};

// The open trace that these operands belong to; GraphError when one of them outlived its own.
Trace& require_trace(std::span<const Ref<Impl>> operands);
// The user's line that made a traced tensor; unknown of arguments and of other traces' tensors.
[[nodiscard]] Location line_that_made(const Impl& x);
// Throws the GraphError for reading data of a traced tensor.
[[noreturn]] void report_data_access(const char* what);

}  // namespace sinter::detail
