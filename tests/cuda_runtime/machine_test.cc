// What a machine has: no driver, an old one, no device. Each in a process of its own, since a process asks once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "runtime/cuda/driver.h"
#include "runtime/cuda/gpu.h"
#include "support/error.h"

namespace sinter::runtime::cuda {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// What `said` returns in a child process where FAKE_CUDA is `words`.
std::string in_child(const char* words, const std::function<std::string()>& said) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    setenv("FAKE_CUDA", words, 1);
    const std::string text = said();
    const auto written = write(ends[1], text.data(), text.size());
    _exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  close(ends[1]);
  std::string text;
  char part[4096];
  for (ssize_t got; (got = read(ends[0], part, sizeof part)) > 0;) text.append(part, static_cast<size_t>(got));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  return text;
}

std::string what_opening_says() {
  try {
    (void)Gpu::open(Device("cuda:0"));
  } catch (const RuntimeError& error) {
    return error.what();
  }
  return "opened";
}

TEST(CudaMachine, OpensTheFirstDevice) {
  EXPECT_EQ(in_child("record", what_opening_says), "opened");
  EXPECT_EQ(in_child("record,arch=80", [] { return std::to_string(gpu_facts(0).arch); }), "80");
}

TEST(CudaMachine, AnOldDriverIsNamedWithItsVersion) {
  EXPECT_THAT(in_child("record,version=11040", what_opening_says),
              AllOf(HasSubstr("is of CUDA 11.4, expected 12.0 or later"), HasSubstr("cure: update NVIDIA's driver")));
}

TEST(CudaMachine, WithoutADevice) {
  EXPECT_THAT(in_child("record,fail=cuInit=100", what_opening_says),
              AllOf(HasSubstr("cuInit"), HasSubstr("100"), HasSubstr("cure: no NVIDIA GPU is visible")));
}

TEST(CudaMachine, ADeviceTooMany) {
  const auto open_second = [] {
    try {
      (void)Gpu::open(Device("cuda:1"));
    } catch (const RuntimeError& error) {
      return std::string(error.what());
    }
    return std::string("opened");
  };
  EXPECT_THAT(in_child("record", open_second), HasSubstr("device cuda:1 is asked for, this machine has 1 CUDA device"));
  EXPECT_EQ(in_child("record,devices=2", open_second), "opened");
}

}  // namespace
}  // namespace sinter::runtime::cuda
