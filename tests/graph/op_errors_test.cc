// Shape rules: the text of each kind of error, symbolic sizes, and hostile attributes, which must neither crash nor
// overflow.
#include <gtest/gtest.h>

#include <limits>

#include "ir/graph/graph.h"
#include "tests/graph/testing.h"

namespace sinter::ir {
namespace {

using Values = std::vector<Value>;
const Dim kBatch = Dim::symbol(0), kOther = Dim::symbol(1);
constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();

struct Case {
  std::vector<Type> operands;
  testing::Make make;
  std::string expected;  // the whole text
};

Type f32(Shape shape) { return {kFloat32, std::move(shape)}; }
Type f64(Shape shape) { return {kFloat64, std::move(shape)}; }
Type i64(Shape shape) { return {kInt64, std::move(shape)}; }
Type boolean(Shape shape) { return {kBool, std::move(shape)}; }

testing::Make row(std::string name) {
  return [name](Builder& b, const Values& v) { return b.add(*find_op(name), NoAttributes{}, v); };
}

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) EXPECT_EQ(testing::error_of(c.operands, c.make), c.expected);
}

TEST(ShapeRules, Elementwise) {
  check({
      {{f32({3})}, row("add"), "add: given 1 argument, expected 2"},
      {{f32({3}), f32({4})},
       row("add"),
       "add: argument 2 has type f32[4], expected shape [3], that of argument 1\n  cure: broadcast or reshape one of "
       "them"},
      {{f32({3}), f32({3, 1})},
       row("add"),
       "add: argument 2 has type f32[3, 1], expected shape [3], that of argument 1\n  cure: broadcast or reshape one "
       "of them"},
      {{f32({kBatch}), f32({3})},
       row("add"),
       "add: argument 2 has type f32[3], expected shape [s0], that of argument 1\n  cure: broadcast or reshape one of "
       "them"},
      {{f32({3}), i64({3})},
       row("add"),
       "add: argument 2 has type i64[3], expected element type f32, that of argument 1\n  cure: convert one of them"},
      {{i64({3})},
       row("exp"),
       "exp: argument 1 has type i64[3], expected element type f32 or f64\n  cure: convert it first"},
      {{boolean({}), boolean({})},
       row("add"),
       "add: argument 1 has type bool[], expected element type f32, f64 or i64\n  cure: convert it first"},
      {{f32({2}), f32({2}), f32({2})},
       row("select"),
       "select: argument 1 has type f32[2], expected element type bool\n  cure: convert it first"},
      {{boolean({2}), f32({2}), f64({2})},
       row("select"),
       "select: argument 3 has type f64[2], expected element type f32, that of argument 2\n  cure: convert one of "
       "them"},
      {{boolean({2}), f32({3}), f32({3})},
       row("select"),
       "select: argument 2 has type f32[3], expected shape [2], that of argument 1\n  cure: broadcast or reshape one "
       "of them"},
  });
}

TEST(ShapeRules, Views) {
  const auto broadcast_to = [](Shape shape, Integers axes) {
    return [=](Builder& b, const Values& v) { return broadcast(b, v[0], shape, axes); };
  };
  const auto reshape_to = [](Shape shape) {
    return [=](Builder& b, const Values& v) { return reshape(b, v[0], shape); };
  };
  const auto transpose_by = [](Integers order) {
    return [=](Builder& b, const Values& v) { return transpose(b, v[0], order); };
  };
  check({
      {{f32({3})},
       broadcast_to({2, 4}, {1}),
       "broadcast: argument 1 has type f32[3], whose axis 0 becomes axis 1 of [2, 4], expected size 4"},
      {{f32({kBatch})},
       broadcast_to({2, kOther}, {1}),
       "broadcast: argument 1 has type f32[s0], whose axis 0 becomes axis 1 of [2, s1], expected size s1"},
      {{f32({3})}, broadcast_to({2, 3}, {2}), "broadcast: axes[0] is 2, expected ascending axes of shape [2, 3]"},
      {{f32({3, 2})}, broadcast_to({2, 3}, {1, 0}), "broadcast: axes[1] is 0, expected ascending axes of shape [2, 3]"},
      {{f32({3})},
       broadcast_to({2, 3}, {}),
       "broadcast: axes has 0 entries, expected 1, one for each axis of argument 1"},
      {{f32({})},
       broadcast_to({1, 1, 1, 1, 1, 1, 1, 1, 1}, {}),
       "broadcast: the result has 9 dimensions, expected at most 8"},
      {{f32({})},
       broadcast_to({kHuge, 0}, {}),
       "broadcast: the result has type f32[9223372036854775807, 0], expected a type whose bytes 63 bits can count"},
      {{f32({2, 3})}, reshape_to({5}), "reshape: argument 1 has type f32[2, 3], expected as many elements as [5] has"},
      {{f32({kBatch, 3})},
       reshape_to({3}),
       "reshape: argument 1 has type f32[s0, 3], expected as many elements as [3] has"},
      {{f32({kBatch})},
       reshape_to({kOther}),
       "reshape: argument 1 has type f32[s0], expected as many elements as [s1] has"},
      {{f32({2, 3})}, transpose_by({0}), "transpose: order has 1 entry, expected 2, one for each axis of argument 1"},
      {{f32({2, 3})}, transpose_by({0, 2}), "transpose: order[1] is 2, expected 0 to 1"},
      {{f32({2, 3})}, transpose_by({1, 1}), "transpose: order[1] is 1 again, expected each axis once"},
  });
}

