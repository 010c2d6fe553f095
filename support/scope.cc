#include "support/scope.h"

#include <fmt/format.h>

namespace sinter {
namespace {

thread_local std::string g_scope;
constexpr std::string_view kArgument = "argument ";

// Cuts the last name off the path.
std::string_view take_last(std::string_view& path) {
  const size_t slash = path.rfind('/');
  const std::string_view last = slash == std::string_view::npos ? path : path.substr(slash + 1);
  path = slash == std::string_view::npos ? "" : path.substr(0, slash);
  return last;
}

}  // namespace

const std::string& current_scope() { return g_scope; }

NameScope::NameScope(std::string_view name) : outer_(g_scope.size()) {
  if (name.empty()) return;
  if (!g_scope.empty()) g_scope += '/';
  g_scope += name;
}
NameScope::~NameScope() { g_scope.resize(outer_); }

ArgumentScope::ArgumentScope(int position) : NameScope(fmt::format("{}{}", kArgument, position)) {}

std::string checked_argument(std::string_view scope) {
  const std::string_view argument = take_last(scope);
  if (!argument.starts_with(kArgument) || scope.empty()) return "";
  return fmt::format("{}: {}", take_last(scope), argument);
}

}  // namespace sinter
