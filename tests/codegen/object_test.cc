// What compiled kernels are made of: their imports, their instructions, their life in an object store.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "codegen/cpu/jit.h"
#include "ir/loops/text.h"
#include "support/float_mode.h"
#include "support/options.h"
#include "tests/codegen/check_kernel.h"
#include "tests/loops/random_kernel.h"

namespace sinter::codegen::cpu {
namespace {

constexpr std::string_view kScale = R"(
kernel @scale(%x: f32[100] in, %y: f32[100] out) symbols(0) schedule(vector = i0) {
  for i0 < 100 {
    pass {
      %0 = load f32 %x[i0]
      %1 = mul f32 %0, %0
      store f32 %y[i0], %1
    }
  }
})";

struct MapStore : ObjectStore {
  bool load(const std::string& key, std::vector<char>& object) override {
    const auto found = objects.find(key);
    if (found != objects.end()) object = found->second;
    return found != objects.end();
  }
  void save(const std::string& key, std::span<const char> object) override {
    objects[key] = {object.begin(), object.end()};
    ++saves;
  }
  std::map<std::string, std::vector<char>> objects;
  int saves = 0;
};

TEST(Object, ImportsOnlyWhatIsAllowed) {
  for (uint64_t seed = 0; seed < 15; ++seed) {
    const loops::Kernel kernel = loops::random_kernel(seed).kernel;
    for (const Isa isa : {Isa::kAvx2, Isa::kAvx512})
      for (const std::string& symbol : imported_symbols(kernel, isa))
        EXPECT_NE(std::find(std::begin(kAllowedImports), std::end(kAllowedImports), symbol), std::end(kAllowedImports))
            << symbol << "\n"
            << loops::print(kernel);
  }
}

TEST(Object, Avx2CodeHasNoWideRegisters) {
  bool wide = false;
  for (uint64_t seed = 0; seed < 15; ++seed) {
    const loops::Kernel kernel = loops::random_kernel(seed).kernel;
    const std::string narrow = print_assembly(kernel, Isa::kAvx2);
    EXPECT_EQ(narrow.find("zmm"), std::string::npos) << loops::print(kernel);
    EXPECT_EQ(narrow.find("%k"), std::string::npos) << loops::print(kernel);
    wide |= print_assembly(kernel, Isa::kAvx512).find("zmm") != std::string::npos;
  }
  EXPECT_TRUE(wide);
}

TEST(Object, StoreMakesSecondCompilationFree) {
  const auto kernels = loops::parse(kScale);
  MapStore store;
  EXPECT_FALSE(compile_kernels(kernels, native_isa(), &store)[0]->from_cache);
  EXPECT_EQ(store.saves, 1);
  EXPECT_TRUE(compile_kernels(kernels, native_isa(), &store)[0]->from_cache);
  EXPECT_EQ(store.saves, 1);
}

TEST(Object, DamagedObjectsAreCompiledAgain) {
  const auto kernels = loops::parse(kScale);
  MapStore store;
  (void)compile_kernels(kernels, native_isa(), &store);
  for (const auto& damage :
       {std::vector<char>{}, std::vector<char>(100, 'x'),
        std::vector<char>(store.objects.begin()->second.begin(), store.objects.begin()->second.begin() + 70)}) {
    store.objects.begin()->second = damage;
    const auto code = compile_kernels(kernels, native_isa(), &store)[0];
    EXPECT_FALSE(code->from_cache);
    EXPECT_NE(code->function, nullptr);
  }
  EXPECT_EQ(store.saves, 4);
}

TEST(Object, EqualKernelsShareCode) {
  std::vector<loops::Kernel> kernels = loops::parse(kScale);
  kernels.push_back(kernels[0]);
  kernels[1].name = "other";
  kernels[1].buffers[0].name = "z";
  const auto codes = compile_kernels(kernels, native_isa(), nullptr);
  EXPECT_EQ(codes[0]->function, codes[1]->function);
  EXPECT_EQ(codes[0]->name, "scale");
  EXPECT_EQ(codes[1]->name, "other");
}

TEST(Object, CodeOutlivesItsCompilation) {
  runtime::KernelFunction function = nullptr;
  std::shared_ptr<const void> keep;
  {
    const auto code = compile_kernels(loops::parse(kScale), native_isa(), nullptr)[0];
    function = code->function;
    keep = code->keep_alive;
  }
  std::vector<float> x(100, 3), y(100);
  void* buffers[] = {x.data(), y.data()};
  runtime::KernelStatus status;
  const runtime::KernelCall call{
      .buffers = buffers, .symbols = nullptr, .begin = 0, .end = 7, .scratch = nullptr, .status = &status};
  function(&call);
  EXPECT_EQ(y[99], 9);
}

// A kernel of one point that stores one f32.
float stored(std::string_view kernel, ObjectStore* store = nullptr) {
  const auto code = compile_kernels(loops::parse(kernel), native_isa(), store)[0];
  float y = -1;
  void* buffers[] = {&y};
  runtime::KernelStatus status;
  const runtime::KernelCall call{
      .buffers = buffers, .symbols = nullptr, .begin = 0, .end = 1, .scratch = nullptr, .status = &status};
  const FloatModeScope mode;
  code->function(&call);
  return y;
}

// 1e-20 * 1e-20 is a denormal; what is folded by the compiler has the bits the machine would have made.
TEST(Object, ConstantsAreFoldedInTheModeThatRuns) {
  constexpr std::string_view kKernel = R"(
kernel @tiny(%y: f32[1] out) {
  pass {
    %0 = constant f32 1e-20
    %1 = mul f32 %0, %0
    %2 = constant f32 1e30
    %3 = mul f32 %1, %2
    store f32 %y[0], %3
  }
})";
  MapStore store;
  for (const bool flushed : {true, false}) {
    Options changed = options();
    changed.ftz = flushed;
    const OptionScope scope(changed);
    EXPECT_EQ(stored(kKernel, &store), flushed ? 0.0f : 1e-20f * 1e-20f * 1e30f);
    const std::string text = print_llvm(loops::parse(kKernel)[0], native_isa());
    EXPECT_NE(text.find(flushed ? "\"denormal-fp-math\"=\"preserve-sign,preserve-sign\"" : "\"ieee,ieee\""),
              std::string::npos)
        << text;
    EXPECT_EQ(text.find("fmul"), std::string::npos) << text;
  }
  EXPECT_EQ(store.saves, 2) << "one object a mode";
}

