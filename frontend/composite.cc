#include "frontend/composite.h"

#include <algorithm>
#include <array>

#include "driver/dynamic_program.h"
#include "frontend/apply.h"
#include "frontend/composite_store.h"
#include "frontend/dynamic_counters.h"
#include "frontend/kernel_cache.h"
#include "frontend/tape.h"
#include "frontend/trace.h"
#include "frontend/transfer.h"
#include "runtime/threads.h"
#include "support/options.h"

namespace sinter::detail {
namespace {

using driver::DynamicProgram;

thread_local bool g_by_operation = false;

// Composites are not calls of kernels while it lives.
class ByOperation {
 public:
  ByOperation() : outer_(std::exchange(g_by_operation, true)) {}
  ~ByOperation() { g_by_operation = outer_; }
  ByOperation(const ByOperation&) = delete;
  ByOperation& operator=(const ByOperation&) = delete;

 private:
  bool outer_;
};

// Which sizes of a call's operands are equal. A size of 1 stands apart from all others.
class Equalities {
 public:
  static constexpr int kMostAxes = 6;  // of one tensor: its elements are counted at the sample sizes

  // False when there are more than kernels can be told.
  [[nodiscard]] bool add(const Sizes& shape) {
    if (shape.rank() > kMostAxes) return false;
    for (int64_t size : shape) {
      if (size == 1 || number_of(size) < count_) continue;
      if (count_ == kMostDifferentSizes) return false;
      sizes_[count_++] = size;
    }
    return true;
  }
  [[nodiscard]] size_t number_of(int64_t size) const {
    return static_cast<size_t>(std::find(sizes_.data(), sizes_.data() + count_, size) - sizes_.data());
  }

 private:
  std::array<int64_t, kMostDifferentSizes> sizes_;
  size_t count_ = 0;
};

// The type of an operand: dtype, rank, and for each size whether it is 1 or else which one.
uint64_t type_word(const Impl& x, const Equalities& sizes) {
  uint64_t word = static_cast<uint64_t>(x.dtype) << 4 | static_cast<uint64_t>(x.shape.rank());
  for (int64_t size : x.shape) word = word << 4 | (size == 1 ? 0 : 1 + sizes.number_of(size));
  return word;
}

SymbolicType symbolic(const Impl& x, const Equalities& sizes) {
  Shape shape;
  for (int64_t size : x.shape)
    shape.push_back(size == 1 ? Dim(1) : Dim::symbol(static_cast<int>(sizes.number_of(size))));
  return ir::Type{x.dtype, shape};
}

// What a program is run with besides memory: the values of its symbols, those of sizes first.
class Extents {
 public:
  static constexpr size_t kMost = passes::SampleSizes::kMost;
  Extents(const Family& family, std::span<const Ref<Impl>> operands) : sizes_(family.sizes.size()), count_(sizes_) {
    for (size_t i = 0; i < sizes_; ++i) values_[i] = operands[family.sizes[i].operand]->shape[family.sizes[i].axis];
  }
  void add_stride(int64_t stride) { values_[count_++] = stride; }
  [[nodiscard]] size_t sizes() const { return sizes_; }
  [[nodiscard]] size_t count() const { return count_; }
  [[nodiscard]] std::span<const int64_t> span() const { return {values_.data(), count_}; }

