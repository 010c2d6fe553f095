// Facts about the machine this process runs on, read once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace sinter::runtime {

struct CpuInfo {
  std::string vendor;      // "GenuineIntel", "AuthenticAMD"
  std::string model_name;  // the brand string
  bool avx2_fma = false;   // AVX2 and FMA
  bool avx512 = false;     // AVX-512 F, BW, DQ and VL
  // Of the first core; 0 where the machine does not say.
  int64_t l1d_bytes = 0, l2_bytes = 0, l3_bytes = 0;
  int usable_cores = 1;  // what the affinity mask and the cgroup's quota leave to this process, at least 1
};

[[nodiscard]] const CpuInfo& cpu_info();

// The number of cores that cgroup CPU quotas (version 1 and 2) grant, rounded up; 0 when there is no quota.
// `membership` is the text of /proc/self/cgroup, `root` the folder where cgroups are mounted.
[[nodiscard]] int cores_from_cgroup(const std::filesystem::path& root, std::string_view membership);

}  // namespace sinter::runtime
