// The CUDA runtime on the fake driver, which records calls: memory, copies, launches, graphs, errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>

#include "runtime/cuda/damaged_image.h"
#include "runtime/cuda/gpu.h"
#include "runtime/cuda/launch_log.h"
#include "runtime/cuda/program.h"
#include "runtime/device_memory.h"
#include "support/error.h"
#include "tests/cuda_sim/fake/fake_cuda.h"
#include "tests/cuda_sim/fake/image.h"

namespace sinter::runtime::cuda {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kSource = R"(
struct KernelStatus { long long failed, index, extent; };
extern "C" __global__ void __launch_bounds__(128) work(const float* in, float* out, unsigned char* scratch,
                                                       KernelStatus* status, const KernelStatus* gate) {}
extern "C" __global__ void __launch_bounds__(64) grow(const float* in, float* out, long long n, unsigned char* scratch,
                                                      KernelStatus* status, const KernelStatus* gate) {}
)";

std::shared_ptr<const std::vector<char>> image() {
  static const auto made = std::make_shared<const std::vector<char>>(cuda_sim::pack({.arch = 90, .text = kSource}));
  return made;
}
std::shared_ptr<const CudaCode> code(std::vector<CudaEntry> entries, std::vector<KernelCode::Factor> scratch = {}) {
  auto made = std::make_shared<CudaCode>();
  made->name = entries[0].symbol;
  made->entries = std::move(entries);
  made->scratch = std::move(scratch);
  made->image = image();
  return made;
}
CudaEntry work_entry() { return {.symbol = "work", .threads = 128, .blocks = {{.extent = 1000, .divisor = 128}}}; }

template <class T>
T error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const T& error) {
    return error;
  }
  ADD_FAILURE() << "no error of this kind";
  throw std::runtime_error("no error of this kind");
}

class CudaRuntime : public testing::Test {
 protected:
  void SetUp() override {
    gpu.wait();
    gpu.memory.release_cached();
    fake.configure("record,memory=1073741824");
  }
  cuda_sim::FakeDriver fake;
  Gpu& gpu = Gpu::open(Device("cuda"));
};

TEST_F(CudaRuntime, FreedMemoryIsUsedAgain) {
  Buffer first = gpu.memory.allocate(1000);
  EXPECT_EQ(first.device(), Device("cuda:0"));
  EXPECT_EQ(first.size(), 1000u);
  const std::byte* at = first.data();
  first = Buffer();
  const Buffer again = gpu.memory.allocate(900);
  EXPECT_EQ(again.data(), at);
  const Buffer other = gpu.memory.allocate(900);
  EXPECT_NE(other.data(), at);
  EXPECT_EQ(fake.calls("cuMemAlloc_v2"), 2u);
  EXPECT_EQ(fake.calls("cuStreamSynchronize"), 0u);
}

TEST_F(CudaRuntime, CountsMemory) {
  gpu.memory.reset_peak();
  const int64_t before = gpu.memory.statistics().live_bytes;
  {
    const Buffer a = gpu.memory.allocate(5000), b = gpu.memory.allocate(3000);
    EXPECT_EQ(gpu.memory.statistics().live_bytes, before + 8000);
  }
  const MemoryStatistics after = gpu.memory.statistics();
  EXPECT_EQ(after.live_bytes, before);
  EXPECT_EQ(after.peak_bytes, before + 8000);
  EXPECT_GE(after.cached_bytes, 8000);
}

TEST_F(CudaRuntime, AFullDeviceNamesTheLargestBuffers) {
  Buffer large, small;
  {
    const LocationScope line(Location{"train.cc", 12});
    large = gpu.memory.allocate(size_t{768} << 20);
  }
  small = gpu.memory.allocate(size_t{1} << 20);
  const auto error = error_of<RuntimeError>([&] { (void)gpu.memory.allocate(size_t{512} << 20); });
  EXPECT_THAT(error.what(), AllOf(HasSubstr("cannot allocate 512.0 MiB (536870912 bytes) on cuda:0"),
                                  HasSubstr("the largest:\n  768.0 MiB made at train.cc:12\n  1.0 MiB made by"),
                                  HasSubstr("cure: use a smaller batch")));
  large = Buffer();  // what is cached is given back before anything is refused
  const Buffer fits = gpu.memory.allocate(size_t{900} << 20);
  EXPECT_EQ(fits.size(), size_t{900} << 20);
}

