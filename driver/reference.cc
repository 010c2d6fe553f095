#include "driver/reference.h"

#include <cstring>

#include "ir/graph/reference.h"

namespace sinter::driver {
namespace {

Shape with_values(const Shape& shape, std::span<const int64_t> symbols) {
  Shape known = shape;
  for (int64_t axis = 0; axis < shape.rank(); ++axis)
    if (shape[axis].is_symbol()) known[axis] = symbols[static_cast<size_t>(shape[axis].symbol_id())];
  return known;
}

// Calls visit(position in row-major order, offset in strided memory) for every element.
template <class Visit>
void each_element(const Shape& shape, std::span<const int64_t> strides, const Visit& visit) {
  std::vector<int64_t> index(strides.size(), 0);
  const std::vector<int64_t> sizes = shape.values();
  const int64_t count = shape.numel();
  for (int64_t at = 0; at < count; ++at) {
    int64_t offset = 0;
    for (size_t axis = 0; axis < index.size(); ++axis) offset += index[axis] * strides[axis];
    visit(at, offset);
    for (size_t axis = index.size(); axis-- > 0;) {
      ++index[axis];
      if (index[axis] < sizes[axis]) break;
      index[axis] = 0;
    }
  }
}

// Row-major copy of strided memory.
ir::Literal gathered(const ir::Type& type, const std::byte* data, std::span<const int64_t> strides) {
  ir::Literal literal = ir::Literal::zeros(type);
  const auto bytes = static_cast<int64_t>(size_of(type.dtype));
  each_element(type.shape, strides, [&](int64_t at, int64_t offset) {
    std::memcpy(literal.bytes.data() + at * bytes, data + offset * bytes, static_cast<size_t>(bytes));
  });
  return literal;
}

void scatter(const ir::Literal& literal, std::byte* data, std::span<const int64_t> strides) {
  const auto bytes = static_cast<int64_t>(size_of(literal.type.dtype));
  each_element(literal.type.shape, strides, [&](int64_t at, int64_t offset) {
    std::memcpy(data + offset * bytes, literal.bytes.data() + at * bytes, static_cast<size_t>(bytes));
  });
}

void copy_out(const ir::Literal& literal, void* to) {
  if (!literal.bytes.empty()) std::memcpy(to, literal.bytes.data(), literal.bytes.size());
}

std::vector<int64_t> with_values(const Operand& memory, std::span<const int64_t> symbols) {
  return with_values(Shape(memory.strides), symbols).values();
}

class ReferenceExecutable : public Executable {
 public:
  explicit ReferenceExecutable(ir::Graph graph) : graph_(std::move(graph)) {}

  void run(std::span<void* const> inputs, std::span<void* const> outputs, runtime::ThreadTeam&) const override {
    std::vector<ir::Literal> values;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const ir::Type& type = graph_.type(graph_.parameters()[i].value);
      values.push_back(gathered(type, static_cast<const std::byte*>(inputs[i]), type.shape.strides()));
    }
    const std::vector<ir::Literal> results = ir::evaluate(graph_, values, ir::Arithmetic::kTyped);
    std::vector<void*> targets(outputs.begin(), outputs.end());
    for (const ir::State& state : graph_.states) targets[state.result] = inputs[state.parameter];
    for (size_t i = 0; i < results.size(); ++i) copy_out(results[i], targets[i]);
  }
  [[nodiscard]] const CompileStats& stats() const override { return stats_; }
  [[nodiscard]] const ir::Graph& graph() const override { return graph_; }

 private:
  ir::Graph graph_;
  CompileStats stats_;
};

class ReferenceKernel : public DynamicKernel {
 public:
  ReferenceKernel(ir::Graph graph, std::span<const Operand> operands, std::span<const Operand> results)
      : graph_(std::move(graph)),
        operands_(operands.begin(), operands.end()),
        results_(results.begin(), results.end()) {}

  void run(std::span<void* const> inputs, std::span<void* const> outputs, std::span<const int64_t> symbols,
           runtime::ThreadTeam&) const override {
    std::vector<ir::Literal> values;
    for (size_t i = 0; i < inputs.size(); ++i) {
      ir::Type type = graph_.type(graph_.parameters()[i].value);
      type.shape = with_values(type.shape, symbols);
      values.push_back(gathered(type, static_cast<const std::byte*>(inputs[i]), with_values(operands_[i], symbols)));
    }
    const std::vector<ir::Literal> results = ir::evaluate(graph_, values, ir::Arithmetic::kTyped, symbols);
    for (size_t i = 0; i < results.size(); ++i)
      if (results_.empty())
        copy_out(results[i], outputs[i]);
      else
        scatter(results[i], static_cast<std::byte*>(outputs[i]), with_values(results_[i], symbols));
  }

 private:
  ir::Graph graph_;
  std::vector<Operand> operands_, results_;
};

}  // namespace

std::shared_ptr<const Executable> reference_executable(const ir::Graph& graph) {
  return std::make_shared<ReferenceExecutable>(graph);
}

std::shared_ptr<const DynamicKernel> reference_kernel(const ir::Graph& graph, std::span<const Operand> operands,
                                                      std::span<const Operand> results) {
  return std::make_shared<ReferenceKernel>(graph, operands, results);
}

}  // namespace sinter::driver
