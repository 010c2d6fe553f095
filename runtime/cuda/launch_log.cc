#include "runtime/cuda/launch_log.h"

#include <algorithm>
#include <array>
#include <mutex>

namespace sinter::runtime::cuda {
namespace {

constexpr size_t kKept = 16;

struct Entry {
  std::shared_ptr<const std::string> what;
  Location at;
};
struct Log {
  std::mutex mutex;
  std::array<Entry, kKept> entries;
  size_t count = 0;  // launches since the last clear
};
Log& launch_log() {
  static Log& log = *new Log;
  return log;
}

}  // namespace

void log_launch(std::shared_ptr<const std::string> what, const Location& at) {
  Log& log = launch_log();
  const std::lock_guard lock(log.mutex);
  log.entries[log.count++ % kKept] = {std::move(what), at};
}

void clear_launches() {
  Log& log = launch_log();
  const std::lock_guard lock(log.mutex);
  log.count = 0;
}

std::vector<std::string> recent_launches() {
  Log& log = launch_log();
  const std::lock_guard lock(log.mutex);
  std::vector<std::string> texts;
  for (size_t i = log.count - std::min(log.count, kKept); i < log.count; ++i) {
    const Entry& entry = log.entries[i % kKept];
    std::string text = *entry.what;
    if (entry.at.known()) text += " at " + to_string(entry.at);
    if (std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace sinter::runtime::cuda
