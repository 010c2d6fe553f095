// Loading named state into named cells: what modules and optimisers share.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frontend/tensor.h"

namespace sinter::detail {

// Copies every entry of `state` into the cell of that name. ValueError, in the name of `owner`, lists every missing,
// unexpected or ill-fitting entry; then nothing has changed.
void load_state(std::string_view owner, const std::vector<std::pair<std::string, Tensor>>& cells,
                const std::map<std::string, Tensor>& state, const std::string& cure = "");

}  // namespace sinter::detail
