// Cells: what changes, while tensors do not. A parameter, a moment, a learning rate, a random stream is a cell: an
// identity with a current value and, where asked, a gradient. Tensors are handles to cells; copies share them.
#pragma once

#include <atomic>
#include <mutex>
#include <shared_mutex>

#include "frontend/impl.h"
#include "frontend/name.h"

namespace sinter::detail {

// Readers share, a writer is alone; a few nanoseconds when nobody waits. No new reader enters while a writer waits, so
// that a stream of readers does not keep writers out; nobody may lock what they hold already.
class CellLock {
 public:
  void lock();
  void unlock();
  void lock_shared();
  void unlock_shared();

 private:
  static constexpr uint32_t kWriter = 1u << 31, kWaiting = 1u << 30;
  std::atomic<uint32_t> state_{0};  // readers inside, or kWriter: a writer; and kWaiting: a writer waits
};

// kOnTape: it depends on leaves, as backward({.create_graph = true}) makes it; kCut: it does, and a jitted call made
// it, so that nothing is recorded (Impl::cut_by); kDropped: a jitted call made a gradient and did not keep it.
enum class GradState : uint8_t { kNone, kKept, kOnTape, kCut, kDropped };
// Of what is there.
[[nodiscard]] GradState state_of_gradient(const Ref<Impl>& grad);

struct Cell : Counted {
  CellLock lock;
  Ref<Impl> value;  // concrete, contiguous, no handle to a cell, not on a tape; null where `trace` is set
  Ref<Impl> grad;   // null: none; put_grad changes it
  const std::string* grad_dropped_by = nullptr;  // the jitted function, where it is dropped
  uint64_t trace = 0;                            // set: made while tracing, and lives in the trace with this number
  // May be read without the lock: where `value` is, and whether there is a gradient.
  std::atomic<Device> device;
  std::atomic<GradState> grad_state = GradState::kNone;
  std::atomic<bool> requires_grad = false;
  bool roams = false;  // goes where it is used: random streams, what optimisers remember
  SharedName name;
  Location made_at;    // the user's line
  uint64_t order = 0;  // of creation: the order in which calls lock cells

  // Under the lock; returns the gradient before, which may end after the lock is let go. dropped_by: `fresh` is null
  // because this jitted function did not keep it.
  Ref<Impl> put_grad(Ref<Impl> fresh, const std::string* dropped_by = nullptr);
  // Under the lock, or while tracing. GraphError for `what` ("grad") where a jitted call did not keep the gradient.
  void require_grad_kept(const char* what) const;
};

// What errors call a cell: its name, or where it was made.
[[nodiscard]] std::string described(const Cell& cell);
// A handle to a new cell with this value (copied when its memory is not contiguous).
[[nodiscard]] Ref<Impl> make_cell(const Impl& value, bool requires_grad);
// Another handle to a cell.
[[nodiscard]] Ref<Impl> handle_of(const Ref<Cell>& cell);
// The current value and gradient, for readers beside a writer. GraphError where the cell ended with its trace.
[[nodiscard]] Ref<Impl> current_value(Cell& cell);
[[nodiscard]] Ref<Impl> current_grad(Cell& cell);
// The memory behind a concrete tensor or a handle.
[[nodiscard]] inline Ref<Impl> memory_of(const Ref<Impl>& x) {
  return x->cell && !x->snapshot ? current_value(*x->cell) : x;
}
// Where a concrete tensor or a handle lies.
[[nodiscard]] inline Device device_of(const Impl& x) {
  return x.cell && !x.snapshot ? x.cell->device.load(std::memory_order_relaxed) : x.device();
}
// Whether gradients are asked of this tensor.
[[nodiscard]] inline bool requires_grad(const Impl& x) {
  return x.cell ? x.cell->requires_grad.load() : x.requires_grad;
}

}  // namespace sinter::detail
