// Buffers: sharing, recycling, statistics, refusal, guarded memory.
#include "runtime/buffer.h"

#include <gmock/gmock.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "support/error.h"
#include "support/options.h"

namespace sinter::runtime {
namespace {

using testing::HasSubstr;

bool aligned(const Buffer& buffer) { return reinterpret_cast<uintptr_t>(buffer.data()) % kBufferAlignment == 0; }

TEST(Buffer, HandlesShareAndTheLastOneFrees) {
  const int64_t before = memory_statistics().live_bytes;
  Buffer a = Buffer::allocate(1000);
  EXPECT_TRUE(a.unique());
  EXPECT_EQ(a.size(), 1000u);
  EXPECT_EQ(memory_statistics().live_bytes, before + 1000);
  {
    Buffer b = a;
    EXPECT_TRUE(b.shares_with(a));
    EXPECT_FALSE(a.unique());
    Buffer c = std::move(b);
    EXPECT_EQ(c.data(), a.data());
  }
  EXPECT_TRUE(a.unique());
  a = Buffer();
  EXPECT_EQ(a.data(), nullptr);
  EXPECT_EQ(memory_statistics().live_bytes, before);
}

TEST(Buffer, EverySizeIsAlignedAndItsOwn) {
  std::vector<Buffer> buffers;
  for (size_t bytes = 0; bytes < 700; ++bytes) {
    buffers.push_back(Buffer::allocate(bytes));
    ASSERT_TRUE(aligned(buffers.back())) << bytes;
    std::memset(buffers.back().data(), static_cast<int>(bytes % 251), bytes);
  }
  for (size_t bytes = 0; bytes < 700; ++bytes)
    for (size_t i = 0; i < bytes; ++i) ASSERT_EQ(buffers[bytes].data()[i], std::byte(bytes % 251));
  for (size_t bytes : {size_t{4095}, size_t{4097}, size_t{5} << 20, (size_t{8} << 20) + 1}) {
    Buffer large = Buffer::allocate(bytes);
    ASSERT_TRUE(aligned(large));
    std::memset(large.data(), 1, bytes);
  }
}

TEST(Buffer, IsRecycled) {
  {
    Buffer warm = Buffer::allocate(123456);
  }
  const MemoryStatistics before = memory_statistics();
  for (int i = 0; i < 100; ++i) Buffer again = Buffer::allocate(123456 - static_cast<size_t>(i));
  const MemoryStatistics after = memory_statistics();
  EXPECT_EQ(after.fresh_allocations, before.fresh_allocations);
  EXPECT_EQ(after.allocations, before.allocations + 100);
  EXPECT_EQ(after.cached_bytes, before.cached_bytes);
}

TEST(Buffer, CacheIsBounded) {
  release_cached_memory();
  EXPECT_EQ(memory_statistics().cached_bytes, 0);
  const int64_t limit = 1 << 20;
  set_memory_cache_limit(static_cast<size_t>(limit));
  std::vector<Buffer> buffers;
  for (int i = 0; i < 100; ++i) buffers.push_back(Buffer::allocate(100000));
  buffers.clear();
  EXPECT_LE(memory_statistics().cached_bytes, limit);
  EXPECT_GT(memory_statistics().cached_bytes, limit / 2);
  set_memory_cache_limit(size_t{1} << 30);
}

TEST(Buffer, PeakIsTheMostAtOnce) {
  const int64_t before = memory_statistics().live_bytes;
  reset_peak_memory();
  {
    Buffer a = Buffer::allocate(3000);
    Buffer b = Buffer::allocate(5000);
  }
  Buffer c = Buffer::allocate(4000);
  EXPECT_EQ(memory_statistics().peak_bytes, before + 8000);
}

TEST(Buffer, RefusalNamesTheBytes) {
  for (size_t bytes : {size_t{1} << 45, (size_t{1} << 60) + 7, ~size_t{0}}) try {
      Buffer huge = Buffer::allocate(bytes);
      FAIL() << bytes;
    } catch (const RuntimeError& error) {
      EXPECT_THAT(error.what(), HasSubstr(std::to_string(bytes) + " bytes"));
    }
}

TEST(Buffer, BlobIsTheCallersMemory) {
  std::vector<float> values = {1, 2, 3};
  int done = 0;
  {
    Buffer blob = Buffer::from_blob(values.data(), 12, [&] { ++done; });
    EXPECT_TRUE(blob.borrowed());
    EXPECT_EQ(blob.as<float>()[2], 3.0f);
    Buffer copy = blob;
    blob = Buffer();
    EXPECT_EQ(done, 0);
  }
  EXPECT_EQ(done, 1);
  EXPECT_FALSE(Buffer::allocate(8).borrowed());
  Buffer unowned = Buffer::from_blob(values.data(), 12);
  EXPECT_EQ(unowned.size(), 12u);
}

TEST(Buffer, ManyThreadsAllocateAndPassOn) {
  const int64_t before = memory_statistics().live_bytes;
  std::vector<std::thread> threads;
  Buffer common = Buffer::allocate(64);
  for (unsigned seed = 0; seed < 8; ++seed)
    threads.emplace_back([seed, common] {
      std::mt19937 random(seed);
      std::vector<Buffer> held(16);
      for (int i = 0; i < 3000; ++i) {
        Buffer& slot = held[random() % held.size()];
        ASSERT_TRUE(slot.size() == 0 || slot.shares_with(common) || slot.data()[0] == std::byte(seed));
        const size_t bytes = random() % 5000 + 1;
        slot = random() % 4 == 0 ? common : Buffer::allocate(bytes);
        if (!slot.shares_with(common)) std::memset(slot.data(), static_cast<int>(seed), slot.size());
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(common.unique());
  EXPECT_EQ(memory_statistics().live_bytes, before + 64);
}

TEST(Buffer, RecyclingIsCheap) {
  {
    Buffer warm = Buffer::allocate(4096);
  }
  double least = 1e9;
  for (int sample = 0; sample < 20; ++sample) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 1000; ++i) Buffer again = Buffer::allocate(4096);
    least = std::min(least,
                     std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / 1000);
  }
  RecordProperty("nanoseconds", std::to_string(least));
  std::printf("a recycled buffer costs %.0f ns\n", least);
  EXPECT_LT(least, 2000);  // 100 ns unless a sanitizer is at work
}

TEST(GuardedMemory, StartsAsNaNAndEndsAtTheFence) {
  GuardedMemoryScope scope;
  for (size_t bytes : {size_t{0}, size_t{4}, size_t{64}, size_t{100}, size_t{4096}, size_t{100000}}) {
    Buffer buffer = Buffer::allocate(bytes);
    EXPECT_TRUE(aligned(buffer));
    EXPECT_TRUE(bytes < 4 || std::isnan(buffer.as<float>()[bytes / 4 - 1]));
    std::memset(buffer.data(), 0, bytes);
  }
}

TEST(GuardedMemory, FollowsTheDebugKnob) {
  OptionScope four({.debug = 4});
  EXPECT_TRUE(memory_is_guarded());
  OptionScope three({.debug = 3});
  EXPECT_FALSE(memory_is_guarded());
}

using GuardedMemoryDeathTest = testing::Test;

void touch(std::byte* at) { *const_cast<volatile std::byte*>(at) = std::byte{1}; }

TEST(GuardedMemoryDeathTest, AccessOutsideFaults) {
  GuardedMemoryScope scope;
  Buffer buffer = Buffer::allocate(8192);
  EXPECT_DEATH(touch(buffer.data() + 8192), "");
  EXPECT_DEATH(touch(buffer.data() - 1), "");
  std::byte* dangling = Buffer::allocate(64).data();
  EXPECT_DEATH(touch(dangling), "");
}

TEST(GuardedMemoryDeathTest, WritesIntoTheRoundingAreFound) {
  GuardedMemoryScope scope;
  EXPECT_DEATH(
      {
        Buffer buffer = Buffer::allocate(100);
        touch(buffer.data() + 100);
        buffer = Buffer();
      },
      "written beyond the end of a buffer of 100 bytes");
  EXPECT_DEATH(
      {
        Buffer buffer = Buffer::allocate(100);
        touch(buffer.data() - 1);
        buffer = Buffer();
      },
      "written before the start of a buffer of 100 bytes");
}

TEST(Poison, IsNaN) {
  double value = 1;
  poison(std::as_writable_bytes(std::span(&value, 1)));
  EXPECT_TRUE(std::isnan(value));
}

}  // namespace
}  // namespace sinter::runtime
