#include "frontend/print.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <ostream>

#include "frontend/cell.h"
#include "frontend/tape.h"
#include "frontend/transfer.h"

namespace sinter {
namespace {

using detail::Impl;
using detail::Ref;

// PyTorch's defaults.
constexpr int64_t kPrecision = 4, kThreshold = 1000, kEdge = 3, kLineWidth = 80, kIndent = 7;

// One element as it is read for printing.
struct Element {
  double real = 0;
  int64_t integer = 0;
};
Element element_at(const Impl& x, int64_t offset) {
  return visit_dtype(x.dtype, [&](auto zero) {
    const auto value = reinterpret_cast<const decltype(zero)*>(x.buffer.data())[offset];
    return Element{static_cast<double>(value), static_cast<int64_t>(is_float(x.dtype) ? 0 : value)};
  });
}

// The index that is shown after i: of a long axis, only its ends are.
int64_t shown_after(int64_t i, int64_t size, bool summarize) {
  return summarize && size > 2 * kEdge && i + 1 == kEdge ? size - kEdge : i + 1;
}

class Formatter {
 public:
  Formatter(const Impl& x, bool summarize) : x_(x), summarize_(summarize) {
    if (is_float(x.dtype))
      measure_floats();
    else
      each_shown([&](Element e) { width_ = std::max(width_, static_cast<int64_t>(text(e).size())); });
  }

  [[nodiscard]] std::string text(Element e) const {
    if (x_.dtype == kBool) return e.integer != 0 ? "True" : "False";
    if (!is_float(x_.dtype)) return fmt::format("{}", e.integer);
    if (std::isnan(e.real)) return "nan";
    if (scientific_) return fmt::format("{:.{}e}", e.real, kPrecision);
    if (!whole_) return fmt::format("{:.{}f}", e.real, kPrecision);
    return fmt::format("{:.0f}", e.real) + (std::isinf(e.real) ? "" : ".");
  }
  [[nodiscard]] std::string padded(int64_t offset) const {
    return fmt::format("{:>{}}", text(element_at(x_, offset)), width_);
  }
  [[nodiscard]] int64_t width() const { return width_; }

 private:
  template <class F>
  void each_shown(F&& f) const {
    walk(f, 0, x_.offset);
  }
  template <class F>
  void walk(F& f, int axis, int64_t offset) const {
    if (axis == x_.shape.rank()) {
      f(element_at(x_, offset));
      return;
    }
    for (int64_t i = 0; i < x_.shape[axis]; i = shown_after(i, x_.shape[axis], summarize_))
      walk(f, axis + 1, offset + i * x_.strides[axis]);
  }

  void measure_floats() {
    double largest = 0, smallest = std::numeric_limits<double>::infinity();
    each_shown([&](Element e) {
      if (!std::isfinite(e.real) || e.real == 0) return;
      largest = std::max(largest, std::abs(e.real));
      smallest = std::min(smallest, std::abs(e.real));
      whole_ &= e.real == std::ceil(e.real);
    });
    if (largest == 0) return;
    scientific_ = largest / smallest > 1000 || largest > 1e8 || (!whole_ && smallest < 1e-4);
    each_shown([&](Element e) {
      if (std::isfinite(e.real) && e.real != 0) width_ = std::max(width_, static_cast<int64_t>(text(e).size()));
    });
  }

  const Impl& x_;
  bool summarize_, whole_ = true, scientific_ = false;
  int64_t width_ = 1;
};

std::string row_text(const Impl& x, const Formatter& format, bool summarize, int64_t offset, int64_t indent) {
  const int64_t size = x.shape[x.shape.rank() - 1], stride = x.strides[x.shape.rank() - 1];
  std::vector<std::string> entries;
  for (int64_t i = 0, next = 0; i < size; i = next) {
    entries.push_back(format.padded(offset + i * stride));
    next = shown_after(i, size, summarize);
    if (next > i + 1) entries.emplace_back(" ...");
  }
  const int64_t per_line = std::max<int64_t>(1, (kLineWidth - indent) / (format.width() + 2));
  std::string text = "[";
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i > 0)
      text +=
          static_cast<int64_t>(i) % per_line == 0 ? ",\n" + std::string(static_cast<size_t>(indent) + 1, ' ') : ", ";
    text += entries[i];
  }
  return text + "]";
}