TEST(ShapeRules, SlicePadConcat) {
  const auto slice_by = [](Integers start, Integers limit, Integers step) {
    return [=](Builder& b, const Values& v) { return slice(b, v[0], start, limit, step); };
  };
  const auto pad_by = [](Integers low, Integers high, Integers interior) {
    return [=](Builder& b, const Values& v) { return pad(b, v[0], v[1], low, high, interior); };
  };
  const auto concat_on = [](int64_t axis) { return [=](Builder& b, const Values& v) { return concat(b, v, axis); }; };
  check({
      {{f32({5})},
       slice_by({2}, {6}, {1}),
       "slice: axis 0 of argument 1, f32[5], from 2 to 6, expected 0 <= start <= limit <= 5"},
      {{f32({5})},
       slice_by({3}, {2}, {1}),
       "slice: axis 0 of argument 1, f32[5], from 3 to 2, expected 0 <= start <= limit <= 5"},
      {{f32({5})},
       slice_by({-1}, {2}, {1}),
       "slice: axis 0 of argument 1, f32[5], from -1 to 2, expected 0 <= start <= limit <= 5"},
      {{f32({5})}, slice_by({0}, {2}, {0}), "slice: step[0] is 0, expected at least 1"},
      {{f32({5})},
       slice_by({0, 0}, {2}, {1}),
       "slice: start has 2 entries, expected 1, one for each axis of argument 1"},
      {{f32({kBatch})},
       slice_by({0}, {2}, {1}),
       "slice: axis 0 of argument 1, f32[s0], has a size known only at run time, expected the whole axis: start 0, "
       "limit -1, step 1, "
       "given 0, 2, 1"},
      {{f32({5}), f32({1})}, pad_by({0}, {0}, {0}), "pad: argument 2 has type f32[1], expected a scalar"},
      {{f32({5}), i64({})},
       pad_by({0}, {0}, {0}),
       "pad: argument 2 has type i64[], expected element type f32, that of argument 1\n  cure: convert one of them"},
      {{f32({5}), f32({})},
       pad_by({-1}, {0}, {0}),
       "pad: axis 0 is padded by -1, 0 and 0, expected numbers of at least 0\n  cure: slice removes elements"},
      {{f32({5}), f32({})},
       pad_by({1}, {0}, {kHuge}),
       "pad: axis 0 of argument 1, f32[5], padded by 1, 0 and 9223372036854775807, expected a size that 63 bits can "
       "count"},
      {{f32({kBatch}), f32({})},
       pad_by({1}, {0}, {0}),
       "pad: axis 0 of argument 1, f32[s0], has a size known only at run time, expected padding by 0"},
      {{}, concat_on(0), "concat: given no arguments, expected at least 1"},
      {{f32({})}, concat_on(0), "concat: axis is 0, but argument 1 is a scalar and has no axis"},
      {{f32({2, 3}), f32({2, 3})}, concat_on(2), "concat: axis is 2, expected 0 to 1"},
      {{f32({2, 3}), f32({3, 3})},
       concat_on(1),
       "concat: argument 2 has type f32[3, 3], expected size 2 along axis 0, as argument 1 has"},
      {{f32({2, 3}), f32({2})},
       concat_on(0),
       "concat: argument 2 has type f32[2], expected 2 dimensions, as argument 1 has"},
      {{f32({2}), f32({kBatch})},
       concat_on(0),
       "concat: argument 2 has type f32[s0], expected a constant size along axis 0"},
      {{f32({2}), f64({2})},
       concat_on(0),
       "concat: argument 2 has type f64[2], expected element type f32, that of argument 1\n  cure: convert one of "
       "them"},
      {{boolean({int64_t{1} << 62}), boolean({int64_t{1} << 62})},
       concat_on(0),
       "concat: axis 0 of all arguments together, expected a size that 63 bits can count"},
  });
}

