#include "driver/check.h"

#include <cmath>
#include <cstring>
#include <type_traits>

#include "ir/loops/interpret.h"
#include "ir/loops/text.h"
#include "passes/plan/interpret.h"

namespace sinter::driver {
namespace {

template <class T>
bool same(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
    const auto flushed = [](T x) { return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(T{0}, x) : x; };
    a = flushed(a);
    b = flushed(b);
    return a == b && std::signbit(a) == std::signbit(b);
  } else {
    return a == b;
  }
}

// The first element that differs, or nullopt.
std::optional<size_t> difference(DType dtype, const std::byte* a, const std::byte* b, size_t count) {
  return visit_dtype(dtype, [&](auto zero) -> std::optional<size_t> {
    // A strided result leaves memory between its elements that nobody wrote: no bool, perhaps.
    using T = std::conditional_t<std::is_same_v<decltype(zero), bool>, uint8_t, decltype(zero)>;
    for (size_t i = 0; i < count; ++i) {
      T x, y;
      std::memcpy(&x, a + i * sizeof(T), sizeof(T));
      std::memcpy(&y, b + i * sizeof(T), sizeof(T));
      if (!same(x, y)) return i;
    }
    return std::nullopt;
  });
}

}  // namespace

void check_text(const loops::Kernel& kernel) {
  const std::string text = loops::print(kernel, /*locations=*/true);
  const std::vector<loops::Kernel> parsed = loops::parse(text);
  if (parsed.size() != 1 || loops::print(parsed[0], true) != text)
    throw InternalError("kernel text does not round-trip:\n" + text);
}

PlanCheck::PlanCheck(ir::Graph graph, std::vector<passes::LoweredKernel> kernels, passes::Plan plan)
    : graph_(std::move(graph)), kernels_(std::move(kernels)), plan_(std::move(plan)) {}

std::vector<ir::Literal> PlanCheck::expect(std::span<void* const> inputs) const {
  if (done_.exchange(true)) return {};
  std::vector<ir::Literal> copies;
  for (size_t p = 0; p < inputs.size(); ++p) {
    copies.push_back(ir::Literal::zeros(graph_.type(graph_.parameters()[p].value)));
    if (!copies.back().bytes.empty()) std::memcpy(copies.back().bytes.data(), inputs[p], copies.back().bytes.size());
  }
  try {
    return passes::interpret(graph_, kernels_, plan_, copies);
  } catch (const IndexError&) {
    return {};  // machine code says so itself
  }
}

void PlanCheck::compare(const std::vector<ir::Literal>& expected, std::span<void* const> inputs,
                        std::span<void* const> outputs) const {
  for (size_t r = 0; r < expected.size(); ++r) {
    const int32_t input = plan_.output_in_input[r];
    const void* got = input >= 0 ? inputs[static_cast<size_t>(input)] : outputs[r];
    const ir::Type& type = expected[r].type;
    const auto at = difference(type.dtype, expected[r].bytes.data(), static_cast<const std::byte*>(got),
                               expected[r].bytes.size() / size_of(type.dtype));
    if (at)
      throw InternalError(fmt::format("result {} of @{}, element {}, has other bits than the interpreter gives\n{}", r,
                                      graph_.name, *at, print(plan_, kernels_)));
  }
}

void check_kernel(const loops::Kernel& kernel, std::span<void* const> buffers, std::span<const int64_t> symbols,
                  std::span<const int64_t> reach) {
  const auto elements = [&](Dim size) {
    return size.is_symbol() ? symbols[static_cast<size_t>(size.symbol_id())] : size.value();
  };
  // Strides may reach further into an input than its number of elements says; how far is the caller's to know.
  constexpr int64_t kUnbounded = int64_t{1} << 40;
  loops::Kernel unbounded = kernel;
  std::vector<std::vector<std::byte>> outputs(kernel.buffers.size()), untouched(kernel.buffers.size());
  std::vector<std::span<std::byte>> storage;
  for (size_t b = 0; b < kernel.buffers.size(); ++b) {
    loops::Buffer& buffer = unbounded.buffers[b];
    const auto* memory = static_cast<std::byte*>(buffers[b]);
    if (buffer.role == loops::Buffer::Role::kIn) {
      buffer.size = kUnbounded;
      storage.emplace_back(static_cast<std::byte*>(buffers[b]),
                           static_cast<size_t>(kUnbounded) * size_of(buffer.dtype));
      continue;
    }
    const int64_t size = reach[b] != 0 ? reach[b] : elements(buffer.size);
    buffer.size = size;
    // Where the interpreter writes nothing, this stays: what is there already with all bits turned.
    for (size_t i = 0; i < static_cast<size_t>(size) * size_of(buffer.dtype); ++i) outputs[b].push_back(~memory[i]);
    if (reach[b] != 0) untouched[b] = outputs[b];
    storage.emplace_back(outputs[b]);
  }
  loops::interpret(unbounded, storage, symbols);
  for (size_t b = 0; b < kernel.buffers.size(); ++b) {
    const auto* memory = static_cast<const std::byte*>(buffers[b]);
    for (size_t i = 0; i < untouched[b].size(); ++i)
      if (outputs[b][i] == untouched[b][i]) outputs[b][i] = memory[i];
    const DType dtype = kernel.buffers[b].dtype;
    if (const auto at = difference(dtype, outputs[b].data(), memory, outputs[b].size() / size_of(dtype)))
      throw InternalError(fmt::format("element {} of buffer {} has other bits than the interpreter gives\n{}", *at, b,
                                      loops::print(kernel)));
  }
}

}  // namespace sinter::driver
