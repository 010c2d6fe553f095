// Times whole programs on one worker and on two, beside the cost of a barrier at that moment. Run by hand:
// bazel run //tests/driver:step_bench
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "driver/compile.h"
#include "ir/graph/text.h"
#include "passes/differentiate.h"
#include "runtime/buffer.h"
#include "runtime/threads.h"
#include "tests/kernels/mlp_step.h"
#include "tests/kernels/training_graphs.h"

namespace sinter::test {
namespace {

using Clock = std::chrono::steady_clock;

double microseconds(Clock::time_point since) {
  return std::chrono::duration<double, std::micro>(Clock::now() - since).count();
}

// Lower quartile of many runs: others' work on the machine counts little.
template <class F>
double quartile(F&& run) {
  std::vector<double> times;
  const auto start = Clock::now();
  while (times.size() < 20 || (microseconds(start) < 4e5 && times.size() < 20000)) {
    const auto before = Clock::now();
    run();
    times.push_back(microseconds(before));
  }
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 4), times.end());
  return times[times.size() / 4];
}

double barrier(runtime::ThreadTeam& team) {
  constexpr int kCount = 1000;
  return quartile([&] {
           team.run([](runtime::Worker& self) {
             for (int i = 0; i < kCount; ++i) self.barrier();
           });
         }) /
         kCount;
}

void time(const char* name, const ir::Graph& graph) {
  const auto executable = driver::compile(graph);
  std::vector<runtime::Buffer> buffers;
  const auto allocate = [&](const ir::Type& type) {
    const auto count = static_cast<size_t>(type.shape.numel());
    buffers.push_back(runtime::Buffer::allocate(std::max<size_t>(1, count) * size_of(type.dtype)));
    for (size_t i = 0; i < count; ++i)
      if (type.dtype == kFloat32)
        reinterpret_cast<float*>(buffers.back().data())[i] = 0.001f * static_cast<float>((i * 7919) % 997);
      else
        reinterpret_cast<int64_t*>(buffers.back().data())[i] = static_cast<int64_t>(i % 10);
    return static_cast<void*>(buffers.back().data());
  };
  std::vector<void*> inputs, outputs;
  for (const ir::Parameter& parameter : graph.parameters()) inputs.push_back(allocate(graph.type(parameter.value)));
  for (ir::Value result : graph.results) outputs.push_back(allocate(graph.type(result)));
  const driver::CompileStats& stats = executable->stats();
  fmt::print("{:16} {:3} launches ({} shared), {} barriers", name, stats.launches, stats.shared, stats.barriers);
  for (const int workers : {1, 2}) {
    runtime::ThreadTeam team(workers);
    fmt::print("  {} workers {:9.1f} us", workers, quartile([&] { executable->run(inputs, outputs, team); }));
    if (workers > 1) fmt::print(" (barrier {:.0f} ns)", 1e3 * barrier(team));
  }
  fmt::print("\n");
}

ir::Graph with_gradients(const ir::Graph& graph) { return passes::differentiate_first_result(graph).graph; }

}  // namespace
}  // namespace sinter::test

int main(int count, char** arguments) {
  using namespace sinter;
  using namespace sinter::test;
  const std::string wanted = count > 1 ? arguments[1] : "";
  const auto maybe = [&](const std::string& name, auto&& make) {
    if (name.find(wanted) != std::string::npos) test::time(name.c_str(), make());
  };
  for (const int64_t batch : {8, 64, 512})
    maybe(fmt::format("mlp {}", batch), [&] { return mlp_step(batch, {784, 128, 64, 10}); });
  maybe("softmax", [] { return softmax(4096, 1000); });
  maybe("cross entropy", [] { return with_gradients(softmax_cross_entropy(4096, 1000)); });
  maybe("layer norm", [] { return with_gradients(layer_norm(4096, 1024)); });
  for (const int64_t n : {16 << 10, 256 << 10, 4 << 20}) {
    maybe(fmt::format("relu {}", n), [&] {
      return ir::parse(fmt::format(R"(func @relu(%x: f32[{0}], %a: f32[{0}]) -> f32[{0}] {{
        %h = constant f32[] {{0.5}}
        %h1 = broadcast %h {{shape = [{0}], axes = []}}
        %t = constant f32[] {{2}}
        %t1 = broadcast %t {{shape = [{0}], axes = []}}
        %0 = mul %x, %a
        %1 = add %0, %h1
        %2 = relu %1
        %3 = mul %2, %t1
        %4 = sub %3, %a
        return %4
      }})",
                                   n))[0];
    });
  }
}