 private:
  std::array<int64_t, kMost> values_;
  size_t sizes_, count_;
};

Step step_along(const Impl& x, int axis) { return x.shape[axis] == 1 ? Step::kZero : step_of(x.strides[axis]); }

// How operands lie in memory: row-major, or by the step of each axis. Counts the strides that are to be told.
void add_layouts(Key& key, std::span<const Ref<Impl>> operands, size_t& strides) {
  for (const Ref<Impl>& x : operands) {
    uint64_t word = 0;
    if (!x->is_contiguous()) {
      word = 1;
      for (int axis = 0; axis < x->shape.rank(); ++axis) {
        const Step step = step_along(*x, axis);
        word = word << 2 | static_cast<uint64_t>(step);
        strides += step == Step::kAny ? 1 : 0;
      }
    }
    key.push(word);
  }
}
constexpr size_t kMostStrides = Extents::kMost - kMostDifferentSizes;

// The strides that such a key leaves open.
void add_strides(Extents& extents, std::span<const Ref<Impl>> operands) {
  for (const Ref<Impl>& x : operands)
    for (int axis = 0; axis < x->shape.rank() && !x->is_contiguous(); ++axis)
      if (step_along(*x, axis) == Step::kAny) extents.add_stride(x->strides[axis]);
}

// The same for compilation; `next`: the next symbol of a stride.
std::optional<driver::Operand> layout_of(const Impl& x, int& next) {
  if (x.is_contiguous()) return std::nullopt;
  driver::Operand operand;
  for (int axis = 0; axis < x.shape.rank(); ++axis) {
    const Step step = step_along(x, axis);
    operand.strides.push_back(step == Step::kAny ? Dim::symbol(next++) : Dim(step == Step::kOne ? 1 : 0));
  }
  return operand;
}

// Inputs of a program: operands, the counts of the family, and more.
std::vector<std::optional<driver::Operand>> layouts_of(std::span<const Ref<Impl>> operands, size_t counts,
                                                       std::span<const Ref<Impl>> more, size_t sizes) {
  std::vector<std::optional<driver::Operand>> layouts;
  int next = static_cast<int>(sizes);
  for (const Ref<Impl>& x : operands) layouts.push_back(layout_of(*x, next));
  layouts.resize(layouts.size() + counts);
  for (const Ref<Impl>& x : more) layouts.push_back(layout_of(*x, next));
  return layouts;
}

// Whether the family's kernels serve operands of these sizes. Asked at each call: a thread remembers the answers for
// the sizes it met last.
bool serves(const Family& family, std::span<const Ref<Impl>> operands) {
  constexpr size_t kRemembered = 1024;
  struct Answer {
    const Family* family = nullptr;
    std::array<int64_t, kMostDifferentSizes> sizes{};
    bool holds = false;
  };
  const Extents extents(family, operands);
  Answer asked{.family = &family};
  std::ranges::copy(extents.span(), asked.sizes.begin());
  uint64_t hash = reinterpret_cast<uintptr_t>(&family);
  for (int64_t size : asked.sizes) hash = (hash ^ static_cast<uint64_t>(size)) * 0x9e3779b97f4a7c15u;
  Answer& known = thread_value<std::array<Answer, kRemembered>, Answer>()[(hash >> 32) % kRemembered];
  if (known.family != asked.family || known.sizes != asked.sizes) {
    asked.holds = holds_at(family, extents.span());
    known = asked;
  }
  return known.holds;
}

std::vector<Ref<Impl>> run_program(const Compiled& compiled, std::span<const Ref<Impl>> operands,
                                   std::span<const Ref<Impl>> more) {
  const DynamicProgram& program = *compiled.program;
  Extents extents(*compiled.family, operands);
  add_strides(extents, operands);
  add_strides(extents, more);
  const Device device = operands.front()->device();
  std::vector<Ref<Impl>> inputs(operands.begin(), operands.end());
  for (const Count& count : compiled.family->counts)
    inputs.push_back(
        number_on(device, static_cast<double>(driver::product_of(count.factors, extents.span())), count.dtype));
  inputs.insert(inputs.end(), more.begin(), more.end());
  std::vector<Ref<Impl>> results, outputs(program.outputs());
  for (const DynamicProgram::Result& result : program.results()) {
    Sizes shape;
    for (const std::vector<Dim>& size : result.shape) shape.push_back(driver::product_of(size, extents.span()));
    if (result.is_input)
      results.push_back(detached(*inputs[result.index]));
    else if (Ref<Impl>& output = outputs[result.index])  // the same elements once more
      results.push_back(view_of(*output, shape, shape.contiguous_strides(), 0));
    else
      results.push_back(output = allocate(result.dtype, shape, device));
  }
  std::vector<void*> reads, writes;
  for (const Ref<Impl>& input : inputs) reads.push_back(input->data());
  for (const Ref<Impl>& output : outputs) writes.push_back(output->data());
  ++g_dynamic_counters.operations;
  g_dynamic_counters.kernels += static_cast<int64_t>(program.launches());
  g_dynamic_counters.bytes_moved += program.bytes_moved(extents.span());
  program.run(reads, writes, extents.span(), runtime::ThreadTeam::global());
  return results;
}

// A call of the dynamic engine, as far as it can be one of kernels.
struct Call {
  std::array<Ref<Impl>, kMostOperands> given;  // as the user has them, without undefined ones
  std::array<Ref<Impl>, kMostOperands> memory;
  std::array<bool, kMostOperands> defined{};
  size_t count = 0;  // of `given`
  uint32_t flows = 0;
  const std::string* cut_by = nullptr;  // as in Impl, of an operand
  [[nodiscard]] std::span<const Ref<Impl>> operands() const { return std::span(memory).first(count); }
};

std::optional<Call> executable(std::span<const Tensor> operands) {
  if (g_by_operation || Trace::current() != nullptr || !options().fuse || options().isa == "reference")
    return std::nullopt;
  invariant(operands.size() <= kMostOperands, "a composite has at most kMostOperands operands");
  Call call;
  for (size_t i = 0; i < operands.size(); ++i) {
    const Ref<Impl>& x = operands[i].impl();
    if (!(call.defined[i] = static_cast<bool>(x))) continue;
    if (x->trace != 0) return std::nullopt;
    if (grad_enabled() && is_float(x->dtype) && requires_grad(*x)) call.flows |= 1u << call.count;
    if (grad_enabled() && is_float(x->dtype) && call.cut_by == nullptr) call.cut_by = x->cut_by;
    call.given[call.count] = x;
    const Ref<Impl> memory = call.memory[call.count++] = memory_of(x);
    if (memory->numel() == 0 || memory->device() != call.memory[0]->device()) return std::nullopt;
  }
  return call.count == 0 ? std::nullopt : std::optional(std::move(call));
}

uint64_t device_word(Device device) {
  return static_cast<uint64_t>(device.kind) << 32 | static_cast<uint64_t>(device.index) << 40;
}

std::shared_ptr<const DynamicProgram> compile_pair(const Family& family, const GraphPair& graphs,
                                                   std::span<const Ref<Impl>> operands,
                                                   std::span<const Ref<Impl>> more) {
  Extents extents(family, operands);
  add_strides(extents, operands);
  add_strides(extents, more);
  return driver::compile_dynamic_program(graphs.first, graphs.second,
                                         layouts_of(operands, family.counts.size(), more, extents.sizes()),
                                         passes::SampleSizes(extents.count()), operands.front()->device());
}

Compiled compile_forward(const Family& family, uint32_t flows, std::span<const Ref<Impl>> operands) {
  Compiled made{.family = &family};
  if (!family.fits || (flows != 0 && family.first.results.size() != 1)) return made;
  const GraphPair graphs =
      forward_graphs(family, flows == 0 ? std::vector<ir::Value>() : values_to_save(family, flows));
  made.program = compile_pair(family, graphs, operands, {});
  return made;
}

}  // namespace

std::vector<Tensor> apply_composite(const Composite& composite, std::span<const Tensor> operands,
                                    const Settings& settings) {
  const auto by_operation = [&] { return composite.run(operands, settings); };
  const std::optional<Call> call = executable(operands);
  if (!call) return by_operation();
  Equalities sizes;
  for (const Ref<Impl>& x : call->operands())
    if (!sizes.add(x->shape)) return by_operation();
  Key key;
  key.push(reinterpret_cast<uintptr_t>(&composite));
  for (int64_t whole : settings.whole) key.push(static_cast<uint64_t>(whole));
  for (double real : settings.real) key.push(std::bit_cast<uint64_t>(real));
  for (size_t i = 0, next = 0; i < operands.size(); ++i)
    key.push(call->defined[i] ? type_word(*call->memory[next++], sizes) : ~uint64_t{0});
  size_t strides = 0;
  add_layouts(key, call->operands(), strides);
  if (strides > kMostStrides) return by_operation();
  key.push(call->flows | device_word(call->memory[0]->device()));
  const Compiled* compiled = Store::get().find(key, [&] {
    std::vector<SymbolicType> types;
    for (size_t i = 0, next = 0; i < operands.size(); ++i)
      types.push_back(call->defined[i] ? symbolic(*call->memory[next++], sizes) : std::nullopt);
    const Family& family =
        Store::get().family(composite, settings, types, [&] { return trace_family(composite, settings, types); });
    return compile_forward(family, call->flows, call->operands());
  });
  if (compiled == nullptr || !compiled->program || !serves(*compiled->family, call->operands())) return by_operation();

  const std::vector<Ref<Impl>> results = run_program(*compiled, call->operands(), {});
  const size_t own = compiled->family->first.results.size();
  for (const Ref<Impl>& result : std::span(results).first(own))
    if (is_float(result->dtype)) result->cut_by = call->cut_by;
  if (call->flows != 0) {
    auto recorded = make<CompositeCall>();
    recorded->family = compiled->family;
    recorded->flows = call->flows;
    recorded->saved.assign(results.begin() + static_cast<std::ptrdiff_t>(own), results.end());
    record_composite(results[0], std::move(recorded), std::span(call->given).first(call->count), call->operands());
  }
  return {results.begin(), results.begin() + static_cast<std::ptrdiff_t>(own)};
}

std::vector<Ref<Impl>> composite_gradients(const CompositeCall& call, std::span<const Ref<Impl>> operands,
                                           const Ref<Impl>& cotangent, std::span<const Ref<Impl>> earlier) {
  const Family& family = *call.family;
  const auto elsewhere = [&](const Ref<Impl>& x) { return x && x->device() != operands.front()->device(); };
  if (elsewhere(cotangent) || std::any_of(earlier.begin(), earlier.end(), elsewhere)) return {};
  std::vector<Ref<Impl>> more = call.saved;
  more.push_back(memory_of(cotangent));  // a user's seed may be a parameter
  uint32_t given = 0;
  for (size_t i = 0; i < earlier.size(); ++i) {
    if (!earlier[i]) continue;
    given |= 1u << i;
    more.push_back(memory_of(earlier[i]));
  }
  Key key;
  key.push(reinterpret_cast<uintptr_t>(&family));
  key.push(call.flows | device_word(cotangent->device()));
  key.push(given);
  size_t strides = 0;
  add_layouts(key, operands, strides);
  add_layouts(key, std::span(more).subspan(call.saved.size()), strides);  // what was saved is row-major
  if (strides > kMostStrides) return {};
  const Compiled* compiled = Store::get().find(key, [&] {
    BackwardGraphs graphs = backward_graphs(family, call.flows, given);
    Compiled made{.family = &family, .gradients = std::move(graphs.gradients)};
    made.program = compile_pair(family, graphs, operands, more);
    return made;
  });
  if (compiled == nullptr || !compiled->program) return {};
  const std::vector<Ref<Impl>> results = run_program(*compiled, operands, more);
  std::vector<Ref<Impl>> gradients(operands.size());
  for (size_t i = 0; i < gradients.size(); ++i)
    if (const int result = compiled->gradients[i]; result >= 0) gradients[i] = results[static_cast<size_t>(result)];
  return gradients;
}

uint64_t CompositeCall::operations() const { return family->first.ops().size(); }

Ref<Impl> replay(const CompositeCall& call, std::span<const Ref<Impl>> operands) {
  std::vector<Tensor> tensors;
  for (size_t i = 0, next = 0; next < operands.size(); ++i)
    tensors.push_back((call.family->given >> i & 1) != 0 ? Tensor(operands[next++]) : Tensor());
  tensors.resize(call.family->operands.size());
  const ByOperation scope;
  return call.family->composite->run(tensors, call.family->settings).front().impl();
}

}  // namespace sinter::detail
