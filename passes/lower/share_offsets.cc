#include "passes/lower/share_offsets.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "ir/loops/text.h"

namespace sinter::passes {
namespace {

using loops::Atom;
using loops::Index;
using loops::Inst;
using loops::InstKind;
using loops::Kernel;

using Offsets = std::vector<int64_t>;  // of one kernel

constexpr size_t kMostSymbols = 64;                   // a CUDA kernel takes 4 KiB of parameters
constexpr int64_t kLargestOffset = int64_t{1} << 48;  // numbers beyond it are none

template <class Act>
void each_offset(Index& index, const Act& act) {
  for (loops::Term& term : index.terms) {
    if (!term.atom.of) continue;
    Index of = *term.atom.of;
    each_offset(of, act);
    term.atom.of = std::make_shared<const Index>(std::move(of));
  }
  act(index);
}

// By value: whether it is an i64 constant that is compared with, and no more.
std::vector<bool> compared_constants(const Kernel& kernel) {
  std::vector<bool> compared(kernel.value_count()), used_otherwise(kernel.value_count());
  const auto by_index = [&](const auto& self, const Index& index) -> void {
    for (const loops::Term& term : index.terms) {
      if (term.atom.kind == Atom::Kind::kValue) used_otherwise[term.atom.id] = true;
      if (term.atom.of) self(self, *term.atom.of);
    }
  };
  for (const loops::Pass& pass : kernel.passes)
    for (const Inst& inst : pass.insts) {
      const bool compares = inst.kind == InstKind::kApply && inst.row->signature == ir::Signature::kPredicate;
      for (const uint32_t operand : inst.operands) (compares ? compared : used_otherwise)[operand] = true;
      by_index(by_index, inst.index);
    }
  for (uint32_t value = 0; value < kernel.value_count(); ++value) {
    const Inst& inst = kernel.inst(value);
    const auto number = static_cast<int64_t>(inst.bits);
    compared[value] = compared[value] && !used_otherwise[value] && inst.kind == InstKind::kConstant &&
                      inst.dtype == kInt64 && number > -kLargestOffset && number < kLargestOffset;
  }
  return compared;
}

// Calls act(index) for each offset of the kernel, the index's base. What is compared with is handed over as an index
// without terms, and becomes an index value if it gets some.
template <class Act>
void each_offset(Kernel& kernel, const Act& act) {
  const std::vector<bool> compared = compared_constants(kernel);
  size_t value = 0;
  for (loops::Pass& pass : kernel.passes)
    for (Inst& inst : pass.insts) {
      if (!compared[value++]) {
        each_offset(inst.index, act);
        continue;
      }
      Index number = Index::constant(static_cast<int64_t>(inst.bits));
      act(number);
      inst.bits = static_cast<uint64_t>(number.base);
      if (!number.terms.empty()) {
        inst = {.kind = InstKind::kIndex, .dtype = kInt64, .locations = std::move(inst.locations)};
        inst.index = std::move(number);
      }
    }
}

Offsets offsets_of(const Kernel& kernel) {
  Kernel copy = kernel;
  Offsets offsets;
  each_offset(copy, [&](Index& index) { offsets.push_back(index.base); });
  return offsets;
}

// What kernels that may share code agree in.
std::string text_without_offsets(Kernel kernel) {
  each_offset(kernel, [](Index& index) { index.base = 0; });
  return loops::code_text(kernel);
}

// An offset as least + factor * symbol.
struct Parts {
  int64_t least = 0, factor = 0;  // no factor: it is a constant
  uint32_t symbol = 0;
};

// Of each offset of kernels that are otherwise equal; and by symbol, the values it has in each of them.
struct Sharing {
  explicit Sharing(const std::vector<Offsets>& kernels) {
    std::map<Offsets, uint32_t> known;
    for (size_t at = 0; at < kernels[0].size(); ++at) {
      Parts offset{kernels[0][at]};
      for (const Offsets& own : kernels) offset.least = std::min(offset.least, own[at]);
      for (const Offsets& own : kernels) offset.factor = std::gcd(offset.factor, own[at] - offset.least);
      if (offset.factor > 0) {
        Offsets steps;
        for (const Offsets& own : kernels) steps.push_back((own[at] - offset.least) / offset.factor);
        const auto [symbol, fresh] = known.try_emplace(steps, static_cast<uint32_t>(symbols.size()));
        if (fresh) symbols.push_back(std::move(steps));
        offset.symbol = symbol->second;
      }
      offsets.push_back(offset);
    }
  }
  std::vector<Parts> offsets;
  std::vector<Offsets> symbols;
};

void share(std::vector<LoweredKernel>& kernels, const std::vector<size_t>& twins) {
  std::vector<Offsets> offsets;
  for (const size_t k : twins) offsets.push_back(offsets_of(kernels[k].kernel));
  const Sharing sharing(offsets);
  if (sharing.symbols.size() > kMostSymbols) return;
  for (size_t t = 0; t < twins.size(); ++t) {
    LoweredKernel& lowered = kernels[twins[t]];
    size_t next = 0;
    each_offset(lowered.kernel, [&](Index& index) {
      const Parts& offset = sharing.offsets[next++];
      index.base = offset.least;
      if (offset.factor > 0)
        index.terms.push_back({offset.factor, Atom{.kind = Atom::Kind::kSymbol, .id = offset.symbol}});
    });
    lowered.kernel.symbols = static_cast<int>(sharing.symbols.size());
    for (const Offsets& steps : sharing.symbols) lowered.symbols.push_back(steps[t]);
  }
}

}  // namespace

std::vector<LoweredKernel> share_offsets(std::vector<LoweredKernel> kernels) {
  std::map<std::string, std::vector<size_t>> twins;
  for (size_t k = 0; k < kernels.size(); ++k) {
    invariant(kernels[k].kernel.symbols == 0, "kernels of a static program have no symbols yet");
    twins[text_without_offsets(kernels[k].kernel)].push_back(k);
  }
  for (const auto& [text, members] : twins)
    if (members.size() > 1) share(kernels, members);
  return kernels;
}

}  // namespace sinter::passes
