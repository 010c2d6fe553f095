#include "frontend/nn/module.h"

#include <algorithm>
#include <ostream>

#include "frontend/call_scope.h"
#include "frontend/state_dict.h"
#include "frontend/transfer.h"

namespace sinter::nn {
namespace {

// Lines of a text after the first, two blanks further in.
std::string indented(const std::string& text) {
  std::string result;
  for (const char c : text) {
    result += c;
    if (c == '\n') result += "  ";
  }
  return result;
}

}  // namespace

std::vector<std::string> detail::split_names(std::string_view names) {
  std::vector<std::string> split;
  while (!names.empty()) {
    const size_t comma = names.find(',');
    std::string_view name = names.substr(0, comma);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    split.emplace_back(name);
    names = comma == std::string_view::npos ? "" : names.substr(comma + 1);
  }
  return split;
}

void Module::collect(const std::string& prefix, bool buffers, NamedTensors& into) const {
  for (const Member& member : members()) {
    const std::string name = prefix.empty() ? member.name : prefix + "." + member.name;
    if (member.module != nullptr) {
      member.module->path_.set(name);
      member.module->collect(name, buffers, into);
    } else if (member.tensor.defined() && (buffers || member.tensor.requires_grad())) {
      member.tensor.set_name(name);
      into.emplace_back(name, member.tensor);
    }
  }
}

NamedTensors Module::named_parameters() const {
  NamedTensors found;
  collect("", /*buffers=*/false, found);
  return found;
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> found;
  for (const auto& [name, tensor] : named_parameters()) {
    const auto same = [&](const Tensor& x) { return x.impl()->cell == tensor.impl()->cell; };
    if (std::ranges::none_of(found, same)) found.push_back(tensor);
  }
  return found;
}

NamedTensors Module::state_dict() const {
  NamedTensors found;
  collect("", /*buffers=*/true, found);
  return found;
}

void Module::load_state_dict(const std::map<std::string, Tensor>& state, At at) const {
  const sinter::detail::CallScope location(at);
  sinter::detail::load_state(type_name(), state_dict(), state, "load what state_dict() of the same model gave");
}

void Module::to(Device device, At at) const {
  const sinter::detail::CallScope location(at);
  if (sinter::detail::Trace::current() != nullptr)
    throw GraphError("to: a module cannot be moved while a jitted function is traced", "move it before the call");
  for (const auto& [name, tensor] : state_dict()) sinter::detail::move_cell(*tensor.impl()->cell, device);
}

void Module::train(bool on) {
  training_ = on;
  for (const Member& member : members())
    if (member.module != nullptr) const_cast<Module*>(member.module)->train(on);  // our own member
}

void Module::zero_grad() const {
  for (const Tensor& parameter : parameters()) parameter.zero_grad();
}

std::string Module::to_string() const {
  std::string lines;
  for (const Member& member : members())
    if (member.module != nullptr)
      lines += fmt::format("\n  ({}): {}", member.name, indented(member.module->to_string()));
  if (lines.empty()) return fmt::format("{}({})", type_name(), extra_repr());
  return fmt::format("{}({}\n)", type_name(), lines);
}

std::ostream& operator<<(std::ostream& out, const Module& module) { return out << module.to_string(); }

}  // namespace sinter::nn
