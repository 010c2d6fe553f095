#include "support/error.h"

namespace sinter {
namespace {

std::string full_text(const std::string& problem, const std::string& cure) {
  std::string text = problem;
  if (current_location().known()) text += "\n  at " + to_string(current_location());
  if (!cure.empty()) text += "\n  cure: " + cure;
  return text;
}

}  // namespace

Error::Error(const std::string& problem, const std::string& cure)
    : std::runtime_error(full_text(problem, cure)), where_(current_location()) {}

InternalError::InternalError(const std::string& problem, std::source_location at)
    : Error(fmt::format("internal error: {} ({}:{})", problem, at.file_name(), at.line()),
            "this is a defect of Sinter: please report it with the program that shows it") {}

}  // namespace sinter
