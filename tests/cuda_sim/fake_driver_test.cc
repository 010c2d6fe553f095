// The fake driver and the fake NVRTC, called as the runtime calls the real ones.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <numeric>

#include "tests/cuda_sim/fake/fake_cuda.h"

namespace sinter::cuda_sim {
namespace {

using ::testing::HasSubstr;
using Handle = void*;

// Calls an entry point by name, as the runtime does.
template <class... A>
int cu(const char* name, A... arguments) {
  static void* const library =
      dlopen(std::string(name).starts_with("cu") ? "libcuda.so.1" : "libnvrtc.so.13", RTLD_NOW);
  static void* const compiler = dlopen("libnvrtc.so.13", RTLD_NOW);
  void* symbol = dlsym(std::string(name).starts_with("cu") ? library : compiler, name);
  if (symbol == nullptr) throw std::runtime_error(name);
  return reinterpret_cast<int (*)(A...)>(symbol)(arguments...);
}

constexpr const char* kText = R"(
extern "C" __global__ void __launch_bounds__(128) twice(const float* in, float* out, long long n) {
  const long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = 2.0f * in[i];
}
extern "C" __global__ void beyond(const float* in, float* out, long long n) { out[n] = in[0]; }
)";

class FakeDriverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    driver_.configure("execute");
    nvrtc_.configure("execute");
    ASSERT_EQ(cu("cuInit", 0U), 0);
    Handle context = nullptr;
    ASSERT_EQ(cu("cuDevicePrimaryCtxRetain", &context, 0), 0);
    ASSERT_EQ(cu("cuCtxSetCurrent", context), 0);
    ASSERT_EQ(cu("cuStreamCreate", &stream_, 1U), 0);
  }
  std::vector<char> cubin(const char* text = kText) {
    Handle program = nullptr;
    const char* options[] = {"--gpu-architecture=sm_90", "--ftz=true", "--fmad=false"};
    EXPECT_EQ(cu("nvrtcCreateProgram", &program, text, "kernels", 0, nullptr, nullptr), 0);
    EXPECT_EQ(cu("nvrtcCompileProgram", program, 3, static_cast<const char* const*>(options)), 0);
    size_t bytes = 0;
    EXPECT_EQ(cu("nvrtcGetCUBINSize", program, &bytes), 0);
    std::vector<char> image(bytes);
    EXPECT_EQ(cu("nvrtcGetCUBIN", program, image.data()), 0);
    EXPECT_EQ(cu("nvrtcDestroyProgram", &program), 0);
    return image;
  }
  Handle function(const char* name) {
    if (module_ == nullptr) {
      EXPECT_EQ(cu("cuModuleLoadData", &module_, static_cast<const void*>(cubin().data())), 0);
    }
    Handle found = nullptr;
    EXPECT_EQ(cu("cuModuleGetFunction", &found, module_, name), 0);
    return found;
  }
  unsigned long long allocate(size_t bytes) {
    unsigned long long pointer = 0;
    EXPECT_EQ(cu("cuMemAlloc_v2", &pointer, bytes), 0);
    return pointer;
  }
  int launch(const char* name, unsigned blocks) {
    void* parameters[] = {&in_, &out_, &count_};
    return cu("cuLaunchKernel", function(name), blocks, 1U, 1U, 128U, 1U, 1U, 0U, stream_,
              static_cast<void**>(parameters), static_cast<void**>(nullptr));
  }
  void fill(size_t count) {
    count_ = static_cast<long long>(count);
    in_ = allocate(count * sizeof(float));
    out_ = allocate(count * sizeof(float));
    host_.resize(count);
    std::iota(host_.begin(), host_.end(), 1.0F);
    EXPECT_EQ(cu("cuMemcpyHtoDAsync_v2", in_, static_cast<const void*>(host_.data()), count * sizeof(float), stream_),
              0);
  }
  int fetch() {
    return cu("cuMemcpyDtoHAsync_v2", static_cast<void*>(host_.data()), out_, host_.size() * sizeof(float), stream_);
  }

  FakeDriver driver_;
  FakeNvrtc nvrtc_;
  Handle stream_ = nullptr, module_ = nullptr;
  unsigned long long in_ = 0, out_ = 0;
  long long count_ = 0;
  std::vector<float> host_;
};

TEST_F(FakeDriverTest, RunsWhatNvrtcCompiled) {
  fill(300);
  EXPECT_EQ(launch("twice", 3), 0);
  EXPECT_EQ(fetch(), 0);
  EXPECT_EQ(cu("cuStreamSynchronize", stream_), 0);
  EXPECT_EQ(host_[299], 600.0F);
  EXPECT_THAT(driver_.log(), HasSubstr("cuLaunchKernel(twice, grid 3 1 1, block 128 1 1, shared 0"));
  EXPECT_THAT(nvrtc_.log(), HasSubstr("nvrtcCompileProgram(--gpu-architecture=sm_90 --ftz=true --fmad=false) = 0"));
}

