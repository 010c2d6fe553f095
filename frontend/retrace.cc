#include "frontend/retrace.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "frontend/print.h"
#include "frontend/transfer.h"
#include "ir/graph/text.h"

namespace sinter::detail {
namespace {

bool same_elements(const Ref<Impl>& a, const Ref<Impl>& b) {
  if (a->dtype != b->dtype || a->shape != b->shape || a->device() != b->device()) return false;
  const Ref<Impl> x = contiguous(on_host(a)), y = contiguous(on_host(b));
  return std::memcmp(x->data(), y->data(), static_cast<size_t>(x->numel()) * size_of(x->dtype)) == 0;
}

std::string described(const Impl& x) { return fmt::format("{}{}", torch_name(x.dtype), to_string(x.shape)); }

// What differs in where a parameter of the graph comes from; "" if nothing.
std::string difference(const JitEntry& compiled, const JitEntry& now, size_t parameter) {
  using From = JitEntry::Input::From;
  const JitEntry::Input &before = compiled.inputs[parameter], &after = now.inputs[parameter];
  if (before.from == From::kFixed && after.from == From::kFixed)
    return same_elements(before.fixed, after.fixed)
               ? ""
               : fmt::format("a captured tensor, {}, has other elements than the one compiled in, {}",
                             described(*after.fixed), described(*before.fixed));
  const auto cell_of = [](const JitEntry& entry, const JitEntry::Input& input) {
    return input.from == From::kCell || input.from == From::kGrad ? entry.cells[input.index].cell.get() : nullptr;
  };
  const Cell *old_cell = cell_of(compiled, before), *new_cell = cell_of(now, after);
  if (before.from == after.from && old_cell == new_cell) return "";
  if (old_cell != nullptr && new_cell != nullptr && old_cell != new_cell)
    return fmt::format("cell {} is used, and the compiled program uses {}", described(*new_cell),
                       described(*old_cell) == described(*new_cell) ? "another" : "cell " + described(*old_cell));
  return "something else is captured than what was compiled in";
}

// The operation as text, without its number, type and line.
std::string text_of(const ir::Graph& graph, uint32_t op) {
  std::string text = ir::print_op(graph, {op, 0});
  text = text.substr(0, text.rfind(" -> "));
  const size_t name = text.find(" = ");
  return name == std::string::npos ? text : text.substr(name + 3);
}

bool same_operation(const ir::Op& a, const ir::Op& b) {
  return a.def == b.def && a.attributes == b.attributes && a.operands == b.operands && a.types == b.types;
}

// The parameter that this operation is, if it is one.
std::optional<size_t> parameter_at(const ir::Graph& graph, uint32_t op) {
  const auto& all = graph.parameters();
  const auto found =
      std::ranges::find_if(all, [&](const ir::Parameter& parameter) { return parameter.value.op == op; });
  return found == all.end() ? std::nullopt : std::optional(static_cast<size_t>(found - all.begin()));
}

// "at model.cc:3: ", the line of an operation, or of the first that reads it.
std::string line_of(const ir::Graph& graph, uint32_t op) {
  for (uint32_t i = op; i < graph.ops().size(); ++i) {
    const ir::Op& reader = graph.ops()[i];
    const bool reads = std::ranges::any_of(reader.operands, [&](ir::Value value) { return value.op == op; });
    if ((i == op || reads) && !reader.locations.empty()) return fmt::format("at {}: ", to_string(reader.locations[0]));
  }
  return "";
}

bool same_returned(const JitEntry::Returned& a, const JitEntry::Returned& b) {
  if (a.output != b.output || a.made_cell != b.made_cell || static_cast<bool>(a.fixed) != static_cast<bool>(b.fixed))
    return false;
  if (!a.fixed || a.fixed == b.fixed) return true;
  return a.fixed->cell || b.fixed->cell ? a.fixed->cell == b.fixed->cell : same_elements(a.fixed, b.fixed);
}

}  // namespace

std::string first_difference(const JitEntry& compiled, const JitEntry& now) {
  const ir::Graph &before = compiled.traced, &after = now.traced;
  const size_t count = std::min(before.ops().size(), after.ops().size());
  for (uint32_t i = 0; i < count; ++i) {
    if (!same_operation(before.ops()[i], after.ops()[i]))
      return fmt::format("{}{} is traced, and the compiled program has {}", line_of(after, i), text_of(after, i),
                         text_of(before, i));
    const std::optional<size_t> parameter = parameter_at(after, i);
    const std::string captured = parameter ? difference(compiled, now, *parameter) : "";
    if (!captured.empty()) return line_of(after, i) + captured;
  }
  if (before.ops().size() != after.ops().size())
    return fmt::format("{}{} operations are traced, and the compiled program has {}",
                       count < after.ops().size() ? line_of(after, static_cast<uint32_t>(count)) : "",
                       after.ops().size(), before.ops().size());
  if (before.results != after.results || before.states != after.states ||
      !std::ranges::equal(compiled.returned, now.returned, same_returned))
    return "other tensors are returned, or written to cells";
  return "";
}

}  // namespace sinter::detail