TEST(Object, TheFirstFailedCheckIsReported) {
  const auto code = compile_kernels(loops::parse(R"(
kernel @check(%i: i64[40] in, %y: i64[40] out) schedule(vector = i0) {
  for i0 < 40 {
    pass {
      %0 = load i64 %i[i0]
      %1 = check_index i64 %0 < 10
      store i64 %y[i0], %1
    }
  }
})"),
                                    native_isa(), nullptr)[0];
  std::vector<int64_t> indices(40, 3), y(40);
  indices[7] = 70;
  indices[9] = 90;
  indices[33] = -5;
  void* buffers[] = {indices.data(), y.data()};
  runtime::KernelStatus status;
  const runtime::KernelCall call{
      .buffers = buffers, .symbols = nullptr, .begin = 0, .end = 3, .scratch = nullptr, .status = &status};
  code->function(&call);
  EXPECT_EQ(status.failed, 1);
  EXPECT_EQ(status.index, 70) << "the worker that fails later leaves the status alone";
  EXPECT_EQ(status.extent, 10);
}

}  // namespace
}  // namespace sinter::codegen::cpu

// What gdb looks at (its JIT interface), defined by LLVM.
struct JitDescriptor {
  uint32_t version, action;
  void *relevant, *first;
};
extern "C" JitDescriptor __jit_debug_descriptor;

namespace sinter::codegen::cpu {
namespace {

TEST(Object, ProfilersAndDebuggersSeeNames) {
  Options changed = options();
  changed.perf = true;
  const OptionScope scope(changed);
  const auto kernels = loops::parse(R"(
kernel @dot_for_perf(%a: f32[640] in, %b: f32[640] in, %c: f32[1024] out) {
  for i0 < 32, i1 < 32 {
    pass j2 < 20 {
      %0 = load f32 %a[20*i0 + j2]
      %1 = load f32 %b[32*j2 + i1]
      %2 = dot f32 %0, %1
    }
    pass {
      store f32 %c[32*i0 + i1], %2
    }
  }
})");
  const auto code = compile_kernels(kernels, native_isa(), nullptr)[0];
  const std::string path = "/tmp/perf-" + std::to_string(getpid()) + ".map";
  std::ifstream file(path);
  std::string line;
  bool entry = false, tile = false;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    uint64_t address = 0, size = 0;
    std::string name;
    words >> std::hex >> address >> size >> name;
    if (name == "sinter::dot_for_perf") entry = address == reinterpret_cast<uint64_t>(code->function) && size > 0;
    if (name == "sinter::dot_for_perf.tile") tile = size > 0;
  }
  EXPECT_TRUE(entry && tile) << path;
  EXPECT_NE(__jit_debug_descriptor.first, nullptr);
  unlink(path.c_str());
}

}  // namespace
}  // namespace sinter::codegen::cpu
