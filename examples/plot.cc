#include "examples/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "support/error.h"

void plot_series(const std::string& png, const std::string& title, const std::string& unit,
                 const std::vector<double>& values) {
  FILE* gnuplot = popen("gnuplot", "w");
  if (gnuplot == nullptr) throw sinter::RuntimeError("plot: gnuplot cannot be started");
  const auto quoted = [](const std::string& text) {
    std::string escaped;
    for (const char c : text) escaped += c == '\'' ? std::string("''") : std::string(1, c);
    return "'" + escaped + "'";
  };
  fmt::print(gnuplot,
             "set terminal pngcairo size 640,480\nset output {}\nset title {}\nset xlabel 'epoch'\nset ylabel {}\nset "
             "xtics 1\nset grid\n",
             quoted(png), quoted(title), quoted(unit));
  // Ranges of its own choice would be empty for one value, or for equal ones.
  const auto [low, high] = std::ranges::minmax(values);
  const double margin = high > low ? 0.05 * (high - low) : 0.05 * std::max(std::abs(high), 1.0);
  fmt::print(gnuplot, "set xrange [0.5:{}.5]\nset yrange [{}:{}]\n", values.size(), low - margin, high + margin);
  fmt::print(gnuplot, "plot '-' using 1:2 with linespoints pointtype 7 notitle\n");
  for (size_t i = 0; i < values.size(); ++i) fmt::print(gnuplot, "{} {}\n", i + 1, values[i]);
  fmt::print(gnuplot, "e\n");
  if (pclose(gnuplot) != 0)
    throw sinter::RuntimeError(fmt::format("plot: gnuplot could not write {}", png), "install the package gnuplot-nox");
}
