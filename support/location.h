// Where in the user's program something was asked for. The front end opens a scope per call; operations and errors made
// inside it carry that line.
#pragma once

#include <compare>
#include <source_location>
#include <string>
#include <string_view>

namespace sinter {

struct Location {
  const char* file = "";  // lives as long as the program: a literal of the compiler's, or interned by the IR parser
  unsigned line = 0;
  // By name and line: one file has one address per translation unit that names it.
  std::strong_ordering operator<=>(const Location& other) const {
    const auto order = std::string_view(file) <=> std::string_view(other.file);
    return order != 0 ? order : line <=> other.line;
  }
  bool operator==(const Location& other) const { return (*this <=> other) == 0; }
  [[nodiscard]] bool known() const { return line != 0; }
};

[[nodiscard]] inline Location to_location(const std::source_location& at) { return {at.file_name(), at.line()}; }
// "path/file.cc:12", or "" when unknown.
[[nodiscard]] std::string to_string(const Location& at);

// The innermost open location of this thread; unknown when none is open.
[[nodiscard]] const Location& current_location();

// Makes `at` the current location while it lives. An unknown location leaves the outer one in force.
class LocationScope {
 public:
  explicit LocationScope(const Location& at);
  explicit LocationScope(const std::source_location& at) : LocationScope(to_location(at)) {}
  ~LocationScope();
  LocationScope(const LocationScope&) = delete;
  LocationScope& operator=(const LocationScope&) = delete;

 private:
  Location outer_;
};

}  // namespace sinter