TEST_F(CudaRuntime, CopiesArriveAndOnlyReadingWaits) {
  std::vector<int> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 7);
  const Buffer there = gpu.memory.allocate(4000), twin = gpu.memory.allocate(4000);
  copy_bytes(there.data(), gpu.device, numbers.data(), {}, 4000);
  copy_bytes(twin.data(), gpu.device, there.data(), gpu.device, 4000);
  EXPECT_EQ(fake.calls("cuStreamSynchronize"), 0u);
  std::vector<int> back(1000);
  copy_bytes(back.data(), {}, twin.data(), gpu.device, 4000);
  EXPECT_EQ(back, numbers);
  EXPECT_EQ(fake.calls("cuStreamSynchronize"), 1u);
  clear_bytes(twin.data(), gpu.device, 2000);
  copy_bytes(back.data(), {}, twin.data(), gpu.device, 4000);
  EXPECT_EQ(back[499], 0);
  EXPECT_EQ(back[500], 507);
}

TEST_F(CudaRuntime, LargeCopiesGoInPieces) {
  const size_t bytes = size_t{50} << 20;
  std::vector<uint32_t> numbers(bytes / 4), back(bytes / 4);
  std::iota(numbers.begin(), numbers.end(), 0u);
  const Buffer there = gpu.memory.allocate(bytes);
  copy_bytes(there.data(), gpu.device, numbers.data(), {}, bytes);
  copy_bytes(back.data(), {}, there.data(), gpu.device, bytes);
  EXPECT_TRUE(back == numbers);
}

TEST_F(CudaRuntime, WhatIsCopiedMayBeOverwrittenAtOnce) {
  fake.configure("record,late");
  int number = 1;
  const Buffer there = gpu.memory.allocate(sizeof number);
  copy_bytes(there.data(), gpu.device, &number, {}, sizeof number);
  number = 2;
  int back = 0;
  copy_bytes(&back, {}, there.data(), gpu.device, sizeof back);
  EXPECT_EQ(back, 1);
}

TEST_F(CudaRuntime, GeometryComesFromFactors) {
  const std::vector<int64_t> symbols{1000, 3};
  CudaEntry entry{.symbol = "grow", .threads = 64, .blocks = {{.symbol = 0, .divisor = 64}, {.extent = 5}}};
  EXPECT_EQ(blocks(entry, symbols), 16u * 5u);
  entry.max_blocks = 10;
  EXPECT_EQ(blocks(entry, symbols), 10u);
  entry.blocks.push_back({.extent = 0});
  EXPECT_EQ(blocks(entry, symbols), 0u);
  const auto kernel = LoadedKernel::load(gpu, code({entry}, {{.symbol = 1}, {.extent = 8}}));
  EXPECT_EQ(kernel->scratch_bytes(symbols), 24u);
}

TEST_F(CudaRuntime, AnImageIsLoadedOnceWhileItIsUsed) {
  auto first = LoadedKernel::load(gpu, code({work_entry()}));
  const auto second = LoadedKernel::load(gpu, code({{.symbol = "grow"}}));
  EXPECT_EQ(fake.calls("cuModuleLoadData"), 1u);
  first.reset();
  EXPECT_EQ(fake.calls("cuModuleUnload"), 0u);
}

TEST_F(CudaRuntime, MuchSharedMemoryIsAskedFor) {
  CudaEntry entry = work_entry();
  entry.shared_bytes = 100 << 10;
  const auto kernel = LoadedKernel::load(gpu, code({entry}));
  EXPECT_EQ(fake.calls("cuFuncSetAttribute"), 1u);
}

