// Times generated kernels, and whole steps, on a CUDA device by its own events, beside copies on the device that move
// as many bytes. Prints tables in Markdown. By hand, or as a part of tools/dev/cuda_check.sh; --quick: sizes that the
// simulator computes in seconds.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <numeric>
#include <string_view>

#include "codegen/cuda/compile_kernel.h"
#include "driver/compile.h"
#include "ir/graph/text.h"
#include "ir/loops/text.h"
#include "ir/loops/walk.h"
#include "passes/differentiate.h"
#include "passes/pipeline.h"
#include "runtime/cuda/gpu.h"
#include "runtime/cuda/kernel.h"
#include "runtime/device_memory.h"
#include "runtime/threads.h"
#include "support/dynamic_library.h"
#include "tests/cuda/check_cuda.h"
#include "tests/kernels/mlp_step.h"
#include "tests/kernels/training_graphs.h"

namespace sinter::codegen::cuda {
namespace {

using runtime::cuda::Gpu;

// Medians of events around many launches.
class Timer {
 public:
  Timer(Gpu& gpu, bool quick) : gpu_(gpu), quick_(quick), library_(DynamicLibrary::open("libcuda.so.1")) {
    elapsed_ = library_->find<int (*)(float*, runtime::cuda::Event, runtime::cuda::Event)>("cuEventElapsedTime");
    for (runtime::cuda::Event* event : {&from_, &to_}) runtime::cuda::driver().event_create(event, 0);
  }

  template <class F>
  double microseconds(const F& launch) {
    launch();
    const double once = measured(launch, 1);
    const int count = quick_ ? 1 : std::clamp(static_cast<int>(2000 / std::max(once, 1.0)), 1, 200);
    std::vector<double> times;
    for (int i = 0; i < (quick_ ? 1 : 9); ++i) times.push_back(measured(launch, count));
    std::ranges::nth_element(times, times.begin() + static_cast<ptrdiff_t>(times.size() / 2));
    return times[times.size() / 2];
  }

 private:
  template <class F>
  double measured(const F& launch, int count) {
    runtime::cuda::driver().event_record(from_, gpu_.stream);
    for (int i = 0; i < count; ++i) launch();
    runtime::cuda::driver().event_record(to_, gpu_.stream);
    gpu_.wait();
    float milliseconds = 0;
    if (const int code = elapsed_(&milliseconds, from_, to_); code != 0)
      runtime::cuda::report("cuEventElapsedTime", code);
    return 1000.0 * milliseconds / count;
  }

  Gpu& gpu_;
  bool quick_;
  std::optional<DynamicLibrary> library_;
  int (*elapsed_)(float*, runtime::cuda::Event, runtime::cuda::Event) = nullptr;
  runtime::cuda::Event from_ = nullptr, to_ = nullptr;
};

// Numbers that are no zeros; integers that are indices of anything with ten elements.
runtime::Buffer filled(Gpu& gpu, DType dtype, int64_t elements) {
  std::vector<std::byte> bytes(static_cast<size_t>(elements) * size_of(dtype));
  visit_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    for (size_t i = 0; i < bytes.size() / sizeof(T); ++i) {
      const T value = is_float(dtype_of<T>) ? static_cast<T>(0.001 * static_cast<double>((i * 7919) % 997 + 1))
                                            : static_cast<T>(i % 10);
      std::memcpy(&bytes[i * sizeof(T)], &value, sizeof(T));
    }
  });
  runtime::Buffer buffer = gpu.memory.allocate(std::max<size_t>(bytes.size(), 1));
  runtime::copy_bytes(buffer.data(), gpu.device, bytes.data(), {}, bytes.size());
  return buffer;
}

class Bench {
 public:
  Bench(Gpu& gpu, bool quick) : gpu_(gpu), timer_(gpu, quick) {}

