#include "driver/dynamic_program.h"

#include <algorithm>

#include "driver/dynamic_kernel.h"
#include "driver/kernels.h"
#include "passes/fuse/fuse.h"
#include "passes/lower/collapse.h"
#include "passes/pipeline.h"
#include "runtime/device_memory.h"

namespace sinter::driver {
namespace {

using ir::Value;

struct Memory {
  DType dtype = kFloat32;
  std::vector<Dim> elements;  // factors
  [[nodiscard]] int64_t bytes(std::span<const int64_t> symbols) const {
    return product_of(elements, symbols) * static_cast<int64_t>(size_of(dtype));
  }
};

struct Launch {
  std::shared_ptr<const DynamicKernel> kernel;
  std::vector<Memory> buffers;
};

class Program : public DynamicProgram {
 public:
  Program(std::vector<Launch> kernels, std::vector<Memory> temporaries, size_t outputs, std::vector<Result> results,
          Device device)
      : launches_(std::move(kernels)),
        temporaries_(std::move(temporaries)),
        outputs_(outputs),
        results_(std::move(results)),
        device_(device) {}

  // Kernels see the temporaries behind the outputs, and again behind the inputs.
  void run(std::span<void* const> inputs, std::span<void* const> outputs, std::span<const int64_t> symbols,
           runtime::ThreadTeam& team) const override {
    std::vector<runtime::Buffer> memory;
    std::vector<void*> reads(inputs.begin(), inputs.end()), writes(outputs.begin(), outputs.end());
    memory.reserve(temporaries_.size());
    for (const Memory& temporary : temporaries_)
      memory.push_back(runtime::allocate_on(device_, static_cast<size_t>(temporary.bytes(symbols))));
    reads.insert(reads.end(), outputs.begin(), outputs.end());
    for (const runtime::Buffer& buffer : memory) {
      reads.push_back(buffer.data());
      writes.push_back(buffer.data());
    }
    for (const Launch& launch : launches_) launch.kernel->run(reads, writes, symbols, team);
  }

  const std::vector<Result>& results() const override { return results_; }
  size_t outputs() const override { return outputs_; }
  size_t launches() const override { return launches_.size(); }
  int64_t bytes_moved(std::span<const int64_t> symbols) const override {
    int64_t bytes = 0;
    for (const Launch& launch : launches_)
      for (const Memory& buffer : launch.buffers) bytes += buffer.bytes(symbols);
    return bytes;
  }

 private:
  std::vector<Launch> launches_;
  std::vector<Memory> temporaries_;
  size_t outputs_;
  std::vector<Result> results_;
  Device device_;
};

std::optional<size_t> parameter_of(const ir::Graph& graph, Value value) {
  for (size_t p = 0; p < graph.parameters().size(); ++p)
    if (graph.parameters()[p].value == value) return p;
  return std::nullopt;
}

// Attributes, field by field, but for shapes (of which the types tell) and literals.
bool alike(const Shape& a, const Shape& b) { return a.rank() == b.rank(); }
bool alike(const ir::Type& a, const ir::Type& b) { return a.dtype == b.dtype && alike(a.shape, b.shape); }
bool alike(const std::shared_ptr<const ir::Literal>&, const std::shared_ptr<const ir::Literal>&) { return true; }
template <class Field>
bool alike(const Field& a, const Field& b) {
  return a == b;
}
bool alike(const ir::Attributes& a, const ir::Attributes& b) {
  return a.index() == b.index() &&
         std::visit(
             [&](const auto& x) {
               const auto& y = std::get<std::decay_t<decltype(x)>>(b);
               return std::apply(
                   [&](const auto&... field) { return (alike(x.*(field.member), y.*(field.member)) && ...); },
                   x.fields);
             },
             a);
}

// Joins what is known of the graph at both sizes; every step may find that the two are not one.
class Compilation {
 public:
  Compilation(const ir::Graph& first, const ir::Graph& second, std::span<const std::optional<Operand>> operands,
              const passes::SampleSizes& sizes, Device device)
      : a_(passes::run_passes(passes::graph_pipeline(), first).graph),
        b_(passes::run_passes(passes::graph_pipeline(), second).graph),
        operands_(operands),
        sizes_(sizes),
        device_(device) {}

  std::shared_ptr<const DynamicProgram> run() && {
    if (!same_structure(a_, b_) || !place_results()) return nullptr;
    const auto fusion =
        passes::run_stage("fusion", a_, [&] { return passes::fuse(a_, {.layouts = layouts(a_, sizes_.first)}); });
    for (const passes::Cluster& cluster : fusion.clusters)
      if (!add_kernel(fusion, cluster)) return nullptr;
    return std::make_shared<Program>(std::move(launches_), std::move(temporaries_), outputs_.size(),
                                     std::move(results_), device_);
  }

 private:
  std::optional<Memory> memory_of(Value value) const {
    const ir::Type &a = a_.type(value), &b = b_.type(value);
    auto elements = passes::factors(a.shape.numel(), b.shape.numel(), sizes_);
    if (!elements) return std::nullopt;
    return Memory{a.dtype, std::move(*elements)};
  }

