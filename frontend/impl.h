// What a Tensor points to: memory seen through strides, a handle to a cell, or a value of a graph being traced.
#pragma once

#include "frontend/ref.h"
#include "frontend/sizes.h"
#include "ir/graph/builder.h"
#include "runtime/buffer.h"
#include "support/dtype.h"

namespace sinter::detail {

struct Cell;
struct Node;
// Nodes are chained as long as the program ran: ends them without recursion (tape.cc).
void dispose(Node* node);
void dispose(Cell* cell);

struct Impl : Counted {
  DType dtype = kFloat32;
  Sizes shape;

  // Concrete.
  Sizes strides;       // in elements; 0 where broadcast
  int64_t offset = 0;  // in elements
  runtime::Buffer buffer;
  Ref<Node> node;  // what made it, on the tape; null: nothing to differentiate

  Ref<Cell> cell;         // set: a handle, and the fields above are unused,
  bool snapshot = false;  // but for a handle that stands for what the cell held once: then they say what

  bool noted = false;  // a handle that is found by its address (handles.h)

  uint64_t trace = 0;  // set: value of the graph of the trace with this number
  ir::Value value;

  bool requires_grad = false;  // concrete and traced; of a handle, the cell says it
  Ref<Impl> mirror;            // what data() gave of memory that the host cannot read
  // Set: it depends on what requires gradients through this jitted function (its description), which records nothing.
  // A backward pass that would have to go through there is an error.
  const std::string* cut_by = nullptr;

  ~Impl();
  Impl();
  Impl(const Impl& other);  // the same fields, no handles
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] int64_t numel() const { return shape.numel(); }
  [[nodiscard]] bool is_contiguous() const;
  [[nodiscard]] Device device() const { return buffer.device(); }  // concrete
  [[nodiscard]] std::byte* data() const { return buffer.data() + offset * static_cast<int64_t>(size_of(dtype)); }
  template <class T>
  [[nodiscard]] T* as() const {
    return reinterpret_cast<T*>(data());
  }
};

// Concrete, contiguous, memory of its own, not initialised.
[[nodiscard]] Ref<Impl> allocate(DType dtype, const Sizes& shape, Device device = {});
// Another view of the same memory, off the tape.
[[nodiscard]] Ref<Impl> view_of(const Impl& base, const Sizes& shape, const Sizes& strides, int64_t offset);
// The same memory, off the tape.
[[nodiscard]] Ref<Impl> detached(const Impl& impl);
// itself when contiguous, else a copy; off the tape.
[[nodiscard]] Ref<Impl> contiguous(const Ref<Impl>& impl);
// A row-major copy in memory of its own on the same device; off the tape.
[[nodiscard]] Ref<Impl> packed(const Impl& impl);

}  // namespace sinter::detail
