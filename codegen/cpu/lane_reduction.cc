// Reductions with lanes over the inner points: the 16 lanes of order R are the lanes of one vector. Blocks of 4096
// points are joined in a second level of 16.
#include <bit>

#include "codegen/cpu/pass_emitter.h"
#include "codegen/cpu/prims.h"
#include "ir/scalar/order.h"

namespace sinter::codegen::cpu {

using llvm::Value;

namespace {
constexpr int64_t kBlock = ir::kOrderBlock;
}

void PassEmitter::emit_lane_reduction(size_t pass) {
  auto& b = nest_.b;
  const Lanes outside = lanes_;
  lanes_ = {.width = kLanes};
  const std::vector<Reduction> reductions = reductions_of(pass);
  Value* count = inner_count(pass);
  bool one_block = known(count) && *known(count) <= kBlock;
  one_block |= std::all_of(reductions.begin(), reductions.end(), [](const Reduction& r) { return r.fold.any_order(); });

  // Where any order will do, each vector in flight has accumulators of its own, so that they need not wait for each
  // other.
  const auto sets = [](const Reduction& r, unsigned copies) { return r.fold.any_order() ? copies : 1; };
  const auto identities = [&](unsigned copies) {
    Values all;
    for (const Reduction& r : reductions)
      for (unsigned set = 0; set < sets(r, copies); ++set)
        for (Value* value : r.fold.identity(kLanes)) all.push_back(value);
    return all;
  };
  // The points of `points` vectors joined to accumulators made for `copies`.
  const auto fold_all = [&](Values acc, unsigned copies, unsigned points, Value* mask) {
    for (unsigned c = 0; c < points; ++c) {
      size_t at = 0;
      for (const Reduction& r : reductions) {
        const size_t parts = r.fold.dtypes().size();
        auto* const own = acc.begin() + at + (c % sets(r, copies)) * parts;
        const Values before(own, own + parts);
        Values now = r.fold.add(before, elements_of(r, c, /*vector=*/true));
        if (mask != nullptr) now = r.fold.where(mask, now, before);
        std::copy(now.begin(), now.end(), own);
        at += parts * sets(r, copies);
      }
    }
    return acc;
  };
  // Points [from, to), folded into fresh accumulators and then into one value each.
  const auto block = [&](Value* from, Value* to) {
    const auto known_count = known(from) == 0 ? known(to) : std::nullopt;
    const unsigned copies = copies_for(pass, known_count ? known_count : std::optional<int64_t>());
    Value* whole = b.CreateAnd(b.CreateSub(to, from), nest_.number(-int64_t{copies} * kLanes));
    Value* main_end = b.CreateAdd(from, whole);
    const auto body = [&](Value* i, const Values& now, const Lanes& lanes) {
      lanes_ = lanes;
      bind_linear(pass, i, /*lanes=*/true);
      emit_insts(pass);
      return fold_all(now, copies, lanes.copies, lanes.mask);
    };
    Values acc = nest_.loop(from, main_end, copies * kLanes, identities(copies), [&](Value* i, const Values& now) {
      return body(i, now, {.width = kLanes, .copies = copies});
    });
    acc = nest_.loop(main_end, to, kLanes, acc, [&](Value* i, const Values& now) {
      return body(i, now, {.width = kLanes, .mask = lane_mask(i, to)});
    });
    std::vector<Values> results;
    size_t at = 0;
    for (const Reduction& r : reductions) {
      const size_t parts = r.fold.dtypes().size();
      Values joined(acc.begin() + at, acc.begin() + at + parts);
      for (unsigned set = 1; set < sets(r, copies); ++set) {
        const auto* const next = acc.begin() + at + set * parts;
        joined = r.fold.join(joined, Values(next, next + parts));
      }
      results.push_back(r.fold.tree_of_lanes(joined));
      at += parts * sets(r, copies);
    }
    return results;
  };

  std::vector<Values> results;
  if (one_block) {
    results = block(nest_.number(0), count);  // a second level of one value and 15 identities would not show
  } else {
    std::vector<Values> slots;  // 16 accumulators in memory for each part of each reduction
    for (const Reduction& r : reductions) {
      slots.emplace_back();
      for (Value* start : r.fold.identity(kLanes)) {
        slots.back().push_back(nest_.stack(start->getType(), 1));
        b.CreateStore(start, slots.back().back());
      }
    }
    nest_.loop(nest_.number(0), count, kBlock, [&](Value* from) {
      Value* end = b.CreateAdd(from, nest_.number(kBlock));
      end = b.CreateSelect(b.CreateICmpSLT(end, count), end, count);
      const std::vector<Values> values = block(from, end);
      Value* slot =
          b.CreateAnd(b.CreateLShr(from, nest_.number(std::countr_zero(uint64_t{kBlock}))), nest_.number(kLanes - 1));
      for (size_t r = 0; r < reductions.size(); ++r) {
        Values pointers, before;
        for (size_t part = 0; part < values[r].size(); ++part) {
          pointers.push_back(b.CreateGEP(values[r][part]->getType(), slots[r][part], slot));
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
        lanes.push_back(b.CreateLoad(start[part]->getType(), slots[r][part]));
      results.push_back(reductions[r].fold.tree_of_lanes(lanes));
    }
  }
  lanes_ = outside;
  for (size_t r = 0; r < reductions.size(); ++r)
    values_[reductions[r].value] = {.at = {reductions[r].fold.result(results[r])}, .level = nest_.level()};
}

}  // namespace sinter::codegen::cpu
