#include "tests/fuzz/cell_run.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <typeinfo>

#include "tests/fuzz/cell_rows.h"
#include "tests/literal_tensors.h"
#include "tests/random_engine.h"
#include "tests/random_literal.h"

namespace sinter::tests {
namespace {

Tensor random_tensor(RandomEngine& random, const CellProgram& program) {
  const ir::Type type{program.doubles ? kFloat64 : kFloat32, {program.n, program.n}};
  return tensor_of(random_literal(random, type, /*extremes=*/true));
}

std::string class_of(const std::exception& error) {
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(typeid(error).name(), nullptr, nullptr, nullptr), std::free);
  return name.get();
}

// A program with its cells.
class Run {
 public:
  Run(const CellProgram& program, CellWay way) : program_(program), way_(way), random_(program.seed) {
    manual_seed(static_cast<int64_t>(program.seed));
    for (int place = 0; place < kCells; ++place) {
      const Tensor value = random_tensor(random_, program);
      machine_[place] = place < kCells - 1 ? Tensor(value).requires_grad_() : variable(value);
      machine_[place].set_name(std::string("cell") + std::to_string(place));
      cells_.emplace_back(machine_[place].name(), machine_[place]);
    }
    const std::vector<Tensor> parameters{machine_[0], machine_[1]};
    machine_.sgd = std::make_shared<optim::SGD>(parameters, optim::SGDOptions{.lr = 0.1, .momentum = 0.5});
    machine_.adam = std::make_shared<optim::Adam>(parameters, optim::AdamOptions{.lr = 0.1});
    for (const auto& [name, cell] : machine_.sgd->state_dict()) cells_.emplace_back("sgd." + name, cell);
    for (const auto& [name, cell] : machine_.adam->state_dict()) cells_.emplace_back("adam." + name, cell);
    if (program.leaf_argument) {
      leaf_ = random_tensor(random_, program).requires_grad_();
      cells_.emplace_back("y", leaf_);
    }
    cut();
  }

  CellRecord record() {
    CellRecord record;
    try {
      for (int call = 0; call < program_.calls; ++call) {
        one_call();
        show(record, call);
      }
    } catch (const std::exception& error) {
      record.error = class_of(error) + ": " + error.what();
      record.at = at_;
      record.only_jit = way_ != CellWay::kDynamic && may_have(record.error);
    }
    return record;
  }

 private:
  using Function = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;

  // Statements [first, last) as a function of the arguments, the temporaries and the losses, which gives the latter
  // two.
  Function piece(size_t first, size_t last) {
    return [this, first, last](const std::vector<Tensor>& given) {
      CellMachine machine = machine_;
      std::copy_n(given.begin(), kArguments + kTemporaries, machine.places.begin() + kCells);
      std::copy_n(given.begin(), kArguments, machine.arguments.begin());
      std::copy_n(given.begin() + kArguments + kTemporaries, kLosses, machine.losses.begin());
      for (at_ = first; at_ < last; ++at_) machine.run(std::span(program_.statements).subspan(at_, 1));
      at_ = first;  // what fails from here on is no statement's
      std::vector<Tensor> results;
      for (int i = kFirstTemporary; i < kPlaces; ++i) results.push_back(machine[i].detach());
      for (const Tensor& loss : machine.losses) results.push_back(loss.detach());
      return results;
    };
  }
  void add(size_t first, size_t last) {
    pieces_.push_back(piece(first, last));
    if (way_ != CellWay::kDynamic) pieces_.back() = jit(std::move(pieces_.back()), {.keep_grads = program_.keep_grads});
  }
  void cut() {
    size_t first = 0;
    for (size_t i = 0; way_ == CellWay::kCutJit && i < program_.statements.size(); ++i) {
      if (program_.statements[i].row != cell_row("----")) continue;
      add(first, i + 1);
      first = i + 1;
    }
    add(first, program_.statements.size());
  }