TEST_F(FakeDriverTest, LateWorkHappensWhenSomeoneWaits) {
  driver_.configure("late");
  fill(300);
  EXPECT_EQ(launch("twice", 3), 0);
  Handle event = nullptr;
  EXPECT_EQ(cu("cuEventCreate", &event, 2U), 0);
  EXPECT_EQ(cu("cuEventRecord", event, stream_), 0);
  EXPECT_EQ(cu("cuEventQuery", event), 600);
  EXPECT_THAT(driver_.live(), HasSubstr("waiting 2"));
  EXPECT_EQ(cu("cuEventSynchronize", event), 0);
  EXPECT_EQ(fetch(), 0);
  EXPECT_EQ(host_[0], 2.0F);
}

TEST_F(FakeDriverTest, GraphsReplayWithChangedParameters) {
  struct Node {
    Handle function;
    unsigned grid[3], block[3], shared;
    void** parameters;
    void *extra, *kernel, *context;
  };
  fill(100);
  void* parameters[] = {&in_, &out_, &count_};
  Node node{function("twice"), {1, 1, 1}, {128, 1, 1}, 0, parameters, nullptr, nullptr, nullptr};
  Handle graph = nullptr, made = nullptr, replay = nullptr;
  EXPECT_EQ(cu("cuGraphCreate", &graph, 0U), 0);
  EXPECT_EQ(cu("cuGraphAddKernelNode_v2", &made, graph, static_cast<Handle*>(nullptr), size_t{0}, &node), 0);
  EXPECT_EQ(cu("cuGraphInstantiateWithFlags", &replay, graph, 0ULL), 0);
  EXPECT_EQ(cu("cuGraphLaunch", replay, stream_), 0);
  EXPECT_EQ(fetch(), 0);
  EXPECT_EQ(host_[99], 200.0F);
  std::swap(in_, out_);
  EXPECT_EQ(cu("cuGraphExecKernelNodeSetParams_v2", replay, made, &node), 0);
  EXPECT_EQ(cu("cuGraphLaunch", replay, stream_), 0);
  EXPECT_EQ(fetch(), 0);
  EXPECT_EQ(host_[99], 400.0F);
  EXPECT_EQ(cu("cuGraphExecDestroy", replay), 0);
  EXPECT_EQ(cu("cuGraphDestroy", graph), 0);
}

TEST_F(FakeDriverTest, FaultsStay) {
  fill(100);
  EXPECT_EQ(launch("beyond", 1), 0) << "a fault shows at the next call";
  EXPECT_EQ(cu("cuStreamSynchronize", stream_), 700);
  EXPECT_EQ(cu("cuStreamSynchronize", stream_), 700);
  EXPECT_THAT(driver_.fault(), HasSubstr("kernel beyond, block 0, thread 0: writes 4 bytes at allocation"));
  EXPECT_THAT(driver_.fault(), HasSubstr("+ 400, which has 400 bytes; line 6: extern"));
}

TEST_F(FakeDriverTest, RefusesGeometryAtOnce) {
  fill(100);
  EXPECT_EQ(launch("twice", 0), 1);
  driver_.configure("fail=cuMemAlloc_v2:2=2,fail=cuStreamSynchronize=719");
  (void)allocate(16);
  unsigned long long pointer = 0;
  EXPECT_EQ(cu("cuMemAlloc_v2", &pointer, size_t{16}), 2);
  EXPECT_EQ(cu("cuMemAlloc_v2", &pointer, size_t{16}), 0);
  EXPECT_EQ(cu("cuStreamSynchronize", stream_), 719);
  EXPECT_EQ(cu("cuMemAlloc_v2", &pointer, size_t{16}), 719) << "a launch failure stays";
}

TEST_F(FakeDriverTest, RefusesDamagedAndForeignImages) {
  std::vector<char> image = cubin();
  Handle module = nullptr;
  image.back() ^= 1;
  EXPECT_EQ(cu("cuModuleLoadData", &module, static_cast<const void*>(image.data())), 200);
  image.back() ^= 1;
  driver_.configure("arch=80");
  EXPECT_EQ(cu("cuModuleLoadData", &module, static_cast<const void*>(image.data())), 209);
  driver_.configure("arch=90");
  EXPECT_EQ(cu("cuModuleLoadData", &module, static_cast<const void*>(image.data())), 0);
}

TEST_F(FakeDriverTest, RecordsWithoutRunning) {
  driver_.configure("record");
  nvrtc_.configure("record");
  fill(100);
  EXPECT_EQ(launch("beyond", 1), 0);
  EXPECT_EQ(cu("cuStreamSynchronize", stream_), 0);
  EXPECT_EQ(driver_.calls("cuLaunchKernel"), 1U);
}

using FakeDriverDeathTest = FakeDriverTest;
TEST_F(FakeDriverDeathTest, TheHostCannotTouchTheDevicesMemory) {
  fill(100);
  EXPECT_DEATH(*reinterpret_cast<volatile float*>(in_) = 1.0F, "");
}

}  // namespace
}  // namespace sinter::cuda_sim
