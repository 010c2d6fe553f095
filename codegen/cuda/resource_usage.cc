// Reads what `--ptxas-options=-v` adds to NVRTC's log.
#include <cstdlib>
#include <sstream>
#include <string_view>

#include "codegen/cuda/nvrtc.h"

namespace sinter::codegen::cuda {
namespace {

// The number before `words`, 0 when they do not occur.
int64_t number_before(const std::string& line, std::string_view words) {
  const size_t at = line.find(words);
  if (at == std::string::npos) return 0;
  size_t start = at;
  while (start > 0 && line[start - 1] >= '0' && line[start - 1] <= '9') --start;
  return std::strtoll(line.c_str() + start, nullptr, 10);
}

bool is_report(const std::string& line) {
  return line.find("ptxas info") != std::string::npos || line.find("bytes stack frame") != std::string::npos ||
         line.find_first_not_of(" \t\r") == std::string::npos;
}

}  // namespace

std::vector<ResourceUsage> resource_usage(const std::string& log) {
  constexpr std::string_view kEntry = "Compiling entry function '";
  std::vector<ResourceUsage> found;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    if (const size_t at = line.find(kEntry); at != std::string::npos) {
      const size_t start = at + kEntry.size();
      found.push_back({.symbol = line.substr(start, line.find('\'', start) - start)});
    }
    if (found.empty()) continue;
    ResourceUsage& usage = found.back();
    if (line.find("bytes stack frame") != std::string::npos) {
      usage.stack_bytes = number_before(line, " bytes stack frame");
      usage.spill_bytes = number_before(line, " bytes spill stores") + number_before(line, " bytes spill loads");
    }
    if (line.find(" registers") != std::string::npos) {
      usage.registers = static_cast<int>(number_before(line, " registers"));
      usage.shared_bytes = number_before(line, " bytes smem");
    }
  }
  return found;
}

std::string warnings(const std::string& log) {
  std::string text;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);)
    if (!is_report(line)) text += line + "\n";
  return text;
}

}  // namespace sinter::codegen::cuda
