// Text of scalar expressions, for tests and dumps.
#include <fmt/format.h>

#include <bit>
#include <iterator>

#include "ir/scalar/expr.h"

namespace sinter::ir {
namespace {

std::string constant_text(const ExprNode& node) {
  switch (node.dtype) {
    case kBool:
      return node.payload != 0 ? "true" : "false";
    case kInt32:
      return fmt::format("{}", static_cast<int32_t>(node.payload));
    case kInt64:
      return fmt::format("{}", static_cast<int64_t>(node.payload));
    case kFloat32:
      return fmt::format("{}", std::bit_cast<float>(static_cast<uint32_t>(node.payload)));
    case kFloat64:
      break;
  }
  return fmt::format("{}", std::bit_cast<double>(node.payload));
}

}  // namespace

std::string to_string(const ExprGraph& graph) {
  std::string text;
  auto out = std::back_inserter(text);
  for (size_t id = 0; id < graph.nodes().size(); ++id) {
    const ExprNode& node = graph.nodes()[id];
    const PrimFacts& prim = facts(node.prim);
    fmt::format_to(out, "%{} = {} {}", id, prim.name, name(node.dtype));
    if (node.prim == Prim::kConstant) fmt::format_to(out, " {}", constant_text(node));
    if (node.prim == Prim::kArgument) fmt::format_to(out, " {}", node.payload);
    for (size_t i = 0; i < static_cast<size_t>(prim.arity); ++i) {
      fmt::format_to(out, "{} %{}", i == 0 ? "" : ",", node.operands[i]);
    }
    text += '\n';
  }
  text += "return";
  for (size_t i = 0; i < graph.roots().size(); ++i) fmt::format_to(out, "{} %{}", i == 0 ? "" : ",", graph.roots()[i]);
  text += '\n';
  return text;
}

}  // namespace sinter::ir
