// Tensors between devices.
#pragma once

#include "frontend/cell.h"
#include "frontend/impl.h"
#include "frontend/tensor.h"

namespace sinter::detail {

// The same elements on the device: itself where they lie there, else a row-major copy, off the tape. To the CPU: waits
// for the device, and throws what went wrong on it.
[[nodiscard]] Ref<Impl> on_device(const Ref<Impl>& x, Device device);
[[nodiscard]] inline Ref<Impl> on_host(const Ref<Impl>& x) { return on_device(x, Device()); }

// The number as a tensor without dimensions; on devices other than the CPU made once and kept.
[[nodiscard]] Ref<Impl> number_on(Device device, const Arg& number, DType dtype);
// The same of a tensor on the CPU that has no dimensions.
[[nodiscard]] Ref<Impl> number_on(Device device, const Ref<Impl>& element);

// Moves the cell's value and gradient. Nobody may hold its lock.
void move_cell(Cell& cell, Device device);
// The cell's value on the device: the cell moves there if it may (Cell::roams), else ValueError.
void bring_cell(Cell& cell, Device device);

// Where factories make tensors that say nothing else: SINTER_DEVICE.
[[nodiscard]] Device default_device();

// Brings operands of one operation together: single elements of the CPU and cells that roam go where the others are.
// ValueError names the operation and the argument for other tensors on several devices. operands: as given; values:
// their memory.
void align_devices(std::string_view name, std::span<const Ref<Impl>> operands, std::span<Ref<Impl>> values);

}  // namespace sinter::detail
