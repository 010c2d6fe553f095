#include "ir/loops/reduction.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "ir/scalar/evaluate.h"
#include "ir/scalar/order.h"

namespace sinter::loops {
namespace {

constexpr size_t kLanes = 16;
constexpr int64_t kBlock = ir::kOrderBlock;

// Lane-wise folds are moves of whole elements around calls of the combiner's row, so elements are words of their size
// here.
template <class Word>
class CanonicalFold : public Reduction {
 public:
  CanonicalFold(const ir::Combiner& combiner, DType dtype, size_t points, int64_t inner)
      : join_(ir::expression(ir::find_row(combiner.row), dtype)),
        identity_(identity(combiner, dtype)),
        inner_(inner),
        lanes_(points * kLanes, identity_),
        blocks_(points * kLanes, identity_) {}

  void add(size_t point, size_t points, int64_t first, size_t count, std::span<const ConstBytes> operands) override {
    const auto* x = reinterpret_cast<const Word*>(operands[0]);
    for (size_t i = 0; i < count; i += kLanes) {
      const size_t width = std::min(kLanes, count - i);
      for (size_t p = 0; p < points; ++p) {
        std::copy_n(&lanes_[(point + p) * kLanes], width, &left_[p * width]);
        std::copy_n(&x[p * count + i], width, &right_[p * width]);
      }
      join(points * width);
      for (size_t p = 0; p < points; ++p) std::copy_n(&joined_[p * width], width, &lanes_[(point + p) * kLanes]);
    }
    const int64_t end = first + static_cast<int64_t>(count);
    if (end % kBlock == 0 || end == inner_) close_block(point, points, static_cast<size_t>((end - 1) / kBlock));
  }

  void finish(size_t points, Bytes results) override {
    for (size_t at = 0; at < points; at += kStep / kLanes) {
      const size_t some = std::min(kStep / kLanes, points - at);
      tree(&blocks_[at * kLanes], some);
      for (size_t p = 0; p < some; ++p)
        std::memcpy(results + (at + p) * sizeof(Word), &blocks_[(at + p) * kLanes], sizeof(Word));
    }
  }

 private:
  static Word identity(const ir::Combiner& combiner, DType dtype) {
    return visit_dtype(dtype, [&](auto zero) {
      using T = decltype(zero);
      const T value =
          is_float(dtype) ? static_cast<T>(combiner.identity_double) : static_cast<T>(combiner.identity_int);
      Word word{};
      std::memcpy(&word, &value, std::min(sizeof word, sizeof value));
      return word;
    });
  }

  void join(size_t count) {
    const std::array<ConstBytes, 2> arguments{reinterpret_cast<ConstBytes>(left_.data()),
                                              reinterpret_cast<ConstBytes>(right_.data())};
    const std::array<int, 2> strides{1, 1};
    const std::array<Bytes, 1> results{reinterpret_cast<Bytes>(joined_.data())};
    ir::evaluate(join_, count, arguments, strides, results);
  }

  // Joins l and l + 8, l + 4, l + 2, l + 1: the value of each point lands in its lane 0. At most kStep / kLanes points.
  void tree(Word* lanes, size_t points) {
    for (size_t half = kLanes / 2; half > 0; half /= 2) {
      for (size_t p = 0; p < points; ++p) {
        std::copy_n(lanes + p * kLanes, half, &left_[p * half]);
        std::copy_n(lanes + p * kLanes + half, half, &right_[p * half]);
      }
      join(points * half);
      for (size_t p = 0; p < points; ++p) std::copy_n(&joined_[p * half], half, lanes + p * kLanes);
    }
  }

  void close_block(size_t point, size_t points, size_t block) {
    for (size_t at = 0; at < points; at += kStep / kLanes) {
      const size_t some = std::min(kStep / kLanes, points - at);
      Word* lanes = &lanes_[(point + at) * kLanes];
      Word* blocks = &blocks_[(point + at) * kLanes];
      tree(lanes, some);
      for (size_t p = 0; p < some; ++p) {
        left_[p] = blocks[p * kLanes + block % kLanes];
        right_[p] = lanes[p * kLanes];
      }
      join(some);
      for (size_t p = 0; p < some; ++p) blocks[p * kLanes + block % kLanes] = joined_[p];
      std::fill_n(lanes, some * kLanes, identity_);
    }
  }

