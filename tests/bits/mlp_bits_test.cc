// The MNIST network trained in every way: the same bits of all weights and moments, after a thousand steps for three of
// the ways, after a hundred for the others (time). And that the ways are really different ones.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "codegen/cpu/compile_kernel.h"
#include "driver/compile.h"
#include "driver/kernels.h"
#include "ir/graph/text.h"
#include "passes/pipeline.h"
#include "runtime/buffer.h"
#include "tests/bits/child.h"
#include "tests/bits/mlp.h"
#include "tests/runtime/scratch.h"

namespace sinter::test {
namespace {

using codegen::cpu::Isa;

TEST(MlpBits, SameWeightsInEveryWay) {
  const runtime::Scratch scratch;  // a cache that the runs share
  const std::string cache = "SINTER_CACHE=" + (scratch / "cache").string() + " ";
  struct Way {
    const char *steps, *engine, *knobs;
    int workers;
  };
  constexpr Way kWays[] = {
      {"1000", "static", "SINTER_THREADS=1", 1},
      {"1000", "static", "SINTER_THREADS=2", 2},
      {"1000", "dynamic", "SINTER_THREADS=1", 1},
      {"100", "static", "SINTER_THREADS=1", 1},
      {"1000", "static", "SINTER_THREADS=7", 7},
      {"1000", "static", "SINTER_THREADS=3 SINTER_FUSE=off", 3},
      {"1000", "static", "SINTER_THREADS=2 SINTER_ISA=avx2", 2},
      {"1000", "static", "SINTER_THREADS=1 SINTER_ISA=avx2 SINTER_FUSE=off", 1},
      {"1000", "dynamic", "SINTER_THREADS=3", 3},
      {"1000", "dynamic", "SINTER_THREADS=1 SINTER_ISA=avx2", 1},
  };
  std::map<std::string, ChildRun> first;  // by steps
  for (const Way& way : kWays) {
    SCOPED_TRACE(fmt::format("{} steps, {}, {}", way.steps, way.engine, way.knobs));
    const ChildRun run = run_child(cache + way.knobs, fmt::format("{} {}", way.engine, way.steps));
    ASSERT_EQ(run.code, 0) << run.output;
    const ChildRun& expected = first.try_emplace(way.steps, run).first->second;
    EXPECT_EQ(run.values.at("hash"), expected.values.at("hash"));
    EXPECT_EQ(run.values.at("last_loss"), expected.values.at("last_loss"));
    EXPECT_EQ(std::stoi(run.values.at("workers")), way.workers);
  }
  const auto& values = first.at("1000").values;
  EXPECT_LT(std::stod(values.at("last_loss")), 0.1 * std::stod(values.at("first_loss"))) << "it does not learn";
  EXPECT_NE(values.at("hash"), first.at("100").values.at("hash"));
}

// The traced step, after the graph passes.
ir::Graph traced_step() {
  Mlp mlp;
  Batches batches;
  const auto [images, labels] = batches.next();
  const auto step = jit([&](const Tensor& x, const Tensor& y) { return mlp.step(x, y); });
  (void)step(images, labels);
  return ir::parse(step.graphs().at(0)).back();
}

TEST(MlpBits, FusionMakesFewerKernelsAndThreadsShareThem) {
  const ir::Graph graph = traced_step();
  const driver::CompileStats fused = driver::compile(graph)->stats();
  const driver::CompileStats unfused = driver::compile(graph, {.fuse = false})->stats();
  EXPECT_LT(2 * fused.launches, unfused.launches);
  EXPECT_LT(fused.barriers, unfused.barriers);
  EXPECT_LT(fused.bytes_moved, unfused.bytes_moved);
  EXPECT_LE(fused.launches, 16u);
  // What a launch that is shared does on a team: tests/runtime/run_program_test.cc.
  EXPECT_GE(fused.shared, 4u);
  EXPECT_GE(unfused.shared, 4u);
}

TEST(MlpBits, TheDynamicEngineRunsOperationByOperation) {
  Mlp mlp;
  Batches batches;
  const auto [images, labels] = batches.next();
  const auto step = jit([&](const Tensor& x, const Tensor& y) { return mlp.step(x, y); });
  (void)mlp.step(images, labels);
  (void)step(images, labels);
  (void)step(images, labels);
  // Every kernel that the dynamic engine launches writes a buffer of its own; a compiled step makes its result's at
  // most.
  int64_t before = runtime::memory_statistics().allocations;
  (void)mlp.step(images, labels);
  EXPECT_GT(runtime::memory_statistics().allocations - before, 40);
  before = runtime::memory_statistics().allocations;
  (void)step(images, labels);
  EXPECT_LE(runtime::memory_statistics().allocations - before, 1);
}

TEST(MlpBits, Avx2CodeHasNoWideRegisters) {
  const ir::Graph graph = passes::run_passes(passes::graph_pipeline(), traced_step()).graph;
  const auto kernels = driver::lower_all(graph, passes::fuse(graph, {}));
  ASSERT_GT(kernels.size(), 5u);
  size_t wide = 0;
  for (const passes::LoweredKernel& lowered : kernels) {
    const std::string avx2 = codegen::cpu::print_assembly(lowered.kernel, Isa::kAvx2);
    EXPECT_EQ(avx2.find("zmm"), std::string::npos) << lowered.kernel.name;
    EXPECT_NE(avx2.find("mm0"), std::string::npos) << lowered.kernel.name;
    wide += codegen::cpu::print_assembly(lowered.kernel, Isa::kAvx512).find("zmm") != std::string::npos;
  }
  EXPECT_GE(wide, kernels.size() / 2);
}

}  // namespace
}  // namespace sinter::test
