// Line plots as PNG, drawn by gnuplot.
#pragma once

#include <string>
#include <vector>

// One value an epoch (at least one), epochs counted from 1. sinter::RuntimeError when gnuplot is missing or refuses.
void plot_series(const std::string& png, const std::string& title, const std::string& unit,
                 const std::vector<double>& values);
