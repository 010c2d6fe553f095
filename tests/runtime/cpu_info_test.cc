// Facts about the machine, and cgroup quotas of both versions.
#include "runtime/cpu_info.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/runtime/scratch.h"

namespace sinter::runtime {
namespace {

void put(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

TEST(CpuInfo, SaysSomethingSensible) {
  const CpuInfo& info = cpu_info();
  EXPECT_EQ(info.vendor.size(), 12u) << info.vendor;
  EXPECT_FALSE(info.model_name.empty());
  EXPECT_GE(info.usable_cores, 1);
  EXPECT_TRUE(info.l1d_bytes == 0 || (info.l1d_bytes >= 8 << 10 && info.l1d_bytes <= 1 << 20)) << info.l1d_bytes;
  EXPECT_TRUE(info.l2_bytes == 0 || info.l2_bytes > info.l1d_bytes) << info.l2_bytes;
  EXPECT_TRUE(info.avx2_fma || !info.avx512);
}

TEST(Cgroup, VersionTwoTakesTheLeastOnThePathToTheRoot) {
  Scratch scratch;
  put(scratch / "cpu.max", "max 100000\n");
  put(scratch / "a/cpu.max", "350000 100000\n");
  put(scratch / "a/b/cpu.max", "max 100000\n");
  EXPECT_EQ(cores_from_cgroup(scratch.path(), "0::/a/b\n"), 4);
  put(scratch / "a/b/cpu.max", "150000 100000\n");
  EXPECT_EQ(cores_from_cgroup(scratch.path(), "0::/a/b\n"), 2);
  EXPECT_EQ(cores_from_cgroup(scratch.path(), "0::/\n"), 0);
}

TEST(Cgroup, VersionOne) {
  Scratch scratch;
  put(scratch / "cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  put(scratch / "cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  put(scratch / "cpu,cpuacct/job/cpu.cfs_quota_us", "50000\n");
  put(scratch / "cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cores_from_cgroup(scratch.path(), "5:memory:/x\n4:cpu,cpuacct:/job\n"), 1);
  EXPECT_EQ(cores_from_cgroup(scratch.path(), "4:cpu,cpuacct:/\n"), 0);
}

TEST(Cgroup, NonsenseMeansNoQuota) {
  Scratch scratch;
  put(scratch / "cpu.max", "often sometimes\n");
  for (const char* membership : {"", "0", "::", "0::", "0::/../..\n", "0::/missing/group\n", "nonsense\n"})
    EXPECT_EQ(cores_from_cgroup(scratch.path(), membership), 0) << membership;
}

}  // namespace
}  // namespace sinter::runtime
