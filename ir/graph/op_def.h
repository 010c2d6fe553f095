// What the compiler knows about an operation. One OpDef per elementwise row, per reduction combiner and per structural
// operation; everything generic (text, verifier, differentiation, reference, fusion) asks the OpDef and never its name.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "ir/graph/attributes.h"
#include "ir/graph/builder.h"

namespace sinter::ir {

struct Row;       // row.h
struct Combiner;  // combiner.h

// Which arithmetic a reference evaluation runs in. kOracle: every float value is stored and computed in double, libm,
// plain sums. kTyped: the declared types, the canonical orders of docs/numerics.md: the bits that compiled code must
// produce.
enum class Arithmetic : uint8_t { kOracle, kTyped };

using MaybeValues = std::vector<std::optional<Value>>;

// How lowering treats the operation.
enum class OpClass : uint8_t {
  kParameter,
  kConstant,
  kElementwise,  // row != nullptr
  kView,         // only says where elements come from: broadcast, reshape, transpose, slice, pad, concat, stop_gradient
  kIndexed,      // computed from the element's index: iota, rng_bits
  kReduction,    // combiner != nullptr; and argmax
  kDot,
  kGather,
  kScatter,
  kCall,
};

// Which alternative of Attributes operations of a kind carry.
class AttributesKind {
 public:
  template <class Struct>
  AttributesKind(const Struct&)  // NOLINT: reads like a value of the alternative
      : index_(Attributes(Struct{}).index()), defaults_([] { return Attributes(Struct{}); }) {}
  [[nodiscard]] size_t index() const { return index_; }
  [[nodiscard]] Attributes defaults() const { return defaults_(); }

 private:
  size_t index_;
  Attributes (*defaults_)();
};

struct OpDef {
  std::string_view name;
  std::string_view doc;
  OpClass op_class;
  int arity;                  // -1: any number
  uint8_t dtypes = kNoTypes;  // DTypes of its data operands (of T for rows); kNoTypes: it has none
  AttributesKind attributes;
  const Row* row = nullptr;
  const Combiner* combiner = nullptr;

  // Result types; throws ShapeError, DTypeError, IndexError naming operation, argument position, given, expected.
  std::vector<Type> (*infer)(const OpDef& def, const Attributes& attributes, std::span<const Type> operands);

  // Reference evaluation; results come in sized and zeroed. IndexError for an index out of range.
  void (*evaluate)(const OpDef& def, const Attributes& attributes, Arithmetic arithmetic,
                   std::span<const Literal* const> operands, std::span<Literal> results);

  // Cotangents of the operands, built from those of the results (nullopt: structurally zero). nullptr: no derivative,
  // said on purpose, nothing flows (rows say NoDerivative).
  MaybeValues (*vjp)(Builder& b, const OpDef& def, const Attributes& attributes, std::span<const Value> operands,
                     std::span<const Value> results, std::span<const std::optional<Value>> cotangents);
};

// Operations may run in the destructors of other globals.
static_assert(std::is_trivially_destructible_v<OpDef>);

// All operations, in order of documentation; and one by its name in IR text (nullptr when there is none).
[[nodiscard]] std::span<const OpDef* const> all_ops();
[[nodiscard]] const OpDef* find_op(std::string_view name);

// What every maker of operations calls: checks the number of operands and the alternative of attributes, then infers.
[[nodiscard]] std::vector<Type> infer_types(const OpDef& def, const Attributes& attributes,
                                            std::span<const Type> operands);

// Structural operations, each defined in ops/<name>.cc.
namespace ops {
extern const OpDef kParameter, kConstant, kIota, kRngBits, kBroadcast, kReshape, kTranspose, kSlice, kPad, kConcat,
    kArgmax, kGather, kScatterAdd, kDot, kStopGradient, kCall;
}  // namespace ops

}  // namespace sinter::ir
