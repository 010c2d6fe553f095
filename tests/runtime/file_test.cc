// Files are read whole, written whole or not at all: full disks, killed writers, odd paths.
#include "runtime/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <random>
#include <thread>

#include "support/error.h"
#include "tests/runtime/child.h"
#include "tests/runtime/scratch.h"

namespace sinter::runtime {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

Bytes bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }
std::string text_of(const fs::path& path) {
  const std::vector<std::byte> content = read_file(path);
  return std::string(reinterpret_cast<const char*>(content.data()), content.size());
}
void write(const fs::path& path, const std::string& text, WriteOptions how = {}) {
  const Bytes piece = bytes_of(text);
  write_file(path, std::span(&piece, 1), how);
}
size_t entries(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}
template <class F>
std::string problem(F&& f) {
  try {
    f();
  } catch (const FileError& error) {
    return error.what();
  }
  return "no error";
}

TEST(File, WritesPiecesAndReadsThemBack) {
  Scratch scratch;
  const std::string a = "first ", b, c = "second";
  const Bytes pieces[] = {bytes_of(a), bytes_of(b), bytes_of(c)};
  write_file(scratch / "x", pieces);
  EXPECT_EQ(text_of(scratch / "x"), "first second");
  write(scratch / "x", "");
  EXPECT_EQ(text_of(scratch / "x"), "");
  EXPECT_TRUE(MappedFile(scratch / "x").bytes().empty());
  write(scratch / "x", std::string(100000, 'z'));
  const MappedFile mapped(scratch / "x");
  EXPECT_EQ(mapped.bytes().size(), 100000u);
  EXPECT_EQ(mapped.bytes()[99999], std::byte{'z'});
  EXPECT_EQ(entries(scratch.path()), 1u);
}

TEST(File, MappingSurvivesReplacement) {
  Scratch scratch;
  write(scratch / "x", std::string(5000, 'a'));
  MappedFile mapped(scratch / "x");
  write(scratch / "x", "b");
  MappedFile moved = std::move(mapped);
  EXPECT_EQ(moved.bytes()[4999], std::byte{'a'});
}

