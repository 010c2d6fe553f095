#include "tests/cuda/check_cuda.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <set>

#include "codegen/cuda/kernel_source.h"
#include "ir/loops/interpret.h"
#include "ir/loops/text.h"
#include "passes/dead_code.h"
#include "passes/fuse/fuse.h"
#include "passes/inline_calls.h"
#include "passes/lower/collapse.h"
#include "passes/lower/lower.h"
#include "passes/schedule/cuda.h"
#include "tests/cuda_sim/grid.h"

namespace sinter::codegen::cuda {
namespace {

using loops::Buffer;
using loops::Kernel;
using runtime::KernelCode;
using Random = std::mt19937_64;

int64_t number(Dim dim, std::span<const int64_t> symbols) {
  return dim.is_symbol() ? symbols[static_cast<size_t>(dim.symbol_id())] : dim.value();
}

int64_t product(const std::vector<KernelCode::Factor>& factors, std::span<const int64_t> symbols) {
  int64_t product = 1;
  for (const KernelCode::Factor& factor : factors) {
    const int64_t extent = factor.symbol < 0 ? factor.extent : symbols[static_cast<size_t>(factor.symbol)];
    product *= (extent + factor.divisor - 1) / factor.divisor;
  }
  return product;
}

template <class T>
T draw_one(Random& random, const Draw& draw) {
  if constexpr (std::is_same_v<T, bool>) return random() % 2 == 0;
  if constexpr (std::is_same_v<T, int64_t>)
    return static_cast<int64_t>(random() % static_cast<uint64_t>(draw.index_limit));
  if constexpr (std::is_floating_point_v<T>) {
    constexpr T kInfinity = std::numeric_limits<T>::infinity();
    constexpr T kSpecial[] = {0, -T{0}, kInfinity, -kInfinity, std::numeric_limits<T>::quiet_NaN(), 1, -1};
    if (draw.special_values && random() % 256 == 0) return kSpecial[random() % std::size(kSpecial)];
    return static_cast<T>(std::uniform_real_distribution<double>(-2, 2)(random));
  }
  return T{};
}

template <class T>
bool same(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) && std::isnan(b)) return true;
    for (T* value : {&a, &b})
      if (std::fpclassify(*value) == FP_SUBNORMAL) *value = std::copysign(T{0}, *value);
  }
  return std::memcmp(&a, &b, sizeof a) == 0;
}

// Where two buffers first differ, in words; "" if nowhere.
std::string difference(std::span<const std::byte> expected, std::span<const std::byte> given, DType dtype) {
  return visit_dtype(dtype, [&](auto zero) -> std::string {
    using T = decltype(zero);
    for (size_t at = 0; at + sizeof(T) <= expected.size(); at += sizeof(T)) {
      T x, y;
      std::memcpy(&x, &expected[at], sizeof x);
      std::memcpy(&y, &given[at], sizeof y);
      if (!same(x, y)) return fmt::format("element {}: expected {}, given {}", at / sizeof(T), x, y);
    }
    return "";
  });
}

// Memory aligned as the runtime aligns buffers.
struct Aligned {
  explicit Aligned(std::span<const std::byte> contents) : bytes(contents.size()) {
    data.reset(static_cast<std::byte*>(std::aligned_alloc(64, (bytes + 127) / 64 * 64)));
    std::copy(contents.begin(), contents.end(), data.get());
  }
  explicit Aligned(size_t size) : Aligned(std::vector<std::byte>(size)) {}
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  std::unique_ptr<std::byte[], Free> data;
  size_t bytes;
};

struct Setting {
  int64_t most_blocks;
  cuda_sim::Order order;
};

class Checker {
 public:
  Checker(const Case& tested, const KernelSource& source, const cuda_sim::Module& module)
      : case_(tested), kernel_(tested.kernel), source_(source), module_(module) {
    for (const auto& contents : case_.contents) expected_.push_back(contents);
    std::vector<std::span<std::byte>> spans;
    for (auto& contents : expected_) spans.emplace_back(contents);
    try {
      loops::interpret(kernel_, spans, case_.symbols);
    } catch (const IndexError&) {
      fails_ = true;
    }
  }

