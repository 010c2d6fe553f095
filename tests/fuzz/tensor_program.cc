#include "tests/fuzz/tensor_program.h"

#include <functional>
#include <numeric>

#include "tests/fuzz/tensor_rows.h"
#include "tests/literal_tensors.h"
#include "tests/random_engine.h"
#include "tests/random_literal.h"

namespace sinter::tests {
namespace {

// Different for each element, the same in both engines.
Tensor weighted_sum(const Tensor& x) {
  const Tensor weights = cos(arange(x.numel()).to(kFloat64)).reshape(x.shape());
  return (x.to(kFloat64) * weights).sum();
}

class Run {
 public:
  Run(const TensorProgram& program, bool jitted) : program_(program), jitted_(jitted) {
    RandomEngine random(program.seed);
    for (const TensorInput& input : program.inputs)
      inputs_.push_back(tensor_of(random_literal(random, input.type, /*extremes=*/true), {}, input.layout));
  }

  TensorResults results() {
    TensorResults results;
    try {
      const auto all = [this](const std::vector<Tensor>& inputs) { return differentiated(inputs); };
      for (const Tensor& value : jitted_ ? jit(all)(inputs_) : all(inputs_))
        results.values.push_back(literal_of(value));
    } catch (const std::exception& error) {
      results.error = error.what();
    }
    results.at = at_;
    results.text = std::move(text_);
    return results;
  }

 private:
  // Every place's value, and the derivatives of a weighted sum of all.
  std::vector<Tensor> differentiated(const std::vector<Tensor>& inputs) {
    std::vector<Tensor> results;
    const auto loss = [&](const Tensor& a, const Tensor& b) {
      results.clear();
      return sum_of_all(inputs, a, b, results);
    };
    if (program_.order == 0) return results.push_back(loss(inputs[0], inputs[1])), results;
    const auto slope = [&](const Tensor& a, const Tensor& b) {
      const auto [value, gradients] = value_and_grad(loss)(a, b);
      for (const Tensor& gradient : gradients) results.push_back(gradient.detach());
      return weighted_sum(gradients[0]) + weighted_sum(gradients[1]);
    };
    if (program_.order == 1) return results.push_back(slope(inputs[0], inputs[1])), results;
    const auto [value, gradients] = value_and_grad(slope)(inputs[0], inputs[1]);
    results.push_back(value);
    for (const Tensor& gradient : gradients) results.push_back(gradient);
    return results;
  }

  Tensor sum_of_all(const std::vector<Tensor>& inputs, const Tensor& a, const Tensor& b, std::vector<Tensor>& values) {
    TensorMachine machine;
    std::copy(inputs.begin(), inputs.end(), machine.places.begin());
    machine.places[0] = a;
    machine.places[1] = b;
    for (at_ = 0; at_ < program_.statements.size(); ++at_)
      tensor_rows()[program_.statements[at_].row].run(machine, program_.statements[at_]);
    at_ = 0;
    text_ = machine.text;
    Tensor sum = full({}, 0, {.dtype = kFloat64});
    for (const Tensor& x : machine.places) {
      if (is_float(x.dtype())) sum = sum + weighted_sum(x);
      values.push_back(x.detach());
    }
    values.push_back(sum.detach());
    return sum;
  }

  const TensorProgram& program_;
  bool jitted_;
  std::vector<Tensor> inputs_;
  std::string text_;
  size_t at_ = 0;
};

}  // namespace

TensorProgram random_tensor_program(uint64_t seed) {
  RandomEngine random(seed);
  constexpr int64_t kSizes[] = {1, 1, 2, 3, 3, 4, 5, 7, 8, 9, 16, 17, 33};
  constexpr DType kOthers[] = {kFloat32, kFloat32, kFloat64, kInt64, kBool};
  TensorProgram program{.seed = seed, .inputs = {}, .statements = {}, .order = static_cast<int>(random.below(3))};
  const DType differentiated = random.one_in(4) ? kFloat64 : kFloat32;
  for (int place = 0; place < kTensorPlaces; ++place) {
    Shape shape;
    for (int64_t rank = random.between(0, 3), left = 600; rank > 0; --rank) {
      const int64_t size = random.one_in(40) ? 0 : random.pick(kSizes);
      shape.push_back(size > left ? 1 : size);
      left /= std::max<int64_t>(size, 1);
    }
    const DType dtype = place < kDifferentiated ? differentiated : random.pick(kOthers);
    program.inputs.push_back({{dtype, shape}, random.one_in(2) ? 0 : random.bits() | 1});
  }
  const std::span<const TensorRow> rows = tensor_rows();
  const int64_t total =
      std::accumulate(rows.begin(), rows.end(), 0, [](int sum, const TensorRow& row) { return sum + row.weight; });
  for (int64_t count = random.between(2, 12); count > 0; --count) {
    TensorStatement statement;
    for (int64_t at = random.between(0, total - 1) - rows[0].weight; at >= 0; at -= rows[statement.row].weight)
      ++statement.row;
    statement.to = static_cast<int>(random.below(kTensorPlaces));
    // Views of views: mostly what was made last.
    statement.a = !program.statements.empty() && !random.one_in(3) ? program.statements.back().to
                                                                   : static_cast<int>(random.below(kTensorPlaces));
    statement.b = static_cast<int>(random.below(kTensorPlaces));
    for (int64_t& number : statement.numbers) number = random.between(0, 1 << 20);
    program.statements.push_back(statement);
  }
  return program;
}

std::vector<TensorProgram> smaller(const TensorProgram& program) {
  std::vector<TensorProgram> found;
  const auto with = [&](auto change) {
    found.push_back(program);
    change(found.back());
  };
  for (size_t i = 0; i < program.statements.size(); ++i)
    with([&](TensorProgram& p) { p.statements.erase(p.statements.begin() + static_cast<ptrdiff_t>(i)); });
  if (program.order > 0) with([](TensorProgram& p) { --p.order; });
  for (size_t i = 0; i < program.inputs.size(); ++i) {
    if (program.inputs[i].layout != 0) with([&](TensorProgram& p) { p.inputs[i].layout = 0; });
    for (int axis = 0; axis < program.inputs[i].type.shape.rank(); ++axis)
      if (!program.inputs[i].type.shape[axis].is(1)) with([&](TensorProgram& p) { p.inputs[i].type.shape[axis] = 1; });
    if (program.inputs[i].type.shape.rank() > 0)
      with([&](TensorProgram& p) {
        Shape shorter;
        for (int axis = 1; axis < p.inputs[i].type.shape.rank(); ++axis)
          shorter.push_back(p.inputs[i].type.shape[axis]);
        p.inputs[i].type.shape = shorter;
      });
  }
  return found;
}

TensorResults run(const TensorProgram& program, bool jitted) { return Run(program, jitted).results(); }

}  // namespace sinter::tests
