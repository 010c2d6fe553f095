// Attributes of operations: one plain struct per operation that has any. `fields` lists name and member once; printing,
// parsing, equality and hashing follow from it.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "ir/graph/type.h"

namespace sinter::ir {

class Graph;

using Integers = std::vector<int64_t>;

template <class Struct, class Member>
struct Field {
  std::string_view name;
  Member Struct::* member;
};
template <class Struct, class Member>
Field(std::string_view, Member Struct::*) -> Field<Struct, Member>;

struct NoAttributes {
  static constexpr auto fields = std::tuple{};
  bool operator==(const NoAttributes&) const = default;
};

struct ConstantAttributes {  // printed as `constant f32[2] {1, 2}`
  std::shared_ptr<const Literal> value;
  static constexpr auto fields = std::tuple{Field{"value", &ConstantAttributes::value}};
  bool operator==(const ConstantAttributes& other) const { return *value == *other.value; }
};

struct ParameterAttributes {  // of a graph's inputs, which are operations without operands
  Type type;
  static constexpr auto fields = std::tuple{Field{"type", &ParameterAttributes::type}};
  bool operator==(const ParameterAttributes&) const = default;
};

struct IotaAttributes {  // i64: element [..., i, ...] is i, i the index along axis
  Shape shape;
  int64_t axis = 0;
  static constexpr auto fields =
      std::tuple{Field{"shape", &IotaAttributes::shape}, Field{"axis", &IotaAttributes::axis}};
  bool operator==(const IotaAttributes&) const = default;
};

struct ShapeAttributes {  // of reshape and rng
  Shape shape;
  static constexpr auto fields = std::tuple{Field{"shape", &ShapeAttributes::shape}};
  bool operator==(const ShapeAttributes&) const = default;
};

struct BroadcastAttributes {  // operand axis i becomes result axis axes[i] (ascending), and must have its size
  Shape shape;
  Integers axes;
  static constexpr auto fields =
      std::tuple{Field{"shape", &BroadcastAttributes::shape}, Field{"axes", &BroadcastAttributes::axes}};
  bool operator==(const BroadcastAttributes&) const = default;
};

struct TransposeAttributes {  // result axis i is operand axis order[i]
  Integers order;
  static constexpr auto fields = std::tuple{Field{"order", &TransposeAttributes::order}};
  bool operator==(const TransposeAttributes&) const = default;
};

struct SliceAttributes {  // per axis: start <= index < limit by step (step >= 1)
  Integers start, limit, step;
  static constexpr auto fields =
      std::tuple{Field{"start", &SliceAttributes::start}, Field{"limit", &SliceAttributes::limit},
                 Field{"step", &SliceAttributes::step}};
  bool operator==(const SliceAttributes&) const = default;
};

struct PadAttributes {  // per axis: elements of the second operand (a scalar) added below, above, and between
                        // neighbours
  Integers low, high, interior;
  static constexpr auto fields = std::tuple{Field{"low", &PadAttributes::low}, Field{"high", &PadAttributes::high},
                                            Field{"interior", &PadAttributes::interior}};
  bool operator==(const PadAttributes&) const = default;
};

struct AxisAttributes {  // of concat and argmax
  int64_t axis = 0;
  static constexpr auto fields = std::tuple{Field{"axis", &AxisAttributes::axis}};
  bool operator==(const AxisAttributes&) const = default;
};

struct AxesAttributes {  // of reductions: the axes reduced, ascending; they disappear from the result
  Integers axes;
  static constexpr auto fields = std::tuple{Field{"axes", &AxesAttributes::axes}};
  bool operator==(const AxesAttributes&) const = default;
};

struct GatherAttributes {  // of gather and scatter_add: see ops/gather.cc
  int64_t axis = 0;        // of the data: the one that indices select along; >= batch
  int64_t batch = 0;       // leading axes that data and indices share
  static constexpr auto fields =
      std::tuple{Field{"axis", &GatherAttributes::axis}, Field{"batch", &GatherAttributes::batch}};
  bool operator==(const GatherAttributes&) const = default;
};

struct CallAttributes {  // printed as `call @name(...)`
  std::shared_ptr<const Graph> callee;
  static constexpr auto fields = std::tuple{Field{"callee", &CallAttributes::callee}};
  bool operator==(const CallAttributes&) const = default;  // the same graph object
};

using Attributes = std::variant<NoAttributes, ConstantAttributes, ParameterAttributes, IotaAttributes, ShapeAttributes,
                                BroadcastAttributes, TransposeAttributes, SliceAttributes, PadAttributes,
                                AxisAttributes, AxesAttributes, GatherAttributes, CallAttributes>;

// Equal attributes hash equally; stable between processes.
[[nodiscard]] uint64_t hash(const Attributes& attributes);

}  // namespace sinter::ir
