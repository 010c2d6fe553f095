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

ir::Graph with_gradients(const char* text) { return passes::differentiate_first_result(ir::parse(text)[0]).graph; }

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
  maybe("softmax", [] {
    return ir::parse(R"(func @softmax(%x: f32[4096, 1000]) -> f32[4096, 1000] {
      %0 = reduce_max %x {axes = [1]}
      %1 = broadcast %0 {shape = [4096, 1000], axes = [0]}
      %2 = sub %x, %1
      %3 = exp %2
      %4 = reduce_sum %3 {axes = [1]}
      %5 = broadcast %4 {shape = [4096, 1000], axes = [0]}
      %6 = div %3, %5
      return %6
    })")[0];
  });
  maybe("cross entropy", [] {
    return with_gradients(R"(func @ce(%x: f32[4096, 1000], %t: i64[4096]) -> f32[] {
      %s = stop_gradient %x
      %0 = reduce_max %s {axes = [1]}
      %1 = broadcast %0 {shape = [4096, 1000], axes = [0]}
      %2 = sub %x, %1
      %3 = exp %2
      %4 = reduce_sum %3 {axes = [1]}
      %5 = log %4
      %6 = gather %2, %t {axis = 1, batch = 1}
      %7 = sub %5, %6
      %8 = reduce_sum %7 {axes = [0]}
      %9 = constant f32[] {4096}
      %10 = div %8, %9
      return %10
    })");
  });
  maybe("layer norm", [] {
    return with_gradients(R"(func @ln(%x: f32[4096, 1024], %g: f32[1024], %b: f32[1024], %u: f32[4096, 1024]) -> f32[] {
      %n = constant f32[] {1024}
      %n1 = broadcast %n {shape = [4096], axes = []}
      %0 = reduce_sum %x {axes = [1]}
      %1 = div %0, %n1
      %2 = broadcast %1 {shape = [4096, 1024], axes = [0]}
      %3 = sub %x, %2
      %4 = mul %3, %3
      %5 = reduce_sum %4 {axes = [1]}
      %6 = div %5, %n1
      %e = constant f32[] {1e-5}
      %e1 = broadcast %e {shape = [4096], axes = []}
      %7 = add %6, %e1
      %8 = sqrt %7
      %o = constant f32[] {1}
      %o1 = broadcast %o {shape = [4096], axes = []}
      %9 = div %o1, %8
      %10 = broadcast %9 {shape = [4096, 1024], axes = [0]}
      %11 = mul %3, %10
      %12 = broadcast %g {shape = [4096, 1024], axes = [1]}
      %13 = mul %11, %12
      %14 = broadcast %b {shape = [4096, 1024], axes = [1]}
      %15 = add %13, %14
      %16 = mul %15, %u
      %17 = reduce_sum %16 {axes = [0, 1]}
      return %17
    })");
  });
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
