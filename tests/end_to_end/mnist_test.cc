// Training on the built-in digits: both engines, any number of threads, stopped and resumed.
#include <gmock/gmock.h>

#include <cmath>

#include "tests/end_to_end/program.h"

namespace sinter {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

Ran mnist(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment = {}) {
  const Ran ran = run_program("examples/mnist", arguments, environment);
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.err, "");  // no progress bar where nobody looks
  return ran;
}

// The number after the text, in the first line that has it; NaN without one.
double number_after(const std::string& out, const std::string& text) {
  const size_t at = out.find(text);
  return at == std::string::npos ? std::nan("") : std::strtod(out.c_str() + at + text.size(), nullptr);
}

// One epoch, as every other run of it must look.
const Ran& one_epoch() {
  static const Ran ran = mnist({"--epochs", "1", "--save", "one"});
  return ran;
}

TEST(Mnist, PrintsTheModelEpochsAndGradients) {
  const std::string& out = one_epoch().out;
  EXPECT_THAT(out, StartsWith("data: built-in digits (12000 training images, 2000 test images)\n"
                              "Net(\n"
                              "  (fc1): Linear(in_features=784, out_features=128, bias=True)\n"
                              "  (fc2): Linear(in_features=128, out_features=64, bias=True)\n"
                              "  (fc3): Linear(in_features=64, out_features=10, bias=True)\n"
                              ")\n"
                              "Epoch [1/1] | Loss: 0."));
  EXPECT_GT(number_after(out, "| Accuracy: "), 90);
  EXPECT_EQ(number_after(out, "| Accuracy: "), number_after(out, "final test accuracy: "));
  EXPECT_EQ(number_after(out, "loaded into a new model: "), number_after(out, "final test accuracy: "));
  for (const char* name : {"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias", "fc3.weight", "fc3.bias"})
    EXPECT_GT(number_after(out, std::string("gradient norm of ") + name + ": "), 0) << name;
}

TEST(Mnist, DynamicPrintsTheSame) {
  EXPECT_EQ(mnist({"--epochs", "1", "--save", "one", "--dynamic"}).out, one_epoch().out);
}

TEST(Mnist, AnyNumberOfThreadsPrintsTheSame) {
  const std::string expected = one_epoch().out, bytes = bytes_of(scratch() / "one");
  ASSERT_NE(bytes, "");
  for (const char* threads : {"1", "64"}) {
    EXPECT_EQ(mnist({"--epochs", "1", "--save", "one"}, {{"SINTER_THREADS", threads}}).out, expected) << threads;
    EXPECT_EQ(bytes_of(scratch() / "one"), bytes) << threads;
  }
  EXPECT_EQ(mnist({"--epochs", "1", "--save", "one", "--threads", "3"}).out, expected);
}

TEST(Mnist, ResumesBitForBit) {
  (void)one_epoch();
  const Ran straight = mnist({"--epochs", "2", "--save", "straight"});
  const Ran resumed = mnist({"--epochs", "2", "--resume", "one", "--save", "resumed"});
  EXPECT_THAT(resumed.out, HasSubstr("resumed from one after epoch 1\nEpoch [2/2]"));
  EXPECT_EQ(resumed.out.substr(resumed.out.find("Epoch [2/2]"), 50),
            straight.out.substr(straight.out.find("Epoch [2/2]"), 50));
  EXPECT_NE(bytes_of(scratch() / "straight"), "");
  EXPECT_EQ(bytes_of(scratch() / "straight"), bytes_of(scratch() / "resumed"));
  EXPECT_NE(bytes_of(scratch() / "one"), bytes_of(scratch() / "resumed"));
}

TEST(Mnist, ResumingAFinishedRunEvaluatesIt) {
  (void)one_epoch();
  const Ran ran = mnist({"--epochs", "1", "--resume", "one"});
  EXPECT_EQ(number_after(ran.out, "final test accuracy: "), number_after(one_epoch().out, "final test accuracy: "));
  EXPECT_EQ(ran.out.find("Epoch ["), std::string::npos);
}

TEST(Mnist, SeedsBatchSizesAndPlots) {
  const Ran ran = mnist({"--epochs", "1", "--seed", "5", "--batch-size", "500", "--lr", "0.003", "--plot", "curve"});
  EXPECT_NE(number_after(ran.out, "| Loss: "), number_after(one_epoch().out, "| Loss: "));
  EXPECT_THAT(ran.out, HasSubstr("plots: curve_loss.png, curve_accuracy.png\n"));
  for (const char* name : {"curve_loss.png", "curve_accuracy.png"})
    EXPECT_THAT(bytes_of(scratch() / name), StartsWith("\x89PNG"));
}

}  // namespace
}  // namespace sinter