  bool place_results() {
    for (Value value : a_.results) {
      const Value storage = passes::storage_of(a_, value);
      const ir::Type& type = a_.type(value);
      DynamicProgram::Result result{.dtype = type.dtype};
      for (int64_t axis = 0; axis < type.shape.rank(); ++axis) {
        auto size = passes::factors(type.shape[axis].value(), b_.type(value).shape[axis].value(), sizes_);
        if (!size) return false;
        result.shape.push_back(std::move(*size));
      }
      if (const auto parameter = parameter_of(a_, storage)) {
        if (a_.type(storage) != type) return false;
        result.is_input = true;
        result.index = *parameter;
      } else {
        const auto at = std::ranges::find(outputs_, storage);
        result.index = static_cast<size_t>(at - outputs_.begin());
        if (at == outputs_.end()) outputs_.push_back(storage);
      }
      results_.push_back(std::move(result));
    }
    return true;
  }

  // Strides of parameters at one set of sizes.
  passes::Layouts layouts(const ir::Graph& graph, const std::vector<int64_t>& sizes) const {
    return [this, &graph, &sizes](Value value) -> std::optional<std::vector<Dim>> {
      const auto parameter = parameter_of(graph, value);
      if (!parameter || !operands_[*parameter]) return std::nullopt;
      std::vector<Dim> strides = operands_[*parameter]->strides;
      for (Dim& stride : strides)
        if (stride.is_symbol()) stride = sizes[static_cast<size_t>(stride.symbol_id())];
      return strides;
    };
  }

  std::optional<passes::LoweredKernel> lowered(const ir::Graph& graph, const std::vector<int64_t>& sizes,
                                               const passes::Fusion& fusion, const passes::Cluster& cluster) const {
    passes::LowerResult result = passes::lower(
        {.graph = &graph, .in_memory = &fusion.in_memory, .layouts = layouts(graph, sizes), .symbols = 0}, cluster);
    if (result.lowered) passes::collapse(result.lowered->kernel);
    return std::move(result.lowered);
  }

  bool add_kernel(const passes::Fusion& fusion, const passes::Cluster& cluster) {
    const auto a = lowered(a_, sizes_.first, fusion, cluster), b = lowered(b_, sizes_.second, fusion, cluster);
    if (!a || !b) return false;
    std::optional<passes::LoweredKernel> kernel = passes::generalize(*a, *b, sizes_);
    if (!kernel || kernel->values.size() > DynamicArguments::kMaxBuffers ||
        sizes_.first.size() + kernel->products.size() > DynamicArguments::kMaxSymbols)
      return false;
    Launch launch;
    std::vector<DynamicArguments::Source> sources;
    for (size_t buffer = 0; buffer < kernel->values.size(); ++buffer) {
      const Value value = kernel->values[buffer];
      const auto memory = memory_of(value);
      if (!memory) return false;
      launch.buffers.push_back(*memory);
      sources.push_back(source_of(value, kernel->kernel.buffers[buffer].role != loops::Buffer::Role::kIn, *memory));
    }
    DynamicArguments arguments(std::move(sources), kernel->products, static_cast<int>(sizes_.first.size()));
    launch.kernel = dynamic_kernel(std::move(arguments), std::move(*kernel), std::nullopt, device_);
    launches_.push_back(std::move(launch));
    return true;
  }

  DynamicArguments::Source source_of(Value value, bool written, const Memory& memory) {
    if (const auto parameter = parameter_of(a_, value)) return {false, *parameter, nullptr};
    const size_t before = written ? 0 : a_.parameters().size();
    if (const auto at = std::ranges::find(outputs_, value); at != outputs_.end())
      return {written, before + static_cast<size_t>(at - outputs_.begin()), nullptr};
    const auto at = std::ranges::find(stored_, value);
    const auto index = static_cast<size_t>(at - stored_.begin());
    if (at == stored_.end()) {
      if (!written) return {false, 0, std::get<ir::ConstantAttributes>(a_.op(value).attributes).value};
      stored_.push_back(value);
      temporaries_.push_back(memory);
    }
    return {written, before + outputs_.size() + index, nullptr};
  }

  const ir::Graph a_, b_;
  std::span<const std::optional<Operand>> operands_;
  const passes::SampleSizes& sizes_;
  Device device_;
  std::vector<Value> outputs_, stored_;  // by output and by temporary: what it holds
  std::vector<Memory> temporaries_;
  std::vector<DynamicProgram::Result> results_;
  std::vector<Launch> launches_;
};

}  // namespace

bool same_structure(const ir::Graph& a, const ir::Graph& b) {
  return a.results == b.results && a.parameters().size() == b.parameters().size() &&
         std::ranges::equal(a.ops(), b.ops(), [](const ir::Op& x, const ir::Op& y) {
           return x.def == y.def && x.operands == y.operands && alike(x.attributes, y.attributes) &&
                  std::ranges::equal(x.types, y.types,
                                     [](const ir::Type& s, const ir::Type& t) { return alike(s, t); });
         });
}

int64_t product_of(std::span<const Dim> factors, std::span<const int64_t> symbols) {
  int64_t product = 1;
  for (Dim dim : factors) product *= dim.is_symbol() ? symbols[static_cast<size_t>(dim.symbol_id())] : dim.value();
  return product;
}

std::shared_ptr<const DynamicProgram> compile_dynamic_program(const ir::Graph& first, const ir::Graph& second,
                                                              std::span<const std::optional<Operand>> operands,
                                                              const passes::SampleSizes& sizes, Device device) {
  if (!passes::lowers_alike_at_all_sizes(first) || !passes::lowers_alike_at_all_sizes(second)) return nullptr;
  return Compilation(first, second, operands, sizes, device).run();
}

}  // namespace sinter::driver
