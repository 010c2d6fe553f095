#include "frontend/optim/optimizer.h"

#include <algorithm>

#include "frontend/apply.h"
#include "frontend/call_scope.h"
#include "frontend/cell.h"
#include "frontend/creation.h"
#include "frontend/print.h"
#include "frontend/state_dict.h"
#include "frontend/trace.h"
#include "frontend/transfer.h"

namespace sinter::optim {

Optimizer::Optimizer(const char* name, std::vector<Tensor> parameters, double lr, At at)
    : name_(name), parameters_(std::move(parameters)) {
  const detail::CallScope location(at);
  if (detail::Trace::current() != nullptr)
    throw GraphError(fmt::format("{}: an optimiser cannot be made while a jitted function is traced: what it remembers "
                                 "is cells",
                                 name),
                     "make it before, and capture it");
  if (parameters_.empty())
    throw ValueError(fmt::format("{}: argument 1 has no parameters, expected at least one", name),
                     "pass net.parameters()");
  for (size_t i = 0; i < parameters_.size(); ++i)
    if (!parameters_[i].defined() || !parameters_[i].requires_grad() || !parameters_[i].is_cell())
      throw ValueError(fmt::format("{}: parameter {} of argument 1 {}, expected a leaf that collects a gradient", name,
                                   i, parameters_[i].defined() ? "collects no gradient" : "is an undefined tensor"),
                       "call requires_grad_() on it");
  std::map<const void*, size_t> places;
  for (size_t i = 0; i < parameters_.size(); ++i)
    if (const auto [first, fresh] = places.try_emplace(parameters_[i].impl()->cell.get(), i); !fresh)
      throw ValueError(fmt::format("{}: parameter {} of argument 1 is parameter {} again, expected each once", name, i,
                                   first->second),
                       "pass net.parameters(), which lists shared ones once");
  require_not_negative("lr", lr);
  lr_ = scalar_cell("lr", lr);
}

// A cell that goes where the parameters are.
Tensor Optimizer::remembered(const Tensor& value, const std::string& name) const {
  Tensor cell = variable(value, std::string(name_) + "." + name);
  cell.impl()->cell->roams = true;
  return cell;
}

Tensor Optimizer::scalar_cell(const std::string& name, double value) {
  Tensor cell = remembered(tensor(value, {.dtype = kFloat64, .device = Device()}), name);
  state_.emplace_back(name, cell);
  return cell;
}

std::vector<Tensor> Optimizer::zeros_beside_parameters(const std::string& name) {
  std::vector<Tensor> cells;
  for (const Tensor& parameter : parameters_) {
    const std::string numbered = fmt::format("{}.{}", name, cells.size());
    cells.push_back(
        remembered(zeros(parameter.shape(), {.dtype = parameter.dtype(), .device = parameter.device()}), numbered));
    state_.emplace_back(numbered, cells.back());
  }
  return cells;
}

void Optimizer::bring_beside(const Tensor& cell, const Tensor& parameter) {
  if (detail::Trace::current() == nullptr) detail::bring_cell(*cell.impl()->cell, detail::device_of(*parameter.impl()));
}

const std::vector<Tensor>& Optimizer::Scalars::beside(const Tensor& parameter) {
  const DType dtype = parameter.dtype();
  const bool traced = detail::Trace::current() != nullptr;  // all of a trace is on one device
  const Device device = traced ? Device() : detail::device_of(*parameter.impl());
  const auto fits = [&](const Converted& made) { return made.dtype == dtype && made.device == device; };
  if (const auto found = std::ranges::find_if(converted_, fits); found != converted_.end()) return found->values;
  Converted made{.dtype = dtype, .device = device, .values = {}};
  if (traced || device.is_cpu()) {
    for (const Tensor& value : values_) made.values.push_back(value.to(dtype));
  } else if (std::ranges::any_of(values_, [](const Tensor& value) { return !value.device().is_cpu(); })) {
    for (const Tensor& value : values_) made.values.push_back(value.to(dtype).to(device));
  } else {
    std::vector<double> numbers;
    for (const Tensor& value : values_) numbers.push_back(value.item());
    const Tensor sent = tensor(numbers, {.dtype = dtype, .device = Device()}).to(device);
    for (size_t i = 0; i < numbers.size(); ++i) made.values.push_back(sent.select(0, static_cast<int64_t>(i)));
  }
  return converted_.emplace_back(std::move(made)).values;
}

void Optimizer::zero_grad(At at) const {
  for (const Tensor& parameter : parameters_) parameter.zero_grad(at);
}

double Optimizer::lr(At at) const {
  const detail::CallScope location(at);
  if (detail::is_traced(lr_))
    throw GraphError("lr: the learning rate is a cell, whose value is not known while a jitted function is traced",
                     "read it outside the function");
  return lr_.item(at);
}
void Optimizer::set_lr(double lr, At at) const {
  const detail::CallScope location(at);
  if (!(lr >= 0)) throw ValueError(fmt::format("set_lr: argument 1 is {}, expected 0 or more", lr));
  lr_.set(tensor(lr, {.dtype = kFloat64, .device = Device()}), at);
}
void Optimizer::require_not_negative(const char* option, double value) const {
  if (!(value >= 0)) throw ValueError(fmt::format("{}: {} is {}, expected at least 0", name_, option, value));
}

std::vector<std::pair<std::string, Tensor>> Optimizer::state_dict() const { return state_; }

void Optimizer::load_state_dict(const std::map<std::string, Tensor>& state, At at) const {
  const detail::CallScope location(at);
  detail::load_state(name_, state_, state, "load what state_dict() of the same optimiser gave");
}

}  // namespace sinter::optim
