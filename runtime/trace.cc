#include "runtime/trace.h"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "runtime/file.h"

namespace sinter::runtime {
namespace {

double microseconds(Trace::Clock::duration time) { return std::chrono::duration<double, std::micro>(time).count(); }

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void Trace::add(std::string name, Clock::time_point begin, Clock::time_point end, int thread, std::string detail) {
  std::lock_guard lock(mutex_);
  stretches_.push_back({std::move(name), std::move(detail), begin, end, thread});
}

size_t Trace::size() const {
  std::lock_guard lock(mutex_);
  return stretches_.size();
}

void Trace::write(const std::filesystem::path& path) const {
  std::string text = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[";
  {
    std::lock_guard lock(mutex_);
    const char* separator = "\n";
    for (const Stretch& stretch : stretches_) {
      text +=
          fmt::format(R"({}{{"ph":"X","pid":{},"tid":{},"ts":{:.3f},"dur":{:.3f},"name":{},"args":{{"detail":{}}}}})",
                      separator, getpid(), stretch.thread, microseconds(stretch.begin - origin_),
                      microseconds(stretch.end - stretch.begin), quoted(stretch.name), quoted(stretch.detail));
      separator = ",\n";
    }
  }
  text += "\n]}\n";
  const Bytes piece = std::as_bytes(std::span(text));
  write_file(path, std::span(&piece, 1), {.durable = false});
}

TraceScope::TraceScope(Trace* trace, std::string name, int thread)
    : trace_(trace), name_(std::move(name)), thread_(thread) {
  if (trace_ != nullptr) begin_ = Trace::Clock::now();
}
TraceScope::~TraceScope() {
  if (trace_ != nullptr) trace_->add(std::move(name_), begin_, Trace::Clock::now(), thread_);
}

}  // namespace sinter::runtime
