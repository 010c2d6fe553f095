// What structural operations compute, on arrays small enough to read.
#include <gtest/gtest.h>

#include "tests/graph/testing.h"

namespace sinter::ir {
namespace {

using testing::literal;
using Values = std::vector<Value>;

// Runs in both arithmetics, which must agree: nothing here rounds.
Literal run(const std::vector<Literal>& inputs, const testing::Make& make) {
  std::vector<Literal> exact;
  for (const Literal& input : inputs) exact.push_back(to_oracle(input));
  const Literal typed = testing::run(inputs, Arithmetic::kTyped, make);
  EXPECT_EQ(from_oracle(testing::run(exact, Arithmetic::kOracle, make), typed.type.dtype), typed);
  return typed;
}

const Literal kMatrix = literal<float>({2, 3}, {1, 2, 3, 4, 5, 6});

TEST(OpValues, ConstantAndFull) {
  EXPECT_EQ(run({}, [](Builder& b, const Values&) { return constant(b, kMatrix); }), kMatrix);
  EXPECT_EQ(run({}, [](Builder& b, const Values&) { return full(b, 7, {kInt64, {2}}); }),
            literal<int64_t>({2}, {7, 7}));
  EXPECT_EQ(run({}, [](Builder& b, const Values&) { return scalar(b, 1, kBool); }), literal<bool>({}, {true}));
}

TEST(OpValues, Iota) {
  EXPECT_EQ(run({}, [](Builder& b, const Values&) { return iota(b, {2, 3}, 1); }),
            literal<int64_t>({2, 3}, {0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(run({}, [](Builder& b, const Values&) { return iota(b, {2, 3}, 0); }),
            literal<int64_t>({2, 3}, {0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(run({}, [](Builder& b, const Values&) { return iota(b, {2, 0}, 1); }), literal<int64_t>({2, 0}, {}));
}

TEST(OpValues, Broadcast) {
  const Literal x = literal<float>({2}, {1, 2});
  EXPECT_EQ(run({x}, [](Builder& b, const Values& v) { return broadcast(b, v[0], {2, 3}, {0}); }),
            literal<float>({2, 3}, {1, 1, 1, 2, 2, 2}));
  EXPECT_EQ(run({x}, [](Builder& b, const Values& v) { return broadcast(b, v[0], {3, 2}, {1}); }),
            literal<float>({3, 2}, {1, 2, 1, 2, 1, 2}));
  EXPECT_EQ(run({x}, [](Builder& b, const Values& v) { return broadcast_in(b, v[0], {2, 2, 1}, {0, 2}); }),
            literal<float>({2, 2, 1}, {1, 2, 1, 2}));
  EXPECT_EQ(run({x}, [](Builder& b, const Values& v) { return broadcast(b, v[0], {0, 2}, {1}); }),
            literal<float>({0, 2}, {}));
}

TEST(OpValues, ReshapeAndTranspose) {
  EXPECT_EQ(run({kMatrix}, [](Builder& b, const Values& v) { return reshape(b, v[0], {3, 1, 2}); }),
            literal<float>({3, 1, 2}, {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(run({kMatrix}, [](Builder& b, const Values& v) { return transpose(b, v[0], {1, 0}); }),
            literal<float>({3, 2}, {1, 4, 2, 5, 3, 6}));
}

TEST(OpValues, SliceAndPad) {
  EXPECT_EQ(run({kMatrix}, [](Builder& b, const Values& v) { return slice(b, v[0], {0, 0}, {2, 3}, {1, 2}); }),
            literal<float>({2, 2}, {1, 3, 4, 6}));
  EXPECT_EQ(run({kMatrix}, [](Builder& b, const Values& v) { return slice(b, v[0], {1, 1}, {2, 1}, {1, 1}); }),
            literal<float>({1, 0}, {}));
  const Literal x = literal<float>({2}, {1, 2}), nine = literal<float>({}, {9});
  EXPECT_EQ(run({x, nine}, [](Builder& b, const Values& v) { return pad(b, v[0], v[1], {1}, {2}, {1}); }),
            literal<float>({6}, {9, 1, 9, 2, 9, 9}));
  EXPECT_EQ(run({literal<float>({0}, {}), nine},
                [](Builder& b, const Values& v) { return pad(b, v[0], v[1], {1}, {1}, {5}); }),
            literal<float>({2}, {9, 9}));
}

TEST(OpValues, Concat) {
  const Literal other = literal<float>({2, 1}, {7, 8}), empty = literal<float>({2, 0}, {});
  EXPECT_EQ(run({kMatrix, other, empty}, [](Builder& b, const Values& v) { return concat(b, v, 1); }),
            literal<float>({2, 4}, {1, 2, 3, 7, 4, 5, 6, 8}));
  EXPECT_EQ(run({kMatrix, kMatrix}, [](Builder& b, const Values& v) { return concat(b, v, 0); }),
            literal<float>({4, 3}, {1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6}));
}

TEST(OpValues, GatherReplacesTheAxis) {
  const Literal rows = literal<int64_t>({2, 2}, {1, 0, 1, 1});
  EXPECT_EQ(run({kMatrix, rows}, [](Builder& b, const Values& v) { return gather(b, v[0], v[1], 0, 0); }),
            literal<float>({2, 2, 3}, {4, 5, 6, 1, 2, 3, 4, 5, 6, 4, 5, 6}));
  EXPECT_EQ(run({kMatrix, literal<int64_t>({}, {2})},
                [](Builder& b, const Values& v) { return gather(b, v[0], v[1], 1, 0); }),
            literal<float>({2}, {3, 6}));
}

TEST(OpValues, GatherWithBatchAxes) {
  EXPECT_EQ(run({kMatrix, literal<int64_t>({2}, {2, 0})},
                [](Builder& b, const Values& v) { return gather(b, v[0], v[1], 1, 1); }),
            literal<float>({2}, {3, 4}));
  // [2, 2, 3] with an axis between the batch and the one selected along.
  const Literal box = literal<int64_t>({2, 2, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  EXPECT_EQ(run({box, literal<int64_t>({2, 2}, {0, 2, 1, 1})},
                [](Builder& b, const Values& v) { return gather(b, v[0], v[1], 2, 1); }),
            literal<int64_t>({2, 2, 2}, {0, 2, 3, 5, 7, 7, 10, 10}));
}

TEST(OpValues, ScatterAddIsTheReverse) {
  const Literal rows = literal<int64_t>({3}, {1, 1, 0}),
                updates = literal<float>({3, 3}, {10, 20, 30, 100, 200, 300, 1, 1, 1});
  EXPECT_EQ(
      run({kMatrix, rows, updates}, [](Builder& b, const Values& v) { return scatter_add(b, v[0], v[1], v[2], 0, 0); }),
      literal<float>({2, 3}, {2, 3, 4, 114, 225, 336}));
}

TEST(OpValues, ScatterAddsInOrderOfTheUpdates) {
  const Literal base = literal<float>({1}, {1e8f}), zeros = literal<int64_t>({3}, {0, 0, 0});
  const auto make = [](Builder& b, const Values& v) { return scatter_add(b, v[0], v[1], v[2], 0, 0); };
  const auto typed = [&](std::vector<float> updates) {
    return testing::run({base, zeros, literal<float>({3}, updates)}, Arithmetic::kTyped, make).view<float>()[0];
  };
  EXPECT_EQ(typed({-1e8f, 1, 1}), 2);
  EXPECT_EQ(typed({1, 1, -1e8f}), 0);
}

TEST(OpValues, OutOfRangeIndicesAreErrors) {
  const auto text = [](int64_t index) {
    return testing::error_of([&] {
      (void)testing::run({kMatrix, literal<int64_t>({2, 2}, {0, 1, index, 0})}, Arithmetic::kTyped,
                         [](Builder& b, const Values& v) { return gather(b, v[0], v[1], 1, 0); });
    });
  };
  EXPECT_EQ(text(3), "gather: argument 2 has index 3 at position [1, 0], expected 0 to 2");
  EXPECT_EQ(text(-1), "gather: argument 2 has index -1 at position [1, 0], expected 0 to 2");
  EXPECT_EQ(testing::error_of([] {
              (void)testing::run({kMatrix, literal<int64_t>({1}, {2}), literal<float>({1, 3}, {0, 0, 0})},
                                 Arithmetic::kTyped,
                                 [](Builder& b, const Values& v) { return scatter_add(b, v[0], v[1], v[2], 0, 0); });
            }),
            "scatter_add: argument 2 has index 2 at position [0], expected 0 to 1");
}

TEST(OpValues, IndicesIntoAnEmptyAxis) {
  EXPECT_EQ(testing::error_of([] {
              (void)testing::run({literal<float>({0}, {}), literal<int64_t>({1}, {0})}, Arithmetic::kTyped,
                                 [](Builder& b, const Values& v) { return gather(b, v[0], v[1], 0, 0); });
            }),
            "gather: argument 2 has index 0 at position [0], but axis 0 of argument 1 has no elements");
}

TEST(OpValues, Dot) {
  const Literal y = literal<float>({3, 2}, {1, 0, 0, 1, 1, 1});
  EXPECT_EQ(run({kMatrix, y}, [](Builder& b, const Values& v) { return dot(b, v[0], v[1]); }),
            literal<float>({2, 2}, {4, 5, 10, 11}));
}

TEST(OpValues, ConvertKeepsWhatHasTheType) {
  Graph graph;
  GraphBuilder b(graph);
  const Value x = graph.add_parameter({kFloat32, {}}, "x");
  EXPECT_EQ(convert(b, x, kFloat32), x);
  EXPECT_NE(convert(b, x, kFloat64), x);
}

TEST(RngBits, KnownAnswers) {
  // The published vector of Philox4x32-10 for a zero counter and key.
  const auto bits = [](int64_t seed, int64_t stream, int64_t count) {
    return run({literal<int64_t>({2}, {seed, stream})},
               [&](Builder& b, const Values& v) { return rng_bits(b, v[0], {count}); });
  };
  EXPECT_EQ(bits(0, 0, 4), literal<int64_t>({4}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const Literal nine = bits(0, 0, 9);
  EXPECT_EQ(nine.view<int64_t>()[3], 0x9b00dbd8);
  EXPECT_NE(nine.view<int64_t>()[4], nine.view<int64_t>()[0]);
  EXPECT_NE(bits(1, 0, 4), bits(0, 0, 4));
  EXPECT_NE(bits(0, 1, 4), bits(0, 0, 4));
  EXPECT_NE(bits(int64_t{1} << 32, 0, 4), bits(1, 0, 4));
  EXPECT_NE(bits(0, int64_t{1} << 32, 4), bits(0, 1, 4));
}

TEST(RngBits, DependOnThePositionAlone) {
  const Literal key = literal<int64_t>({2}, {42, -7});
  const Literal row = run({key}, [](Builder& b, const Values& v) { return rng_bits(b, v[0], {35}); });
  const Literal box = run({key}, [](Builder& b, const Values& v) { return rng_bits(b, v[0], {5, 7}); });
  EXPECT_EQ(row.bytes, box.bytes);
}

}  // namespace
}  // namespace sinter::ir
