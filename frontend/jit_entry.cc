#include "frontend/jit_entry.h"

#include <algorithm>
#include <shared_mutex>

#include "frontend/transfer.h"
#include "runtime/threads.h"

namespace sinter::detail {
namespace {

constexpr size_t kPoolSize = 8;

bool is_aligned(const void* memory) { return reinterpret_cast<uintptr_t>(memory) % runtime::kBufferAlignment == 0; }

// Whether a call changes the cell: its value or its gradient.
bool changes(const JitEntry::CellPlan& plan) {
  return plan.written || plan.grad != JitEntry::CellPlan::Grad::kUntouched ||
         plan.requires_grad != plan.requires_grad_after;
}

// Locks the cells of an entry in their order, writers alone; unlocks them all on the way out.
class CellLocks {
 public:
  explicit CellLocks(std::vector<JitEntry::CellPlan>& cells) : cells_(cells) {
    for (JitEntry::CellPlan& plan : cells_) changes(plan) ? plan.cell->lock.lock() : plan.cell->lock.lock_shared();
  }
  ~CellLocks() {
    for (JitEntry::CellPlan& plan : cells_) changes(plan) ? plan.cell->lock.unlock() : plan.cell->lock.unlock_shared();
  }
  CellLocks(const CellLocks&) = delete;
  CellLocks& operator=(const CellLocks&) = delete;

 private:
  std::vector<JitEntry::CellPlan>& cells_;
};

// Memory that may be overwritten: the cell's own, or a copy that becomes so.
void* writable(Cell& cell, Device device) {
  if (cell.value->device() != device) {  // moved by another thread since it was brought here
    cell.value = on_device(cell.value, device);
    cell.device.store(device);
  }
  const bool sole = cell.value.unique() && cell.value->buffer.unique() && !cell.value->buffer.borrowed() &&
                    is_aligned(cell.value->data());
  if (!sole) cell.value = packed(*cell.value);
  return cell.value->data();
}

std::string describe(const ArgumentKey& key) {
  if (!key.defined) return "undefined";
  return fmt::format("{}{}{}{}{}", torch_name(key.dtype), to_string(key.shape),
                     key.device.is_cpu() ? "" : " on " + to_string(key.device), key.cell != nullptr ? " (a cell)" : "",
                     key.is_cut ? " (of a jitted function, not detached)" : "");
}

}  // namespace

ArgumentKey key_of(const Ref<Impl>& argument) {
  if (!argument) return {.defined = false};
  return {.dtype = argument->dtype,
          .shape = argument->shape,
          .device = argument->cell ? Device() : argument->device(),
          .cell = argument->cell.get(),
          .is_cut = argument->cut_by != nullptr};
}

size_t signature_hash(const JitCall& call, std::type_index types) {
  size_t hash = types.hash_code();
  const auto add = [&](size_t word) { hash = (hash ^ word ^ hash >> 29) * 0x9e3779b97f4a7c15u; };
  add(grad_enabled());
  for (const Ref<Impl>& argument : call.arguments) {
    add(static_cast<size_t>(static_cast<bool>(argument)));
    if (!argument) continue;
    add(static_cast<size_t>(argument->dtype));
    add(reinterpret_cast<uintptr_t>(argument->cell.get()));
    for (int64_t size : argument->shape) add(static_cast<size_t>(size));
  }
  for (const Fixed& value : call.fixed) add(std::hash<Fixed>()(value));
  return hash;
}

bool JitEntry::matches(const JitCall& call, std::type_index call_types) const {
  if (call_types != types || grad_enabled != detail::grad_enabled() || call.fixed.size() != fixed.size() ||
      call.arguments.size() != arguments.size())
    return false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Ref<Impl>& given = call.arguments[i];
    const ArgumentKey& key = arguments[i];
    if (static_cast<bool>(given) != key.defined) return false;
    if (given && (given->dtype != key.dtype || given->cell.get() != key.cell || !(given->shape == key.shape) ||
                  (given->cut_by != nullptr) != key.is_cut || (!given->cell && given->device() != key.device) ||
                  (given->node && grad_enabled)))  // on the tape: an error, which tracing reports
      return false;
  }
  for (size_t i = 0; i < fixed.size(); ++i) {
    const bool same = std::visit([&](const auto& value) { return call.fixed[i] == Fixed(value); }, fixed[i]);
    if (!same) return false;
  }
  for (const Guard& guard : guards)
    if (!guard.holds()) return false;
  return std::ranges::all_of(cells, [&](const CellPlan& plan) {
    return (plan.cell->roams || plan.cell->device.load(std::memory_order_relaxed) == device) &&
           plan.cell->requires_grad == plan.requires_grad &&
           (!plan.grad_at_entry || *plan.grad_at_entry == plan.cell->grad_state);
  });
}

