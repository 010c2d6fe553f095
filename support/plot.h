// Plots as PNG, drawn by gnuplot. sinter::RuntimeError when gnuplot is missing or refuses.
#pragma once

#include <string>
#include <vector>

namespace sinter {

// A line: one value an epoch (at least one), epochs counted from 1.
void plot_series(const std::string& png, const std::string& title, const std::string& unit,
                 const std::vector<double>& values);

// Groups of bars, one group a label (at least one), a bar for each series; series have as many values as there are
// labels.
struct BarSeries {
  std::string name;
  std::vector<double> values;
};
void plot_bars(const std::string& png, const std::string& title, const std::string& unit,
               const std::vector<std::string>& labels, const std::vector<BarSeries>& series);

}  // namespace sinter