TEST(ShapeRules, ReductionsAndDot) {
  const auto reduce_by = [](std::string name, Integers axes) {
    return [=](Builder& b, const Values& v) { return reduce(b, name, v[0], axes); };
  };
  const auto argmax_on = [](int64_t axis) {
    return [=](Builder& b, const Values& v) { return argmax(b, v[0], axis); };
  };
  check({
      {{f32({2, 3})}, reduce_by("sum", {2}), "reduce_sum: axes[0] is 2, expected 0 to 1"},
      {{f32({2, 3})}, reduce_by("sum", {1, 0}), "reduce_sum: axes[1] is 0 after 1, expected ascending axes, each once"},
      {{f32({2, 3})}, reduce_by("sum", {1, 1}), "reduce_sum: axes[1] is 1 after 1, expected ascending axes, each once"},
      {{f32({})}, reduce_by("sum", {0}), "reduce_sum: axes[0] is 0, but argument 1 is a scalar and has no axis"},
      {{boolean({2})},
       reduce_by("sum", {0}),
       "reduce_sum: argument 1 has type bool[2], expected element type f32, f64 or i64\n  cure: convert it first"},
      {{f32({2, 0})},
       reduce_by("max", {1}),
       "reduce_max: argument 1 has type f32[2, 0], and axis 1 has no elements, expected at least one"},
      {{f32({0})},
       argmax_on(0),
       "argmax: argument 1 has type f32[0], and axis 0 has no elements, expected at least one"},
      {{f32({3})}, argmax_on(-1), "argmax: axis is -1, expected 0 to 0"},
      {{i64({2, 2}), i64({2, 2})},
       row("dot"),
       "dot: argument 1 has type i64[2, 2], expected element type f32 or f64\n  cure: convert it first"},
      {{f32({2}), f32({2, 2})},
       row("dot"),
       "dot: argument 1 has type f32[2], expected at least 2 dimensions\n  cure: reshape a vector to a matrix of one "
       "row or column"},
      {{f32({2, 3}), f32({4, 2})},
       row("dot"),
       "dot: argument 2 has type f32[4, 2], expected 3 rows, as many as argument 1, f32[2, 3], has columns"},
      {{f32({5, 2, 3}), f32({3, 2})},
       row("dot"),
       "dot: argument 2 has type f32[3, 2], expected 3 dimensions, as argument 1, f32[5, 2, 3], has"},
      {{f32({5, 2, 3}), f32({4, 3, 2})},
       row("dot"),
       "dot: argument 2 has type f32[4, 3, 2], expected size 5 along batch axis 0, as argument 1, f32[5, 2, 3], has"},
  });
}

TEST(ShapeRules, GatherScatterRngIotaCall) {
  const auto gather_by = [](int64_t axis, int64_t batch) {
    return [=](Builder& b, const Values& v) { return gather(b, v[0], v[1], axis, batch); };
  };
  const auto scatter = [](Builder& b, const Values& v) { return scatter_add(b, v[0], v[1], v[2], 0, 0); };
  auto callee = std::make_shared<Graph>();
  callee->name = "f";
  callee->add_parameter(f32({kBatch}), "x");
  const auto call = [callee](Builder& b, const Values& v) { return b.add(ops::kCall, CallAttributes{callee}, v); };
  check({
      {{f32({2, 3}), f32({2})},
       gather_by(0, 0),
       "gather: argument 2 has type f32[2], expected element type i64\n  cure: convert it first"},
      {{f32({2, 3}), i64({2})}, gather_by(2, 0), "gather: axis is 2, expected 0 to 1"},
      {{f32({2, 3}), i64({2})},
       gather_by(0, 1),
       "gather: batch is 1, expected 0 to 0: at most the axis, 0, and the rank of argument 2, 1"},
      {{f32({2, 3}), i64({3})},
       gather_by(1, 1),
       "gather: argument 2 has type i64[3], expected size 2 along batch axis 0, as argument 1, f32[2, 3], has"},
      {{f32({2, 3}), i64({4}), f32({4, 2})},
       scatter,
       "scatter_add: argument 3 has type f32[4, 2], expected shape [4, 3], what a gather of f32[2, 3] by i64[4] gives"},
      {{boolean({2}), i64({4}), boolean({4})},
       scatter,
       "scatter_add: argument 1 has type bool[2], expected element type f32, f64 or i64\n  cure: convert it first"},
      {{i64({3})},
       [](Builder& b, const Values& v) { return rng_bits(b, v[0], {4}); },
       "rng_bits: argument 1 has type i64[3], expected i64[2], seed and stream"},
      {{}, [](Builder& b, const Values&) { return iota(b, {2}, 1); }, "iota: axis is 1, expected an axis of shape [2]"},
      {{{kInt32, {2}}},
       row("neg"),
       "parameter: the type has element type i32, expected f32, f64, i64 or bool\n  cure: i32 exists only inside "
       "scalar expressions: use i64"},
      {{}, call, "call: given 0 arguments, expected 1, as @f has parameters"},
      {{f32({3})}, call, "call: argument 1 has type f32[3], expected f32[s0], that of parameter %x of @f"},
      {{f64({kBatch})}, call, "call: argument 1 has type f64[s0], expected f32[s0], that of parameter %x of @f"},
  });
}

