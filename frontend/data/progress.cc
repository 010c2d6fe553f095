#include "frontend/data/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace sinter::data {

using Clock = std::chrono::steady_clock;

ProgressBar::ProgressBar(int64_t total, std::string label)
    : total_(total),
      label_(std::move(label)),
      shown_(isatty(STDERR_FILENO) != 0),
      start_(Clock::now()),
      drawn_(start_) {}

ProgressBar::~ProgressBar() {
  if (shown_) fmt::print(stderr, "\r\033[K");
}

void ProgressBar::draw() {
  const auto now = Clock::now();
  if (now - drawn_ < std::chrono::milliseconds(50)) return;
  drawn_ = now;
  constexpr int kWidth = 30;
  const double seconds = std::chrono::duration<double>(now - start_).count(),
               rate = static_cast<double>(done_) / seconds;
  const auto filled = static_cast<size_t>(total_ > 0 ? kWidth * done_ / total_ : kWidth);
  fmt::print(stderr, "\r{}[{:#<{}}{:.<{}}] {}/{} {:.0f}/s, {:.1f} s left\033[K", label_, "", filled, "",
             kWidth - filled, done_, total_, rate, static_cast<double>(total_ - done_) / rate);
  std::fflush(stderr);
}

}  // namespace sinter::data
