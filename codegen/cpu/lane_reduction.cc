// Reductions with lanes over the inner points: the 16 lanes of order R are the lanes of one vector. Blocks of 4096
// points are joined in a second level of 16.
#include "codegen/cpu/pass_emitter.h"
#include "codegen/cpu/prims.h"

namespace sinter::codegen::cpu {

using llvm::Value;

namespace {
constexpr int64_t kBlock = 4096;
}

void PassEmitter::emit_lane_reduction(size_t pass) {
  auto& b = nest_.b;
  const Lanes outside = lanes_;
  lanes_ = {.width = kLanes};
  const std::vector<Reduction> reductions = reductions_of(pass);
  Value* count = inner_count(pass);
  bool one_block = known(count) && *known(count) <= kBlock;
  one_block |= std::all_of(reductions.begin(), reductions.end(), [](const Reduction& r) { return r.fold.any_order(); });

  Values identities;
  for (const Reduction& r : reductions)
    for (Value* value : r.fold.identity(kLanes)) identities.push_back(value);

  const auto fold_all = [&](Values acc, unsigned copies, Value* mask) {
    for (unsigned c = 0; c < copies; ++c) {
      size_t at = 0;
      for (const Reduction& r : reductions) {
        const size_t parts = r.fold.dtypes().size();
        const Values before(acc.begin() + at, acc.begin() + at + parts);
        Values now = r.fold.add(before, elements_of(r, c, /*vector=*/true));
        if (mask != nullptr) now = r.fold.where(mask, now, before);
        std::copy(now.begin(), now.end(), acc.begin() + at);
        at += parts;
      }
    }
    return acc;
  };
  // Points [from, to), folded into fresh accumulators and then into one value each.
  const auto block = [&](Value* from, Value* to) {
    const auto known_count = known(from) == 0 ? known(to) : std::nullopt;
    const unsigned copies = copies_for(known_count ? known_count : std::optional<int64_t>());
    Value* whole = b.CreateAnd(b.CreateSub(to, from), nest_.number(-int64_t{copies} * kLanes));
    Value* main_end = b.CreateAdd(from, whole);
    lanes_ = {.width = kLanes, .copies = copies};
    Values acc = nest_.loop(from, main_end, copies * kLanes, identities, [&](Value* i, const Values& now) {
      bind_linear(pass, i, /*lanes=*/true);
      emit_insts(pass);
      return fold_all(now, copies, nullptr);
    });
    lanes_.copies = 1;
    acc = nest_.loop(main_end, to, kLanes, acc, [&](Value* i, const Values& now) {
      lanes_.mask = lane_mask(i, to);
      bind_linear(pass, i, /*lanes=*/true);
      emit_insts(pass);
      return fold_all(now, 1, lanes_.mask);
    });
    lanes_.mask = nullptr;
    std::vector<Values> results;
    size_t at = 0;
    for (const Reduction& r : reductions) {
      const size_t parts = r.fold.dtypes().size();
      results.push_back(r.fold.tree_of_lanes(Values(acc.begin() + at, acc.begin() + at + parts)));
      at += parts;
    }
    return results;
  };

  std::vector<Values> results;
  if (one_block) {
    results = block(nest_.number(0), count);  // a second level of one value and 15 identities would not show
  } else {
    struct Level {  // 16 accumulators in memory for each part of each reduction
      std::vector<Value*> slots;
    };
    std::vector<Level> levels;
    for (const Reduction& r : reductions) {
      Level level;
      const Values start = r.fold.identity(kLanes);
      for (size_t part = 0; part < start.size(); ++part) {
        level.slots.push_back(nest_.stack(start[part]->getType(), 1));
        b.CreateStore(start[part], level.slots.back());
      }
      levels.push_back(std::move(level));
    }
    nest_.loop(nest_.number(0), count, kBlock, [&](Value* from) {
      Value* end = b.CreateAdd(from, nest_.number(kBlock));
      end = b.CreateSelect(b.CreateICmpSLT(end, count), end, count);
      const std::vector<Values> values = block(from, end);
      Value* slot = b.CreateAnd(b.CreateLShr(from, nest_.number(12)), nest_.number(kLanes - 1));
      for (size_t r = 0; r < reductions.size(); ++r) {
        Values pointers, before;
        for (size_t part = 0; part < values[r].size(); ++part) {
          pointers.push_back(b.CreateGEP(values[r][part]->getType(), levels[r].slots[part], slot));
          before.push_back(b.CreateLoad(values[r][part]->getType(), pointers.back()));
        }
        const Values now = reductions[r].fold.join(before, values[r]);
        for (size_t part = 0; part < now.size(); ++part) b.CreateStore(now[part], pointers[part]);
      }
    });
    for (size_t r = 0; r < reductions.size(); ++r) {
      Values lanes;
      const Values start = reductions[r].fold.identity(kLanes);
      for (size_t part = 0; part < start.size(); ++part)
        lanes.push_back(b.CreateLoad(start[part]->getType(), levels[r].slots[part]));
      results.push_back(reductions[r].fold.tree_of_lanes(lanes));
    }
  }
  lanes_ = outside;
  for (size_t r = 0; r < reductions.size(); ++r)
    values_[reductions[r].value] = {.at = {reductions[r].fold.result(results[r])}, .level = nest_.level()};
}

}  // namespace sinter::codegen::cpu
