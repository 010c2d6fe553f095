// call: runs another graph on the operands. Operand types are those of its parameters; the results are its results.
// Differentiation inlines calls first; evaluation refuses calls nested deeper than kMaxDepth.
#include "ir/graph/graph.h"
#include "ir/graph/ops/check.h"
#include "ir/graph/reference.h"

namespace sinter::ir::ops {
namespace {

constexpr int kMaxDepth = 500;
thread_local int g_depth = 0;

struct DepthScope {
  DepthScope() { ++g_depth; }
  ~DepthScope() { --g_depth; }
};

const Graph& callee_of(const Attributes& attributes) {
  const Graph* callee = as<CallAttributes>(attributes).callee.get();
  invariant(callee != nullptr, "a call has a callee");
  return *callee;
}

std::vector<Type> infer(const OpDef& def, const Attributes& attributes, std::span<const Type> operands) {
  const Graph& callee = callee_of(attributes);
  const auto& parameters = callee.parameters();
  if (operands.size() != parameters.size())
    throw ValueError(fmt::format("{}: given {} arguments, expected {}, as @{} has parameters", def.name,
                                 operands.size(), parameters.size(), callee.name));
  for (size_t i = 0; i < operands.size(); ++i) {
    const Type& expected = callee.type(parameters[i].value);
    const std::string problem =
        fmt::format("{}: argument {} has type {}, expected {}, that of parameter %{} of @{}", def.name, i + 1,
                    to_string(operands[i]), to_string(expected), parameters[i].name, callee.name);
    if (operands[i].dtype != expected.dtype) throw DTypeError(problem);
    if (operands[i].shape != expected.shape) throw ShapeError(problem);
  }
  std::vector<Type> results;
  for (Value value : callee.results) results.push_back(callee.type(value));
  return results;
}

void evaluate(const OpDef&, const Attributes& attributes, Arithmetic arithmetic,
              std::span<const Literal* const> operands, std::span<Literal> results) {
  if (g_depth == kMaxDepth)
    throw ValueError(fmt::format("call: @{} is nested {} calls deep, expected at most {}", callee_of(attributes).name,
                                 kMaxDepth + 1, kMaxDepth));
  const DepthScope deeper;
  std::vector<Literal> inputs;
  for (const Literal* operand : operands) inputs.push_back(*operand);
  std::vector<Literal> made = ir::evaluate(callee_of(attributes), inputs, arithmetic);
  std::move(made.begin(), made.end(), results.begin());
}

MaybeValues vjp(Builder&, const OpDef&, const Attributes&, std::span<const Value>, std::span<const Value>,
                std::span<const std::optional<Value>>) {
  throw InternalError("calls are inlined before differentiation");
}

}  // namespace

const OpDef kCall{.name = "call",
                  .doc = "runs another graph on the operands",
                  .op_class = OpClass::kCall,
                  .arity = -1,
                  .attributes = CallAttributes{},
                  .infer = infer,
                  .evaluate = evaluate,
                  .vjp = vjp};

}  // namespace sinter::ir::ops