  void one_call() {
    std::vector<Tensor> arguments{random_tensor(random_, program_), random_tensor(random_, program_)};
    if (program_.leaf_argument) arguments[1] = leaf_;
    values_.clear();
    for (int i = 0; i < kTemporaries; ++i) values_.push_back(arguments[static_cast<size_t>(i) % kArguments].detach());
    for (int i = 0; i < kLosses; ++i) values_.push_back(arguments[0].detach().sum());
    for (const Function& each : pieces_) {
      std::vector<Tensor> given = arguments;
      given.insert(given.end(), values_.begin(), values_.end());
      values_ = each(given);
    }
  }

  void show(CellRecord& record, int call) const {
    const auto add = [&](const std::string& name, const Tensor& x) {
      record.values.push_back(
          {fmt::format("{} after call {}", name, call), x.defined() ? std::optional(literal_of(x)) : std::nullopt});
    };
    for (size_t i = 0; i < values_.size(); ++i)
      add(i < kTemporaries ? fmt::format("t{}", i) : fmt::format("l{}", i - kTemporaries), values_[i]);
    for (const auto& [name, cell] : cells_) {
      add(name, cell);
      try {
        add(name + ".grad()", cell.grad());
      } catch (const GraphError& error) {
        if (!may_have(error.what())) throw;
        record.values.push_back({name + ".grad()", std::nullopt, /*kept=*/false});
      }
    }
  }

  // What only a jitted function cannot do.
  [[nodiscard]] bool may_have(const std::string& error) const {
    const auto says = [&](const char* words) { return words != nullptr && error.find(words) != std::string::npos; };
    if (!says("cure: ")) return false;
    if (!program_.keep_grads && (says("are not kept") || says("does not keep"))) return true;
    if (program_.keep_grads && creates() && says("a gradient would go on into")) return true;
    const std::function<bool(const Statement&)> expects = [&](const Statement& statement) {
      return says(cell_rows()[statement.row].only_jit) || std::ranges::any_of(statement.body, expects);
    };
    return at_ < program_.statements.size() && expects(program_.statements[at_]);
  }

  // Whether it makes gradients that depend on leaves, which a later call cannot go on from.
  [[nodiscard]] bool creates() const {
    const std::function<bool(const Statement&)> does = [&](const Statement& statement) {
      return statement.create || std::ranges::any_of(statement.body, does);
    };
    return std::ranges::any_of(program_.statements, does);
  }

  const CellProgram& program_;
  CellWay way_;
  RandomEngine random_;
  CellMachine machine_;
  Tensor leaf_;
  std::vector<std::pair<std::string, Tensor>> cells_;
  std::vector<Function> pieces_;
  std::vector<Tensor> values_;
  size_t at_ = 0;
};

std::string show(const std::optional<ir::Literal>& value) {
  if (!value) return "undefined";
  std::string text;
  visit_dtype(value->type.dtype, [&](auto zero) {
    for (const auto element : value->view<decltype(zero)>())
      text += fmt::format("{}{}", text.empty() ? "" : ", ", element);
  });
  return "[" + text + "]";
}

bool same(const CellRecord::Shown& dynamic, const CellRecord::Shown& jitted) {
  if (!jitted.kept || !dynamic.value || !jitted.value)
    return dynamic.value.has_value() == (!jitted.kept || jitted.value.has_value());
  return same_bits(*dynamic.value, *jitted.value);
}

}  // namespace

const char* to_string(CellWay way) {
  return way == CellWay::kDynamic ? "dynamic" : way == CellWay::kJit ? "jit" : "cut into jitted functions";
}

CellRecord run(const CellProgram& program, CellWay way) { return Run(program, way).record(); }

std::optional<std::string> difference(const CellRecord& dynamic, const CellRecord& jitted) {
  for (size_t i = 0; i < std::min(dynamic.values.size(), jitted.values.size()); ++i)
    if (!same(dynamic.values[i], jitted.values[i]))
      return fmt::format("{}: {}, expected {}", dynamic.values[i].name, show(jitted.values[i].value),
                         show(dynamic.values[i].value));
  if (dynamic.error == jitted.error || jitted.only_jit) return std::nullopt;
  const auto words = [](const std::string& error) { return error.empty() ? "no error" : error; };
  return fmt::format("{}\nexpected\n{}", words(jitted.error), words(dynamic.error));
}

}  // namespace sinter::tests
