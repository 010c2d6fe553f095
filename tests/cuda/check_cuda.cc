#include "tests/cuda/check_cuda.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <utility>

#include "ir/loops/interpret.h"
#include "ir/loops/text.h"
#include "passes/dead_code.h"
#include "passes/fuse/fuse.h"
#include "passes/inline_calls.h"
#include "passes/lower/collapse.h"
#include "passes/lower/lower.h"
#include "passes/schedule/cuda.h"
#include "tests/cuda/on_device.h"

namespace sinter::codegen::cuda {

using cuda_sim::DeviceBuffers;
using cuda_sim::Fault;
using cuda_sim::Module;
using cuda_sim::Order;
using cuda_sim::RunOptions;
using loops::Buffer;
using loops::Kernel;

namespace {

DeviceBuffers place(const Case& given, bool anywhere) {
  DeviceBuffers buffers;
  for (size_t i = 0; i < given.contents.size(); ++i) {
    const Buffer& buffer = given.kernel.buffers[i];
    buffers.add(
        {.name = fmt::format("b{}", i),
         .writable = buffer.role != Buffer::Role::kIn,
         .contents = buffer.role == Buffer::Role::kOut ? cuda_sim::Contents::kUnspecified : cuda_sim::Contents::kGiven},
        given.contents[i], anywhere ? size_of(buffer.dtype) : 0);
  }
  return buffers;
}

}  // namespace

Case random_case(const Kernel& kernel, const Draw& draw) {
  return {.kernel = kernel, .contents = loops::random_contents(kernel, draw), .symbols = draw.symbols};
}

std::vector<Case> random_cases(std::string_view text, const Draw& draw) {
  std::vector<Case> cases;
  for (const Kernel& kernel : loops::parse(text)) cases.push_back(random_case(kernel, draw));
  return cases;
}

Expected interpreted(const Case& given) {
  Expected expected{.contents = given.contents};
  std::vector<std::span<std::byte>> spans(expected.contents.begin(), expected.contents.end());
  try {
    loops::interpret(given.kernel, spans, given.symbols);
  } catch (const IndexError&) {
    expected.fails = true;
  }
  return expected;
}

namespace {

// What a run left, against what the interpreter says.
std::string judged(const Case& given, const Expected& expected, const RunOptions& options,
                   const runtime::KernelStatus& status,
                   const std::function<std::span<const std::byte>(size_t)>& found) {
  const bool fails = expected.fails && !options.gate_closed;
  if ((status.failed != 0) != fails) return fails ? "no failed check was reported" : "a check failed";
  if (fails && status.index >= 0 && status.index < status.extent)
    return fmt::format("index {} of {} failed its check", status.index, status.extent);
  if (fails) return "";  // no result
  const loops::Contents& wanted = options.gate_closed ? given.contents : expected.contents;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const Buffer& buffer = given.kernel.buffers[i];
    const std::string difference = loops::difference(wanted[i], found(i), buffer.dtype);
    if (!difference.empty()) return fmt::format("b{}, {}: {}", i, buffer.name, difference);
  }
  return "";
}

// One run on the device: "" or what is wrong.
std::string problem_on(OnDevice& device, const Case& given, const KernelSource& source, const Expected& expected,
                       const RunOptions& options, bool anywhere) {
  std::vector<size_t> offsets;
  for (const Buffer& buffer : given.kernel.buffers) offsets.push_back(anywhere ? size_of(buffer.dtype) : 0);
  loops::Contents contents = given.contents;
  try {
    const runtime::KernelStatus status = device.run(source, contents, given.symbols, options, offsets);
    return judged(given, expected, options, status, [&](size_t b) { return std::span(std::as_const(contents[b])); });
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

std::string problem(const Case& given, const KernelSource& source, const Module& module, const Expected& expected,
                    const RunOptions& options, bool anywhere) {
  DeviceBuffers buffers = place(given, anywhere);
  try {
    const runtime::KernelStatus status =
        run_code(module, source.entries, source.scratch, buffers, given.symbols, options);
    return judged(given, expected, options, status, [&](size_t b) { return buffers.bytes(b); });
  } catch (const Fault& fault) {
    return fault.what();
  }
}

void check_cuda(std::vector<Case> cases, const cuda_sim::CompileOptions& options) {
  std::vector<KernelSource> sources;
  for (size_t i = 0; i < cases.size(); ++i) {
    Kernel& kernel = cases[i].kernel;
    if (kernel.schedule.mapping == loops::Schedule::Mapping::kCpu) passes::schedule_cuda(kernel);
    loops::verify(kernel);
    sources.push_back(write_kernel(kernel, fmt::format("kernel_{}", i), {}));
  }
  std::optional<Module> module;
  std::optional<OnDevice> device;
  if (tests_run_on_device())
    device.emplace(sources, /*flush_denormals=*/true);
  else
    module.emplace(cuda_sim::compile(program_text(sources), options));
  for (size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(loops::print(cases[i].kernel) + "\n" + sources[i].text);
    const Expected expected = interpreted(cases[i]);
    const RunOptions runs[] = {{.order = {Order::Kind::kAscending}},
                               {.order = {Order::Kind::kDescending}, .max_blocks = 1},
                               {.order = {Order::Kind::kRandom, i}, .max_blocks = 3},
                               {.gate_closed = true}};
    for (size_t r = 0; r < std::size(runs); ++r) {
      const bool anywhere = r == 2 && cases[i].kernel.symbols > 0;
      const std::string found = device ? problem_on(*device, cases[i], sources[i], expected, runs[r], anywhere)
                                       : problem(cases[i], sources[i], *module, expected, runs[r], anywhere);
      EXPECT_EQ(found, "") << "run " << r;
      if (!found.empty()) return;
    }
  }
}

std::vector<Kernel> cuda_kernels(const ir::Graph& given, bool fuse) {
  const ir::Graph graph = passes::dead_code(passes::inline_calls(given).graph).graph;
  const passes::Fusion fusion = passes::fuse(graph, {.fuse = fuse});
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
