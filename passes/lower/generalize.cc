#include "passes/lower/generalize.h"

#include <algorithm>
#include <array>

namespace sinter::passes {
namespace {

using loops::Index;
using loops::Inst;
using loops::Kernel;

constexpr std::array<int64_t, SampleSizes::kMost> kFirst{499, 503, 509, 521, 523, 541, 547, 557,
                                                         563, 569, 571, 577, 587, 593, 599, 601};
constexpr std::array<int64_t, SampleSizes::kMost> kSecond{701, 691, 683, 677, 673, 661, 659, 653,
                                                          647, 643, 641, 631, 619, 617, 613, 607};

class Generalizer {
 public:
  explicit Generalizer(const SampleSizes& sizes) : sizes_(sizes) {}

  // Rewrites `a`; false when the two differ in more than sizes.
  bool run(Kernel& a, const Kernel& b) {
    require(a.symbols == 0 && b.symbols == 0 && a.buffers.size() == b.buffers.size() &&
            a.outer.size() == b.outer.size() && a.passes.size() == b.passes.size());
    for (size_t i = 0; same_ && i < a.buffers.size(); ++i) {
      require(a.buffers[i].dtype == b.buffers[i].dtype && a.buffers[i].role == b.buffers[i].role);
      unite(a.buffers[i].size, b.buffers[i].size);
    }
    for (size_t i = 0; same_ && i < a.outer.size(); ++i) unite(a.outer[i], b.outer[i]);
    for (size_t p = 0; same_ && p < a.passes.size(); ++p) {
      std::vector<Dim>& inner = a.passes[p].inner;
      require(inner.size() == b.passes[p].inner.size() && a.passes[p].insts.size() == b.passes[p].insts.size());
      for (size_t i = 0; same_ && i < inner.size(); ++i) unite(inner[i], b.passes[p].inner[i]);
      for (size_t i = 0; same_ && i < a.passes[p].insts.size(); ++i) unite(a.passes[p].insts[i], b.passes[p].insts[i]);
    }
    a.symbols = static_cast<int>(sizes_.first.size() + products_.size());
    return same_;
  }

  std::vector<std::vector<Dim>> products() && { return std::move(products_); }

 private:
  void require(bool holds) { same_ &= holds; }

  void unite(Dim& a, Dim b) {
    const auto found = factors(a.value(), b.value(), sizes_);
    require(found.has_value());
    if (!same_ || a == b) return;
    if (found->size() == 1) {
      a = found->front();
      return;
    }
    const auto at = std::ranges::find(products_, *found);
    a = Dim::symbol(static_cast<int>(sizes_.first.size()) + static_cast<int>(at - products_.begin()));
    if (at == products_.end()) products_.push_back(*found);
  }

  void unite(Index& a, const Index& b) {
    require(a.base == b.base && a.terms.size() == b.terms.size());
    for (size_t i = 0; same_ && i < a.terms.size(); ++i) {
      loops::Atom& atom = a.terms[i].atom;
      const loops::Atom& other = b.terms[i].atom;
      require(atom.kind == other.kind && atom.id == other.id && (atom.of != nullptr) == (other.of != nullptr));
      unite(a.terms[i].coefficient, b.terms[i].coefficient);
      unite(atom.by, other.by);
      if (!same_ || atom.of == nullptr) continue;
      Index of = *atom.of;
      unite(of, *other.of);
      atom.of = std::make_shared<const Index>(std::move(of));
    }
  }

  void unite(Inst& a, const Inst& b) {
    require(a.kind == b.kind && a.dtype == b.dtype && a.operands == b.operands && a.guard == b.guard &&
            a.bits == b.bits && a.buffer == b.buffer && a.row == b.row && a.combiner == b.combiner);
    unite(a.index, b.index);
    unite(a.extent, b.extent);
  }

  const SampleSizes& sizes_;
  std::vector<std::vector<Dim>> products_;
  bool same_ = true;
};

}  // namespace

// The other views only number the same elements anew: what they divide by divides exactly at all sizes or at none.
bool lowers_alike_at_all_sizes(const ir::Graph& graph) {
  constexpr std::array kViews{&ir::ops::kBroadcast, &ir::ops::kReshape, &ir::ops::kTranspose, &ir::ops::kStopGradient};
  constexpr double kMostElements = 0x1p59;  // whose bytes 63 bits count
  return std::ranges::all_of(graph.ops(), [&](const ir::Op& op) {
    if (op.def->op_class == ir::OpClass::kCall) return false;
    if (op.def->op_class == ir::OpClass::kView && std::ranges::find(kViews, op.def) == kViews.end()) return false;
    return std::ranges::all_of(op.types, [](const ir::Type& type) {
      double elements = 1;
      for (Dim size : type.shape) elements *= static_cast<double>(size.value());
      return elements <= kMostElements;
    });
  });
}

SampleSizes::SampleSizes(size_t symbols) {
  invariant(symbols <= kMost, "there are sample sizes for all symbols");
  first.assign(kFirst.begin(), kFirst.begin() + static_cast<std::ptrdiff_t>(symbols));
  second.assign(kSecond.begin(), kSecond.begin() + static_cast<std::ptrdiff_t>(symbols));
}

std::optional<std::vector<Dim>> factors(int64_t first, int64_t second, const SampleSizes& sizes) {
  std::vector<Dim> found;
  if (first != second)
    for (size_t i = 0; i < sizes.first.size(); ++i)
      for (; first != 0 && first % sizes.first[i] == 0 && second % sizes.second[i] == 0;
           first /= sizes.first[i], second /= sizes.second[i])
        found.push_back(Dim::symbol(static_cast<int>(i)));
  if (first != second) return std::nullopt;
  if (first != 1 || found.empty()) found.emplace_back(first);
  return found;
}

std::optional<LoweredKernel> generalize(const LoweredKernel& a, const LoweredKernel& b, const SampleSizes& sizes) {
  LoweredKernel made = a;
  Generalizer generalizer(sizes);
  if (a.values != b.values || !generalizer.run(made.kernel, b.kernel)) return std::nullopt;
  made.products = std::move(generalizer).products();
  return made;
}

}  // namespace sinter::passes
