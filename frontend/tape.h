// The dynamic engine's record of what was computed, and the walk back along it.
#pragma once

#include <span>
#include <vector>

#include "frontend/composite.h"
#include "ir/graph/op_def.h"
#include "support/location.h"

namespace sinter::detail {

// Where an operand of a recorded operation came from, and its data if the derivative needs them.
struct Edge {
  Ref<Node> node;                       // made by this operation,
  Ref<Cell> cell;                       // or read from this cell, or neither: nothing flows
  const std::string* cut_by = nullptr;  // as in Impl: what would flow here is lost
  Ref<Impl> saved;
  DType dtype = kFloat32;
  Sizes shape;
  Device device;  // where its gradient goes
  [[nodiscard]] bool flows() const { return node || cell; }
};

struct Node : Counted {
  const ir::OpDef* def = nullptr;
  ir::Attributes attributes;
  Ref<CompositeCall> composite;  // set: a composite, and the two above are unused
  uint64_t sequence = 0;         // of creation: operands have smaller numbers
  Location at;
  const char* name = nullptr;  // as printed: "AddBackward0"
  std::vector<Edge> operands;
  Ref<Impl> saved_result;  // off the tape: no cycle
  DType dtype = kFloat32;
  Sizes shape;
  bool released = false;  // a backward() took what was saved
  Node* next_dying = nullptr;
};

// Whether this thread records operations.
[[nodiscard]] bool grad_enabled();
// Returns what was in force before.
bool set_grad_enabled(bool enabled);

// Whether gradients flow through the operation at all.
[[nodiscard]] bool is_differentiable(const ir::OpDef& def, DType result);

// Records that `result` (concrete, new) was made so, if an operand requires a gradient. operands: as given (handles of
// cells included); values: their memory.
void record(const Ref<Impl>& result, const ir::OpDef& def, const ir::Attributes& attributes,
            std::span<const Ref<Impl>> operands, std::span<const Ref<Impl>> values);

// The same of a composite's call, all of whose values stay.
void record_composite(const Ref<Impl>& result, Ref<CompositeCall> call, std::span<const Ref<Impl>> operands,
                      std::span<const Ref<Impl>> values);

struct BackwardOptions {
  bool retain_graph = false;
  bool create_graph = false;  // implies retain_graph
};
// Adds the gradients of `root` to every cell that it depends on. Contributions that meet are added in the order that
// passes/differentiate.h states, so that the static engine gives the same bits. GraphError as PyTorch has it.
void backward(const Ref<Impl>& root, const Ref<Impl>& seed, BackwardOptions options);
// Gradients with respect to cells' handles or results on the tape; null where nothing flows.
[[nodiscard]] std::vector<Ref<Impl>> gradients(const Ref<Impl>& root, const Ref<Impl>& seed,
                                               std::span<const Ref<Impl>> with_respect_to, BackwardOptions options);
// Whether what a result depends on includes more than these results of marked(): a leaf, or what it came from.
[[nodiscard]] bool depends_on_others(const Ref<Impl>& root, std::span<const Ref<Impl>> marked);
// Throw the GraphErrors of both engines: for a graph whose saved values are gone, and for a gradient that would end at
// what a jitted function (its description) returned.
[[noreturn]] void report_second_backward();
[[noreturn]] void report_cut(const std::string& function);
// A view of x that is on the tape whether or not x requires a gradient: what functional grad differentiates with
// respect to.
[[nodiscard]] Ref<Impl> marked(const Ref<Impl>& x);

}  // namespace sinter::detail
