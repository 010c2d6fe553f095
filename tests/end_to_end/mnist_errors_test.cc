// What the training program refuses: flags, variables, data and checkpoints; each with a message and a status.
#include <gmock/gmock.h>

#include <fstream>

#include "tests/end_to_end/program.h"

namespace sinter {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// What it says on stderr when it refuses: an exit status of its own, not a crash.
std::string refusal(const std::vector<std::string>& arguments,
                    const std::map<std::string, std::string>& environment = {}) {
  const Ran ran = run_program("examples/mnist", arguments, environment);
  EXPECT_NE(ran.status, 0) << ran.out;
  EXPECT_LT(ran.status, 128) << ran.err;
  EXPECT_THAT(ran.out, Not(HasSubstr("Epoch ["))) << "it had begun to train";
  return ran.err;
}

TEST(MnistErrors, Help) {
  const Ran ran = run_program("examples/mnist", {"--help"});
  EXPECT_EQ(ran.status, 0);
  for (const char* flag :
       {"--epochs", "--batch-size", "--lr", "--seed", "--dynamic", "--save", "--resume", "--plot", "--threads"})
    EXPECT_THAT(ran.out, HasSubstr(flag));
}

TEST(MnistErrors, Flags) {
  EXPECT_THAT(refusal({"--epoch", "1"}), HasSubstr("--epoch"));
  EXPECT_THAT(refusal({"--epochs", "many"}), AllOf(HasSubstr("--epochs"), HasSubstr("many")));
  EXPECT_THAT(refusal({"--epochs", "-1"}), HasSubstr("--epochs"));
  EXPECT_THAT(refusal({"--batch-size", "0"}), HasSubstr("--batch-size"));
  EXPECT_THAT(refusal({"--lr", "-0.1"}), HasSubstr("--lr"));
  EXPECT_THAT(refusal({"--epochs", "0", "--seed", "-1"}), HasSubstr("--seed"));
  EXPECT_THAT(refusal({"--threads", "-2"}), HasSubstr("--threads"));
  EXPECT_THAT(refusal({"--save"}), HasSubstr("--save"));
  EXPECT_THAT(refusal({"--epochs", "0", "--threads", "5000"}), HasSubstr("5000"));
}

TEST(MnistErrors, Variables) {
  EXPECT_THAT(refusal({"--epochs", "0"}, {{"SINTER_THREADS", "0x4"}}),
              HasSubstr("error: environment variable SINTER_THREADS is \"0x4\""));
  EXPECT_THAT(refusal({"--epochs", "0"}, {{"SINTER_ISA", "sse"}}), HasSubstr("SINTER_ISA is \"sse\", expected"));
}

TEST(MnistErrors, Data) {
  EXPECT_THAT(refusal({}, {{"SINTER_DATA", "/absent"}}),
              AllOf(HasSubstr("error: mnist: train-images-idx3-ubyte"), HasSubstr("/absent"),
                    HasSubstr("unset it to use built-in digits")));
  for (const char* name : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"})
    std::ofstream(scratch() / name) << "not images";
  EXPECT_THAT(refusal({}, {{"SINTER_DATA", scratch().string()}}), HasSubstr("train-images-idx3-ubyte"));
}

TEST(MnistErrors, Checkpoints) {
  EXPECT_THAT(refusal({"--resume", "absent"}), AllOf(HasSubstr("error: "), HasSubstr("absent")));
  EXPECT_THAT(refusal({"--resume", "/"}), HasSubstr("error: "));
  ASSERT_EQ(run_program("examples/mnist", {"--epochs", "0", "--save", "good"}).status, 0);
  const std::string whole = bytes_of(scratch() / "good");
  ASSERT_GT(whole.size(), 1000000u);
  std::string flipped = whole;
  flipped[whole.size() / 2] ^= 4;
  for (const std::string& bytes : {flipped, whole.substr(0, whole.size() - 1), std::string()}) {
    std::ofstream(scratch() / "damaged", std::ios::binary) << bytes;
    EXPECT_THAT(refusal({"--resume", "damaged"}), AllOf(HasSubstr("error: "), HasSubstr("damaged")));
  }
  EXPECT_EQ(run_program("examples/mnist", {"--epochs", "0", "--resume", "good"}).status, 0);
}

TEST(MnistErrors, ACheckpointThatCannotBeWritten) {
  const Ran ran = run_program("examples/mnist", {"--epochs", "0", "--save", "absent/run"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("error: "), HasSubstr("absent/run")));
}

}  // namespace
}  // namespace sinter