TEST(ShapeRules, SymbolsAreKept) {
  EXPECT_EQ(testing::infer({f32({kBatch, 3}), f32({3, kOther})}, row("dot")), f32({kBatch, kOther}));
  EXPECT_EQ(testing::infer({f32({kBatch, 3})}, [](Builder& b, const Values& v) { return reduce(b, "max", v[0], {0}); }),
            f32({3}));
  EXPECT_EQ(
      testing::infer({f32({kBatch, 3})}, [](Builder& b, const Values& v) { return reshape(b, v[0], {3, 1, kBatch}); }),
      f32({3, 1, kBatch}));
  EXPECT_EQ(testing::infer({f32({kBatch, 3}), i64({kBatch})},
                           [](Builder& b, const Values& v) { return gather(b, v[0], v[1], 1, 1); }),
            f32({kBatch}));
  EXPECT_EQ(
      testing::infer({f32({kBatch, 3}), f32({kBatch, 1})}, [](Builder& b, const Values& v) { return concat(b, v, 1); }),
      f32({kBatch, 4}));
}

// Attributes drawn from numbers that break careless arithmetic: each attempt works or is a user's error. Run under
// UBSan and ASan too.
class Hostile {
 public:
  explicit Hostile(uint64_t seed) : random_(seed) {}
  int64_t number() {
    constexpr int64_t kNumbers[] = {
        0, 1, 2, 3, -1, -2, 7, 8, kHuge, kHuge - 1, -kHuge - 1, int64_t{1} << 31, int64_t{1} << 62};
    return kNumbers[random_() % std::size(kNumbers)];
  }
  Integers numbers() {
    Integers made(random_() % 4);
    for (int64_t& n : made) n = number();
    return made;
  }
  Shape shape() {
    std::vector<Dim> dims;
    for (size_t i = random_() % 4; i > 0; --i) {
      const int64_t n = number();
      dims.push_back(n < 0 ? kBatch : Dim(n));
    }
    return Shape(std::move(dims));
  }
  Type type() {
    constexpr DType kTypes[] = {kFloat32, kFloat64, kInt64, kBool};
    return {kTypes[random_() % 4], shape()};
  }
  uint64_t below(uint64_t limit) { return random_() % limit; }

  // Fields of the alternative that the operation carries.
  void fill(Attributes& attributes) {
    std::visit(
        [&](auto& chosen) {
          std::apply([&](const auto&... field) { (fill(chosen.*(field.member)), ...); }, chosen.fields);
        },
        attributes);
  }

 private:
  void fill(int64_t& n) { n = number(); }
  void fill(Integers& list) { list = numbers(); }
  void fill(Shape& made) { made = shape(); }
  void fill(Type& made) { made = type(); }
  void fill(std::shared_ptr<const Literal>& value) {
    value = std::make_shared<const Literal>(Literal{type(), std::vector<std::byte>(below(20))});
  }
  void fill(std::shared_ptr<const Graph>& callee) {
    auto graph = std::make_shared<Graph>();
    graph->add_parameter({kFloat32, {2}}, "x");
    callee = graph;
  }
  std::mt19937_64 random_;
};

TEST(ShapeRules, HostileAttributesAreErrors) {
  Hostile hostile(5);
  int worked = 0, refused = 0;
  for (const OpDef* def : all_ops())
    for (int attempt = 0; attempt < 2000; ++attempt) {
      Attributes attributes = def->attributes.defaults();
      hostile.fill(attributes);
      std::vector<Type> operands(def->arity >= 0 ? static_cast<size_t>(def->arity) : hostile.below(4));
      for (Type& type : operands)
        type = hostile.below(3) > 0 && &type != operands.data() ? operands[0] : hostile.type();
      try {
        for (const Type& type : operands) (void)infer_types(ops::kParameter, ParameterAttributes{type}, {});
        worked += infer_types(*def, attributes, operands).empty() ? 0 : 1;
      } catch (const InternalError& error) {
        FAIL() << def->name << ": " << error.what();
      } catch (const Error&) {
        ++refused;
      }
    }
  EXPECT_GT(worked, 1000);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace sinter::ir
