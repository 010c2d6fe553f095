// The knobs of Sinter (support/options.def), read from the environment once per process.
#pragma once

#include <string>
#include <vector>

namespace sinter {

struct Options {
#define SINTER_OPTION(field, type, fallback, accepted, help) type field = fallback;
#include "support/options.def"
#undef SINTER_OPTION
  bool operator==(const Options&) const = default;
};

// The options in force: those of the environment, unless an OptionScope is open. The first call reads the environment
// and prints a warning for each unknown SINTER_ variable; ValueError names a variable whose value is not accepted.
[[nodiscard]] const Options& options();

// Makes `replacement` the options of the whole process while it lives (for tests and tools). Scopes nest; they are
// opened and closed while no other thread opens or closes one.
//   OptionScope scope({.threads = 3});
class OptionScope {
 public:
  explicit OptionScope(Options replacement);
  ~OptionScope();
  OptionScope(const OptionScope&) = delete;
  OptionScope& operator=(const OptionScope&) = delete;

 private:
  Options options_;
  const Options* outer_;
};

struct OptionsRead {
  Options options;
  std::vector<std::string> warnings;  // one per unknown SINTER_ variable, naming the nearest known one
};
// What `environment` (null-terminated, entries "NAME=value") says; an empty value counts as unset. ValueError names the
// variable, the value and what is accepted.
[[nodiscard]] OptionsRead read_options(const char* const* environment);

// The table as a page of markdown: docs/options.md.
[[nodiscard]] std::string options_markdown();

}  // namespace sinter
