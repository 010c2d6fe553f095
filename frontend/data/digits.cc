#include "frontend/data/digits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>

#include "frontend/creation.h"
#include "runtime/idx.h"
#include "runtime/threads.h"
#include "support/options.h"

namespace sinter::data {
namespace {

constexpr int64_t kSide = 28, kPixels = kSide * kSide;

// Every byte's value, looked up.
Tensor normalized(const std::vector<uint8_t>& bytes, int64_t count, const Normalize& normalize) {
  if (normalize.std == 0) throw ValueError("Normalize: std is 0, expected another number");
  std::array<float, 256> values;
  for (size_t i = 0; i < values.size(); ++i)
    values[i] =
        (static_cast<float>(i) / 255.0f - static_cast<float>(normalize.mean)) / static_cast<float>(normalize.std);
  sinter::detail::Ref<sinter::detail::Impl> images = sinter::detail::allocate(kFloat32, {count, 1, kSide, kSide});
  float* to = images->as<float>();
  runtime::ThreadTeam::global().run([&](runtime::Worker& self) {
    const size_t size = bytes.size(),
                 begin = size * static_cast<size_t>(self.index()) / static_cast<size_t>(self.count());
    const size_t end = size * static_cast<size_t>(self.index() + 1) / static_cast<size_t>(self.count());
    for (size_t i = begin; i < end; ++i) to[i] = values[bytes[i]];
  });
  return Tensor(std::move(images));
}

std::filesystem::path find_file(const std::filesystem::path& folder, const std::string& name) {
  for (const std::filesystem::path& place : {folder, folder / "mnist"})
    for (const char* ending : {"", ".gz"})
      if (std::filesystem::exists(place / (name + ending))) return place / (name + ending);
  throw FileError(
      fmt::format("mnist: {} is neither in {} nor in its folder mnist", name, folder.string()),
      "set SINTER_DATA to the folder that has the four IDX files, raw or gzipped, or unset it to use built-in digits");
}

TensorDataset read_split(const std::filesystem::path& folder, const std::string& prefix, const Normalize& normalize) {
  const std::filesystem::path images_path = find_file(folder, prefix + "-images-idx3-ubyte"),
                              labels_path = find_file(folder, prefix + "-labels-idx1-ubyte");
  const runtime::IdxArray images = runtime::read_idx(images_path), labels = runtime::read_idx(labels_path);
  if (images.shape.size() != 3 || images.shape[1] != kSide || images.shape[2] != kSide)
    throw FileError(fmt::format("mnist: {} does not hold images of 28 x 28", images_path.string()));
  if (labels.shape.size() != 1 || labels.shape[0] != images.shape[0])
    throw FileError(
        fmt::format("mnist: {} does not hold a label for each of {} images", labels_path.string(), images.shape[0]));
  const auto bad = std::find_if(labels.values.begin(), labels.values.end(), [](uint8_t label) { return label > 9; });
  if (bad != labels.values.end())
    throw FileError(fmt::format("mnist: {} has the label {}, expected 0 to 9", labels_path.string(), *bad));
  return {normalized(images.values, images.shape[0], normalize),
          tensor(std::vector<int64_t>(labels.values.begin(), labels.values.end()), {.device = "cpu"})};
}

struct Point {
  double x, y;
};
using Stroke = std::vector<Point>;

// Points along an ellipse, angles in half turns.
Stroke arc(Point centre, double rx, double ry, double from, double to) {
  Stroke stroke;
  for (int i = 0; i <= 12; ++i) {
    const double angle = std::numbers::pi * (from + (to - from) * i / 12);
    stroke.push_back({centre.x + rx * std::cos(angle), centre.y + ry * std::sin(angle)});
  }
  return stroke;
}

// The digits in the unit square, y downwards.
std::vector<Stroke> strokes(int digit) {
  switch (digit) {
    case 0:
      return {arc({0.5, 0.5}, 0.28, 0.4, 0, 2)};
    case 1:
      return {{{0.35, 0.25}, {0.55, 0.1}, {0.55, 0.9}}};
    case 2:
      return {arc({0.5, 0.32}, 0.25, 0.22, -1, 0.15), {{0.7, 0.45}, {0.25, 0.9}, {0.78, 0.9}}};
    case 3:
      return {arc({0.48, 0.3}, 0.24, 0.2, -0.9, 0.5), arc({0.48, 0.7}, 0.27, 0.21, -0.5, 0.9)};
    case 4:
      return {{{0.62, 0.9}, {0.62, 0.1}, {0.2, 0.65}, {0.82, 0.65}}};
    case 5:
      return {{{0.75, 0.1}, {0.32, 0.1}, {0.3, 0.47}}, arc({0.48, 0.67}, 0.27, 0.23, -0.7, 0.85)};
    case 6:
      return {{{0.65, 0.1}, {0.4, 0.35}, {0.26, 0.65}}, arc({0.5, 0.68}, 0.24, 0.22, 0, 2)};
    case 7:
      return {{{0.22, 0.12}, {0.78, 0.12}, {0.42, 0.9}}};
    case 8:
      return {arc({0.5, 0.3}, 0.2, 0.19, 0, 2), arc({0.5, 0.7}, 0.25, 0.21, 0, 2)};
    default:
      return {arc({0.5, 0.33}, 0.24, 0.22, 0, 2), {{0.74, 0.35}, {0.68, 0.65}, {0.5, 0.9}}};
  }
}

double distance(Point p, Point a, Point b) {
  const double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
  const double t = length > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0.0, 1.0) : 0;
  return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

// The pixels of a row or column that may lie between these coordinates: first, and one past the last.
std::pair<int64_t, int64_t> pixels_between(double low, double high) {
  const auto pixel = [](double at) {
    return static_cast<int64_t>(std::clamp(at * kSide, 0.0, static_cast<double>(kSide)));
  };
  return {pixel(low), std::min(pixel(high) + 1, kSide)};
}

void draw(int digit, std::mt19937_64& random, uint8_t* pixels) {
  const auto between = [&](double low, double high) {
    return low + (high - low) * static_cast<double>(random() >> 11) * 0x1p-53;
  };
  const double angle = between(-0.25, 0.25), slant = between(-0.25, 0.25), width = between(0.035, 0.075),
               noise = between(5, 30);
  const double size_x = between(0.6, 0.95), size_y = between(0.65, 0.95), shift_x = between(-0.1, 0.1),
               shift_y = between(-0.1, 0.1);
  std::array<double, kPixels> nearest;
  nearest.fill(1);
  for (const Stroke& stroke : strokes(digit)) {
    Stroke bent;
    for (Point p : stroke) {
      const double x = (p.x - 0.5 + between(-0.03, 0.03)) * size_x, y = (p.y - 0.5 + between(-0.03, 0.03)) * size_y;
      bent.push_back({0.5 + shift_x + std::cos(angle) * x - std::sin(angle) * y + slant * y,
                      0.5 + shift_y + std::sin(angle) * x + std::cos(angle) * y});
    }
    for (size_t i = 0; i + 1 < bent.size(); ++i) {
      const Point a = bent[i], b = bent[i + 1];
      // Further away than that there is no ink.
      const double reach = 1.5 * width;
      const auto [left, right] = pixels_between(std::min(a.x, b.x) - reach, std::max(a.x, b.x) + reach);
      const auto [top, bottom] = pixels_between(std::min(a.y, b.y) - reach, std::max(a.y, b.y) + reach);
      for (int64_t y = top; y < bottom; ++y)
        for (int64_t x = left; x < right; ++x) {
          double& best = nearest[static_cast<size_t>(y * kSide + x)];
          best = std::min(
              best, distance({(static_cast<double>(x) + 0.5) / kSide, (static_cast<double>(y) + 0.5) / kSide}, a, b));
        }
    }
  }
  for (size_t p = 0; p < kPixels; ++p) {
    const double ink = std::clamp(1.5 - nearest[p] / width, 0.0, 1.0) * 255 + between(-noise, noise);
    pixels[p] = static_cast<uint8_t>(std::clamp(ink, 0.0, 255.0));
  }
}

TensorDataset drawn(int64_t count, uint64_t seed, const Normalize& normalize) {
  std::vector<uint8_t> pixels(static_cast<size_t>(count * kPixels));
  std::vector<int64_t> labels(static_cast<size_t>(count));
  runtime::ThreadTeam::global().run([&](runtime::Worker& self) {
    for (int64_t i = self.index(); i < count; i += self.count()) {
      std::seed_seq seeds{seed, static_cast<uint64_t>(i)};
      std::mt19937_64 random(seeds);
      const auto label = static_cast<int>(random() % 10);
      labels[static_cast<size_t>(i)] = label;
      draw(label, random, pixels.data() + i * kPixels);
    }
  });
  return {normalized(pixels, count, normalize), tensor(labels, {.device = "cpu"})};
}

}  // namespace

Digits mnist(const std::filesystem::path& folder, const Normalize& normalize, At at) {
  const sinter::detail::CallScope location(at);
  return {read_split(folder, "train", normalize), read_split(folder, "t10k", normalize), "MNIST in " + folder.string()};
}

Digits drawn_digits(const Normalize& normalize, int64_t train, int64_t test, uint64_t seed, At at) {
  const sinter::detail::CallScope location(at);
  if (train < 0 || test < 0)
    throw ValueError(fmt::format("drawn_digits: {} and {} images are asked for, expected 0 or more", train, test));
  return {drawn(train, 2 * seed, normalize), drawn(test, 2 * seed + 1, normalize), "built-in digits"};
}

Digits digits(const Normalize& normalize, At at) {
  const sinter::detail::CallScope location(at);
  return options().data.empty() ? drawn_digits(normalize) : mnist(std::string(options().data), normalize);
}

}  // namespace sinter::data
