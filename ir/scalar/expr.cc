// Building scalar expressions: type checks, one node per value, exact folding of constants.
#include "ir/scalar/expr.h"

#include <algorithm>
#include <bit>

#include "ir/scalar/evaluate.h"
#include "support/error.h"

namespace sinter::ir {
namespace {

constexpr std::array<PrimFacts, 30> kFacts{{
    {"constant", 0}, {"argument", 0}, {"add", 2},  {"sub", 2},    {"mul", 2},     {"div", 2},
    {"fma", 3},      {"neg", 1},      {"abs", 1},  {"sqrt", 1},   {"floor", 1},   {"ceil", 1},
    {"rint", 1},     {"idiv", 2},     {"irem", 2}, {"mulhiu", 2}, {"eq", 2},      {"ne", 2},
    {"lt", 2},       {"le", 2},       {"and", 2},  {"or", 2},     {"xor", 2},     {"not", 1},
    {"shl", 2},      {"shrl", 2},     {"shra", 2}, {"select", 3}, {"convert", 1}, {"bitcast", 1},
}};

bool is_comparison(Prim prim) { return prim >= Prim::kEq && prim <= Prim::kLe; }

// Whether a primitive other than select, convert and bitcast takes operands of this dtype.
bool accepts(Prim prim, DType dtype) {
  switch (prim) {
    case Prim::kAdd:
    case Prim::kSub:
    case Prim::kMul:
    case Prim::kNeg:
    case Prim::kAbs:
      return dtype != kBool;
    case Prim::kDiv:
    case Prim::kFma:
    case Prim::kSqrt:
    case Prim::kFloor:
    case Prim::kCeil:
    case Prim::kRint:
      return is_float(dtype);
    case Prim::kIDiv:
    case Prim::kIRem:
    case Prim::kShl:
    case Prim::kShrL:
    case Prim::kShrA:
      return is_integer(dtype);
    case Prim::kMulHiU:
      return dtype == kInt32;
    case Prim::kEq:
    case Prim::kNe:
    case Prim::kLt:
    case Prim::kLe:
      return true;
    case Prim::kAnd:
    case Prim::kOr:
    case Prim::kXor:
    case Prim::kNot:
      return !is_float(dtype);
    default:
      return false;
  }
}

void check(const ExprGraph& graph, const ExprNode& node) {
  const int arity = facts(node.prim).arity;
  for (int i = 0; i < 3; ++i) {
    const uint32_t operand = node.operands[static_cast<size_t>(i)];
    invariant(i < arity ? operand < graph.nodes().size() : operand == 0, "operands of a node are earlier nodes");
  }
  auto operand = [&](size_t i) { return graph[node.operands[i]].dtype; };
  switch (node.prim) {
    case Prim::kConstant:
      invariant(size_of(node.dtype) == 8 || node.payload >> (8 * size_of(node.dtype)) == 0,
                "bits of a constant fit its dtype");
      invariant(node.dtype != kBool || node.payload <= 1, "a bool constant is 0 or 1");
      return;
    case Prim::kArgument:
    case Prim::kConvert:
      return;
    case Prim::kBitcast:
      invariant(size_of(node.dtype) == size_of(operand(0)) && node.dtype != kBool, "bitcast keeps the size");
      return;
    case Prim::kSelect:
      invariant(operand(0) == kBool, "select's condition is a bool");
      invariant(operand(1) == node.dtype && operand(2) == node.dtype, "select's sides have the result's dtype");
      return;
    default:
      break;
  }
  for (int i = 0; i < arity; ++i) {
    invariant(operand(static_cast<size_t>(i)) == operand(0), "operands of a primitive have one dtype");
  }
  invariant(accepts(node.prim, operand(0)), "the primitive accepts the dtype of its operands");
  invariant(node.dtype == (is_comparison(node.prim) ? kBool : operand(0)),
            "dtype of the result follows from the primitive");
}

// The node's value when all its operands are constants.
uint64_t fold(const ExprGraph& graph, const ExprNode& node) {
  ExprGraph single;
  ExprNode copy = node;
  for (int i = 0; i < facts(node.prim).arity; ++i) {
    uint32_t& operand = copy.operands[static_cast<size_t>(i)];
    operand = single.add(graph[operand]);
  }
  single.add_root(single.add(copy));
  uint64_t bits = 0;
  std::byte* const result = reinterpret_cast<std::byte*>(&bits);
  evaluate(single, 1, {}, {}, {&result, 1});
  return bits;
}

Expr make(ExprGraph& graph, const ExprNode& node) {
  check(graph, node);
  const int arity = facts(node.prim).arity;
  const bool constant = arity > 0 && std::all_of(node.operands.begin(), node.operands.begin() + arity,
                                                 [&](uint32_t id) { return graph[id].prim == Prim::kConstant; });
  if (constant) return constant_bits(graph, fold(graph, node), node.dtype);
  return {&graph, graph.add(node)};
}

}  // namespace

const PrimFacts& facts(Prim prim) {
  static_assert(static_cast<size_t>(Prim::kBitcast) + 1 == kFacts.size());
  return kFacts[static_cast<size_t>(prim)];
}

size_t ExprGraph::NodeHash::operator()(const ExprNode& node) const {
  uint64_t h = static_cast<uint64_t>(node.prim) << 8 | static_cast<uint64_t>(node.dtype);
  for (uint64_t part :
       {uint64_t{node.operands[0]}, uint64_t{node.operands[1]}, uint64_t{node.operands[2]}, node.payload}) {
    h = (std::rotl(h, 23) ^ part) * 0x9e3779b97f4a7c15U;
  }
  return h ^ h >> 32;
}

uint32_t ExprGraph::add(const ExprNode& node) {
  const auto [at, fresh] = ids_.try_emplace(node, static_cast<uint32_t>(nodes_.size()));
  if (fresh) {
    check(*this, node);
    nodes_.push_back(node);
  }
  return at->second;
}

Expr argument(ExprGraph& graph, int position, DType dtype) {
  invariant(position >= 0, "an argument's position is not negative");
  return {&graph, graph.add({.prim = Prim::kArgument, .dtype = dtype, .payload = static_cast<uint64_t>(position)})};
}

Expr constant(ExprGraph& graph, double value, DType dtype) {
  const ExprNode wide{.prim = Prim::kConstant, .dtype = kFloat64, .payload = std::bit_cast<uint64_t>(value)};
  if (dtype == kFloat64) return {&graph, graph.add(wide)};
  ExprGraph single;
  const uint32_t id = single.add(wide);
  return constant_bits(graph, fold(single, {.prim = Prim::kConvert, .dtype = dtype, .operands = {id}}), dtype);
}

Expr constant_bits(ExprGraph& graph, uint64_t bits, DType dtype) {
  return {&graph, graph.add({.prim = Prim::kConstant, .dtype = dtype, .payload = bits})};
}

Expr apply(Prim prim, std::initializer_list<Expr> operands) {
  invariant(static_cast<int>(operands.size()) == facts(prim).arity && operands.size() > 0,
            "as many operands as the primitive takes");
  invariant(prim != Prim::kConvert && prim != Prim::kBitcast, "convert and bitcast are told their dtype");
  ExprGraph& graph = *operands.begin()->graph;
  ExprNode node{.prim = prim, .dtype = kBool};
  size_t i = 0;
  for (Expr operand : operands) {
    invariant(operand.graph == &graph, "operands belong to one graph");
    node.operands[i++] = operand.id;
  }
  if (!is_comparison(prim)) node.dtype = (operands.end() - 1)->dtype();
  return make(graph, node);
}

Expr convert(Expr x, DType to) {
  if (x.dtype() == to) return x;
  return make(*x.graph, {.prim = Prim::kConvert, .dtype = to, .operands = {x.id}});
}

Expr bitcast(Expr x, DType to) {
  if (x.dtype() == to) return x;
  return make(*x.graph, {.prim = Prim::kBitcast, .dtype = to, .operands = {x.id}});
}

Expr fma(Expr a, Expr b, Expr c) { return apply(Prim::kFma, {a, b, c}); }
Expr select(Expr condition, Expr a, Expr b) { return apply(Prim::kSelect, {condition, a, b}); }

}  // namespace sinter::ir
