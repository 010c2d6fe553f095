#include "frontend/optim/optimizer.h"

#include <algorithm>

#include "frontend/call_scope.h"
#include "frontend/cell.h"
#include "frontend/creation.h"
#include "frontend/print.h"
#include "frontend/state_dict.h"
#include "frontend/trace.h"
#include "frontend/transfer.h"

namespace sinter::optim {

Optimizer::Optimizer(const char* name, std::vector<Tensor> parameters, double lr)
    : name_(name), parameters_(std::move(parameters)) {
  if (parameters_.empty())
    throw ValueError(fmt::format("{}: argument 1 has no parameters, expected at least one", name),
                     "pass net.parameters()");
  for (size_t i = 0; i < parameters_.size(); ++i)
    if (!parameters_[i].defined() || !parameters_[i].requires_grad() || !parameters_[i].is_cell())
      throw ValueError(fmt::format("{}: parameter {} collects no gradient, expected a leaf that does", name, i),
                       "call requires_grad_() on it");
  std::map<const void*, size_t> places;
  for (size_t i = 0; i < parameters_.size(); ++i)
    if (const auto [at, fresh] = places.try_emplace(parameters_[i].impl()->cell.get(), i); !fresh)
      throw ValueError(fmt::format("{}: parameter {} is parameter {} again, expected each once", name, i, at->second),
                       "pass net.parameters(), which lists shared ones once");
  require_rate(lr);
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

void Optimizer::zero_grad() const {
  for (const Tensor& parameter : parameters_) parameter.zero_grad();
}

double Optimizer::lr() const { return lr_.item(); }
void Optimizer::set_lr(double lr) const {
  require_rate(lr);
  lr_.set(tensor(lr, {.dtype = kFloat64, .device = Device()}));
}
void Optimizer::require_rate(double lr) const {
  if (!(lr >= 0)) throw ValueError(fmt::format("{}: lr is {}, expected at least 0", name_, lr));
}

std::vector<std::pair<std::string, Tensor>> Optimizer::state_dict() const { return state_; }

void Optimizer::load_state_dict(const std::map<std::string, Tensor>& state, At at) const {
  const detail::CallScope location(at);
  detail::load_state(name_, state_, state);
}

}  // namespace sinter::optim
