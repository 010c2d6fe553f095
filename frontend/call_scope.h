// The user's line while a function of the front end runs.
#pragma once

#include <optional>

#include "support/location.h"

namespace sinter::detail {

// Makes `at` the current location unless one is open: functions that call each other leave the line of the outermost,
// which is the user's.
class CallScope {
 public:
  explicit CallScope(const std::source_location& at) {
    if (!current_location().known()) scope_.emplace(at);
  }

 private:
  std::optional<LocationScope> scope_;
};

}  // namespace sinter::detail