std::string JitEntry::difference(const JitCall& call, std::type_index call_types) const {
  if (call_types != types) return "the types of the arguments differ";
  if (grad_enabled != detail::grad_enabled()) return grad_enabled ? "called under no_grad" : "called outside no_grad";
  for (size_t i = 0; i < std::min(arguments.size(), call.arguments.size()); ++i)
    if (const ArgumentKey key = key_of(call.arguments[i]); key != arguments[i])
      return fmt::format("tensor {} of the arguments is {}, compiled for {}", i + 1, describe(key),
                         describe(arguments[i]));
  for (size_t i = 0; i < std::min(fixed.size(), call.fixed.size()); ++i)
    if (!std::visit([&](const auto& value) { return call.fixed[i] == Fixed(value); }, fixed[i]))
      return fmt::format("static argument or length {} differs", i + 1);
  if (arguments.size() != call.arguments.size()) return "the number of tensors differs";
  for (const Guard& guard : guards)
    if (!guard.holds()) return "a module went from train to eval, or back";
  for (const CellPlan& plan : cells) {
    const std::string& cell_name = plan.cell->name.get();
    if (!plan.cell->roams && plan.cell->device.load() != device)
      return fmt::format("cell {} is on {}, compiled for {}", cell_name, to_string(plan.cell->device.load()),
                         to_string(device));
    if (plan.cell->requires_grad != plan.requires_grad) return fmt::format("cell {} changed requires_grad", cell_name);
    if (const GradState now = plan.cell->grad_state; plan.grad_at_entry && *plan.grad_at_entry != now)
      return fmt::format("cell {} {} at entry", cell_name,
                         now == GradState::kNone                   ? "lacks a gradient"
                         : *plan.grad_at_entry == GradState::kNone ? "has a gradient"
                                                                   : "has another kind of gradient");
  }
  return "nothing";
}

void* JitEntry::memory_of_argument(JitCall& call, const Ref<Impl>& argument) const {
  const bool is_here = argument->device() == device;
  if (is_here && argument->is_contiguous() && is_aligned(argument->data())) return argument->data();
  call.temporaries.push_back(is_here ? packed(*argument) : on_device(argument, device));
  return call.temporaries.back()->data();
}

Ref<Impl> JitEntry::take_output(Output& output) {
  const std::lock_guard lock(pool_mutex);
  for (Ref<Impl>& impl : output.pool) {
    if (!impl.unique()) continue;
    if (!impl->buffer.unique()) {
      impl = allocate(output.dtype, output.shape, device);
      if (output.is_cut) impl->cut_by = description;
    }
    return impl;
  }
  Ref<Impl> fresh = allocate(output.dtype, output.shape, device);
  if (output.is_cut) fresh->cut_by = description;
  if (output.pool.size() < kPoolSize) output.pool.push_back(fresh);
  return fresh;
}

void JitEntry::run(JitCall& call) {
  for (CellPlan& plan : cells)
    if (plan.cell->device.load(std::memory_order_relaxed) != device) bring_cell(*plan.cell, device);
  const CellLocks locks(cells);
  for (const Input& input : inputs) {
    switch (input.from) {
      case Input::From::kArgument:
        call.input_memory.push_back(memory_of_argument(call, call.arguments[input.index]));
        break;
      case Input::From::kCell: {
        CellPlan& plan = cells[input.index];
        call.input_memory.push_back(plan.written ? writable(*plan.cell, device)
                                                 : memory_of_argument(call, plan.cell->value));
        break;
      }
      case Input::From::kGrad:
        // It was there when the entry was chosen; another thread may have cleared it before the locks were taken.
        if (!cells[input.index].cell->grad)
          throw GraphError(
              fmt::format("jit: another thread cleared the gradient of cell {} while a call that adds to it began",
                          described(*cells[input.index].cell)),
              "let one thread at a time work on gradients");
        call.input_memory.push_back(memory_of_argument(call, cells[input.index].cell->grad));
        break;
      case Input::From::kFixed:
        call.input_memory.push_back(input.fixed->data());
        break;
    }
  }
  for (Output& output : outputs) {
    call.outputs.push_back(output.is_state ? Ref<Impl>() : take_output(output));
    call.output_memory.push_back(output.is_state ? nullptr : call.outputs.back()->data());
  }
  executable->run(call.input_memory, call.output_memory, runtime::ThreadTeam::global());
  hand_out(call);
}

// Gradients to their cells, and the rest in the order of the function's result.
void JitEntry::hand_out(JitCall& call) {
  for (CellPlan& plan : cells) {
    if (plan.requires_grad != plan.requires_grad_after) plan.cell->requires_grad = plan.requires_grad_after;
    if (plan.grad == CellPlan::Grad::kUntouched) continue;
    plan.cell->put_grad(plan.grad == CellPlan::Grad::kKept ? call.outputs[plan.grad_result] : Ref<Impl>(),
                        plan.grad == CellPlan::Grad::kDropped ? description : nullptr);
  }
  std::vector<Ref<Impl>> handles;
  for (const MadeCell& made : made_cells) {
    handles.push_back(make_cell(*call.outputs[made.output], made.requires_grad));
    Cell& cell = *handles.back()->cell;
    cell.name = made.name;
    cell.put_grad(made.grad_output ? call.outputs[*made.grad_output] : Ref<Impl>(),
                  made.grad_dropped ? description : nullptr);
  }
  call.arguments.clear();
  for (const Returned& tensor : returned)
    call.arguments.push_back(tensor.made_cell ? handles[*tensor.made_cell]
                             : tensor.output  ? call.outputs[*tensor.output]
                                              : tensor.fixed);
  call.outputs.swap(call.arguments);
}

}  // namespace sinter::detail
