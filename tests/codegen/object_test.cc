// What compiled kernels are made of: their imports, their instructions, their life in an object store.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "codegen/cpu/jit.h"
#include "ir/loops/text.h"
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

}  // namespace
}  // namespace sinter::codegen::cpu