std::string nested_text(const Impl& x, const Formatter& format, bool summarize, int axis, int64_t offset,
                        int64_t indent) {
  const int rank = x.shape.rank();
  if (rank == 0) return format.padded(offset);
  if (axis == rank - 1) return row_text(x, format, summarize, offset, indent);
  const int64_t size = x.shape[axis];
  const std::string between =
      "," + std::string(static_cast<size_t>(rank - axis - 1), '\n') + std::string(static_cast<size_t>(indent) + 1, ' ');
  std::string text = "[";
  for (int64_t i = 0, next = 0; i < size; i = next) {
    if (i > 0) text += between;
    text += nested_text(x, format, summarize, axis + 1, offset + i * x.strides[axis], indent + 1);
    next = shown_after(i, size, summarize);
    if (next > i + 1) text += between + "...";
  }
  return text + "]";
}

// "size=(1, 0)": a shape as Python writes a tuple.
std::string tuple_text(const Sizes& shape) {
  std::string text = "(";
  for (int axis = 0; axis < shape.rank(); ++axis) text += (axis > 0 ? ", " : "") + std::to_string(shape[axis]);
  return text + (shape.rank() == 1 ? ",)" : ")");
}

}  // namespace

std::string to_string(const Tensor& x) {
  if (!x.defined()) return "None";
  if (x.impl()->trace != 0) return fmt::format("tensor(traced {} {})", name(x.dtype()), to_string(x.shape()));
  const Ref<Impl> memory = detail::memory_of(x.impl()), impl = detail::on_host(memory);
  std::vector<std::string> suffixes;
  const std::string device = fmt::format("device='{}'", to_string(memory->device()));
  std::string text = "tensor(";
  if (impl->numel() == 0) {
    text += "[]";
    if (!memory->device().is_cpu()) suffixes.push_back(device);
    if (impl->shape.rank() != 1) suffixes.push_back("size=" + tuple_text(impl->shape));
    if (impl->dtype != kFloat32) suffixes.push_back(fmt::format("dtype=torch.{}", torch_name(impl->dtype)));
  } else {
    const bool summarize = impl->numel() > kThreshold;
    text += nested_text(*impl, Formatter(*impl, summarize), summarize, 0, impl->offset, kIndent);
    if (!memory->device().is_cpu()) suffixes.push_back(device);
    if (impl->dtype == kFloat64) suffixes.emplace_back("dtype=torch.float64");
  }
  if (const std::string made_by = grad_fn_name(x); !made_by.empty())
    suffixes.push_back(fmt::format("grad_fn=<{}>", made_by));
  else if (x.requires_grad())
    suffixes.emplace_back("requires_grad=True");
  // Suffixes go to a new line where the last one would become too long.
  const auto newline = text.rfind('\n');
  auto line = static_cast<int64_t>(newline == std::string::npos ? text.size() + 2 : text.size() - newline + 1);
  for (const std::string& suffix : suffixes) {
    const auto length = static_cast<int64_t>(suffix.size());
    const bool wraps = line + length + 2 > kLineWidth;
    text += wraps ? ",\n" + std::string(kIndent, ' ') + suffix : ", " + suffix;
    line = wraps ? kIndent + length : line + length + 2;
  }
  return text + ")";
}

std::ostream& operator<<(std::ostream& out, const Tensor& x) { return out << to_string(x); }
std::ostream& operator<<(std::ostream& out, DType dtype) { return out << torch_name(dtype); }

}  // namespace sinter
