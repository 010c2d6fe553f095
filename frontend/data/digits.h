// Handwritten digits: the MNIST files where they are, else digits that Sinter draws itself.
#pragma once

#include <filesystem>
#include <string>

#include "frontend/data/dataset.h"

namespace sinter::data {

// (x / 255 - mean) / std.
struct Normalize {
  double mean = 0, std = 1;
};

struct Digits {
  TensorDataset train, test;  // images f32 [n, 1, 28, 28], labels i64 [n]
  std::string source;         // for people: "MNIST in ../shared/data/mnist", "built-in digits"
};

// The four IDX files, raw or gzipped, in `folder` or its subfolder mnist. FileError when one is missing or damaged.
[[nodiscard]] Digits mnist(const std::filesystem::path& folder, const Normalize& normalize = {}, At at = At::current());

// Drawn by strokes with random shift, slant, width and noise; the same for equal seeds.
[[nodiscard]] Digits drawn_digits(const Normalize& normalize = {}, int64_t train = 12000, int64_t test = 2000,
                                  uint64_t seed = 1, At at = At::current());

// mnist(SINTER_DATA) when that is set, else drawn_digits().
[[nodiscard]] Digits digits(const Normalize& normalize = {}, At at = At::current());

}  // namespace sinter::data
