// Device names.
#include "support/device.h"

#include <gtest/gtest.h>

#include "support/error.h"

namespace sinter {
namespace {

TEST(Device, IsNamedAsInPyTorch) {
  EXPECT_EQ(Device(), Device("cpu"));
  EXPECT_EQ(Device("cuda"), Device("cuda:0"));
  EXPECT_EQ(Device("cuda:3").index, 3);
  EXPECT_EQ(to_string(Device("cuda")), "cuda:0");
  EXPECT_EQ(to_string(Device("cpu")), "cpu");
}

TEST(Device, RejectsOtherNames) {
  for (const char* name : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda1", "cuda:1 ", "cuda:99999999999"})
    EXPECT_THROW(Device{name}, ValueError) << name;
}

}  // namespace
}  // namespace sinter
