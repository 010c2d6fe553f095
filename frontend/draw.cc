#include "frontend/draw.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "frontend/cell.h"
#include "frontend/print.h"
#include "frontend/tape.h"

namespace sinter {
namespace {

using detail::Node;

// Operations that PyTorch calls by another name than ours in CamelCase.
constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kNames{{
    {"reduce_sum", "Sum"},
    {"reduce_prod", "Prod"},
    {"reduce_max", "Amax"},
    {"reduce_min", "Amin"},
    {"broadcast", "Expand"},
    {"reshape", "View"},
    {"transpose", "Permute"},
    {"concat", "Cat"},
    {"dot", "Mm"},
    {"select", "Where"},
    {"to_f32", "ToCopy"},
    {"to_f64", "ToCopy"},
    {"scatter_add", "ScatterAdd"},
}};

std::string name_of(const Node& node) {
  if (node.name != nullptr) return node.name;
  const auto known = std::ranges::find(kNames, node.def->name, &std::pair<std::string_view, std::string_view>::first);
  if (known != kNames.end()) return std::string(known->second) + "Backward0";
  std::string text;
  bool upper = true;
  for (char letter : node.def->name) {
    if (letter != '_') text += upper ? static_cast<char>(std::toupper(letter)) : letter;
    upper = letter == '_';
  }
  return text + "Backward0";
}

// Quotes and escapes.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char letter : text) {
    if (letter == '"' || letter == '\\') out += '\\';
    if (letter == '\n')
      out += "\\n";
    else
      out += letter;
  }
  return out + "\"";
}

class TapeDrawing {
 public:
  std::string draw(const Tensor& x) {
    const std::string result = add("result\n" + to_string(x.shape()), "shape=box, style=filled, fillcolor=lightblue");
    edge(x.impl()->cell ? cell(*x.impl()->cell, x.shape()) : x.impl()->node ? node(*x.impl()->node) : "", result);
    while (!waiting_.empty()) {
      const Node& next = *waiting_.back();
      waiting_.pop_back();
      for (const detail::Edge& operand : next.operands) {
        const std::string from = operand.cell   ? cell(*operand.cell, operand.shape)
                                 : operand.node ? node(*operand.node)
                                                : add("constant\n" + to_string(operand.shape), "shape=box, color=gray");
        edge(from, names_.at(&next));
      }
    }
    return "digraph tape {\n  rankdir=TB;\n" + text_ + "}\n";
  }

 private:
  std::string add(const std::string& label, const char* style) {
    const std::string name = "n" + std::to_string(count_++);
    text_ += fmt::format("  {} [label={}, {}];\n", name, quoted(label), style);
    return name;
  }
  void edge(const std::string& from, const std::string& to) {
    if (!from.empty()) text_ += fmt::format("  {} -> {};\n", from, to);
  }
  const std::string& node(const Node& node) {
    const auto [at, fresh] = names_.try_emplace(&node);
    if (fresh) {
      std::string label = name_of(node);
      label = label.substr(0, label.find("Backward"));
      at->second = add(label + "\n" + to_string(node.shape), "shape=ellipse");
      waiting_.push_back(&node);
    }
    return at->second;
  }
  const std::string& cell(const detail::Cell& cell, const Sizes& shape) {
    const auto [at, fresh] = names_.try_emplace(&cell);
    if (fresh)
      at->second = add((cell.name.get().empty() ? "leaf" : cell.name.get()) + "\n" + to_string(shape),
                       "shape=box, style=filled, fillcolor=lightyellow");
    return at->second;
  }

  std::string text_;
  size_t count_ = 0;
  std::unordered_map<const void*, std::string> names_;
  std::vector<const Node*> waiting_;
};

}  // namespace

std::string grad_fn_name(const Tensor& x) {
  if (!x.defined() || x.impl()->cell || !x.impl()->node) return "";
  return name_of(*x.impl()->node);
}

std::string to_dot(const Tensor& x) {
  if (!x.defined()) throw ValueError("to_dot: argument 1 is an undefined tensor");
  if (x.impl()->trace != 0)
    throw GraphError("to_dot: the tensor belongs to a function that is being traced",
                     "call to_dot() of the jitted function");
  return TapeDrawing().draw(x);
}

namespace detail {

std::string draw(const ir::Graph& graph) {
  std::string text = "digraph " + quoted(graph.name) + " {\n  rankdir=TB;\n";
  for (size_t i = 0; i < graph.ops().size(); ++i) {
    const ir::Op& op = graph.ops()[i];
    const auto parameter =
        std::ranges::find(graph.parameters(), ir::Value{static_cast<uint32_t>(i), 0}, &ir::Parameter::value);
    const bool enters = parameter != graph.parameters().end();
    const std::string label =
        (enters ? parameter->name : std::string(op.def->name)) + (op.scope.empty() ? "" : "\n" + op.scope);
    text += fmt::format("  v{} [label={}, shape={}];\n", i, quoted(label),
                        enters ? "box, style=filled, fillcolor=lightyellow" : "ellipse");
    for (ir::Value operand : op.operands)
      text += fmt::format("  v{} -> v{} [label={}];\n", operand.op, i, quoted(ir::to_string(graph.type(operand))));
  }
  for (size_t i = 0; i < graph.results.size(); ++i) {
    text += fmt::format("  r{} [label=\"result {}\", shape=box, style=filled, fillcolor=lightblue];\n", i, i);
    text += fmt::format("  v{} -> r{} [label={}];\n", graph.results[i].op, i,
                        quoted(ir::to_string(graph.type(graph.results[i]))));
  }
  return text + "}\n";
}

}  // namespace detail
}  // namespace sinter
