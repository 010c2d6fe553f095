// Reductions whose inner points all fall to the same lane: scalar code, or lanes over outer points. The 16 accumulators
// of order R lie in memory, or in registers where the points are few.
#include <algorithm>
#include <bit>

#include "codegen/cpu/pass_emitter.h"
#include "codegen/cpu/prims.h"
#include "ir/scalar/order.h"

namespace sinter::codegen::cpu {

using llvm::Value;
using loops::Atom;
using loops::Index;
using loops::Inst;
using loops::InstKind;

namespace {

constexpr int64_t kBlock = ir::kOrderBlock;

bool mentions(const Index& index, auto&& atom_varies) {
  return std::any_of(index.terms.begin(), index.terms.end(), [&](const loops::Term& term) {
    if (term.atom.kind == Atom::Kind::kDiv || term.atom.kind == Atom::Kind::kMod)
      return mentions(*term.atom.of, atom_varies);
    return atom_varies(term.atom);
  });
}

}  // namespace

// Whether a value will differ between lanes, before it is emitted. known_values: 0 unknown, 1 no, 2 yes.
bool PassEmitter::varies(size_t pass, uint32_t value, std::vector<int>& known_values) const {
  const uint32_t first = kernel_.first_value(pass);
  if (value < first) return values_[value].varying;
  int& answer = known_values[value - first];
  if (answer != 0) return answer == 2;
  const Inst& inst = kernel_.inst(value);
  bool yes = std::any_of(inst.operands.begin(), inst.operands.end(),
                         [&](uint32_t v) { return varies(pass, v, known_values); });
  yes = yes || (inst.guard >= 0 && varies(pass, static_cast<uint32_t>(inst.guard), known_values));
  yes = yes || mentions(inst.index, [&](const Atom& atom) {
          if (atom.kind == Atom::Kind::kValue) return varies(pass, atom.id, known_values);
          return atom.kind == Atom::Kind::kRange && atom.id < kernel_.outer.size() && !ranges_[atom.id].uniform();
        });
  answer = yes ? 2 : 1;
  return yes;
}

std::vector<PassEmitter::Reduction> PassEmitter::reductions_of(size_t pass) {
  std::vector<Reduction> found;
  std::vector<int> known_values(kernel_.passes[pass].insts.size());
  uint32_t value = kernel_.first_value(pass);
  for (const Inst& inst : kernel_.passes[pass].insts) {
    if (inst.kind == InstKind::kReduce || inst.kind == InstKind::kArgmax || inst.kind == InstKind::kDot)
      found.push_back({.value = value,
                       .inst = &inst,
                       .fold = Fold(nest_.b, inst, kernel_.inst(inst.operands[0]).dtype),
                       .varying = varies(pass, value, known_values)});
    ++value;
  }
  return found;
}

// The element that the current inner point gives a reduction.
Values PassEmitter::elements_of(const Reduction& reduction, unsigned copy, bool vector) {
  Values x;
  for (const uint32_t operand : reduction.inst->operands) {
    const Val& value = values_[operand];
    x.push_back(vector ? in_lanes(value, copy) : value.at[0]);
  }
  return x;
}

// Few points: no loop, accumulators in registers.
void PassEmitter::emit_straight_reduction(size_t pass, int64_t count) {
  const std::vector<Reduction> reductions = reductions_of(pass);
  std::vector<std::vector<std::vector<std::optional<Values>>>> lanes;  // by reduction, copy, lane
  const auto copies_of = [&](const Reduction& r) { return r.varying ? lanes_.copies : 1; };
  const auto width_of = [&](const Reduction& r) { return r.varying ? lanes_.width : 1; };
  for (const Reduction& r : reductions) lanes.emplace_back(copies_of(r), std::vector<std::optional<Values>>(kLanes));
  for (int64_t i = 0; i < count; ++i) {
    bind_linear(pass, nest_.number(i), /*lanes=*/false);
    emit_insts(pass);
    for (size_t k = 0; k < reductions.size(); ++k) {
      const Reduction& r = reductions[k];
      for (unsigned c = 0; c < copies_of(r); ++c) {
        auto& acc = lanes[k][c][r.fold.ascending() ? 0 : static_cast<size_t>(i)];
        acc = r.fold.add(acc ? *acc : r.fold.identity(width_of(r)), elements_of(r, c, r.varying));
      }
    }
  }
  for (size_t k = 0; k < reductions.size(); ++k) {
    const Reduction& r = reductions[k];
    Val result{.varying = r.varying, .level = nest_.level()};
    for (unsigned c = 0; c < copies_of(r); ++c) result.at.push_back(r.fold.result(r.fold.tree(std::move(lanes[k][c]))));
    values_[r.value] = std::move(result);
  }
}

void PassEmitter::emit_point_reduction(size_t pass) {
  auto& b = nest_.b;
  const std::vector<Reduction> reductions = reductions_of(pass);
  Value* count = inner_count(pass);
  const bool one_block = known(count) && *known(count) <= kBlock;

  // Accumulators that any order or the ascending one suits are carried in registers; the others are 16 in memory, and
  // 16 more for the values of blocks.
  struct State {
    bool carried;
    unsigned copies, width;
    size_t parts, first = 0;  // carried: where among the loop's values
    Value *lanes = nullptr, *blocks = nullptr;
    llvm::Type* type = nullptr;
  };
  std::vector<State> states;
  Values start;
  for (const Reduction& r : reductions) {
    State s{.carried = r.fold.any_order() || r.fold.ascending(),
            .copies = r.varying ? lanes_.copies : 1,
            .width = r.varying ? lanes_.width : 1,
            .parts = r.fold.dtypes().size()};
    const Values identity = r.fold.identity(s.width);
    s.first = start.size();
    s.type = identity[0]->getType();
    if (s.carried) {
      for (unsigned c = 0; c < s.copies; ++c) start.append(identity.begin(), identity.end());
    } else {
      s.lanes = nest_.stack(s.type, uint64_t{kLanes} * s.copies);
      if (!one_block) s.blocks = nest_.stack(s.type, uint64_t{kLanes} * s.copies);
    }
    states.push_back(s);
  }
  const auto slot = [&](const State& s, Value* memory, Value* lane, unsigned copy) {
    Value* at = b.CreateAdd(b.CreateMul(lane, nest_.number(s.copies)), nest_.number(copy));
    return b.CreateGEP(s.type, memory, at);
  };
  const auto load = [&](const State& s, Value* pointer) {
    return Values{b.CreateAlignedLoad(s.type, pointer, llvm::Align(4))};
  };
  const auto save = [&](const Values& value, Value* pointer) {
    b.CreateAlignedStore(value[0], pointer, llvm::Align(4));
  };
  const auto clear = [&](size_t k, Value* memory) {
    const State& s = states[k];
    const Values identity = reductions[k].fold.identity(s.width);
    for (unsigned lane = 0; lane < kLanes; ++lane)
      for (unsigned c = 0; c < s.copies; ++c) save(identity, slot(s, memory, nest_.number(lane), c));
  };
  const auto tree = [&](size_t k, Value* memory, unsigned copy) {
    std::vector<std::optional<Values>> lanes(kLanes);
    for (unsigned lane = 0; lane < kLanes; ++lane)
      lanes[lane] = load(states[k], slot(states[k], memory, nest_.number(lane), copy));
    return reductions[k].fold.tree(std::move(lanes));
  };
  const auto each_in_memory = [&](auto&& act) {
    for (size_t k = 0; k < reductions.size(); ++k)
      if (!states[k].carried) act(k);
  };
  const auto point = [&](Value* i, Values carried) {
    bind_linear(pass, i, /*lanes=*/false);
    emit_insts(pass);
    Value* lane = b.CreateAnd(i, nest_.number(kLanes - 1));
    for (size_t k = 0; k < reductions.size(); ++k) {
      const Reduction& r = reductions[k];
      const State& s = states[k];
      for (unsigned c = 0; c < s.copies; ++c) {
        const Values x = elements_of(r, c, r.varying);
        if (s.carried) {
          auto* const acc = carried.begin() + s.first + c * s.parts;
          const Values now = r.fold.add(Values(acc, acc + s.parts), x);
          std::copy(now.begin(), now.end(), acc);
        } else {
          Value* pointer = slot(s, s.lanes, lane, c);
          save(r.fold.add(load(s, pointer), x), pointer);
        }
      }
    }
    return carried;
  };

  Values carried;
  if (one_block) {
    each_in_memory([&](size_t k) { clear(k, states[k].lanes); });
    carried = nest_.loop(nest_.number(0), count, 1, start, point);
  } else {
    each_in_memory([&](size_t k) { clear(k, states[k].blocks); });
    carried = nest_.loop(nest_.number(0), count, kBlock, start, [&](Value* from, const Values& before) {
      each_in_memory([&](size_t k) { clear(k, states[k].lanes); });
      Value* end = b.CreateAdd(from, nest_.number(kBlock));
      end = b.CreateSelect(b.CreateICmpSLT(end, count), end, count);
      const Values after = nest_.loop(from, end, 1, before, point);
      Value* lane =
          b.CreateAnd(b.CreateLShr(from, nest_.number(std::countr_zero(uint64_t{kBlock}))), nest_.number(kLanes - 1));
      each_in_memory([&](size_t k) {
        for (unsigned c = 0; c < states[k].copies; ++c) {
          Value* pointer = slot(states[k], states[k].blocks, lane, c);
          save(reductions[k].fold.join(load(states[k], pointer), tree(k, states[k].lanes, c)), pointer);
        }
      });
      return after;
    });
  }
  for (size_t k = 0; k < reductions.size(); ++k) {
    const Reduction& r = reductions[k];
    const State& s = states[k];
    Val result{.varying = r.varying, .level = nest_.level()};
    for (unsigned c = 0; c < s.copies; ++c) {
      const auto* const acc = carried.begin() + s.first + c * s.parts;
      result.at.push_back(
          r.fold.result(s.carried ? Values(acc, acc + s.parts) : tree(k, one_block ? s.lanes : s.blocks, c)));
    }
    values_[r.value] = std::move(result);
  }
}

}  // namespace sinter::codegen::cpu
