// Child processes of tests.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>

namespace sinter::runtime {

// Starts `body` in a child, which ends with the number that it returns, or 99 on an exception.
template <class F>
[[nodiscard]] pid_t start_child(F&& body) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child != 0) return child;
  int code = 99;
  try {
    code = body();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child: %s\n", error.what());
  }
  _exit(code);
}

// The number a child ended with, or -1 if a signal ended it.
[[nodiscard]] inline int await_child(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

template <class F>
[[nodiscard]] int in_child(F&& body) {
  return await_child(start_child(body));
}

}  // namespace sinter::runtime
