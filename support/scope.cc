#include "support/scope.h"

#include <fmt/format.h>

#include <utility>

namespace sinter {
namespace {

// The thread's scope; made anew where destructors of globals ask for it, when the thread's variables are gone.
std::string& scope() {
  static thread_local std::string* text = nullptr;
  struct Owner {
    ~Owner() { delete std::exchange(text, nullptr); }
  };
  if (text == nullptr) {
    static thread_local Owner owner;
    text = new std::string;
  }
  return *text;
}
constexpr std::string_view kArgument = "argument ";

// Cuts the last name off the path.
std::string_view take_last(std::string_view& path) {
  const size_t slash = path.rfind('/');
  const std::string_view last = slash == std::string_view::npos ? path : path.substr(slash + 1);
  path = slash == std::string_view::npos ? "" : path.substr(0, slash);
  return last;
}

}  // namespace

const std::string& current_scope() { return scope(); }

NameScope::NameScope(std::string_view name) : outer_(scope().size()) {
  if (name.empty()) return;
  std::string& path = scope();
  if (!path.empty()) path += '/';
  path += name;
}
NameScope::~NameScope() { scope().resize(outer_); }

ArgumentScope::ArgumentScope(int position) : NameScope(fmt::format("{}{}", kArgument, position)) {}

std::string checked_argument(std::string_view scope) {
  const std::string_view argument = take_last(scope);
  if (!argument.starts_with(kArgument) || scope.empty()) return "";
  return fmt::format("{}: {}", take_last(scope), argument);
}

}  // namespace sinter