TEST_F(CudaRuntime, ADamagedImageIsAnErrorOfItsOwn) {
  auto damaged = std::make_shared<CudaCode>(*code({work_entry()}));
  std::vector<char> bytes = *image();
  bytes[bytes.size() / 2] ^= 1;
  damaged->image = std::make_shared<const std::vector<char>>(std::move(bytes));
  EXPECT_THAT(error_of<DamagedImage>([&] { (void)LoadedKernel::load(gpu, damaged); }).what(),
              AllOf(HasSubstr("cuModuleLoadData"), HasSubstr("update the driver")));
}

// Two kernels: input 0 -> arena -> output 0; the second updates input 1 in place.
CudaProgram small_program(Gpu& gpu) {
  CudaProgram program{.name = "step"};
  program.table.arena_bytes = 4096;
  program.table.slots = {{Slot::Kind::kInput, 0, 4000}, {Slot::Kind::kArena, 0, 4000}, {Slot::Kind::kInput, 1, 4000}};
  program.table.launches = {{.kernel = 0, .slots = {0, 1}, .where = "first train.cc:3"},
                            {.kernel = 0, .slots = {1, 2}, .where = "second train.cc:4"}};
  program.kernels = {LoadedKernel::load(gpu, code({work_entry()}))};
  program.first_checks = {0, 0};
  return program;
}

TEST_F(CudaRuntime, AStepIsOneGraphThatIsReplayed) {
  ProgramRunner runner(gpu, small_program(gpu), nullptr);
  const Buffer a = gpu.memory.allocate(4000), b = gpu.memory.allocate(4000), state = gpu.memory.allocate(4000);
  const std::array<void*, 2> with_a{a.data(), state.data()}, with_b{b.data(), state.data()};
  runner.run(with_a, {});
  EXPECT_EQ(fake.calls("cuGraphAddKernelNode_v2"), 2u);
  EXPECT_EQ(fake.calls("cuGraphInstantiateWithFlags"), 1u);
  for (int i = 0; i < 9; ++i) runner.run(with_a, {});
  EXPECT_EQ(fake.calls("cuGraphLaunch"), 10u);
  EXPECT_EQ(fake.calls("cuGraphInstantiateWithFlags"), 1u);
  EXPECT_EQ(fake.calls("cuGraphExecKernelNodeSetParams_v2"), 0u);
  runner.run(with_b, {});  // only the kernel that reads it is told
  EXPECT_EQ(fake.calls("cuGraphExecKernelNodeSetParams_v2"), 1u);
  EXPECT_EQ(fake.calls("cuLaunchKernel"), 0u);
  EXPECT_EQ(fake.calls("cuStreamSynchronize"), 0u);
  EXPECT_EQ(fake.calls("cuMemAlloc_v2"), 4u);  // the arena and the three buffers
}

TEST_F(CudaRuntime, AStepCanBeWalked) {
  ProgramRunner runner(gpu, small_program(gpu), nullptr);
  const Buffer a = gpu.memory.allocate(4000), state = gpu.memory.allocate(4000);
  const std::array<void*, 2> inputs{a.data(), state.data()};
  runner.run_slowly(inputs, {});
  EXPECT_EQ(fake.calls("cuLaunchKernel"), 2u);
  EXPECT_EQ(fake.calls("cuGraphLaunch"), 0u);
  EXPECT_THAT(fake.log(), HasSubstr("cuLaunchKernel"));
}

TEST_F(CudaRuntime, AFailedCallNamesItselfAndItsCode) {
  ProgramRunner runner(gpu, small_program(gpu), nullptr);
  const Buffer a = gpu.memory.allocate(4000), state = gpu.memory.allocate(4000);
  const std::array<void*, 2> inputs{a.data(), state.data()};
  fake.configure("record,fail=cuGraphInstantiateWithFlags:1=1");
  EXPECT_THAT(error_of<RuntimeError>([&] { runner.run(inputs, {}); }).what(),
              AllOf(HasSubstr("cuGraphInstantiateWithFlags: "), HasSubstr("(1)")));
  runner.run(inputs, {});  // and the next run begins anew
  EXPECT_EQ(fake.calls("cuGraphLaunch"), 1u);
}

}  // namespace
}  // namespace sinter::runtime::cuda