  // Whether all is well.
  bool run(const Setting& setting) {
    std::vector<Aligned> storage;
    cuda_sim::Memory memory;
    std::vector<void*> pointers;
    for (size_t i = 0; i < case_.contents.size(); ++i) {
      const Buffer& buffer = kernel_.buffers[i];
      storage.emplace_back(case_.contents[i]);
      memory.add(buffer.name, storage.back().data.get(), storage.back().bytes, buffer.role != Buffer::Role::kIn,
                 buffer.role == Buffer::Role::kOut ? cuda_sim::Contents::kUnspecified : cuda_sim::Contents::kGiven);
      pointers.push_back(storage.back().data.get());
    }
    const Aligned scratch(source_.scratch.empty() ? 0 : static_cast<size_t>(product(source_.scratch, case_.symbols)));
    memory.add("scratch", scratch.data.get(), scratch.bytes, true, cuda_sim::Contents::kUnspecified);
    runtime::KernelStatus status;
    memory.add("status", reinterpret_cast<std::byte*>(&status), sizeof status, true);
    std::vector<int64_t> symbols = case_.symbols;
    void* scratch_pointer = scratch.data.get();
    void* status_pointer = &status;
    void* gate = nullptr;
    std::vector<void*> parameters;
    for (void*& pointer : pointers) parameters.push_back(&pointer);
    for (int64_t& symbol : symbols) parameters.push_back(&symbol);
    parameters.insert(parameters.end(), {&scratch_pointer, &status_pointer, &gate});
    for (const runtime::CudaEntry& entry : source_.entries) {
      const int64_t blocks = std::min({product(entry.blocks, case_.symbols), entry.max_blocks, setting.most_blocks});
      if (blocks == 0) continue;
      try {
        cuda_sim::launch(module_, entry.symbol,
                         {.grid = {static_cast<unsigned>(blocks), 1, 1},
                          .block = {static_cast<unsigned>(entry.threads), 1, 1},
                          .shared_bytes = entry.shared_bytes},
                         parameters, memory, setting.order);
      } catch (const cuda_sim::Fault& fault) {
        ADD_FAILURE() << fault.what();
        return false;
      }
    }
    bool well = true;
    const auto expect = [&](bool holds, const std::string& problem) {
      EXPECT_TRUE(holds) << problem;
      well = well && holds;
    };
    expect((status.failed != 0) == fails_, fails_ ? "no failed check was reported" : "a check failed");
    if (status.failed != 0) expect(status.index < 0 || status.index >= status.extent, "the status has a good index");
    for (size_t i = 0; i < storage.size(); ++i) {
      const std::string problem =
          difference(expected_[i], {storage[i].data.get(), storage[i].bytes}, kernel_.buffers[i].dtype);
      expect(problem.empty(), kernel_.buffers[i].name + ": " + problem);
    }
    return well;
  }

 private:
  const Case& case_;
  const Kernel& kernel_;
  const KernelSource& source_;
  const cuda_sim::Module& module_;
  std::vector<std::vector<std::byte>> expected_;
  bool fails_ = false;
};

}  // namespace

Case random_case(const Kernel& kernel, const Draw& draw) {
  Case made{.kernel = kernel, .contents = {}, .symbols = draw.symbols};
  Random random(draw.seed);
  for (const Buffer& buffer : kernel.buffers) {
    auto& contents =
        made.contents.emplace_back(static_cast<size_t>(number(buffer.size, draw.symbols)) * size_of(buffer.dtype));
    visit_dtype(buffer.dtype, [&](auto zero) {
      using T = decltype(zero);
      for (size_t at = 0; at + sizeof(T) <= contents.size(); at += sizeof(T)) {
        const T value = draw_one<T>(random, draw);
        std::memcpy(&contents[at], &value, sizeof value);
      }
    });
  }
  return made;
}

std::vector<Case> random_cases(std::string_view text, const Draw& draw) {
  std::vector<Case> cases;
  for (const Kernel& kernel : loops::parse(text)) cases.push_back(random_case(kernel, draw));
  return cases;
}

void check_cuda(std::vector<Case> cases) {
  std::vector<KernelSource> sources;
  for (size_t i = 0; i < cases.size(); ++i) {
    Kernel& kernel = cases[i].kernel;
    if (kernel.schedule.mapping == loops::Schedule::Mapping::kCpu) passes::schedule_cuda(kernel);
    loops::verify(kernel);
    sources.push_back(write_kernel(kernel, fmt::format("kernel_{}", i), {}));
  }
  const cuda_sim::Module module(cuda_sim::compile(program_text(sources)));
  using Order = cuda_sim::Order;
  for (size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(loops::print(cases[i].kernel) + "\n" + sources[i].text);
    Checker checker(cases[i], sources[i], module);
    for (const Setting& setting :
         {Setting{1 << 20, {}}, Setting{1, {.kind = Order::Kind::kDescending}}, Setting{3, {Order::Kind::kRandom, i}}})
      if (!checker.run(setting)) return;
  }
}

std::vector<Kernel> cuda_kernels(const ir::Graph& given) {
  const ir::Graph graph = passes::dead_code(passes::inline_calls(given).graph).graph;
  const passes::Fusion fusion = passes::fuse(graph, {});
  const passes::LowerContext context{.graph = &graph, .in_memory = &fusion.in_memory, .layouts = nullptr, .symbols = 0};
  std::vector<Kernel> kernels;
  for (const passes::Cluster& cluster : fusion.clusters) {
    passes::LowerResult result = passes::lower(context, cluster);
    invariant(result.lowered.has_value(), "clusters that fusion chose can be lowered");
    kernels.push_back(std::move(result.lowered->kernel));
    passes::collapse(kernels.back());
    passes::schedule_cuda(kernels.back());
  }
  return kernels;
}

}  // namespace sinter::codegen::cuda
