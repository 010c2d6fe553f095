// Every kernel through NVRTC, where the library is found: no warnings, no spills, and how many registers.
#include "codegen/cuda/nvrtc.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <thread>

#include "codegen/cuda/compile_kernel.h"
#include "ir/loops/text.h"
#include "passes/schedule/cuda.h"
#include "tests/cuda/programs.h"

namespace sinter::codegen::cuda {
namespace {

// The architectures of the tests that this NVRTC knows; none, with the reason printed, when there is no NVRTC.
std::vector<int> architectures(std::initializer_list<int> wanted) {
  const NvrtcState& state = nvrtc_state();
  if (!state.found) printf("skipped: %s\n", describe(state).c_str());
  std::vector<int> known;
  for (const int architecture : wanted) {
    if (std::find(state.architectures.begin(), state.architectures.end(), architecture) != state.architectures.end())
      known.push_back(architecture);
    else if (state.found)
      printf("skipped: NVRTC %d.%d does not know sm_%d\n", state.major, state.minor, architecture);
  }
  return known;
}

void expect_clean(const ProgramKernels& program, int architecture, bool print) {
  SCOPED_TRACE(program.name + " for sm_" + std::to_string(architecture));
  const Report report = report_kernels(program.kernels, architecture);
  EXPECT_EQ(report.warnings, "");
  EXPECT_FALSE(report.usage.empty());
  for (const ResourceUsage& usage : report.usage) {
    EXPECT_EQ(usage.spill_bytes, 0) << usage.symbol;
    EXPECT_EQ(usage.stack_bytes, 0) << usage.symbol;
    EXPECT_LE(usage.registers, 168) << usage.symbol;
    if (print)
      printf("%s sm_%d %s: %d registers\n", program.name.c_str(), architecture, usage.symbol.c_str(), usage.registers);
  }
}

TEST(Nvrtc, TrainingPrograms) {
  const std::vector<ProgramKernels> programs = training_programs();
  for (const int architecture : architectures({75, 80, 90, 100}))
    for (const ProgramKernels& program : programs) expect_clean(program, architecture, /*print=*/true);
}

TEST(Nvrtc, DynamicKernels) {
  for (const int architecture : architectures({80, 100})) expect_clean(dynamic_kernels(), architecture, /*print=*/true);
}

// One in twenty of the kernels, for one architecture: the simulator sees more. NVRTC_STEP=1, by hand: all, for all.
TEST(Nvrtc, RandomGraphs) {
  const char* asked = std::getenv("NVRTC_STEP");
  const size_t step = asked == nullptr ? 20 : std::strtoull(asked, nullptr, 10);
  ASSERT_GT(step, 0U);
  const ProgramKernels all = random_graph_kernels(0, 200);
  ProgramKernels some{all.name, {}};
  for (size_t k = 0; k < all.kernels.size(); k += step) some.kernels.push_back(all.kernels[k]);
  for (const int architecture : asked == nullptr ? architectures({90}) : architectures({75, 80, 90, 100}))
    expect_clean(some, architecture, /*print=*/false);
}

TEST(Nvrtc, ProductsWithoutElements) {
  ProgramKernels empty{"empty", loops::parse(R"(
kernel @no_rows(%a: f32[0] in, %b: f32[21] in, %c: f32[0] out) {
  for i0 < 0, i1 < 7 {
    pass j2 < 3 {
      %0 = load f32 %a[3*i0 + j2]
      %1 = load f32 %b[7*j2 + i1]
      %2 = dot f32 %0, %1
    }
    pass {
      store f32 %c[7*i0 + i1], %2
    }
  }
})")};
  passes::schedule_cuda(empty.kernels[0]);
  for (const int architecture : architectures({80})) expect_clean(empty, architecture, /*print=*/false);
}

struct MapStore : ObjectStore {
  bool load(const std::string& key, std::vector<char>& object) override {
    const auto found = objects.find(key);
    if (found == objects.end()) return false;
    object = found->second;
    return true;
  }
  void save(const std::string& key, std::span<const char> object) override {
    objects[key].assign(object.begin(), object.end());
  }
  std::map<std::string, std::vector<char>> objects;
};

// As many programs as there are cores to compile them side by side, each of several kernels.
TEST(Nvrtc, KernelsAreDealtOutToPrograms) {
  for (const int architecture : architectures({80})) {
    const ProgramKernels program = dynamic_kernels();
    std::map<std::string, int> symbols;
    std::set<const void*> images;
    for (const auto& code : compile_kernels(program.kernels, architecture, nullptr)) {
      ++symbols[code->entries[0].symbol];
      images.insert(code->image.get());
    }
    const size_t cores = std::max(1U, std::thread::hardware_concurrency());
    EXPECT_GE(images.size(), std::min(cores, symbols.size()));
    EXPECT_LT(images.size(), symbols.size()) << "kernels share programs";
  }
}

TEST(Nvrtc, CubinsAreKept) {
  for (const int architecture : architectures({80})) {
    const ProgramKernels program = dynamic_kernels();
    const std::span<const loops::Kernel> kernels = std::span(program.kernels).first(3);
    MapStore store;
    const auto first = compile_kernels(kernels, architecture, &store);
    const auto again = compile_kernels(kernels, architecture, &store);
    ASSERT_EQ(first.size(), 3U);
    for (size_t k = 0; k < first.size(); ++k) {
      EXPECT_FALSE(first[k]->from_cache);
      EXPECT_TRUE(again[k]->from_cache);
      EXPECT_EQ(*first[k]->image, *again[k]->image);
      EXPECT_EQ(first[k]->entries[0].symbol, again[k]->entries[0].symbol);
      const std::string image(first[k]->image->begin(), first[k]->image->end());
      EXPECT_EQ(image.substr(1, 3), "ELF");
      EXPECT_NE(image.find(first[k]->entries[0].symbol), std::string::npos);
    }
    // A program that is gone takes its kernels with it: they are compiled again.
    std::erase_if(store.objects,
                  [](const auto& object) { return object.first.find("-program-") != std::string::npos; });
    EXPECT_FALSE(compile_kernels(kernels, architecture, &store)[0]->from_cache);
  }
}

TEST(Nvrtc, RefusalsSayWhatIsWrong) {
  for (const int architecture : architectures({80})) {
    try {
      (void)compile_program("this is no program", architecture, true);
      FAIL() << "it was compiled";
    } catch (const InternalError& error) {
      EXPECT_NE(std::string(error.what()).find("sinter.cu(1): error"), std::string::npos) << error.what();
    }
    EXPECT_THROW((void)compile_program("", 10, true), RuntimeError);
  }
}

TEST(Nvrtc, ReadsTheAssemblersWords) {
  const std::string log =
      "sinter.cu(3): warning #177-D: variable \"x\" was declared but never referenced\n"
      "ptxas info    : 0 bytes gmem\n"
      "ptxas info    : Compiling entry function 'k' for 'sm_80'\n"
      "ptxas info    : Function properties for k\n"
      "    16 bytes stack frame, 24 bytes spill stores, 8 bytes spill loads\n"
      "ptxas info    : Used 40 registers, used 1 barriers, 16 bytes cumulative stack size, 128 bytes smem, 380 bytes "
      "cmem[0]\n";
  const auto usage = resource_usage(log);
  ASSERT_EQ(usage.size(), 1U);
  EXPECT_EQ(usage[0].symbol, "k");
  EXPECT_EQ(usage[0].registers, 40);
  EXPECT_EQ(usage[0].stack_bytes, 16);
  EXPECT_EQ(usage[0].spill_bytes, 32);
  EXPECT_EQ(usage[0].shared_bytes, 128);
  EXPECT_EQ(warnings(log), "sinter.cu(3): warning #177-D: variable \"x\" was declared but never referenced\n");
}

}  // namespace
}  // namespace sinter::codegen::cuda
