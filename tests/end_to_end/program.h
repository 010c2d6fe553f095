// Runs a program as users do, and says what it printed.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace sinter {

struct Ran {
  int status = 0;  // the exit status; 128 and more: a signal
  std::string out, err;
  // Lines of `out`, in order.
  [[nodiscard]] std::vector<std::string> lines() const;
};

// Runs the program (its path from the repository's root) in `scratch()`, with these environment variables beside the
// test's own. Programs of a test share one cache of compiled code.
[[nodiscard]] Ran run_program(const std::string& program, const std::vector<std::string>& arguments = {},
                              const std::map<std::string, std::string>& environment = {});

// This test's own folder, empty when it starts.
[[nodiscard]] const std::filesystem::path& scratch();

// A whole file, or "" when there is none.
[[nodiscard]] std::string bytes_of(const std::filesystem::path& path);

}  // namespace sinter
