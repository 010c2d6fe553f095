// A few operations as fused kernels for all sizes, for composites of the dynamic engine: extents and strides are given
// at each launch, as those of single operations are.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "driver/compile.h"
#include "passes/lower/generalize.h"

namespace sinter::driver {

class DynamicProgram : public DynamicKernel {
 public:
  // Where a result lies: in an output, which results of the same elements share, or it is an input.
  struct Result {
    bool is_input = false;
    size_t index = 0;
    DType dtype = kFloat32;
    std::vector<std::vector<Dim>> shape;  // each size as factors
  };
  [[nodiscard]] virtual const std::vector<Result>& results() const = 0;
  [[nodiscard]] virtual size_t outputs() const = 0;
  [[nodiscard]] virtual size_t launches() const = 0;
  // Of all launches, by the sizes of their buffers.
  [[nodiscard]] virtual int64_t bytes_moved(std::span<const int64_t> symbols) const = 0;
};

// first, second: one graph at two sets of sizes, those of `sizes` (symbols that only strides use among them).
// operands: strides of each parameter; nullopt: row-major. nullptr when the graphs do not become the same kernels, or
// their kernels would not serve all sizes.
[[nodiscard]] std::shared_ptr<const DynamicProgram> compile_dynamic_program(
    const ir::Graph& first, const ir::Graph& second, std::span<const std::optional<Operand>> operands,
    const passes::SampleSizes& sizes, Device device);

// Whether operations and results of two graphs agree in all but shapes and literals.
[[nodiscard]] bool same_structure(const ir::Graph& a, const ir::Graph& b);

// The product of the factors.
[[nodiscard]] int64_t product_of(std::span<const Dim> factors, std::span<const int64_t> symbols);

}  // namespace sinter::driver
