// The dynamic engine's kernels with run-time extents, and what they are found by.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "driver/compile.h"
#include "frontend/impl.h"
#include "frontend/thread_value.h"
#include "ir/graph/graph.h"

namespace sinter::detail {

inline constexpr size_t kMaxOperands = 3, kMaxSymbols = 40;

// How an operand steps along an axis: constants in the kernel, or known when it runs.
enum class Step : uint8_t { kZero, kOne, kAny };

struct Strided {
  const Impl* impl = nullptr;
  Sizes strides;
};

// One operation in canonical form: what the kernel is chosen by, and what it is run with.
struct Request {
  const ir::OpDef* def = nullptr;
  uint64_t attributes = 0;  // packed: axes, axis and batch
  uint64_t pattern = 0;     // packed: ranks and dtypes
  uint64_t steps = 0;       // packed: a Step for each axis of each operand
  Device device;
  bool operator==(const Request& other) const = default;
};
struct RequestHash {
  size_t operator()(const Request& key) const {
    uint64_t hash = reinterpret_cast<uintptr_t>(key.def);
    const auto device = static_cast<uint64_t>(key.device.kind) << 32 | static_cast<uint32_t>(key.device.index);
    for (uint64_t word : {key.attributes, key.pattern, key.steps, device}) hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
  }
};

// Builds the graph of a request that no kernel exists for.
struct Blueprint {
  ir::Graph graph;
  std::vector<driver::Operand> operands, results;  // results: empty when row-major
  std::vector<ir::Value> parameters;
  int symbols = 0;

  void add(DType dtype, const std::vector<Dim>& shape, const std::vector<Dim>& strides) {
    parameters.push_back(graph.add_parameter({dtype, Shape(shape)}, "x" + std::to_string(parameters.size())));
    operands.push_back({strides});
  }
  void finish(const ir::OpDef& def, ir::Attributes attributes) {
    ir::GraphBuilder builder(graph);
    graph.results = {builder.add(def, std::move(attributes), parameters)};
  }
};

// Kernels are kept for the life of the process; a thread finds those it has used without a lock.
template <class Describe>
const driver::DynamicKernel& kernel_for(Device device, Request request, Describe describe) {
  request.device = device;
  auto& mine = thread_value<std::unordered_map<Request, const driver::DynamicKernel*, RequestHash>, Describe>();
  const driver::DynamicKernel*& found = mine[request];
  if (found != nullptr) return *found;
  static std::mutex mutex;
  static auto& all = *new std::unordered_map<Request, std::shared_ptr<const driver::DynamicKernel>, RequestHash>;
  const std::lock_guard lock(mutex);
  std::shared_ptr<const driver::DynamicKernel>& kernel = all[request];
  if (!kernel) {
    Blueprint blueprint;
    describe(blueprint);
    kernel = driver::compile_dynamic(blueprint.graph, blueprint.operands, blueprint.symbols, blueprint.results, device);
  }
  return *(found = kernel.get());
}

// The values of a kernel's symbols, in the order in which blueprints number them.
class Symbols {
 public:
  void push(int64_t value) { values_[count_++] = value; }
  [[nodiscard]] std::span<const int64_t> span() const { return {values_.data(), count_}; }

 private:
  std::array<int64_t, kMaxSymbols> values_;
  size_t count_ = 0;
};

inline Step step_of(int64_t stride) { return stride == 0 ? Step::kZero : stride == 1 ? Step::kOne : Step::kAny; }

// Memories of one shape: merge_axes.h on their strides.
[[nodiscard]] Sizes merge_axes(const Sizes& shape, std::span<Strided> memories, std::span<int> groups = {});
// An axis of size 1 more, the last.
void push_axis(Sizes& sizes, std::span<Strided> memories, int64_t stride);

// Fills in what distinguishes kernels on strided memories of one shape, and lists extents and run-time strides as
// symbols. The last `fixed` extents are constants of the kernel.
void describe_strided(Request& request, Symbols& symbols, const Sizes& sizes, std::span<const Strided> memories,
                      int fixed = 0);
// The same as parameters of the graph; the last `results` memories are results.
void draw_strided(Blueprint& blueprint, const Sizes& sizes, std::span<const Strided> memories, int results = 0,
                  int fixed = 0);

// result: where the kernel writes, strided if the blueprint said so.
void run_kernel(const driver::DynamicKernel& kernel, std::span<const Strided> operands, const Impl& result,
                const Symbols& symbols);

}  // namespace sinter::detail