TEST(File, ErrorsNameThePathAndTheReason) {
  Scratch scratch;
  const std::string missing = scratch / "missing", folder = scratch.path();
  EXPECT_THAT(problem([&] { (void)read_file(missing); }), AllOf(HasSubstr(missing), HasSubstr("No such file")));
  EXPECT_THAT(problem([&] { MappedFile m(missing); }), AllOf(HasSubstr(missing), HasSubstr("No such file")));
  EXPECT_THAT(problem([&] { (void)read_file(folder); }), AllOf(HasSubstr(folder), HasSubstr("is a folder")));
  EXPECT_THAT(problem([&] { (void)read_file("/dev/null"); }), HasSubstr("not a regular file"));
  EXPECT_THAT(problem([&] { write(missing + "/x", "abc"); }), AllOf(HasSubstr("3 bytes"), HasSubstr("No such file")));
  EXPECT_THAT(problem([&] { write(folder, "abc"); }), AllOf(HasSubstr(folder), HasSubstr("Is a directory")));
  ASSERT_EQ(mkfifo((scratch / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(problem([&] { (void)read_file(scratch / "pipe"); }), HasSubstr("not a regular file"));
}

TEST(File, ModesAndLinksAreKept) {
  Scratch scratch;
  write(scratch / "secret", "1", {.mode = 0600});
  EXPECT_EQ(fs::status(scratch / "secret").permissions(), fs::perms(0600));
  fs::permissions(scratch / "secret", fs::perms(0640));
  fs::create_symlink("secret", scratch / "link");
  write(scratch / "link", "2");
  EXPECT_TRUE(fs::is_symlink(scratch / "link"));
  EXPECT_EQ(text_of(scratch / "secret"), "2");
  EXPECT_EQ(fs::status(scratch / "secret").permissions(), fs::perms(0640));
}

TEST(File, NameWithoutFolderGoesIntoTheCurrentOne) {
  Scratch scratch;
  EXPECT_EQ(in_child([&] {
              fs::current_path(scratch.path());
              write("plain", "here");
              return text_of("plain") == "here" ? 0 : 1;
            }),
            0);
  EXPECT_EQ(text_of(scratch / "plain"), "here");
}

// The file that was there is intact, nothing else is left, and the message says what happened. 0 when all holds.
int failing_write(const fs::path& folder, const char* reason) {
  write(folder / "x", "old");
  const std::string said = problem([&] { write(folder / "x", std::string(4 << 20, 'n')); });
  if (said.find("4194304 bytes") == std::string::npos || said.find(reason) == std::string::npos) {
    std::fprintf(stderr, "said: %s\n", said.c_str());
    return 1;
  }
  if (text_of(folder / "x") != "old") return 2;
  return entries(folder) == 1 ? 0 : 3;
}

TEST(File, FullDiskLeavesTheOldFile) {
  Scratch scratch;
  constexpr int kCannotMount = 50;
  const int code = in_child([&] {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      return kCannotMount;
    if (mount("none", scratch.path().c_str(), "tmpfs", 0, "size=1m") != 0) return kCannotMount;
    return failing_write(scratch.path(), "No space left on device");
  });
  if (code == kCannotMount) GTEST_SKIP() << "mounting a small disk is not allowed here";
  EXPECT_EQ(code, 0);
}

TEST(File, SizeLimitLeavesTheOldFile) {
  Scratch scratch;
  EXPECT_EQ(in_child([&] {
              std::signal(SIGXFSZ, SIG_IGN);
              const rlimit limit{1 << 20, 1 << 20};
              setrlimit(RLIMIT_FSIZE, &limit);
              return failing_write(scratch.path(), "File too large");
            }),
            0);
}

TEST(File, KilledWriterLeavesAWholeFile) {
  Scratch scratch;
  const fs::path path = scratch / "x";
  write(path, std::string(1 << 20, 'a'));
  std::mt19937 random(1);
  for (int round = 0; round < 25; ++round) {
    const pid_t writer = start_child([&] {
      for (int i = 0;; ++i)
        write(path, std::string((1 << 20) + i % 7, static_cast<char>('a' + i % 26)), {.durable = i % 2 == 0});
      return 0;
    });
    std::this_thread::sleep_for(std::chrono::microseconds(500 + random() % 8000));
    kill(writer, SIGKILL);
    EXPECT_EQ(await_child(writer), -1);
    const std::string content = text_of(path);
    ASSERT_GE(content.size(), size_t{1} << 20);
    ASSERT_EQ(content.find_first_not_of(content[0]), std::string::npos) << "a mixture after round " << round;
  }
}

TEST(File, LeftoversOfKilledWritersAreRemovedButNotThoseOfLivingOnes) {
  Scratch scratch;
  const auto leave = [&](const char* name, int age) {
    const std::string path = scratch / name;
    std::ofstream(path) << "half";
    const timespec times[] = {{time(nullptr) - age, 0}, {time(nullptr) - age, 0}};
    utimensat(AT_FDCWD, path.c_str(), times, 0);
  };
  leave(".x.sinter-tmp-1-0-0", 3600);
  leave(".x.sinter-tmp-2-0-0", 90);
  leave(".x.sinter-tmp-3-0-0", 20);        // perhaps just made, and not locked yet
  leave(".x.sinter-tmp-4-0-0", 3600);      // its writer lives
  leave(".other.sinter-tmp-5-0-0", 3600);  // of another file
  const int living = open((scratch / ".x.sinter-tmp-4-0-0").c_str(), O_WRONLY);
  ASSERT_EQ(::flock(living, LOCK_EX), 0);
  write(scratch / "x", "once", {.durable = false});
  EXPECT_TRUE(fs::exists(scratch / ".x.sinter-tmp-1-0-0")) << "only durable writes look for them";
  write(scratch / "x", "whole");
  EXPECT_FALSE(fs::exists(scratch / ".x.sinter-tmp-1-0-0"));
  EXPECT_FALSE(fs::exists(scratch / ".x.sinter-tmp-2-0-0"));
  EXPECT_TRUE(fs::exists(scratch / ".x.sinter-tmp-3-0-0"));
  EXPECT_TRUE(fs::exists(scratch / ".x.sinter-tmp-4-0-0"));
  EXPECT_TRUE(fs::exists(scratch / ".other.sinter-tmp-5-0-0"));
  close(living);
  write(scratch / "x", "again");
  EXPECT_FALSE(fs::exists(scratch / ".x.sinter-tmp-4-0-0"));
}

TEST(File, PrivateFolders) {
  Scratch scratch;
  make_private_folder(scratch / "a/b/c");
  make_private_folder(scratch / "a/b/c");
  EXPECT_EQ(fs::status(scratch / "a/b").permissions(), fs::perms(0700));
  write(scratch / "file", "");
  EXPECT_THAT(problem([&] { make_private_folder(scratch / "file"); }), HasSubstr("cannot make the folder"));
  EXPECT_THAT(problem([&] { make_private_folder(scratch / "file/below"); }), HasSubstr("cannot make the folder"));
}

}  // namespace
}  // namespace sinter::runtime
