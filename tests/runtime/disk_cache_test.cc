// The disk cache: what it returns is what was stored, however the files are damaged and whoever else writes.
#include "runtime/disk_cache.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <thread>

#include "runtime/file.h"
#include "support/options.h"
#include "tests/runtime/child.h"
#include "tests/runtime/mutate.h"
#include "tests/runtime/scratch.h"

namespace sinter::runtime {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

constexpr uint64_t kLimit = 1 << 20;

std::vector<std::byte> value_of(int number, size_t size = 500) {
  std::mt19937 random(static_cast<unsigned>(number));
  std::vector<std::byte> value(size);
  for (std::byte& b : value) b = std::byte(random() & 0xff);
  return value;
}
std::string key_of(int number) { return "kernel number " + std::to_string(number); }
fs::path only_entry(const fs::path& folder) { return fs::directory_iterator(folder)->path(); }
void put(const fs::path& path, const std::vector<std::byte>& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

TEST(DiskCache, ReturnsWhatWasStoredAlsoToASecondCache) {
  Scratch scratch;
  DiskCache cache(scratch / "cache", kLimit);
  EXPECT_EQ(cache.load(key_of(1)), std::nullopt);
  cache.store(key_of(1), value_of(1));
  cache.store(key_of(2), {});
  EXPECT_EQ(cache.load(key_of(1)), value_of(1));
  DiskCache second(scratch / "cache", kLimit);
  EXPECT_EQ(second.load(key_of(1)), value_of(1));
  EXPECT_EQ(second.load(key_of(2)), std::vector<std::byte>());
  EXPECT_EQ(second.load(key_of(3)), std::nullopt);
  second.store(key_of(1), value_of(7));
  EXPECT_EQ(cache.load(key_of(1)), value_of(7));
  EXPECT_EQ(fs::status(scratch / "cache").permissions(), fs::perms(0700));
  EXPECT_EQ(fs::status(only_entry(scratch / "cache")).permissions(), fs::perms(0600));
  EXPECT_THAT(cache.state(), AllOf(HasSubstr("2 entries"), HasSubstr("of 1 MiB")));
}

TEST(DiskCache, EveryFlippedBitIsFoundAndTheEntryRemoved) {
  Scratch scratch;
  DiskCache cache(scratch.path(), kLimit);
  cache.store(key_of(1), value_of(1, 40));
  const fs::path entry = only_entry(scratch.path());
  const std::vector<std::byte> good = read_file(entry);
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::vector<std::byte> bad = good;
    bad[bit / 8] ^= std::byte(1u << bit % 8);
    put(entry, bad);
    fs::permissions(entry, fs::perms(0600));
    ASSERT_EQ(cache.load(key_of(1)), std::nullopt) << "bit " << bit;
    ASSERT_FALSE(fs::exists(entry));
  }
}

TEST(DiskCache, TruncatedExtendedAndForeignEntriesAreIgnored) {
  Scratch scratch;
  DiskCache cache(scratch.path(), kLimit);
  cache.store(key_of(2), value_of(2));
  const std::vector<std::byte> foreign = read_file(only_entry(scratch.path()));
  fs::remove(only_entry(scratch.path()));
  cache.store(key_of(1), value_of(1));
  const fs::path entry = only_entry(scratch.path());
  const std::vector<std::byte> good = read_file(entry);
  std::vector<std::vector<std::byte>> bad = {foreign, {}, good};
  bad.back().push_back(std::byte{0});
  for (size_t size : {size_t{1}, size_t{63}, size_t{64}, good.size() - 1})
    bad.emplace_back(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
  for (const std::vector<std::byte>& content : bad) {
    put(entry, content);
    fs::permissions(entry, fs::perms(0600));
    EXPECT_EQ(cache.load(key_of(1)), std::nullopt) << content.size();
    EXPECT_FALSE(fs::exists(entry));
  }
}

TEST(DiskCache, RandomDamageNeverReturnsOtherBytes) {
  Scratch scratch;
  DiskCache cache(scratch.path(), kLimit);
  cache.store(key_of(1), value_of(1));
  const fs::path entry = only_entry(scratch.path());
  const std::vector<std::byte> good = read_file(entry);
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    const std::vector<std::byte> bad = mutated(good, random);
    put(entry, bad);
    fs::permissions(entry, fs::perms(0600));
    const auto got = cache.load(key_of(1));
    ASSERT_EQ(got.has_value(), bad == good) << i;
  }
}

TEST(DiskCache, EntriesThatOthersMayWriteAreNotTrusted) {
  Scratch scratch;
  DiskCache cache(scratch.path(), kLimit);
  cache.store(key_of(1), value_of(1));
  const fs::path entry = only_entry(scratch.path());
  fs::permissions(entry, fs::perms(0666));
  EXPECT_EQ(cache.load(key_of(1)), std::nullopt);
  fs::permissions(entry, fs::perms(0600));
  EXPECT_EQ(cache.load(key_of(1)), value_of(1));
  fs::rename(entry, scratch / "elsewhere");
  fs::create_symlink("elsewhere", entry);
  EXPECT_EQ(cache.load(key_of(1)), std::nullopt);
}

TEST(DiskCache, OldestUsedGoFirst) {
  Scratch scratch;
  constexpr size_t kSize = 64 << 10;
  DiskCache cache(scratch.path(), kLimit);  // holds less than 16 of them
  for (int i = 0; i < 12; ++i) cache.store(key_of(i), value_of(i, kSize));
  for (const fs::directory_entry& entry : fs::directory_iterator(scratch.path()))
    fs::last_write_time(entry, fs::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_TRUE(cache.load(key_of(5)).has_value());
  for (int i = 12; i < 100; ++i) {
    cache.store(key_of(i), value_of(i, kSize));
    uint64_t used = 0;
    for (const fs::directory_entry& entry : fs::directory_iterator(scratch.path())) used += entry.file_size();
    ASSERT_LE(used, kLimit);
    EXPECT_TRUE(i != 17 || cache.load(key_of(5)).has_value()) << "used lately, so it stays";
  }
  EXPECT_FALSE(cache.load(key_of(3)).has_value());
  EXPECT_TRUE(cache.load(key_of(99)).has_value());
  cache.store("too large", value_of(1, kLimit + 1));
  EXPECT_EQ(cache.load("too large"), std::nullopt);
  EXPECT_TRUE(cache.load(key_of(99)).has_value());
}

TEST(DiskCache, SweepingTouchesNoOtherFiles) {
  Scratch scratch;
  const std::string hex(32, 'a');
  const std::vector<fs::path> others = {scratch / "thesis.tex", scratch / "my.entry", scratch / ".bashrc",
                                        scratch / hex, scratch / ".notes.sinter-tmp-1-0-0"};
  const fs::path abandoned = scratch / ("." + hex + ".entry.sinter-tmp-1-0-0");
  const fs::path young = scratch / ("." + hex + ".entry.sinter-tmp-2-0-0");
  for (const fs::path& path : others) put(path, value_of(1));
  put(abandoned, value_of(1));
  for (const fs::directory_entry& entry : fs::directory_iterator(scratch.path()))
    fs::last_write_time(entry, fs::file_time_type::clock::now() - std::chrono::hours(100));
  put(young, value_of(1));
  fs::last_write_time(young, fs::file_time_type::clock::now() - std::chrono::minutes(50));
  DiskCache cache(scratch.path(), 4096);
  for (int i = 0; i < 50; ++i) cache.store(key_of(i), value_of(i, 1500));
  for (const fs::path& path : others) EXPECT_TRUE(fs::exists(path)) << path;
  EXPECT_FALSE(fs::exists(abandoned));
  EXPECT_TRUE(fs::exists(young)) << "somebody may still be writing it";
}

TEST(DiskCache, ManyProcessesShareOneFolder) {
  Scratch scratch;
  std::vector<pid_t> children;
  for (int process = 0; process < 6; ++process)
    children.push_back(start_child([&] {
      DiskCache cache(scratch / "deep/cache", 64 << 10);  // so small that all sweep all the time
      std::mt19937 random(static_cast<unsigned>(process));
      int hits = 0;
      for (int i = 0; i < 600; ++i) {
        const int number = static_cast<int>(random() % 60);
        const auto got = cache.load(key_of(number));
        if (got && *got != value_of(number, 2000)) return 1;
        if (!got) cache.store(key_of(number), value_of(number, 2000));
        hits += got ? 1 : 0;
      }
      return hits > 0 ? 0 : 2;
    }));
  for (pid_t child : children) EXPECT_EQ(await_child(child), 0);
}

TEST(DiskCache, ThreadsShareOneCache) {
  Scratch scratch;
  DiskCache cache(scratch.path(), kLimit);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&cache, thread] {
      for (int i = 0; i < 100; ++i) {
        const auto got = cache.load(key_of(i % 10));
        EXPECT_TRUE(!got || *got == value_of(i % 10));
        if (!got || i % 7 == thread) cache.store(key_of(i % 10), value_of(i % 10));
      }
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(DiskCache, UnusableFoldersTurnItOffAndSaySo) {
  Scratch scratch;
  std::ofstream(scratch / "file") << "x";
  DiskCache below_a_file(scratch / "file/cache", kLimit);
  EXPECT_THAT(below_a_file.state(), AllOf(HasSubstr("off: "), HasSubstr("Not a directory")));
  below_a_file.store(key_of(1), value_of(1));
  EXPECT_EQ(below_a_file.load(key_of(1)), std::nullopt);
  EXPECT_THAT(DiskCache(scratch / "file", kLimit).state(), HasSubstr("off: "));

  fs::create_directory(scratch / "open");
  fs::permissions(scratch / "open", fs::perms(0777));
  EXPECT_THAT(DiskCache(scratch / "open", kLimit).state(), HasSubstr("others may write into it"));
  EXPECT_EQ(DiskCache::off("for a reason").state(), "off: for a reason");
}

// What is written to stderr by a process that uses the cache twice, with SINTER_CACHE set to this.
std::string warning(const fs::path& folder, const fs::path& log) {
  const int status = in_child([&] {
    if (std::freopen(log.c_str(), "w", stderr) == nullptr) return 1;
    const OptionScope scope({.cache = folder.native()});
    (void)DiskCache::global();
    (void)DiskCache::global();
    return std::fflush(stderr);
  });
  EXPECT_EQ(status, 0);
  std::ifstream file(log);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(DiskCache, AnUnusableFolderIsMentionedOnce) {
  Scratch scratch;
  fs::create_directory(scratch / "open");
  fs::permissions(scratch / "open", fs::perms(0777));
  EXPECT_EQ(warning(scratch / "open", scratch / "log"),
            fmt::format("sinter: the cache of compiled code is off: {} is not used: others may write into it; set "
                        "SINTER_CACHE to a folder that only you can write to, or to off\n",
                        (scratch / "open").native()));
  EXPECT_EQ(warning(scratch / "new", scratch / "log"), "");
  EXPECT_EQ(warning("off", scratch / "log"), "");
}

// As another user, since root may write everywhere.
TEST(DiskCache, ForeignAndReadOnlyFolders) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  Scratch scratch;
  fs::permissions(scratch.path(), fs::perms(0755));
  DiskCache(scratch / "foreign", kLimit).store(key_of(1), value_of(1));
  fs::permissions(scratch / "foreign", fs::perms(0755));
  fs::create_directory(scratch / "own");
  constexpr uid_t kNobody = 65534;
  if (chown((scratch / "own").c_str(), kNobody, kNobody) != 0) GTEST_SKIP() << "this sandbox has one user only";
  EXPECT_EQ(in_child([&] {
              if (setuid(kNobody) != 0) return 50;
              if (DiskCache(scratch / "foreign", kLimit).state().find("belongs to another user") == std::string::npos)
                return 1;
              if (DiskCache(scratch / "new", kLimit).state().find("Permission denied") == std::string::npos) return 2;
              DiskCache(scratch / "own", kLimit).store(key_of(1), value_of(1));
              fs::permissions(scratch / "own", fs::perms(0500));
              DiskCache read_only(scratch / "own", kLimit);
              if (read_only.state().find("read-only (Permission denied)") == std::string::npos) return 3;
              read_only.store(key_of(2), value_of(2));
              if (read_only.load(key_of(2))) return 4;
              return read_only.load(key_of(1)) == value_of(1) ? 0 : 5;
            }),
            0);
}

TEST(DiskCache, DefaultFolder) {
  EXPECT_EQ(in_child([] {
              setenv("HOME", "/home/someone", 1);
              setenv("XDG_CACHE_HOME", "/caches", 1);
              if (default_cache_folder() != "/caches/sinter") return 1;
              setenv("XDG_CACHE_HOME", "relative", 1);
              if (default_cache_folder() != "/home/someone/.cache/sinter") return 2;
              unsetenv("XDG_CACHE_HOME");
              unsetenv("HOME");
              if (!default_cache_folder().empty()) return 3;
              return DiskCache::global().state().find("off: neither XDG_CACHE_HOME nor HOME") == 0 ? 0 : 4;
            }),
            0);
}

}  // namespace
}  // namespace sinter::runtime
