#include "frontend/transfer.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "frontend/element.h"
#include "runtime/device_memory.h"
#include "support/options.h"

namespace sinter::detail {
namespace {

// Whether it is one element, perhaps spread.
bool is_single(const Impl& x) {
  for (int axis = 0; axis < x.shape.rank(); ++axis)
    if (x.shape[axis] != 1 && x.strides[axis] != 0) return false;
  return x.numel() != 0;
}

Ref<Impl> moved_single(const Impl& x, Device device) {
  Ref<Impl> element = on_device(view_of(x, {}, {}, x.offset), device);
  return x.shape.rank() == 0 ? element : view_of(*element, x.shape, x.strides, 0);
}

[[noreturn]] void report_mixed(std::string_view name, size_t odd, Device odd_device, size_t other, Device device) {
  throw ValueError(fmt::format("{}: argument {} is on {}, expected {}, where argument {} is", name, odd + 1,
                               to_string(odd_device), to_string(device), other + 1),
                   fmt::format("move it with .to(\"{}\")", to_string(device)));
}

}  // namespace

Ref<Impl> on_device(const Ref<Impl>& x, Device device) {
  const Device from = x->buffer.device();
  if (from == device) return x;
  const Ref<Impl> source = contiguous(x);
  Ref<Impl> copy = allocate(x->dtype, x->shape, device);
  runtime::copy_bytes(copy->data(), device, source->data(), from, static_cast<size_t>(x->numel()) * size_of(x->dtype));
  return copy;
}

Ref<Impl> number_on(Device device, const Arg& number, DType dtype) {
  return number_on(device, element_of(number, dtype));
}

Ref<Impl> number_on(Device device, const Ref<Impl>& element) {
  if (device.is_cpu()) return element;
  using Key = std::tuple<int, DType, std::vector<std::byte>>;
  constexpr size_t kKept = 4096;
  static std::mutex mutex;
  static auto& known = *new std::map<Key, Ref<Impl>>;
  const DType dtype = element->dtype;
  const Key key{device.index, dtype, {element->data(), element->data() + size_of(dtype)}};
  const std::lock_guard lock(mutex);
  if (known.size() >= kKept) known.clear();
  Ref<Impl>& kept = known[key];
  if (!kept) kept = on_device(element, device);
  return kept;
}

void move_cell(Cell& cell, Device device) {
  const std::lock_guard lock(cell.lock);
  cell.value = on_device(cell.value, device);
  if (cell.grad) cell.grad = on_device(cell.grad, device);
  cell.device.store(device);
}

void bring_cell(Cell& cell, Device device) {
  const Device now = cell.device.load();
  if (now == device) return;
  if (!cell.roams)
    throw ValueError(
        fmt::format("the cell {} is on {}, expected {}", described(cell), to_string(now), to_string(device)),
        fmt::format("move all parts of a model with net.to(\"{}\")", to_string(device)));
  move_cell(cell, device);
}

Device default_device() { return Device(options().device); }

void align_devices(std::string_view name, std::span<const Ref<Impl>> operands, std::span<Ref<Impl>> values) {
  const auto decides = [&](size_t i) {
    return !(operands[i]->cell && operands[i]->cell->roams) &&
           !(values[i]->buffer.device().is_cpu() && is_single(*values[i]));
  };
  size_t leader = 0;
  while (leader < values.size() && !decides(leader)) ++leader;
  if (leader == values.size())  // only movable ones: to the first that is not on the CPU
    for (leader = 0; values[leader]->buffer.device().is_cpu();) ++leader;
  const Device device = values[leader]->buffer.device();
  for (size_t i = 0; i < values.size(); ++i) {
    const Device own = values[i]->buffer.device();
    if (own == device) continue;
    if (own.is_cpu() && is_single(*values[i]))
      values[i] = moved_single(*values[i], device);
    else if (operands[i]->cell && operands[i]->cell->roams)
      values[i] = on_device(values[i], device);
    else
      report_mixed(name, i, own, leader, device);
  }
}

}  // namespace sinter::detail
