#include "support/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "support/child_process.h"
#include "support/error.h"
#include "support/temporary_folder.h"

namespace sinter {
namespace {

std::string quoted(const std::string& text) {
  std::string escaped;
  for (const char c : text) escaped += c == '\'' ? std::string("''") : std::string(1, c);
  return "'" + escaped + "'";
}

// Has gnuplot draw what the script says into `png`.
void draw(const std::string& png, const std::string& title, const std::string& unit, int width, int height,
          const std::string& script) {
  const TemporaryFolder folder;
  std::ofstream(folder / "script") << fmt::format(
      "set terminal pngcairo noenhanced size {},{}\nset output {}\nset title {}\nset ylabel {}\nset grid\n{}", width,
      height, quoted(png), quoted(title), quoted(unit), script);
  try {
    (void)output_of("gnuplot", {folder / "script"});
  } catch (const RuntimeError& error) {
    throw RuntimeError(fmt::format("plot: {} was not written: {}", png, error.what()),
                       "install the package gnuplot-nox");
  }
}

}  // namespace

void plot_series(const std::string& png, const std::string& title, const std::string& unit,
                 const std::vector<double>& values) {
  // Ranges of its own choice would be empty for one value, or for equal ones.
  const auto [low, high] = std::ranges::minmax(values);
  const double margin = high > low ? 0.05 * (high - low) : 0.05 * std::max(std::abs(high), 1.0);
  std::string script = fmt::format(
      "set xlabel 'epoch'\nset xtics 1\nset xrange [0.5:{}.5]\nset yrange [{}:{}]\n"
      "plot '-' using 1:2 with linespoints pointtype 7 notitle\n",
      values.size(), low - margin, high + margin);
  for (size_t i = 0; i < values.size(); ++i) script += fmt::format("{} {}\n", i + 1, values[i]);
  draw(png, title, unit, 640, 480, script + "e\n");
}

void plot_bars(const std::string& png, const std::string& title, const std::string& unit,
               const std::vector<std::string>& labels, const std::vector<BarSeries>& series) {
  std::string script =
      "set style data histograms\nset style histogram clustered gap 1\nset style fill solid 0.8 border -1\n"
      "set xtics rotate by -60 nomirror\nset key outside top\nset yrange [0:*]\n$values << END\n";
  for (size_t i = 0; i < labels.size(); ++i) {
    std::string label = labels[i];
    std::erase(label, '"');
    script += fmt::format("\"{}\"", label);
    for (const BarSeries& each : series) script += fmt::format(" {}", each.values[i]);
    script += "\n";
  }
  script += "END\nplot ";
  for (size_t k = 0; k < series.size(); ++k)
    script += fmt::format("{}$values using {}:xtic(1) title {}", k == 0 ? "" : ", ", k + 2, quoted(series[k].name));
  constexpr int kMargin = 160, kGroup = 40, kHeight = 480;
  draw(png, title, unit, std::max(640, kMargin + kGroup * static_cast<int>(labels.size())), kHeight, script + "\n");
}

}  // namespace sinter
