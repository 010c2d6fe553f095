// Errors users see. Texts start in lower case and end without a period; what(), in full, reads
//   add: argument 2 has shape [3], expected [4] or a shape that broadcasts to it
//     at train.cc:12
//     cure: reshape it, or add a dimension of size 1
#pragma once

#include <fmt/format.h>

#include <source_location>
#include <stdexcept>
#include <string>

#include "support/location.h"

namespace sinter {

// Base of everything Sinter throws. Carries the user's line that was current when it was made.
class Error : public std::runtime_error {
 public:
  // problem: one line, naming operation, argument position, what was given and what was expected. cure: may be empty.
  explicit Error(const std::string& problem, const std::string& cure = "");
  [[nodiscard]] const Location& where() const { return where_; }

 private:
  Location where_;
};

struct ShapeError : Error {
  using Error::Error;
};  // shapes or ranks that do not fit
struct DTypeError : Error {
  using Error::Error;
};  // element types that do not fit
struct IndexError : Error {
  using Error::Error;
};  // an index, label or axis out of range
struct ValueError : Error {
  using Error::Error;
};  // any other bad argument
struct GraphError : Error {
  using Error::Error;
};  // what autograd or tracing cannot do as asked
struct ParseError : Error {
  using Error::Error;
};  // IR text, with line and column in the problem
struct FileError : Error {
  using Error::Error;
};  // missing, damaged or unwritable files
struct RuntimeError : Error {
  using Error::Error;
};  // the machine refused: memory, threads, driver
// A broken invariant of Sinter itself: names the source line that noticed.
struct InternalError : Error {
  explicit InternalError(const std::string& problem, std::source_location at = std::source_location::current());
};

// Throws InternalError unless the condition holds. `what` says what was expected to be true.
inline void invariant(bool holds, const char* what, std::source_location at = std::source_location::current()) {
  if (!holds) [[unlikely]]
    throw InternalError(what, at);
}

}  // namespace sinter