  const ir::ExprGraph& join_;
  Word identity_;
  int64_t inner_;
  std::vector<Word> lanes_, blocks_;  // kLanes a point
  std::array<Word, kStep> left_{}, right_{}, joined_{};
};

template <class T>
class Argmax : public Reduction {
 public:
  explicit Argmax(size_t points) : best_(points), at_(points), any_(points, 0) {}

  void add(size_t point, size_t points, int64_t, size_t count, std::span<const ConstBytes> operands) override {
    for (size_t p = 0; p < points; ++p) {
      for (size_t i = 0; i < count; ++i) {
        T x{};
        std::memcpy(&x, operands[0] + (p * count + i) * sizeof x, sizeof x);
        if (any_[point + p] && !above(x, best_[point + p])) continue;
        any_[point + p] = 1;
        best_[point + p] = x;
        std::memcpy(&at_[point + p], operands[1] + (p * count + i) * sizeof(int64_t), sizeof(int64_t));
      }
    }
  }

  void finish(size_t points, Bytes results) override {
    for (size_t p = 0; p < points; ++p) invariant(any_[p], "argmax has an element to choose");
    std::memcpy(results, at_.data(), points * sizeof(int64_t));
  }

 private:
  static bool above(T x, T best) {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(best)) return false;
      if (std::isnan(x)) return true;
    }
    return x > best;
  }

  std::vector<T> best_;
  std::vector<int64_t> at_;
  std::vector<char> any_;
};

template <class T>
class Dot : public Reduction {
 public:
  explicit Dot(size_t points) : sums_(points) {}

  void add(size_t point, size_t points, int64_t, size_t count, std::span<const ConstBytes> operands) override {
    const auto* a = reinterpret_cast<const T*>(operands[0]);
    const auto* b = reinterpret_cast<const T*>(operands[1]);
    for (size_t p = 0; p < points; ++p) {
      T sum = sums_[point + p];
      for (size_t i = p * count; i < (p + 1) * count; ++i) sum = multiply_add(a[i], b[i], sum);
      sums_[point + p] = sum;
    }
  }

  void finish(size_t points, Bytes results) override { std::memcpy(results, sums_.data(), points * sizeof(T)); }

 private:
  static T multiply_add(T a, T b, T c) {
    if constexpr (std::is_floating_point_v<T>) return std::fma(a, b, c);
    return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b) + static_cast<uint64_t>(c));
  }

  std::vector<T> sums_;
};

}  // namespace

std::unique_ptr<Reduction> make_reduction(const Inst& inst, DType operand, size_t points, int64_t inner) {
  if (inst.kind == InstKind::kArgmax)
    return visit_dtype(operand, [&](auto zero) -> std::unique_ptr<Reduction> {
      using T = std::conditional_t<std::is_same_v<decltype(zero), bool>, uint8_t, decltype(zero)>;
      return std::make_unique<Argmax<T>>(points);
    });
  if (inst.kind == InstKind::kDot) {
    if (operand == kFloat32) return std::make_unique<Dot<float>>(points);
    if (operand == kFloat64) return std::make_unique<Dot<double>>(points);
    return std::make_unique<Dot<int64_t>>(points);
  }
  switch (size_of(operand)) {
    case 1:
      return std::make_unique<CanonicalFold<uint8_t>>(*inst.combiner, operand, points, inner);
    case 4:
      return std::make_unique<CanonicalFold<uint32_t>>(*inst.combiner, operand, points, inner);
    default:
      return std::make_unique<CanonicalFold<uint64_t>>(*inst.combiner, operand, points, inner);
  }
}

}  // namespace sinter::loops
