// The network's training step in processes of its own: labels out of range, the cache of compiled code between
// processes, guarded memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "tests/bits/child.h"
#include "tests/runtime/scratch.h"

namespace sinter::test {
namespace {

using runtime::Scratch;

class Processes : public testing::Test {
 protected:
  [[nodiscard]] std::string cache() const { return "SINTER_CACHE=" + (scratch_ / "cache").string() + " "; }
  ChildRun good(const std::string& knobs, const std::string& arguments) const {
    ChildRun run = run_child(cache() + knobs, arguments);
    EXPECT_EQ(run.code, 0) << run.output;
    run.values.try_emplace("hash");
    run.values.try_emplace("kernels_compiled", "-1");
    return run;
  }
  Scratch scratch_;
};

TEST_F(Processes, LabelsOutOfRangeLeaveTheStateAsItWas) {
  for (const std::string engine : {"static", "dynamic"}) {
    const std::string expected = good("SINTER_THREADS=1", engine + " 8").values.at("hash");
    for (const char* threads : {"1", "2", "7"})
      EXPECT_EQ(good("SINTER_THREADS=" + std::string(threads), engine + " 8 bad-labels").values.at("hash"), expected)
          << engine << ", " << threads << " workers";
  }
  EXPECT_EQ(good("SINTER_FUSE=off SINTER_THREADS=3", "static 8 bad-labels").values.at("hash"),
            good("SINTER_THREADS=2", "static 8").values.at("hash"));
}

TEST_F(Processes, TheSecondCompilesNothing) {
  for (const std::string engine : {"static", "dynamic"}) {
    const ChildRun first = good("", engine + " 2"), second = good("", engine + " 2");
    EXPECT_GT(std::stoi(first.values.at("kernels_compiled")), 5);
    EXPECT_EQ(second.values.at("kernels_compiled"), "0");
    EXPECT_EQ(second.values.at("hash"), first.values.at("hash"));
  }
}

TEST_F(Processes, DamagedCodeOnDiskIsMadeAgain) {
  const ChildRun first = good("", "static 2");
  std::mt19937 random(1);
  const auto damage_all = [&](const auto& damage) {
    size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(scratch_ / "cache")) {
      if (!entry.is_regular_file() || entry.file_size() == 0) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      std::vector<char> text((std::istreambuf_iterator<char>(in)), {});
      in.close();
      damage(text);
      std::ofstream(entry.path(), std::ios::binary | std::ios::trunc).write(text.data(), std::ssize(text));
      ++files;
    }
    EXPECT_GT(files, 5u);
    const ChildRun again = good("", "static 2");
    EXPECT_EQ(again.values.at("hash"), first.values.at("hash"));
    EXPECT_EQ(again.values.at("kernels_compiled"), first.values.at("kernels_compiled"));
    EXPECT_EQ(again.values.size() * 2,
              static_cast<size_t>(std::ranges::count_if(again.output, [](char c) { return c == ' ' || c == '\n'; })))
        << "nothing but its values is printed:\n"
        << again.output;
    EXPECT_EQ(good("", "static 2").values.at("kernels_compiled"), "0") << "and is then good again";
  };
  damage_all([](std::vector<char>& text) { text.resize(text.size() / 2); });
  damage_all([&](std::vector<char>& text) { text[random() % text.size()] ^= 0x10; });
  damage_all([](std::vector<char>& text) { text.clear(); });
}

TEST_F(Processes, GuardedMemoryRunsClean) {
  const std::string expected = good("", "static 10").values.at("hash");
  for (const char* knobs : {"SINTER_THREADS=1", "SINTER_THREADS=3 SINTER_FUSE=off", "SINTER_THREADS=2 SINTER_ISA=avx2"})
    for (const char* engine : {"static 10", "dynamic 10"}) {
      const ChildRun run = run_child(cache() + "SINTER_DEBUG=4 " + knobs, engine, /*with_errors=*/false);
      EXPECT_EQ(run.code, 0) << knobs << " " << engine;
      EXPECT_EQ(run.values.contains("hash") ? run.values.at("hash") : "", expected) << knobs << " " << engine;
    }
}

}  // namespace
}  // namespace sinter::test
