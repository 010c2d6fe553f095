// Writes graphs as text (text.h).
#include <algorithm>
#include <set>
#include <unordered_map>

#include "ir/graph/lexer.h"
#include "ir/graph/literal_text.h"
#include "ir/graph/text.h"

namespace sinter::ir {
namespace {

constexpr size_t kLocationColumn = 52;
constexpr size_t kSplatFrom = 8;  // constants of at least so many equal elements print one of them

std::string identifier(std::string_view name) { return is_plain_identifier(name) ? std::string(name) : quoted(name); }

// `name`, or `name.1`, ... when it is taken.
std::string unused_name(const std::string& name, std::set<std::string>& used) {
  std::string candidate = name;
  for (int i = 1; !used.insert(candidate).second; ++i) candidate = fmt::format("{}.{}", name, i);
  return candidate;
}

// The names of a graph's values: parameters keep theirs, all others are numbered.
class Names {
 public:
  explicit Names(const Graph& graph) : names_(graph.ops().size()) {
    std::set<std::string> used;
    for (const Parameter& parameter : graph.parameters())
      names_[parameter.value.op] = "%" + identifier(unused_name(parameter.name, used));
    size_t next = 0;
    for (size_t i = 0; i < names_.size(); ++i)
      if (names_[i].empty()) names_[i] = fmt::format("%{}", next++);
  }
  [[nodiscard]] std::string of_op(size_t op) const { return op < names_.size() ? names_[op] : "%<none>"; }
  [[nodiscard]] std::string operator()(Value value) const {
    return value.result == 0 ? of_op(value.op) : fmt::format("{}#{}", of_op(value.op), value.result);
  }

 private:
  std::vector<std::string> names_;
};

std::string text(int64_t value) { return fmt::format("{}", value); }
std::string text(const Integers& values) { return fmt::format("[{}]", fmt::join(values, ", ")); }
std::string text(const Shape& shape) { return to_string(shape); }

std::string literal_text(const Literal& literal) {
  const size_t size = size_of(literal.type.dtype);
  const size_t count = literal.bytes.size() / size;
  // Equal to itself moved by one element.
  const bool splat = count >= kSplatFrom && std::equal(literal.bytes.begin() + static_cast<ptrdiff_t>(size),
                                                       literal.bytes.end(), literal.bytes.begin());
  std::string out = splat ? "{splat " : "{";
  for (size_t i = 0; i < (splat ? 1 : count); ++i) {
    if (i > 0) out += ", ";
    out += element_text(literal.type.dtype, literal.bytes.data() + i * size);
  }
  return out + "}";
}

using CalleeNames = std::unordered_map<const Graph*, std::string>;

// What follows the operation's name: attributes and operands, in the form of each alternative.
struct BodyText {
  const CalleeNames* callees;
  std::string operands;

