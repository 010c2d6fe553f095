// Loading named state into named cells: what modules and optimisers share.
#pragma once

#include <map>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frontend/call_scope.h"
#include "frontend/tensor.h"

namespace sinter::detail {

// Entries of a list of (name, tensor) pairs by name; ValueError where a name comes twice.
template <class List>
[[nodiscard]] std::map<std::string, Tensor> state_of(const List& list, At at) {
  static_assert(std::is_convertible_v<std::ranges::range_value_t<List>, std::pair<std::string, Tensor>>,
                "load_state_dict: expected (name, tensor) pairs, as state_dict() and load_tensors() give");
  const CallScope location(at);
  std::map<std::string, Tensor> state;
  for (const auto& [name, tensor] : list)
    if (!state.emplace(name, tensor).second)
      throw ValueError(fmt::format("load_state_dict: {} comes twice in argument 1", std::string_view(name)));
  return state;
}

// Copies every entry of `state` into the cell of that name. ValueError, in the name of `owner`, lists every missing,
// unexpected or ill-fitting entry; then nothing has changed.
void load_state(std::string_view owner, const std::vector<std::pair<std::string, Tensor>>& cells,
                const std::map<std::string, Tensor>& state, const std::string& cure = "");

}  // namespace sinter::detail
