// What can be read off a CUDA text without compiling it: its __global__ functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sinter::cuda_sim {

struct GlobalFunction {
  std::string name;
  int max_threads = 0;  // of __launch_bounds__, or 0
  int parameters = 0;
};

[[nodiscard]] std::vector<GlobalFunction> global_functions(std::string_view text);

}  // namespace sinter::cuda_sim