  std::string operator()(const ConstantAttributes& constant) const {
    if (constant.value == nullptr) return " <no value>";
    return " " + to_string(constant.value->type) + " " + literal_text(*constant.value);
  }
  std::string operator()(const CallAttributes& call) const {
    const auto at = callees->find(call.callee.get());
    return fmt::format(" @{}({})", at == callees->end() ? "<unknown>" : identifier(at->second), operands);
  }
  std::string operator()(const ParameterAttributes& parameter) const { return " " + to_string(parameter.type); }
  template <class Struct>
  std::string operator()(const Struct& attributes) const {
    std::string fields;
    std::apply(
        [&](const auto&... field) {
          ((fields += fmt::format("{}{} = {}", fields.empty() ? "" : ", ", field.name, text(attributes.*field.member))),
           ...);
        },
        Struct::fields);
    return (operands.empty() ? "" : " " + operands) + (fields.empty() ? "" : " {" + fields + "}");
  }
};

std::string suffixes(const Op& op, const PrintOptions& options) {
  std::string out;
  if (op.salt != 0) out += fmt::format(" salt({})", op.salt);
  if (!options.locations) return out;
  if (!op.scope.empty()) out += fmt::format(" scope({})", quoted(op.scope));
  std::string locations;
  for (const Location& at : op.locations)
    locations += fmt::format("{}{}:{}", locations.empty() ? "" : ", ", quoted(at.file), at.line);
  if (!locations.empty()) out += fmt::format(" loc({})", locations);
  return out;
}

std::string op_line(const Op& op, size_t index, const Names& names, const CalleeNames& callees,
                    const PrintOptions& options, std::string_view operands) {
  std::string line = "  " + names.of_op(index);
  if (op.types.size() != 1) line += fmt::format(":{}", op.types.size());
  line += fmt::format(" = {}{}", op.def->name, std::visit(BodyText{&callees, std::string(operands)}, op.attributes));
  const std::string after = suffixes(op, options);
  if (!after.empty() && line.size() + 1 < kLocationColumn) line.resize(kLocationColumn - 1, ' ');
  return line + after;
}

std::string operands_text(const Op& op, const Names& names) {
  std::string out;
  for (Value operand : op.operands) out += (out.empty() ? "" : ", ") + names(operand);
  return out;
}

std::string signature(const Graph& graph, std::string_view name, const Names& names) {
  std::string parameters;
  for (size_t i = 0; i < graph.parameters().size(); ++i) {
    const Value value = graph.parameters()[i].value;
    const bool state =
        std::any_of(graph.states.begin(), graph.states.end(), [&](const State& s) { return s.parameter == i; });
    parameters += fmt::format("{}{}: {}{}", i == 0 ? "" : ", ", names(value), to_string(graph.type(value)),
                              state ? " state" : "");
  }
  std::string results;
  for (size_t i = 0; i < graph.results.size(); ++i) {
    results += (i == 0 ? "" : ", ") + to_string(graph.type(graph.results[i]));
    for (const State& state : graph.states)
      if (state.result == i) results += " updates " + names(graph.parameters()[state.parameter].value);
  }
  if (graph.results.size() != 1) results = "(" + results + ")";
  return fmt::format("func @{}({}) -> {} {{\n", identifier(name), parameters, results);
}

std::string print_one(const Graph& graph, const CalleeNames& callees, const PrintOptions& options) {
  const Names names(graph);
  std::string out = signature(graph, callees.at(&graph), names);
  for (size_t i = 0; i < graph.ops().size(); ++i) {
    const Op& op = graph.ops()[i];
    if (op.def->op_class == OpClass::kParameter) continue;
    out += op_line(op, i, names, callees, options, operands_text(op, names)) + "\n";
  }
  std::string results;
  for (Value result : graph.results) results += (results.empty() ? " " : ", ") + names(result);
  return out + "  return" + results + "\n}\n";
}

}  // namespace

std::string print(const Graph& graph, const PrintOptions& options) {
  const std::vector<const Graph*> order = callees_first(graph);
  CalleeNames names;
  std::set<std::string> used;
  for (auto at = order.rbegin(); at != order.rend(); ++at)
    names[*at] = unused_name((*at)->name, used);  // the graph itself keeps its name
  std::string out;
  for (const Graph* each : order) out += (out.empty() ? "" : "\n") + print_one(*each, names, options);
  return out;
}

std::string print_op(const Graph& graph, Value value) {
  const Names names(graph);
  const Op& op = graph.op(value);
  std::string operands;
  for (Value operand : op.operands) {
    const bool exists = operand.op < graph.ops().size() && operand.result < graph.op(operand).types.size();
    operands += fmt::format("{}{}: {}", operands.empty() ? "" : ", ", names(operand),
                            exists ? to_string(graph.type(operand)) : "<missing>");
  }
  CalleeNames callees;
  if (const auto* call = std::get_if<CallAttributes>(&op.attributes); call != nullptr && call->callee != nullptr)
    callees[call->callee.get()] = call->callee->name;
  std::string line = op_line(op, value.op, names, callees, {.locations = false}, operands).substr(2) + " -> ";
  for (size_t i = 0; i < op.types.size(); ++i) line += (i > 0 ? ", " : "") + to_string(op.types[i]);
  for (const Location& at : op.locations) line += fmt::format(" loc({}:{})", quoted(at.file), at.line);
  return line;
}

}  // namespace sinter::ir
