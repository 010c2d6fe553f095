// Runs mlp_run in a process of its own and reads what it prints.
#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <map>
#include <sstream>
#include <string>

namespace sinter::test {

struct ChildRun {
  int code = -1;  // 0: it ran well
  std::map<std::string, std::string> values;
  std::string output;  // all, stderr too where asked
};

// `knobs`: "SINTER_THREADS=3 SINTER_ISA=avx2"; `arguments` as mlp_run takes them.
inline ChildRun run_child(const std::string& knobs, const std::string& arguments, bool with_errors = true) {
  ChildRun run;
  const std::string command =
      "env " + knobs + " tests/bits/mlp_run " + arguments + (with_errors ? " 2>&1" : " 2>/dev/null");
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return run;
  std::array<char, 4096> block;
  while (const size_t got = fread(block.data(), 1, block.size(), pipe)) run.output.append(block.data(), got);
  const int status = pclose(pipe);
  run.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  std::istringstream lines(run.output);
  for (std::string name, value; lines >> name >> value;) run.values[name] = value;
  return run;
}

}  // namespace sinter::test
