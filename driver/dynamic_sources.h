// What a dynamic kernel is run with, whatever it runs on: where each of its buffers comes from, the symbols that are
// products of others, and how far strided memory reaches.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "driver/compile.h"
#include "passes/lower/lower.h"

namespace sinter::driver {

class DynamicArguments {
 public:
  static constexpr size_t kMaxBuffers = 32, kMaxSymbols = 64;
  struct Source {  // of a buffer: an input, an output or a constant
    bool output = false;
    size_t index = 0;
    std::shared_ptr<const ir::Literal> constant;
  };
  struct Values {  // of one run
    std::array<void*, kMaxBuffers> buffers;
    std::array<int64_t, kMaxSymbols> symbols;
    size_t buffer_count = 0, symbol_count = 0;
    [[nodiscard]] std::span<void* const> buffer_span() const { return {buffers.data(), buffer_count}; }
    [[nodiscard]] std::span<const int64_t> symbol_span() const { return {symbols.data(), symbol_count}; }
  };

  DynamicArguments(const ir::Graph& graph, const passes::LoweredKernel& lowered, int symbols);
  // sources: one a buffer of the kernel.
  DynamicArguments(std::vector<Source> sources, std::vector<std::vector<Dim>> products, int symbols);
  [[nodiscard]] Values values(std::span<void* const> inputs, std::span<void* const> outputs,
                              std::span<const int64_t> symbols) const;
  [[nodiscard]] const std::vector<Source>& sources() const { return sources_; }

 private:
  size_t symbols_;
  std::vector<std::vector<Dim>> products_;
  std::vector<Source> sources_;
};

// Shapes and strides of operands and results, for SINTER_CHECK.
class StridedMemory {
 public:
  StridedMemory(const ir::Graph& graph, std::span<const Operand> operands, std::span<const Operand> results);
  // From the first element to the last.
  [[nodiscard]] int64_t elements(bool output, size_t index, std::span<const int64_t> symbols) const;
  // Whether results are anything but row-major.
  [[nodiscard]] bool strided_results() const { return strided_; }

 private:
  struct Memory {
    Shape shape;
    std::vector<Dim> strides;
  };
  std::vector<Memory> operands_, results_;
  bool strided_;
};

}  // namespace sinter::driver
