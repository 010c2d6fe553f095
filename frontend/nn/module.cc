#include "frontend/nn/module.h"

#include <algorithm>
#include <ostream>
#include <set>

#include "frontend/call_scope.h"
#include "frontend/nn/unnamed.h"
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

// A member as its module prints it: nothing of a tensor.
std::string line_of(const Member& member) {
  if (const auto* module = std::get_if<const Module*>(&member.content))
    return fmt::format("\n  ({}): {}", member.name, indented((*module)->to_string()));
  const auto* list = std::get_if<std::vector<Member>>(&member.content);
  if (list == nullptr) return "";
  std::string lines;
  for (const Member& entry : *list) lines += line_of(entry);
  return lines.empty() ? "" : fmt::format("\n  ({}): ModuleList({}\n  )", member.name, indented(lines));
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

struct Module::Parts {
  const char* what;                                                         // asks
  std::vector<std::pair<const Module*, std::vector<Member>>> modules = {};  // each behind its parts
  NamedTensors cells = {};

  void add(const Module& module, const std::string& path) {
    std::vector<Member> members = module.members();
    for (const Member& member : members) add(module, member, path);
    modules.emplace_back(&module, std::move(members));
  }
  void add(const Module& owner, const Member& member, const std::string& prefix) {
    const std::string path = prefix.empty() ? member.name : prefix + "." + member.name;
    if (const auto* module = std::get_if<const Module*>(&member.content)) {
      (*module)->path_.set(path);
      add(**module, path);
    } else if (const auto* list = std::get_if<std::vector<Member>>(&member.content)) {
      for (const Member& entry : *list) add(owner, entry, path);
    } else if (const auto* tensor = std::get_if<Tensor>(&member.content); tensor != nullptr && tensor->defined()) {
      if (!tensor->is_cell())
        throw ValueError(
            fmt::format("{}: {} of {} is a plain tensor, expected a cell: a module's tensors are trained, "
                        "saved and moved",
                        what, path, owner.type_name()),
            "make it a buffer with variable(x) or a parameter with requires_grad_(), or list a constant as "
            "nn::unlisted(member)");
      tensor->set_name(path);
      cells.emplace_back(path, *tensor);
    }
  }
};

Module::Parts Module::parts(const char* what) const {
  Parts found{what};
  found.add(*this, "");
  std::set<const sinter::detail::Cell*> named;
  for (const auto& [name, tensor] : found.cells) named.insert(tensor.impl()->cell.get());
  for (const auto& [module, members] : found.modules) detail::require_named_members(what, *module, members, named);
  return found;
}

Module::Module() { detail::module_begins(*this); }
Module::~Module() { detail::module_ends(*this); }
Module::Module(Module&& other) noexcept : path_(other.path_), training_(other.training_) {
  detail::module_begins(*this);
}

NamedTensors Module::named_parameters(At at) const {
  const sinter::detail::CallScope location(at);
  NamedTensors found = parts("parameters").cells;
  std::erase_if(found, [](const auto& entry) { return !entry.second.requires_grad(); });
  return found;
}

std::vector<Tensor> Module::parameters(At at) const {
  std::vector<Tensor> found;
  for (const auto& [name, tensor] : named_parameters(at)) {
    const auto same = [&](const Tensor& x) { return x.impl()->cell == tensor.impl()->cell; };
    if (std::ranges::none_of(found, same)) found.push_back(tensor);
  }
  return found;
}

NamedTensors Module::state_dict(At at) const {
  const sinter::detail::CallScope location(at);
  return parts("state_dict").cells;
}

void Module::load_state_dict(const std::map<std::string, Tensor>& state, At at) const {
  const sinter::detail::CallScope location(at);
  sinter::detail::load_state(type_name(), parts("load_state_dict").cells, state,
                             "load what state_dict() of the same model gave");
}

void Module::to(Device device, At at) const {
  const sinter::detail::CallScope location(at);
  if (sinter::detail::Trace::current() != nullptr)
    throw GraphError("to: a module cannot be moved while a jitted function is traced", "move it before the call");
  for (const auto& [name, tensor] : parts("to").cells) sinter::detail::move_cell(*tensor.impl()->cell, device);
}

void Module::train(bool on, At at) {
  const sinter::detail::CallScope location(at);
  for (const auto& [module, members] : parts(on ? "train" : "eval").modules)
    const_cast<Module*>(module)->training_ = on;  // our own part
}

void Module::zero_grad(At at) const {
  for (const Tensor& parameter : parameters(at)) parameter.zero_grad();
}

std::string Module::to_string() const {
  std::string lines;
  for (const Member& member : members()) lines += line_of(member);
  if (lines.empty()) return fmt::format("{}({})", type_name(), extra_repr());
  return fmt::format("{}({}\n)", type_name(), lines);
}

std::ostream& operator<<(std::ostream& out, const Module& module) { return out << module.to_string(); }

}  // namespace sinter::nn
