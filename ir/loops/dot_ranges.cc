#include "ir/loops/dot_ranges.h"

#include <algorithm>

#include "ir/loops/walk.h"

namespace sinter::loops {
namespace {

bool uses(const Index& index, uint32_t range) {
  return std::any_of(index.terms.begin(), index.terms.end(), [&](const Term& term) {
    return term.atom.of ? uses(*term.atom.of, range) : term.atom.kind == Atom::Kind::kRange && term.atom.id == range;
  });
}

const Inst* first_store(const Kernel& kernel) {
  for (const Pass& pass : kernel.passes)
    for (const Inst& inst : pass.insts)
      if (inst.kind == InstKind::kStore) return &inst;
  return nullptr;
}

}  // namespace

std::optional<DotRanges> dot_ranges(const Kernel& kernel) {
  if (!kernel.is_dot()) return std::nullopt;
  if (std::any_of(kernel.passes.begin() + 1, kernel.passes.end(), [](const Pass& p) { return !p.inner.empty(); }))
    return std::nullopt;
  const auto& insts = kernel.passes[0].insts;
  const Inst* store = first_store(kernel);
  DotRanges found;
  std::vector<uint32_t> only[2];
  bool stored_along[2] = {false, false};
  for (uint32_t r = 0; r < kernel.outer.size(); ++r) {
    const bool in_0 = uses(insts[0].index, r), in_1 = uses(insts[1].index, r);
    if (in_0 == in_1) {
      found.batch.push_back(r);
      continue;
    }
    only[in_0 ? 0 : 1].push_back(r);
    if (store != nullptr && walk(store->index, r, 1) == Walk::kOneByOne) stored_along[in_0 ? 0 : 1] = true;
  }
  const size_t columns = stored_along[0] && !stored_along[1] ? 0 : 1;
  found.rows_load = 1 - columns;
  found.columns = std::move(only[columns]);
  found.rows = std::move(only[1 - columns]);
  return found;
}

}  // namespace sinter::loops
