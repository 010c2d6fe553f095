#include "support/location.h"

#include <fmt/core.h>

namespace sinter {
namespace {
thread_local Location g_current;
}

std::string to_string(const Location& at) { return at.known() ? fmt::format("{}:{}", at.file, at.line) : ""; }
const Location& current_location() { return g_current; }

LocationScope::LocationScope(const Location& at) : outer_(g_current) {
  if (at.known()) g_current = at;
}
LocationScope::~LocationScope() { g_current = outer_; }

}  // namespace sinter
