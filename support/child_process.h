// Runs a program and reads what it prints: for measurements that need a process of their own.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace sinter {

// The path of the running program.
[[nodiscard]] std::string this_program();

// Standard output of `program` (a path, or a name that PATH leads to) with these arguments and, beside this process's own, these environment variables.
// RuntimeError with its standard error when it does not end with status 0.
[[nodiscard]] std::string output_of(const std::string& program, const std::vector<std::string>& arguments,
                                    const std::map<std::string, std::string>& environment = {});

}  // namespace sinter
