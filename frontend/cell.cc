#include "frontend/cell.h"

#include "frontend/handles.h"
#include "frontend/tape.h"
#include "frontend/trace.h"

namespace sinter::detail {

void CellLock::lock() {
  uint32_t seen = state_.load(std::memory_order_relaxed);
  while (true) {
    if ((seen & ~kWaiting) == 0) {
      if (state_.compare_exchange_weak(seen, kWriter, std::memory_order_acquire)) return;
    } else if ((seen & kWaiting) != 0 || state_.compare_exchange_weak(seen, seen | kWaiting)) {
      state_.wait(seen | kWaiting);
      seen = state_.load(std::memory_order_relaxed);
    }
  }
}
// Whoever waits may try now, readers and writers alike.
void CellLock::unlock() {
  state_.store(0, std::memory_order_release);
  state_.notify_all();
}
void CellLock::lock_shared() {
  uint32_t seen = state_.load(std::memory_order_relaxed);
  while (true) {
    if ((seen & (kWriter | kWaiting)) != 0) {
      state_.wait(seen);
      seen = state_.load(std::memory_order_relaxed);
    } else if (state_.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire)) {
      return;
    }
  }
}
void CellLock::unlock_shared() {
  if ((state_.fetch_sub(1, std::memory_order_release) & ~kWaiting) == 1) state_.notify_all();
}

void dispose(Cell* cell) { delete cell; }

GradState state_of_gradient(const Ref<Impl>& grad) {
  using enum GradState;
  return !grad ? kNone : grad->node ? kOnTape : grad->cut_by != nullptr ? kCut : kKept;
}

Ref<Impl> Cell::put_grad(Ref<Impl> fresh, const std::string* dropped_by) {
  grad_state.store(dropped_by != nullptr ? GradState::kDropped : state_of_gradient(fresh), std::memory_order_relaxed);
  grad_dropped_by = dropped_by;
  std::swap(grad, fresh);
  return fresh;
}

std::string described(const Cell& cell) {
  if (const std::string& name = cell.name.get(); !name.empty()) return name;
  return cell.made_at.known() ? "(unnamed, made at " + to_string(cell.made_at) + ")" : "(unnamed)";
}

void Cell::require_grad_kept(const char* what) const {
  if (grad_state != GradState::kDropped) return;
  throw GraphError(fmt::format("{}: the gradient of cell {} was made inside {}, which does not keep it", what,
                               described(*this), *grad_dropped_by),
                   "use it inside that function, clear it with zero_grad(), or make the function with jit(f, "
                   "{.keep_grads = true})");
}

Ref<Impl> make_cell(const Impl& value, bool requires_grad) {
  static std::atomic<uint64_t> made{0};
  const Ref<Cell> cell(new Cell);
  cell->value = contiguous(detached(value));
  cell->device = cell->value->device();
  cell->requires_grad = requires_grad;
  cell->made_at = current_location();
  cell->order = made.fetch_add(1);
  Ref<Impl> handle = handle_of(cell);
  note_handle(*handle);
  return handle;
}

Ref<Impl> handle_of(const Ref<Cell>& cell) {
  const Ref<Impl> value = current_value(*cell);
  auto handle = make<Impl>();
  handle->dtype = value->dtype;
  handle->shape = value->shape;
  handle->cell = cell;
  return handle;
}

Ref<Impl> current_value(Cell& cell) {
  if (cell.trace != 0) report_ended_trace();
  const std::shared_lock lock(cell.lock);
  return cell.value;
}

Ref<Impl> current_grad(Cell& cell) {
  const std::shared_lock lock(cell.lock);
  return cell.grad;
}

}  // namespace sinter::detail
