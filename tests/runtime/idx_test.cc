// IDX files: raw and gzip, every damage named; the real MNIST files where SINTER_DATA points at them.
#include "runtime/idx.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include <fstream>
#include <numeric>
#include <random>

#include "runtime/file.h"
#include "support/error.h"
#include "support/options.h"
#include "tests/runtime/mutate.h"
#include "tests/runtime/scratch.h"

namespace sinter::runtime {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

std::string header(const std::vector<uint32_t>& shape, int type = 8) {
  std::string text = {0, 0, static_cast<char>(type), static_cast<char>(shape.size())};
  for (uint32_t dim : shape)
    for (int shift : {24, 16, 8, 0}) text += static_cast<char>(dim >> shift & 0xff);
  return text;
}
std::string counted(size_t size) {
  std::string text(size, '\0');
  std::iota(text.begin(), text.end(), '\0');
  return text;
}
void put(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
}
void put_gzip(const fs::path& path, const std::string& text) {
  gzFile file = gzopen(path.c_str(), "wb");
  ASSERT_EQ(gzwrite(file, text.data(), static_cast<unsigned>(text.size())), static_cast<int>(text.size()));
  gzclose(file);
}
std::string content(const fs::path& path) {
  const std::vector<std::byte> bytes = read_file(path);
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}
std::string problem(const fs::path& path) {
  try {
    (void)read_idx(path);
  } catch (const FileError& error) {
    EXPECT_THAT(error.what(), HasSubstr(path.native()));
    return error.what();
  }
  return "no error";
}

TEST(Idx, RawAndGzip) {
  Scratch scratch;
  const std::string file = header({2, 3, 4}) + counted(24);
  put(scratch / "raw", file);
  put_gzip(scratch / "packed.gz", file);
  for (const char* name : {"raw", "packed.gz"}) {
    const IdxArray array = read_idx(scratch / name);
    EXPECT_EQ(array.shape, (std::vector<int64_t>{2, 3, 4}));
    ASSERT_EQ(array.values.size(), 24u);
    EXPECT_EQ(array.values[23], 23);
  }
  put(scratch / "none", header({0, 5}));
  EXPECT_TRUE(read_idx(scratch / "none").values.empty());
}

TEST(Idx, DamageIsNamed) {
  Scratch scratch;
  const fs::path path = scratch / "bad";
  const auto raw = [&](const std::string& text) {
    put(path, text);
    return problem(path);
  };
  const auto packed = [&](const std::string& text) {
    put_gzip(path, text);
    return problem(path);
  };
  EXPECT_THAT(problem(scratch / "missing"), HasSubstr("No such file"));
  EXPECT_THAT(raw(""), HasSubstr("too short"));
  EXPECT_THAT(raw("<html>not found"), AllOf(HasSubstr("3c 68"), HasSubstr("no IDX file")));
  EXPECT_THAT(raw(header({4}, 0x0d) + counted(16)), AllOf(HasSubstr("0x0d"), HasSubstr("expected 0x08")));
  EXPECT_THAT(raw(header({})), HasSubstr("no dimensions"));
  EXPECT_THAT(raw(header({2, 3}).substr(0, 9)), HasSubstr("cut off in its 2 dimensions"));
  EXPECT_THAT(raw(header({20}) + counted(19)), AllOf(HasSubstr("19 bytes"), HasSubstr("expected 20 for shape [20]")));
  EXPECT_THAT(raw(header({20}) + counted(21)), HasSubstr("goes on after the 20 values"));
  EXPECT_THAT(raw(header({0xffffffff, 0xffffffff, 0xffffffff}) + counted(9)),
              HasSubstr("more than a file of this size"));
  EXPECT_THAT(raw(header({0x80000000u, 0x80000000u, 4}) + counted(9)), HasSubstr("more than a file of this size"));
  EXPECT_THAT(raw(header(std::vector<uint32_t>(255, 2)) + counted(9)), HasSubstr("more than a file of this size"));

  EXPECT_THAT(packed(header({200}) + counted(199)), HasSubstr("199 bytes of values, expected 200"));
  EXPECT_THAT(packed(header({200}) + counted(201)), HasSubstr("goes on after the 200 values"));
  EXPECT_THAT(packed(header({0xffffffff, 16}) + counted(201)), HasSubstr("more than a file of this size"));
  put_gzip(path, header({200}) + counted(200));
  const std::string good = content(path);
  EXPECT_THAT(raw(good + "x"), HasSubstr("goes on after the 200 values"));
  for (size_t size : {size_t{2}, size_t{11}, size_t{40}, good.size() - 9, good.size() - 1})
    EXPECT_THAT(raw(good.substr(0, size)), HasSubstr("cut off"));
  std::string flipped = good;
  flipped[flipped.size() - 6] ^= 1;  // the checksum of gzip
  EXPECT_THAT(raw(flipped), HasSubstr("damaged: incorrect data check"));
}

TEST(Idx, RandomDamageNeverCrashes) {
  Scratch scratch;
  const std::string file = header({5, 6}) + counted(30);
  std::mt19937 random(11);
  for (bool gzip : {false, true}) {
    const fs::path path = scratch / (gzip ? "packed" : "raw");
    gzip ? put_gzip(path, file) : put(path, file);
    const std::vector<std::byte> good = read_file(path);
    int refused = 0;
    for (int i = 0; i < 2000; ++i) {
      const std::vector<std::byte> bad = mutated(good, random);
      put(path, std::string(reinterpret_cast<const char*>(bad.data()), bad.size()));
      try {
        const IdxArray array = read_idx(path);
        EXPECT_LE(array.values.size(), size_t{1} << 20);
      } catch (const FileError&) {
        ++refused;
      }
    }
    EXPECT_GT(refused, 500);
  }
}

TEST(Idx, RealMnist) {
  if (options().data.empty()) GTEST_SKIP() << "set SINTER_DATA to the folder that holds mnist/";
  const fs::path folder = fs::path(options().data) / "mnist";
  const IdxArray images = read_idx(folder / "t10k-images-idx3-ubyte.gz");
  EXPECT_EQ(images.shape, (std::vector<int64_t>{10000, 28, 28}));
  const IdxArray labels = read_idx(folder / "train-labels-idx1-ubyte.gz");
  EXPECT_EQ(labels.shape, (std::vector<int64_t>{60000}));
  EXPECT_EQ(*std::max_element(labels.values.begin(), labels.values.end()), 9);
  EXPECT_EQ(std::vector<int>(labels.values.begin(), labels.values.begin() + 5), (std::vector<int>{5, 0, 4, 1, 9}));
}

}  // namespace
}  // namespace sinter::runtime