  void heading() {
    fmt::print(
        "\n| program | kernel | mapping | MB | us | GB/s | of a copy | GF/s |\n|---|---|---|---|---|---|---|---|\n");
  }
  void program(const std::string& name, const ir::Graph& graph) {
    const std::vector<loops::Kernel> kernels = cuda_kernels(passes::run_passes(passes::graph_pipeline(), graph).graph);
    const auto code = compile_kernels(kernels, gpu_.facts.arch, nullptr);
    for (size_t k = 0; k < kernels.size(); ++k) kernel(name, kernels[k], code[k]);
    std::fflush(stdout);
  }
  // A compiled step, replayed; what the host spends on it, and what the device does.
  void step(const std::string& name, const ir::Graph& graph) {
    const auto executable = driver::compile(graph, {.device = gpu_.device});
    runtime::ThreadTeam team(1);
    std::vector<runtime::Buffer> buffers;
    std::vector<void*> inputs, outputs;
    const auto add = [&](std::vector<void*>& list, const ir::Type& type) {
      buffers.push_back(filled(gpu_, type.dtype, type.shape.numel()));
      list.push_back(buffers.back().data());
    };
    for (const ir::Parameter& parameter : graph.parameters()) add(inputs, graph.type(parameter.value));
    for (const ir::Value result : graph.results) add(outputs, graph.type(result));
    for (const ir::State& state : graph.states) outputs[state.result] = nullptr;
    const auto run = [&] { executable->run(inputs, outputs, team); };
    const double device = timer_.microseconds(run);
    constexpr int kCalls = 20;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kCalls; ++i) run();
    const std::chrono::duration<double, std::micro> host = std::chrono::steady_clock::now() - start;
    gpu_.wait();
    fmt::print("| {} | {} | {:.1f} | {:.1f} |\n", name, executable->stats().launches, device, host.count() / kCalls);
    std::fflush(stdout);
  }

 private:
  void kernel(const std::string& program, const loops::Kernel& kernel,
              const std::shared_ptr<const runtime::CudaCode>& code) {
    const auto loaded = runtime::cuda::LoadedKernel::load(gpu_, code);
    std::vector<runtime::Buffer> buffers;
    std::vector<void*> pointers;
    size_t bytes = 0;
    for (const loops::Buffer& buffer : kernel.buffers) {
      buffers.push_back(filled(gpu_, buffer.dtype, buffer.size.value()));
      pointers.push_back(buffers.back().data());
      bytes += static_cast<size_t>(buffer.size.value()) * size_of(buffer.dtype);
    }
    const runtime::Buffer scratch = gpu_.memory.allocate(std::max<size_t>(loaded->scratch_bytes({}), 1));
    const runtime::Buffer status = gpu_.memory.allocate(sizeof(runtime::KernelStatus));
    runtime::clear_bytes(status.data(), gpu_.device, sizeof(runtime::KernelStatus));
    runtime::cuda::LaunchParameters parameters;
    parameters.set(pointers, {}, scratch.data(), status.as<runtime::KernelStatus>(), nullptr);
    const double time = timer_.microseconds([&] { runtime::cuda::launch(gpu_, *loaded, {}, parameters); });
    fmt::print("| {} | `{}` | {} | {:.3g} | {:.1f} | {:.0f} | {:.0f} % | {} |\n", program, kernel.name,
               loops::mapping_name(kernel.schedule.mapping), static_cast<double>(bytes) / 1e6, time,
               static_cast<double>(bytes) / time / 1e3, 100 * copy(bytes) / time,
               kernel.is_dot() ? fmt::format("{:.0f}", flops(kernel) / time / 1e3) : "");
  }

  static double flops(const loops::Kernel& kernel) {
    return 2.0 * static_cast<double>(*loops::constant_points(kernel.outer)) *
           static_cast<double>(*loops::constant_points(kernel.passes[0].inner));
  }

  // How long a copy takes that reads half of the bytes and writes as many.
  double copy(size_t bytes) {
    const size_t half = std::max<size_t>(bytes / 2, 4);
    const auto [known, fresh] = copies_.try_emplace(half, 0.0);
    if (!fresh) return known->second;
    const runtime::Buffer from = filled(gpu_, kFloat32, static_cast<int64_t>(half / 4)),
                          to = gpu_.memory.allocate(half);
    const size_t whole = half / 4 * 4;
    return known->second = timer_.microseconds(
               [&] { runtime::copy_bytes(to.data(), gpu_.device, from.data(), gpu_.device, whole); });
  }

  Gpu& gpu_;
  Timer timer_;
  std::map<size_t, double> copies_;  // by bytes read
};

