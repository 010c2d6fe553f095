// What is said of a few measurements of one thing.
#pragma once

#include <algorithm>
#include <vector>

#include "support/error.h"

namespace sinter {

struct Summary {
  double median = 0, least = 0, most = 0;
  // From least to most, as a part of the median.
  [[nodiscard]] double spread() const { return median == 0 ? 0 : (most - least) / median; }
};

// Of at least one value.
[[nodiscard]] inline Summary summarise(std::vector<double> values) {
  invariant(!values.empty(), "a summary is of at least one value");
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  return {.median = median, .least = values.front(), .most = values.back()};
}

}  // namespace sinter
