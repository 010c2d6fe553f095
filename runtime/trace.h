// What ran when on which thread, written as a Chrome trace (for chrome://tracing and Perfetto).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

namespace sinter::runtime {

// Collects stretches of time. Threads may add at once; meant for stretches of microseconds and up.
class Trace {
 public:
  using Clock = std::chrono::steady_clock;

  // `thread` is any number that tells threads apart; stretches of one thread are nested or apart.
  void add(std::string name, Clock::time_point begin, Clock::time_point end, int thread = 0, std::string detail = "");
  [[nodiscard]] size_t size() const;
  // Writes all so far. FileError when the disk refuses.
  void write(const std::filesystem::path& path) const;

 private:
  struct Stretch {
    std::string name, detail;
    Clock::time_point begin, end;
    int thread;
  };
  const Clock::time_point origin_ = Clock::now();
  mutable std::mutex mutex_;
  std::vector<Stretch> stretches_;
};

// Adds the stretch from its construction to its destruction. A null trace costs nothing.
//   TraceScope scope(trace, "compile");
class TraceScope {
 public:
  TraceScope(Trace* trace, std::string name, int thread = 0);
  ~TraceScope();
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;

 private:
  Trace* trace_;
  std::string name_;
  int thread_;
  Trace::Clock::time_point begin_;
};

}  // namespace sinter::runtime
