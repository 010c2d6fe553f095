#include "driver/dynamic_sources.h"

#include <algorithm>

#include "passes/fuse/fuse.h"

namespace sinter::driver {
namespace {

DynamicArguments::Source source_of(const ir::Graph& graph, const passes::LoweredKernel& lowered, size_t buffer) {
  const ir::Value value = lowered.values[buffer];
  if (lowered.kernel.buffers[buffer].role == loops::Buffer::Role::kIn) {
    for (size_t p = 0; p < graph.parameters().size(); ++p)
      if (graph.parameters()[p].value == value) return {false, p, nullptr};
    return {false, 0, std::get<ir::ConstantAttributes>(graph.op(value).attributes).value};
  }
  for (size_t r = 0; r < graph.results.size(); ++r)
    if (passes::storage_of(graph, graph.results[r]) == value) return {true, r, nullptr};
  throw InternalError("a dynamic kernel writes something that is no result");
}

std::vector<DynamicArguments::Source> sources_of(const ir::Graph& graph, const passes::LoweredKernel& lowered) {
  std::vector<DynamicArguments::Source> sources;
  for (size_t b = 0; b < lowered.values.size(); ++b) sources.push_back(source_of(graph, lowered, b));
  return sources;
}

int64_t value_of(Dim dim, std::span<const int64_t> symbols) {
  return dim.is_symbol() ? symbols[static_cast<size_t>(dim.symbol_id())] : dim.value();
}

}  // namespace

DynamicArguments::DynamicArguments(std::vector<Source> sources, std::vector<std::vector<Dim>> products, int symbols)
    : symbols_(static_cast<size_t>(symbols)), products_(std::move(products)), sources_(std::move(sources)) {
  invariant(sources_.size() <= kMaxBuffers && symbols_ + products_.size() <= kMaxSymbols,
            "a dynamic kernel has few buffers and symbols");
}

DynamicArguments::DynamicArguments(const ir::Graph& graph, const passes::LoweredKernel& lowered, int symbols)
    : DynamicArguments(sources_of(graph, lowered), lowered.products, symbols) {}

DynamicArguments::Values DynamicArguments::values(std::span<void* const> inputs, std::span<void* const> outputs,
                                                  std::span<const int64_t> given) const {
  Values values;
  values.buffer_count = sources_.size();
  values.symbol_count = symbols_ + products_.size();
  std::ranges::copy(given, values.symbols.begin());
  for (size_t p = 0; p < products_.size(); ++p) {
    int64_t product = 1;
    for (Dim dim : products_[p]) product *= value_of(dim, values.symbols);
    values.symbols[symbols_ + p] = product;
  }
  for (size_t b = 0; b < sources_.size(); ++b) {
    const Source& from = sources_[b];
    values.buffers[b] = from.constant ? const_cast<std::byte*>(from.constant->bytes.data())
                                      : (from.output ? outputs : inputs)[from.index];
  }
  return values;
}

StridedMemory::StridedMemory(const ir::Graph& graph, std::span<const Operand> operands,
                             std::span<const Operand> results)
    : strided_(!results.empty()) {
  for (size_t i = 0; i < operands.size(); ++i)
    operands_.push_back({graph.type(graph.parameters()[i].value).shape, operands[i].strides});
  for (size_t i = 0; i < graph.results.size(); ++i)
    results_.push_back({graph.type(graph.results[i]).shape, strided_ ? results[i].strides : std::vector<Dim>()});
}

int64_t StridedMemory::elements(bool output, size_t index, std::span<const int64_t> symbols) const {
  const Memory& memory = (output ? results_ : operands_)[index];
  const bool row_major = output && !strided_;
  int64_t reach = 1, count = 1;
  for (int64_t axis = 0; axis < memory.shape.rank(); ++axis) {
    const int64_t size = value_of(memory.shape[axis], symbols);
    count *= size;
    if (!row_major) reach += (size - 1) * value_of(memory.strides[static_cast<size_t>(axis)], symbols);
  }
  return row_major || count == 0 ? count : reach;
}

}  // namespace sinter::driver
