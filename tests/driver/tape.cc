#include "tests/driver/tape.h"

#include "frontend/apply.h"
#include "frontend/autograd.h"
#include "frontend/creation.h"
#include "tests/literal_tensors.h"

namespace sinter::test {
namespace {

class TapeRun {
 public:
  TapeRun(std::span<const ir::Literal> inputs, uint64_t layout) {
    for (const ir::Literal& input : inputs) {
      parameters_.push_back(tests::tensor_of(input, {}, layout));
      if (is_float(input.type.dtype)) leaves_.push_back(parameters_.back().requires_grad_());
    }
  }

  // Operations that have not run yet; operands among values known already.
  void run(const ir::Graph& graph) {
    size_t parameter = 0;
    for (size_t i = 0; i < graph.ops().size(); ++i) {
      const ir::Op& op = graph.ops()[i];
      const bool is_parameter = op.def->op_class == ir::OpClass::kParameter;
      if (is_parameter && i >= values_.size()) values_.push_back(parameters_[parameter]);
      parameter += is_parameter;
      if (i < values_.size()) continue;
      std::vector<Tensor> operands;
      for (ir::Value operand : op.operands) operands.push_back(values_[operand.op]);
      values_.push_back(detail::apply(*op.def, op.attributes, operands));
    }
  }

  // Takes the place of the operations that differentiation has appended.
  void differentiate(const tests::Derivative& derivative, bool again) {
    const Tensor& of = values_[derivative.of.results[0].op];
    std::vector<Tensor> found(leaves_.size());
    if (of.requires_grad() && !leaves_.empty()) found = gradients(of, leaves_, {.create_graph = again});
    values_.resize(derivative.gradients.ops().size());
    for (size_t i = 0; i < found.size(); ++i)
      values_[derivative.gradients.results[i].op] =
          found[i].defined() ? found[i] : zeros(leaves_[i].shape(), {.dtype = leaves_[i].dtype()});
  }

  [[nodiscard]] std::vector<ir::Literal> results(const ir::Graph& graph) const {
    std::vector<ir::Literal> literals;
    for (ir::Value result : graph.results) literals.push_back(tests::literal_of(values_[result.op]));
    return literals;
  }

 private:
  std::vector<Tensor> parameters_, leaves_;
  std::vector<Tensor> values_;  // of operations, by number
};

}  // namespace

std::vector<ir::Literal> gradients_on_tape(std::span<const tests::Derivative> derivatives,
                                           std::span<const ir::Literal> inputs, uint64_t layout) {
  TapeRun run(inputs, layout);
  for (const tests::Derivative& derivative : derivatives) {
    run.run(derivative.of);
    run.differentiate(derivative, &derivative != &derivatives.back());
  }
  return run.results(derivatives.back().gradients);
}

}  // namespace sinter::test
