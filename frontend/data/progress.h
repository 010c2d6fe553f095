// A progress bar around a loop: for (auto [images, labels] : data::progress(loader)) ... On a terminal it shows the
// share done, the rate and the time left, on stderr; elsewhere nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <source_location>
#include <string>

#include "frontend/call_scope.h"

namespace sinter::data {

class ProgressBar {
 public:
  ProgressBar(int64_t total, std::string label);
  ~ProgressBar();  // clears the line
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  void advance() {
    ++done_;
    if (shown_ && (done_ & 15) == 0) draw();
  }

 private:
  void draw();

  int64_t total_, done_ = 0;
  std::string label_;
  bool shown_;
  std::chrono::steady_clock::time_point start_, drawn_;
};

template <class Range>
class Progress {
 public:
  Progress(Range& range, std::string label)
      : range_(range), bar_(static_cast<int64_t>(range.size()), std::move(label)) {}
  class Iterator {
   public:
    Iterator(decltype(std::declval<Range&>().begin()) at, ProgressBar* bar) : at_(std::move(at)), bar_(bar) {}
    decltype(auto) operator*() const { return *at_; }
    Iterator& operator++() {
      ++at_;
      bar_->advance();
      return *this;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    decltype(std::declval<Range&>().begin()) at_;
    ProgressBar* bar_;
  };
  [[nodiscard]] Iterator begin(std::source_location at = std::source_location::current()) {
    const sinter::detail::CallScope location(at);
    return {range_.begin(), &bar_};
  }
  [[nodiscard]] Iterator end() { return {range_.end(), &bar_}; }

 private:
  Range& range_;
  ProgressBar bar_;
};

template <class Range>
[[nodiscard]] Progress<Range> progress(Range& range, std::string label = "") {
  return Progress<Range>(range, std::move(label));
}

}  // namespace sinter::data
