#include "runtime/cpu_info.h"

#include <cpuid.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>
#include <vector>

namespace sinter::runtime {
namespace {

namespace fs = std::filesystem;

// The first line of a small file of the kernel's, "" when it cannot be read.
std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<int64_t> integer(std::string_view text) {
  int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

std::string vendor() {
  unsigned highest = 0;
  std::array<unsigned, 3> words{};
  if (__get_cpuid(0, &highest, &words[0], &words[2], &words[1]) == 0) return "";
  return std::string(reinterpret_cast<const char*>(words.data()), sizeof words);
}

std::string model_name() {
  std::array<unsigned, 12> words{};
  for (unsigned part = 0; part < 3; ++part) {
    unsigned* w = &words[part * 4];
    if (__get_cpuid(0x80000002u + part, &w[0], &w[1], &w[2], &w[3]) == 0) return "";
  }
  const char* text = reinterpret_cast<const char*>(words.data());
  std::string name(text, strnlen(text, sizeof words));
  name.erase(0, name.find_first_not_of(' '));
  name.erase(name.find_last_not_of(' ') + 1);
  return name;
}

// Sizes read "32K", "1024K", "32M".
int64_t cache_bytes(int level) {
  const fs::path caches = "/sys/devices/system/cpu/cpu0/cache";
  for (int index = 0; index < 8; ++index) {
    const fs::path cache = caches / ("index" + std::to_string(index));
    if (integer(first_line(cache / "level")) != level || first_line(cache / "type") == "Instruction") continue;
    const std::string size = first_line(cache / "size");
    const int64_t unit = size.ends_with('K') ? 1024 : size.ends_with('M') ? 1024 * 1024 : 1;
    return integer(size).value_or(0) * unit;
  }
  return 0;
}

int cores_from_affinity() {
  // The mask of a machine with more cores than a cpu_set_t counts needs a larger set.
  for (int capacity = 1024; capacity <= 1 << 18; capacity *= 2) {
    std::vector<cpu_set_t> set((static_cast<size_t>(capacity) / 8 + sizeof(cpu_set_t) - 1) / sizeof(cpu_set_t));
    const size_t bytes = set.size() * sizeof(cpu_set_t);
    if (sched_getaffinity(0, bytes, set.data()) == 0) return CPU_COUNT_S(bytes, set.data());
  }
  return static_cast<int>(std::thread::hardware_concurrency());
}

int cores(int64_t quota, int64_t period) {
  if (quota <= 0 || period <= 0) return 0;
  return static_cast<int>(std::min<int64_t>((quota + period - 1) / period, 1 << 20));
}

// Version 2: "max 100000" or "150000 100000".
int quota_v2(const fs::path& group) {
  std::istringstream line(first_line(group / "cpu.max"));
  std::string quota;
  int64_t period = 0;
  line >> quota >> period;
  return cores(integer(quota).value_or(0), period);
}
int quota_v1(const fs::path& group) {
  return cores(integer(first_line(group / "cpu.cfs_quota_us")).value_or(0),
               integer(first_line(group / "cpu.cfs_period_us")).value_or(0));
}

// The least quota of the group and of those that contain it. Inside a container the path that the kernel names may not
// be visible; the mount point itself is then the group.
template <class Quota>
int least_quota(const fs::path& mount, fs::path group, Quota quota) {
  int least = 0;
  for (group = group.relative_path();; group = group.parent_path()) {
    const int here = quota(mount / group);
    if (here > 0 && (least == 0 || here < least)) least = here;
    if (group.empty()) return least;
  }
}

}  // namespace

int cores_from_cgroup(const fs::path& root, std::string_view membership) {
  int least = 0;
  const auto grant = [&](int granted) {
    if (granted > 0 && (least == 0 || granted < least)) least = granted;
  };
  std::istringstream lines{std::string(membership)};
  for (std::string line; std::getline(lines, line);) {  // "4:cpu,cpuacct:/path" or "0::/path"
    const size_t first = line.find(':'), second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const fs::path group = line.substr(second + 1);
    if (controllers == ",,") {
      grant(least_quota(root, group, quota_v2));
      grant(least_quota(root / "unified", group, quota_v2));
    } else if (controllers.find(",cpu,") != std::string::npos) {
      grant(least_quota(root / "cpu", group, quota_v1));
      grant(least_quota(root / "cpu,cpuacct", group, quota_v1));
    }
  }
  return least;
}

const CpuInfo& cpu_info() {
  static const CpuInfo info = [] {
    CpuInfo facts{.vendor = vendor(), .model_name = model_name()};
    facts.avx2_fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    facts.avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    facts.l1d_bytes = cache_bytes(1);
    facts.l2_bytes = cache_bytes(2);
    facts.l3_bytes = cache_bytes(3);
    std::ifstream self("/proc/self/cgroup");
    std::stringstream membership;
    membership << self.rdbuf();
    const int quota = cores_from_cgroup("/sys/fs/cgroup", membership.str());
    const int affinity = std::max(cores_from_affinity(), 1);
    facts.usable_cores = quota > 0 ? std::min(quota, affinity) : affinity;
    return facts;
  }();
  return info;
}

}  // namespace sinter::runtime
