// A trace: a function's operations as a graph under construction. A transaction: cells that the function writes are
// written here, and keep their values until the trace has become a compiled function.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
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

// How a trace uses one cell. What it holds between two writes is a version of it (docs/autograd.md).
struct CellUse {
  Ref<Cell> cell;
  std::optional<size_t> parameter;  // that its value enters by; none where the trace made the cell
  ir::Value value;                  // what it holds now
  std::optional<ir::Value> leaf;    // the current version, once it was read where gradients are asked for
  std::vector<ir::Value> versions;  // every leaf it had: gradients with respect to any are the cell's
  bool requires_grad = false;       // when the call begins
  bool written = false;
  Ref<Impl> grad;                         // now; null: none
  bool grad_touched = false;              // cleared or made here
  std::optional<GradState> grad_entered;  // what was there before the call, once it is part of `grad`
  std::optional<size_t> grad_parameter;   // that an earlier gradient enters by
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

  // A parameter of the graph. cut_by: of an argument, as in Impl.
  [[nodiscard]] Ref<Impl> add_input(DType dtype, const Sizes& shape, const std::string& name,
                                    const std::string* cut_by = nullptr);
  // One to differentiate with respect to, where it is a float.
  [[nodiscard]] Ref<Impl> add_differentiable_input(DType dtype, const Sizes& shape, const std::string& name);
  [[nodiscard]] Ref<Impl> apply(const ir::OpDef& def, const ir::Attributes& attributes,
                                std::span<const Ref<Impl>> operands);
  // The graph's value for a traced tensor, a cell (what it holds now) or a concrete tensor (fixed from now on).
  [[nodiscard]] ir::Value value_of(const Ref<Impl>& x);

  // Cells. One that is made while tracing is new at every call.
  [[nodiscard]] Ref<Impl> make_cell(const Ref<Impl>& value, bool requires_grad);
  void write(const Ref<Cell>& cell, const Ref<Impl>& value);
  void set_requires_grad(const Ref<Cell>& cell, bool wanted);

  // Gradients (trace_gradients.cc).
  [[nodiscard]] Ref<Impl> grad(const Ref<Impl>& x);
  void set_grad(const Ref<Impl>& x, const Ref<Impl>& grad);
  void backward(const Ref<Impl>& root, const Ref<Impl>& seed, BackwardOptions options);
  [[nodiscard]] std::vector<Ref<Impl>> gradients(const Ref<Impl>& root, const Ref<Impl>& seed,
                                                 std::span<const Ref<Impl>> with_respect_to, BackwardOptions options);
  // As the functions of tape.h.
  [[nodiscard]] Ref<Impl> marked(const Ref<Impl>& x);
  [[nodiscard]] bool depends_on_others(const Ref<Impl>& root, std::span<const Ref<Impl>> marked);

  // What the trace depends on besides its inputs.
  std::deque<CellUse> cells;
  struct Captured {
    Ref<Impl> impl;
    std::optional<size_t> parameter;  // none: a constant of the graph
    ir::Value value;
  };
  std::vector<Captured> captured;
  std::vector<Guard> guards;
  std::optional<Device> device;  // unknown until something says it

  [[nodiscard]] const CellUse* find(const Cell* cell) const;

 private:
  // What a value depends on through derivatives.
  enum Flow : uint8_t {
    kSource = 1,  // is a place where gradients end
    kVaried = 2,  // depends on a leaf, or on an argument to differentiate with respect to
    kCut = 4,     // depends on what a jitted function returned and cut off
  };
  [[nodiscard]] uint8_t flow_of(ir::Value value);
  void add_source(ir::Value value, Flow kind);
  [[nodiscard]] const std::string* cut_of(ir::Value value);

  CellUse& use(const Ref<Cell>& cell);
  [[nodiscard]] Ref<Impl> wrap(ir::Value value);
  [[nodiscard]] ir::Value read(CellUse& use);
  [[nodiscard]] ir::Value stopped(ir::Value value);
  [[nodiscard]] ir::Value constant_or_parameter(const Ref<Impl>& x);
  [[nodiscard]] Ref<Impl> grad_of(CellUse& use, const char* what);
  void require_computed_here(const Impl& root, const char* what) const;
  void note_visit(uint32_t op, bool retain);
  void require_not_cut(std::span<const std::optional<ir::Value>> reached, ir::Value root);

  uint64_t number_;
  ir::GraphBuilder builder_;
  std::unordered_map<const Cell*, size_t> uses_;         // places in `cells`
  std::unordered_map<const Impl*, size_t> captured_at_;  // places in `captured`
  std::map<ir::Value, ir::Value> stopped_;               // under no_grad, gradients end at these
  std::vector<uint8_t> flows_;                           // by operation
  std::vector<ir::Value> marked_;
  std::vector<std::pair<ir::Value, const std::string*>> cuts_;
  std::vector<bool> released_;  // by operation: a backward pass went through and kept nothing
};

// The open trace that these operands belong to; GraphError when one of them outlived its own.
Trace& require_trace(std::span<const Ref<Impl>> operands);
// The user's line that made a traced tensor; unknown of arguments and of other traces' tensors.
[[nodiscard]] Location line_that_made(const Impl& x);
// Throws the GraphError for a tensor that outlived its trace.
[[noreturn]] void report_ended_trace();
// Throws the GraphError for reading data of a traced tensor.
[[noreturn]] void report_data_access(const char* what);

}  // namespace sinter::detail
