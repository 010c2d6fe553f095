// What was launched since the device last answered: faults come late, and this says which kernels may have made one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support/location.h"

namespace sinter::runtime::cuda {

// `what`: a kernel, or the kernels of a program, with the user's lines; `at`: the line it was asked for by, if any.
void log_launch(std::shared_ptr<const std::string> what, const Location& at);
// All launches so far have ended well.
void clear_launches();
// Newest last; at most sixteen.
[[nodiscard]] std::vector<std::string> recent_launches();

}  // namespace sinter::runtime::cuda
