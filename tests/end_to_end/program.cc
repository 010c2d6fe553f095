#include "tests/end_to_end/program.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace sinter {
namespace fs = std::filesystem;
namespace {

std::string quoted(const std::string& word) {
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

}  // namespace

std::vector<std::string> Ran::lines() const {
  std::vector<std::string> found;
  for (size_t at = 0; at < out.size();) {
    const size_t end = std::min(out.find('\n', at), out.size());
    found.push_back(out.substr(at, end - at));
    at = end + 1;
  }
  return found;
}

const fs::path& scratch() {
  static const fs::path folder = [] {
    fs::path made = fs::path(testing::TempDir()) / "end_to_end";
    fs::remove_all(made);
    fs::create_directories(made);
    return made;
  }();
  return folder;
}

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Ran run_program(const std::string& program, const std::vector<std::string>& arguments,
                const std::map<std::string, std::string>& environment) {
  std::string command = fmt::format("cd {} && env -u SINTER_DATA SINTER_CACHE={}", quoted(scratch().string()),
                                    quoted((scratch() / "cache").string()));
  for (const auto& [name, value] : environment) command += " " + quoted(name + "=" + value);
  command += " " + quoted((fs::current_path() / program).string());
  for (const std::string& argument : arguments) command += " " + quoted(argument);
  command += " >stdout 2>stderr </dev/null";
  const int status = std::system(command.c_str());
  return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .out = bytes_of(scratch() / "stdout"),
          .err = bytes_of(scratch() / "stderr")};
}

}  // namespace sinter
