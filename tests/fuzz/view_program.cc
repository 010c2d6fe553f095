#include "tests/fuzz/view_program.h"

#include <fmt/format.h>

#include <array>
#include <numeric>

#include "sinter/sinter.h"
#include "tests/fuzz/view_rows.h"
#include "tests/random_engine.h"

namespace sinter::tests {
namespace {

constexpr int kPlaces = ViewProgram::kArguments + ViewProgram::kTemporaries;
constexpr int64_t kMostElements = 600;

Sizes random_shape(RandomEngine& random) {
  constexpr int64_t kSizes[] = {1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 12, 16, 17, 33};
  Sizes shape;
  for (int64_t left = kMostElements, axes = random.between(1, 3); axes > 0; --axes) {
    const int64_t drawn = random.one_in(40) ? 0 : random.pick(kSizes);
    shape.push_back(drawn > left ? 1 : drawn);
    left /= std::max<int64_t>(shape[shape.rank() - 1], 1);
  }
  return shape;
}

size_t random_row(RandomEngine& random) {
  const auto rows = view_rows();
  const int total =
      std::accumulate(rows.begin(), rows.end(), 0, [](int sum, const auto& row) { return sum + row.weight; });
  auto left = static_cast<int>(random.below(static_cast<size_t>(total)));
  size_t row = 0;
  while ((left -= rows[row].weight) >= 0) ++row;
  return row;
}

using Places = std::array<Tensor, kPlaces>;

Places start(const Tensor& x, const Tensor& y) {
  Places places;
  for (int place = 0; place < kPlaces; ++place) places[static_cast<size_t>(place)] = place % 2 == 0 ? x : y;
  return places;
}

// What would be too large, or have too many axes, is left out.
void step(const ViewStatement& statement, Places& places) {
  constexpr int64_t kMostAxes = 5;
  RandomEngine random(statement.choices);
  const auto at = [&](int place) -> Tensor& { return places[static_cast<size_t>(place)]; };
  const auto with_axes = [](const Tensor& x) { return x.dim() == 0 ? x.reshape({1}) : x; };
  const Tensor made = view_rows()[statement.row].run(random, with_axes(at(statement.a)), with_axes(at(statement.b)));
  if (made.numel() <= kMostElements && made.dim() <= kMostAxes) at(statement.to) = made;
}

}  // namespace

ViewProgram random_view_program(uint64_t seed) {
  RandomEngine random(seed);
  ViewProgram program;
  program.dtype = random.one_in(5) ? kFloat64 : kFloat32;
  for (Sizes& shape : program.shapes) shape = random_shape(random);
  if (random.one_in(3)) program.shapes[1] = program.shapes[0];
  const auto place = [&] { return static_cast<int>(random.below(kPlaces)); };
  for (int64_t count = random.between(2, 8); count > 0; --count) {
    ViewStatement made{.row = random_row(random)};
    made.to = ViewProgram::kArguments + static_cast<int>(random.below(ViewProgram::kTemporaries));
    made.a = place();
    made.b = random.one_in(3) ? made.a : place();
    made.choices = random.bits();
    program.statements.push_back(made);
  }
  return program;
}

std::string to_string(const ViewProgram& program) {
  constexpr const char* kNames[kPlaces] = {"x", "y", "t0", "t1", "t2"};
  std::array<Tensor, 2> arguments;
  for (size_t i = 0; i < arguments.size(); ++i) arguments[i] = zeros(program.shapes[i], {.dtype = program.dtype});
  Places places = start(arguments[0], arguments[1]);
  const auto shape = [&](int place) { return to_string(places[static_cast<size_t>(place)].shape()); };
  std::string text = fmt::format("{} x {}, y {}\n", torch_name(program.dtype), shape(0), shape(1));
  for (const ViewStatement& statement : program.statements) {
    text += fmt::format("{} = {}({} {}, {} {})", kNames[statement.to], view_rows()[statement.row].name,
                        kNames[statement.a], shape(statement.a), kNames[statement.b], shape(statement.b));
    try {
      step(statement, places);
    } catch (const std::exception& error) {
      return text + fmt::format(": {}\n", error.what());
    }
    text += fmt::format(": {}\n", shape(statement.to));
  }
  return text;
}

std::vector<Tensor> run(const ViewProgram& program, const Tensor& x, const Tensor& y) {
  std::vector<Tensor> results;
  const auto loss = [&](const Tensor& a, const Tensor& b) {
    Places places = start(a, b);
    for (const ViewStatement& statement : program.statements) step(statement, places);
    results.assign(places.begin() + ViewProgram::kArguments, places.end());
    Tensor total = zeros({}, {.dtype = program.dtype});
    for (const Tensor& made : results) total = total + sum(made * made);
    return total;
  };
  const auto [value, gradients] = value_and_grad(loss)(x, y);
  for (Tensor& made : results) made = made.detach();
  results.push_back(value);
  for (const Tensor& gradient : gradients) results.push_back(gradient.defined() ? gradient : zeros({}));
  return results;
}

std::vector<ViewProgram> smaller(const ViewProgram& program) {
  std::vector<ViewProgram> found;
  for (size_t i = program.statements.size(); i-- > 0;) {
    found.push_back(program);
    found.back().statements.erase(found.back().statements.begin() + static_cast<ptrdiff_t>(i));
  }
  return found;
}

}  // namespace sinter::tests
