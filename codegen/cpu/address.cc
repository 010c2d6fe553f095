// Addresses: each splits into parts by the loops they change in, and each part is emitted in front of the loops it does
// not.
#include <algorithm>

#include "codegen/cpu/pass_emitter.h"
#include "codegen/cpu/prims.h"
#include "ir/loops/walk.h"

namespace sinter::codegen::cpu {

using llvm::Value;
using loops::Atom;
using loops::Index;
using loops::Term;

namespace {

struct QuotientRemainder {
  Value *quotient, *remainder;
};

// Rounded down; scalars or vectors.
QuotientRemainder divide(llvm::IRBuilder<>& b, Value* x, Value* by, bool never_negative) {
  if (const auto* vector = llvm::dyn_cast<llvm::VectorType>(x->getType()))
    by = b.CreateVectorSplat(vector->getElementCount(), by);
  if (never_negative) {
    Value* quotient = b.CreateUDiv(x, by);
    return {quotient, b.CreateSub(x, b.CreateMul(quotient, by))};
  }
  Value* quotient = b.CreateSDiv(x, by);
  Value* remainder = b.CreateSub(x, b.CreateMul(quotient, by));
  Value* below = b.CreateICmpSLT(remainder, llvm::ConstantInt::get(x->getType(), 0));
  quotient = b.CreateSub(quotient, b.CreateZExt(below, x->getType()));
  remainder = b.CreateSelect(below, b.CreateAdd(remainder, by), remainder);
  return {quotient, remainder};
}

}  // namespace

Value* PassEmitter::number(Dim dim) {
  return dim.is_symbol() ? arguments_.symbols[static_cast<size_t>(dim.symbol_id())] : nest_.number(dim.value());
}

Value* PassEmitter::iota(unsigned width) {
  llvm::SmallVector<uint64_t, 16> lanes;
  for (unsigned i = 0; i < width; ++i) lanes.push_back(i);
  return llvm::ConstantDataVector::get(nest_.b.getContext(), lanes);
}

// Whether the index, at lane 0 of every copy, is surely a multiple. Lanes start at multiples of the width.
bool PassEmitter::starts_at_multiple(const Index& index, int64_t of) const {
  return index.base % of == 0 && std::all_of(index.terms.begin(), index.terms.end(), [&](const Term& term) {
           if (!term.coefficient.is_symbol() && term.coefficient.value() % of == 0) return true;
           return term.atom.kind == Atom::Kind::kRange && ranges_[term.atom.id].aligned && lanes_.width % of == 0;
         });
}

void PassEmitter::add_scaled(Affine& sum, const Affine& part, Value* factor) {
  auto& b = nest_.b;
  const int level = std::max(part.level, sum.level);
  const auto times = [&](int at, Value* x) { return nest_.multiply(at, x, factor); };
  const auto constant = known(factor);
  if (constant)
    sum.base += *constant * part.base;
  else if (part.base != 0)
    sum.scalars.push_back({times(0, nest_.number(part.base)), 0});
  for (const Affine::Part& scalar : part.scalars)
    sum.scalars.push_back({times(scalar.level, scalar.value), scalar.level});
  Values vectors = part.vectors;
  if (constant) {
    sum.stride += *constant * part.stride;
  } else if (part.stride != 0) {  // a stride known at run time only
    if (vectors.empty()) vectors.assign(lanes_.copies, llvm::Constant::getNullValue(shape_of(kInt64, true)));
    for (unsigned c = 0; c < lanes_.copies; ++c) {
      Value* lane = b.CreateAdd(iota(lanes_.width), b.CreateVectorSplat(lanes_.width, nest_.number(c * lanes_.width)));
      vectors[c] =
          nest_.add(level, vectors[c], b.CreateMul(lane, b.CreateVectorSplat(lanes_.width, nest_.number(part.stride))));
    }
  }
  for (size_t c = 0; c < part.copies.size(); ++c) {
    Value* scaled = times(level, part.copies[c]);
    if (sum.copies.size() <= c)
      sum.copies.push_back(scaled);
    else
      sum.copies[c] = nest_.add(level, sum.copies[c], scaled);
  }
  if (!vectors.empty()) {
    Value* by = nest_.at(level, [&] { return b.CreateVectorSplat(lanes_.width, factor); });
    for (size_t c = 0; c < vectors.size(); ++c) {
      Value* scaled = constant == 1 ? vectors[c] : nest_.multiply(level, vectors[c], by);
      if (sum.vectors.size() <= c)
        sum.vectors.push_back(scaled);
      else
        sum.vectors[c] = nest_.add(level, sum.vectors[c], scaled);
    }
  }
  sum.level = level;
}

void PassEmitter::add_division(Affine& sum, const Term& term) {
  auto& b = nest_.b;
  const Atom& atom = term.atom;
  const Affine of = affine(*atom.of);
  if (atom.kind == Atom::Kind::kDiv && atom.by.is(1)) return add_scaled(sum, of, number(term.coefficient));
  const bool quotient_wanted = atom.kind == Atom::Kind::kDiv, never_negative = loops::never_negative(*atom.of);
  Value* by = number(atom.by);
  const int level = of.level;
  const auto pick = [&](Value* x) {
    const QuotientRemainder both = divide(b, x, by, never_negative);
    return quotient_wanted ? both.quotient : both.remainder;
  };
  Affine part{.level = level};
  Value* start = of.vectors.empty() ? scalar_sum(of) : nullptr;
  const auto start_of = [&](unsigned copy) {  // of lane 0
    Value* at = nest_.add(level, start, nest_.number(copy * lanes_.width * of.stride));
    return of.copies.empty() ? at : nest_.add(level, at, of.copies[copy]);
  };
  const int64_t width = lanes_.width;
  nest_.at(level, [&] {
    if (of.uniform()) {
      part.scalars.push_back({pick(start), level});
    } else if (start && of.stride == 1 && known(by).value_or(1) % width == 0 && starts_at_multiple(*atom.of, width)) {
      for (unsigned c = 0; c < lanes_.copies; ++c)
        part.copies.push_back(pick(start_of(c)));  // no boundary within a vector
      if (!quotient_wanted) {
        part.stride = 1;
        for (unsigned c = 0; c < lanes_.copies; ++c)
          part.copies[c] = b.CreateSub(part.copies[c], nest_.number(c * width));  // copy c's stride counts c * width
      }
    } else if (start && of.stride == 1 && known(by).value_or(1) >= width) {
      for (unsigned c = 0; c < lanes_.copies; ++c) {  // one boundary at most
        const QuotientRemainder first = divide(b, start_of(c), by, never_negative);
        Value* remainder = b.CreateAdd(b.CreateVectorSplat(lanes_.width, first.remainder), iota(lanes_.width));
        Value* splat_by = b.CreateVectorSplat(lanes_.width, by);
        Value* beyond = b.CreateICmpSGE(remainder, splat_by);
        Value* quotient =
            b.CreateAdd(b.CreateVectorSplat(lanes_.width, first.quotient), b.CreateZExt(beyond, remainder->getType()));
        part.vectors.push_back(quotient_wanted ? quotient
                                               : b.CreateSelect(beyond, b.CreateSub(remainder, splat_by), remainder));
      }
    } else {
      for (unsigned c = 0; c < lanes_.copies; ++c) part.vectors.push_back(pick(lane_vector(of, c)));
    }
  });
  add_scaled(sum, part, number(term.coefficient));
}

void PassEmitter::add_atom(Affine& sum, const Term& term) {
  const Atom& atom = term.atom;
  Affine part;
  if (atom.kind == Atom::Kind::kRange) {
    part = ranges_[atom.id];
  } else if (atom.kind == Atom::Kind::kSymbol) {
    part.scalars.push_back({arguments_.symbols[atom.id], 0});
  } else if (atom.kind == Atom::Kind::kValue) {
    const Val& value = values_[atom.id];
    part.level = value.level;
    if (value.varying)
      part.vectors = value.at;
    else
      part.scalars.push_back({value.at[0], value.level});
  } else {
    return add_division(sum, term);
  }
  add_scaled(sum, part, number(term.coefficient));
}

Affine PassEmitter::affine(const Index& index) {
  Affine sum{.base = index.base};
  for (const Term& term : index.terms) add_atom(sum, term);
  std::stable_sort(sum.scalars.begin(), sum.scalars.end(),
                   [](const auto& x, const auto& y) { return x.level < y.level; });
  return sum;
}

// base + scalars.
Value* PassEmitter::scalar_sum(const Affine& sum) {
  Value* total = nest_.number(0);
  int level = 0;
  for (const Affine::Part& scalar : sum.scalars) {
    level = std::max(level, scalar.level);
    total = nest_.add(level, total, scalar.value);
  }
  return nest_.add(level, total, nest_.number(sum.base));
}

// The whole index of one copy, as a vector.
Value* PassEmitter::lane_vector(const Affine& sum, unsigned copy) {
  auto& b = nest_.b;
  return nest_.at(sum.level, [&] {
    Value* scalar = nest_.add(sum.level, scalar_sum(sum), nest_.number(copy * lanes_.width * sum.stride));
    if (!sum.copies.empty()) scalar = nest_.add(sum.level, scalar, sum.copies[copy]);
    Value* total = b.CreateVectorSplat(lanes_.width, scalar);
    if (sum.stride != 0)
      total = b.CreateAdd(total,
                          b.CreateMul(iota(lanes_.width), b.CreateVectorSplat(lanes_.width, nest_.number(sum.stride))));
    if (!sum.vectors.empty()) total = b.CreateAdd(total, sum.vectors[copy]);
    return total;
  });
}

PassEmitter::Place PassEmitter::place(uint32_t buffer, const Index& index) {
  auto& b = nest_.b;
  const Affine at = affine(index);
  Place place{.level = at.level, .dtype = kernel_.buffers[buffer].dtype};
  llvm::Type* element = memory_type(b.getContext(), place.dtype);
  Value* pointer = arguments_.buffers[buffer];
  int level = 0;
  for (const Affine::Part& scalar : at.scalars) {
    level = std::max(level, scalar.level);
    pointer = nest_.element(level, element, pointer, scalar.value);
  }
  if (at.uniform()) {
    place.pointers.push_back(nest_.element(at.level, element, pointer, nest_.number(at.base)));
    return place;
  }
  using Form = Place::Form;
  place.form = !at.vectors.empty() || at.stride > 1 ? Form::kGather : at.stride == 1 ? Form::kContiguous : Form::kSplat;
  for (unsigned c = 0; c < lanes_.copies; ++c) {
    Value* first = at.copies.empty() ? pointer : nest_.element(at.level, element, pointer, at.copies[c]);
    first = nest_.element(at.level, element, first, nest_.number(at.base + c * lanes_.width * at.stride));
    if (place.form != Form::kGather) {
      place.pointers.push_back(first);
      continue;
    }
    nest_.at(at.level, [&] {
      Value* offsets = b.CreateMul(iota(lanes_.width), b.CreateVectorSplat(lanes_.width, nest_.number(at.stride)));
      if (!at.vectors.empty()) offsets = b.CreateAdd(offsets, at.vectors[c]);
      place.pointers.push_back(b.CreateGEP(element, first, offsets));
    });
  }
  return place;
}

}  // namespace sinter::codegen::cpu
