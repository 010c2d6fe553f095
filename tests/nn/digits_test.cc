// Digits: drawn ones, the IDX files of MNIST, and files that are not what they should be.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "support/options.h"
#include "tests/nn/small_net.h"

namespace sinter {
namespace {

using testing::AllOf;
using testing::HasSubstr;
namespace fs = std::filesystem;

std::vector<int64_t> counts_of(const Tensor& labels) {
  std::vector<int64_t> counts(10);
  for (const int64_t label : labels.to_vector<int64_t>()) ++counts.at(static_cast<size_t>(label));
  return counts;
}

TEST(DrawnDigits, ShapesRangeAndBalance) {
  const data::Digits digits = data::drawn_digits({.mean = 0.5, .std = 0.5}, 3000, 500);
  EXPECT_EQ(digits.train.inputs.shape(), (Sizes{3000, 1, 28, 28}));
  EXPECT_EQ(digits.test.size(), 500);
  EXPECT_EQ(digits.train.inputs.dtype(), kFloat32);
  EXPECT_EQ(digits.train.targets.dtype(), kInt64);
  EXPECT_EQ(digits.source, "built-in digits");
  EXPECT_EQ(min(digits.train.inputs).item(), -1);
  EXPECT_EQ(max(digits.train.inputs).item(), 1);
  for (const int64_t count : counts_of(digits.train.targets)) EXPECT_NEAR(static_cast<double>(count), 300, 80);
  const double ink = mean(digits.train.inputs).item();
  EXPECT_GT(ink, -0.95);
  EXPECT_LT(ink, -0.3);
}

TEST(DrawnDigits, AFunctionOfTheSeed) {
  const auto draw = [](uint64_t seed) { return data::drawn_digits({}, 40, 40, seed); };
  const data::Digits a = draw(1), b = draw(1), c = draw(2);
  EXPECT_TRUE(same_bits(a.train.inputs, b.train.inputs));
  EXPECT_TRUE(same_bits(a.test.targets, b.test.targets));
  EXPECT_FALSE(same_bits(a.train.inputs, c.train.inputs));
  EXPECT_FALSE(same_bits(a.train.inputs, a.test.inputs));
  EXPECT_FALSE(same_bits(b.test.inputs, c.train.inputs));
  // More of them begin with the same.
  EXPECT_TRUE(same_bits(data::drawn_digits({}, 60, 0).train.inputs.slice(0, 0, 40).contiguous(), a.train.inputs));
}

TEST(Mnist, TheRealOne) {
  if (options().data.empty()) GTEST_SKIP() << "SINTER_DATA is not set";
  const data::Digits digits = data::digits({.mean = 0.5, .std = 0.5});
  EXPECT_THAT(digits.source, HasSubstr("MNIST in"));
  EXPECT_EQ(digits.train.inputs.shape(), (Sizes{60000, 1, 28, 28}));
  EXPECT_EQ(digits.test.inputs.shape(), (Sizes{10000, 1, 28, 28}));
  EXPECT_THAT(digits.train.targets.slice(0, 0, 5).to_vector<int64_t>(), testing::ElementsAre(5, 0, 4, 1, 9));
  EXPECT_THAT(digits.test.targets.slice(0, 0, 5).to_vector<int64_t>(), testing::ElementsAre(7, 2, 1, 0, 4));
  EXPECT_NEAR(mean(digits.train.inputs).item() * 0.5 + 0.5, 0.1307, 1e-4);
}

// An IDX file of bytes.
void write_idx(const fs::path& path, const std::vector<uint32_t>& shape, const std::string& bytes) {
  std::string text{'\0', '\0', '\x08', static_cast<char>(shape.size())};
  for (const uint32_t size : shape)
    for (const int shift : {24, 16, 8, 0}) text += static_cast<char>(size >> shift & 255);
  std::ofstream(path, std::ios::binary) << text << bytes;
}

// A small folder in the form of MNIST: two images a split.
class SmallMnist : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder);
    fs::create_directories(folder / "mnist");
    for (const std::string split : {"train", "t10k"}) {
      write_idx(images(split), {2, 28, 28}, std::string(784, '\0') + std::string(784, '\xff'));
      write_idx(labels(split), {2}, std::string("\x03\x09", 2));
    }
  }
  fs::path images(const std::string& split) const { return folder / "mnist" / (split + "-images-idx3-ubyte"); }
  fs::path labels(const std::string& split) const { return folder / "mnist" / (split + "-labels-idx1-ubyte"); }
  std::string problem() const {
    return message_of<FileError>([&] { (void)data::mnist(folder); });
  }

  fs::path folder = fs::path(testing::TempDir()) / "digits_test";
};

TEST_F(SmallMnist, IsRead) {
  for (const fs::path& place : {folder, folder / "mnist"}) {
    const data::Digits digits = data::mnist(place, {.mean = 0.5, .std = 0.25});
    EXPECT_EQ(digits.train.inputs[0].max().item(), -2);
    EXPECT_EQ(digits.train.inputs[1].min().item(), 2);
    EXPECT_THAT(digits.test.targets.to_vector<int64_t>(), testing::ElementsAre(3, 9));
  }
}

TEST_F(SmallMnist, MissingFiles) {
  fs::remove(labels("t10k"));
  EXPECT_THAT(problem(),
              AllOf(HasSubstr("t10k-labels-idx1-ubyte"), HasSubstr(folder.string()), HasSubstr("SINTER_DATA")));
}

TEST_F(SmallMnist, TruncatedImages) {
  write_idx(images("train"), {2, 28, 28}, std::string(1000, '\0'));
  EXPECT_THAT(problem(), HasSubstr("train-images-idx3-ubyte"));
}

TEST_F(SmallMnist, ImagesOfAnotherSize) {
  write_idx(images("train"), {2, 14, 14}, std::string(392, '\0'));
  EXPECT_THAT(problem(), HasSubstr("28 x 28"));
}

TEST_F(SmallMnist, LabelsThatDoNotFit) {
  write_idx(labels("train"), {3}, std::string(3, '\1'));
  EXPECT_THAT(problem(), HasSubstr("a label for each of 2 images"));
  write_idx(labels("train"), {2}, "\x01\x0b");
  EXPECT_THAT(problem(), HasSubstr("has the label 11, expected 0 to 9"));
}

}  // namespace
}  // namespace sinter
