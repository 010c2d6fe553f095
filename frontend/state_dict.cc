#include "frontend/state_dict.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "frontend/autograd.h"
#include "frontend/print.h"

namespace sinter::detail {

void load_state(std::string_view owner, const std::vector<std::pair<std::string, Tensor>>& cells,
                const std::map<std::string, Tensor>& state, const std::string& cure) {
  std::vector<std::string> problems;
  for (const auto& [name, tensor] : cells) {
    const auto found = state.find(name);
    if (found == state.end())
      problems.push_back(fmt::format("{} is missing", name));
    else if (!found->second.defined())
      problems.push_back(fmt::format("{} is an undefined tensor", name));
    else if (found->second.shape() != tensor.shape() || found->second.dtype() != tensor.dtype())
      problems.push_back(fmt::format("{} is {} {}, expected {} {}", name, torch_name(found->second.dtype()),
                                     found->second.shape(), torch_name(tensor.dtype()), tensor.shape()));
  }
  for (const auto& [name, tensor] : state)
    if (std::none_of(cells.begin(), cells.end(), [&](const auto& entry) { return entry.first == name; }))
      problems.push_back(fmt::format("{} is not expected", name));
  if (!problems.empty())
    throw ValueError(fmt::format("load_state_dict of {}: {}", owner, fmt::join(problems, "; ")), cure);
  const NoGrad guard;
  for (const auto& [name, tensor] : cells) tensor.set(state.at(name));
}

}  // namespace sinter::detail
