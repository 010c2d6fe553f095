// Planted failures while a program is compiled for a CUDA device: the error names a file with the graph, and the
// command that shows the failure again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "driver/compile.h"
#include "ir/graph/text.h"
#include "support/options.h"
#include "tests/cuda_runtime/quiet.h"
#include "tests/cuda_sim/fake/fake_cuda.h"

namespace sinter {
namespace {

using testing::HasSubstr;

// What compiling for a device says; the file it names is read into `file` and removed.
std::string failure_of(const ir::Graph& graph, std::string& file) {
  try {
    (void)driver::compile(graph, {.device = Device("cuda")});
  } catch (const InternalError& error) {
    const std::string text = error.what(), before = "to see it again: sinter opt ";
    const size_t at = text.find(before);
    if (at == std::string::npos) return text;
    const std::string path = text.substr(at + before.size(), text.find(' ', at + before.size()) - at - before.size());
    std::ifstream stream(path);
    file = {std::istreambuf_iterator<char>(stream), {}};
    std::filesystem::remove(path);
    return text;
  }
  return "no internal error";
}

const char* const kText = "func @planted(%x: f32[40]) -> f32[40] {\n  %0 = exp %x\n  return %0\n}";

// A graph whose types lie gets through the passes when nothing verifies it; the kernel's verifier finds it.
TEST(CudaReproducer, OfAKernelThatIsWrong) {
  ir::Graph graph;
  graph.name = "planted";
  const ir::Value x = graph.add_parameter({kFloat32, {40}}, "x");
  const ir::OpDef& exp = *ir::parse(kText)[0].ops()[1].def;
  graph.results.push_back(graph.append({.def = &exp, .operands = {x}, .types = {{kFloat64, {40}}}}));
  Options changed = without_checks();
  changed.verify = false;
  changed.check = true;
  const OptionScope scope(changed);
  std::string file;
  const std::string text = failure_of(graph, file);
  EXPECT_THAT(text, HasSubstr("stage cuda-loops: "));
  EXPECT_THAT(text, HasSubstr(" --print=cuda-loops"));
  EXPECT_THAT(file, HasSubstr("func @planted(%x: f32[40])"));
}

TEST(CudaReproducer, OfATextThatNvrtcRefuses) {
  const OptionScope scope(without_checks());
  const cuda_sim::FakeNvrtc nvrtc;
  nvrtc.configure("record,fail=nvrtcCompileProgram=6");
  std::string file;
  const std::string text = failure_of(ir::parse(kText).back(), file);
  EXPECT_THAT(text, HasSubstr("stage cubin: "));
  EXPECT_THAT(text, HasSubstr("NVRTC refuses a kernel of Sinter: NVRTC_ERROR_COMPILATION"));
  EXPECT_THAT(text, HasSubstr(" --print=cubin"));
  EXPECT_THAT(file, HasSubstr("func @planted(%x: f32[40])"));
  nvrtc.configure("record");
  EXPECT_EQ(failure_of(ir::parse(kText).back(), file), "no internal error");
}

}  // namespace
}  // namespace sinter