ir::Graph with_gradients(const ir::Graph& graph) { return passes::differentiate_first_result(graph).graph; }

ir::Graph elementwise(int64_t elements) {
  return ir::parse(fmt::format("func @relu(%x: f32[{0}], %y: f32[{0}]) -> f32[{0}] {{\n"
                               "  %0 = mul %x, %y\n  %1 = add %0, %x\n  %2 = relu %1\n  return %2\n}}",
                               elements))
      .back();
}

ir::Graph sums(int64_t rows, int64_t columns) {
  return ir::parse(fmt::format("func @sums(%x: f32[{0}, {1}]) -> (f32[{1}], f32[{0}], f32[]) {{\n"
                               "  %0 = reduce_sum %x {{axes = [0]}}\n  %1 = reduce_sum %x {{axes = [1]}}\n"
                               "  %2 = reduce_sum %x {{axes = [0, 1]}}\n  return %0, %1, %2\n}}",
                               rows, columns))
      .back();
}

ir::Graph dot(int64_t n) {
  return ir::parse(fmt::format("func @dot(%x: f32[{0}, {0}], %y: f32[{0}, {0}]) -> f32[{0}, {0}] {{\n"
                               "  %0 = dot %x, %y\n  return %0\n}}",
                               n))
      .back();
}

void run(bool quick) {
  Gpu& gpu = Gpu::open(Device("cuda"));
  fmt::print("device: {}, compute capability {}.{}, {} multiprocessors; driver CUDA {}, {}\n", gpu.facts.name,
             gpu.facts.arch / 10, gpu.facts.arch % 10, gpu.facts.multiprocessors,
             runtime::cuda::version_text(runtime::cuda::driver_state().version), describe(nvrtc_state()));
  Bench bench(gpu, quick);
  const std::vector<int64_t> sizes = quick ? std::vector<int64_t>{20, 12, 10} : std::vector<int64_t>{784, 128, 64, 10};
  bench.heading();
  bench.program("elementwise", elementwise(quick ? 5000 : int64_t{64} << 20));
  bench.program("softmax", test::softmax(quick ? 4 : 65536, quick ? 50 : 1000));
  bench.program("softmax_cross_entropy",
                with_gradients(test::softmax_cross_entropy(quick ? 4 : 65536, quick ? 50 : 1000)));
  bench.program("layer_norm", with_gradients(test::layer_norm(quick ? 4 : 32768, quick ? 50 : 1024)));
  bench.program("sums", sums(quick ? 70 : 65536, quick ? 50 : 1024));
  for (const int64_t n : quick ? std::vector<int64_t>{40} : std::vector<int64_t>{512, 1024, 4096})
    bench.program(fmt::format("dot {0} x {0} x {0}", n), dot(n));
  for (const int64_t batch : quick ? std::vector<int64_t>{5} : std::vector<int64_t>{64, 512})
    bench.program(fmt::format("MNIST step {}", batch), test::mlp_step(batch, sizes));
  fmt::print("\n| step | launches | us on the device | us of the host |\n|---|---|---|---|\n");
  for (const int64_t batch : quick ? std::vector<int64_t>{5} : std::vector<int64_t>{8, 64, 512})
    bench.step(fmt::format("MNIST step {}", batch), test::mlp_step(batch, sizes));
}

}  // namespace
}  // namespace sinter::codegen::cuda

int main(int count, char** arguments) {
  try {
    sinter::codegen::cuda::run(count > 1 && std::string_view(arguments[1]) == "--quick");
  } catch (const std::exception& error) {
    fmt::print(stderr, "kernel_bench: {}\n", error.what());
    return 1;
  }
}
