// Every invariant of the kernel IR, broken once.
#include "tests/loops/run_kernel.h"

namespace sinter::loops {
namespace {

void expect_refused(const Kernel& kernel, const std::string& problem) {
  try {
    verify(kernel);
    ADD_FAILURE() << "verifies, but should say: " << problem << "\n" << print(kernel);
  } catch (const InternalError& error) {
    EXPECT_NE(std::string(error.what()).find(problem), std::string::npos) << error.what();
  }
}

struct Broken {
  const char* body;
  const char* problem;
};

// A kernel with buffers of every dtype around the body.
std::string around(const std::string& body) {
  return "kernel @k(%x: f32[100] in, %d: f64[100] in, %t: i64[100] in, %b: bool[100] in, %y: f32[100] out, %z: "
         "i64[100] out) "
         "symbols(2) { " +
         body + " }";
}

class BrokenText : public testing::TestWithParam<Broken> {};

TEST_P(BrokenText, IsRefused) { expect_refused(parse(around(GetParam().body)).at(0), GetParam().problem); }

INSTANTIATE_TEST_SUITE_P(
    Values, BrokenText,
    testing::Values(
        Broken{"pass j0 < 9 { %0 = load f32 %x[j0] } pass { store f32 %y[0], %0 }", "%0 lived inside an earlier pass"},
        Broken{"pass j0 < 9 { %0 = load f32 %x[j0] %1 = reduce sum f32 %0 %2 = neg f32 %1 }",
               "%2 = neg f32 %1: %1 is a reduction that ends with this pass"},
        Broken{"pass { %0 = load f32 %x[0] store f32 %y[0], %0 %2 = neg f32 %1 }", "%1 is a store and has no value"},
        Broken{"pass { %0 = load f32 %x[0] %1 = reduce sum f32 %0 }", "a reduction in a pass without ranges"},
        Broken{"pass j0 < 4 { %0 = load i64 %t[j0] } pass { %1 = load f32 %x[%0] }",
               "%0 lived inside an earlier pass"}));

INSTANTIATE_TEST_SUITE_P(
    Types, BrokenText,
    testing::Values(
        Broken{"pass { %0 = load f64 %x[0] }", "the buffer is f32"},
        Broken{"pass { %0 = load f32 %x[0] store f64 %y[0], %0 }", "operand 1 is f32, expected f64"},
        Broken{"pass { %0 = load f32 %x[0] store i64 %z[0], %0 }", "operand 1 is f32, expected i64"},
        Broken{"pass { %0 = load f32 %x[0] %1 = load f64 %d[0] %2 = add f32 %0, %1 }",
               "operand 2 is f64, expected f32"},
        Broken{"pass { %0 = load f32 %x[0] %1 = neg f64 %0 }", "defines f64, expected f32"},
        Broken{"pass { %0 = load f32 %x[0] %1 = lt f32 %0, %0 }", "defines f32, expected bool"},
        Broken{"pass { %0 = load f32 %x[0] %1 = to_i64 f32 %0 }", "defines f32, expected i64"},
        Broken{"pass { %0 = load i64 %t[0] %1 = exp i64 %0 }", "the row does not have this dtype"},
        Broken{"pass { %0 = load f32 %x[0] %1 = select f32 %0, %0, %0 }", "operand 1 is f32, expected bool"},
        Broken{"pass { %0 = index f32 0 }", "defines f32, expected i64"},
        Broken{"pass { %0 = load f32 %x[0] %1 = load f32 %x[%0] }", "%0 in an index is not i64"},
        Broken{"pass { %0 = load f32 %x[0] %1 = load f32 %x[0] if %0 }", "the guard is not bool"},
        Broken{"pass { %0 = load bool %b[0] %1 = index i64 0 if %0 }", "only loads and stores have guards"},
        Broken{"pass { %0 = load f32 %x[0] %1 = check_index i64 %0 < 4 }", "operand 1 is f32, expected i64"},
        Broken{"pass { %0 = load i64 %t[0] %1 = load f32 %x[0] %2 = rng_bits i64 %0, %0, %1 }",
               "operand 3 is f32, expected i64"},
        Broken{"pass j0 < 4 { %0 = load bool %b[j0] %1 = reduce sum bool %0 }",
               "the combiner does not have this dtype"},
        Broken{"pass j0 < 4 { %0 = load f32 %x[j0] %1 = argmax i64 %0, %0 }", "operand 2 is f32, expected i64"},
        Broken{"pass j0 < 0 { %0 = load f32 %x[j0] %1 = index i64 j0 %2 = argmax i64 %0, %1 }", "argmax of nothing"},
        Broken{"pass j0 < 4 { %0 = load bool %b[j0] %1 = index i64 j0 %2 = argmax i64 %0, %1 }", "argmax of bool"},
        Broken{"pass j0 < 4 { %0 = load f32 %x[j0] %1 = neg f32 %0 %2 = dot f32 %0, %1 }", "a dot is alone"},
        Broken{"pass { } pass j0 < 4 { %0 = load f32 %x[j0] %1 = load f32 %x[j0] %2 = dot f32 %0, %1 }",
               "a dot is alone"}));

INSTANTIATE_TEST_SUITE_P(
    Memory, BrokenText,
    testing::Values(Broken{"pass { %0 = load f32 %x[0] store f32 %x[0], %0 }", "stores to an input"},
                    Broken{"for i0 < 10, i1 < 10 { pass { %0 = load f32 %x[10*i0 + i1 + 1] } }",
                           "elements 1 to 100 of a buffer of 100"},
                    Broken{"for i0 < 10 { pass { %0 = load f32 %x[i0 - 1] } }", "elements -1 to 8 of a buffer of 100"},
                    Broken{"pass { %0 = load f32 %x[100] }", "elements 100 to 100 of a buffer of 100"},
                    Broken{"pass { %0 = load i64 %t[0] %1 = check_index i64 %0 < 11 %2 = load f32 %x[10*%1] }",
                           "elements 0 to 100"},
                    Broken{"for i0 < 25 { pass { %0 = load f32 %x[12*div(i0, 5) + 14*mod(i0, 5)] } }",
                           "element 104 of a buffer of 100"},
                    Broken{"for i0 < 10 { pass { %0 = constant f32 1 store f32 %y[0], %0 } }",
                           "points that differ in range 0 store to the same element"},
                    Broken{"for i0 < 10 { pass { %0 = constant f32 1 accumulate f32 %y[0], %0 } }",
                           "points that differ in range 0"},
                    Broken{"pass j0 < 10 { %0 = constant f32 1 store f32 %y[0], %0 }", "points that differ in range 0"},
                    Broken{"for i0 < 10, i1 < 10 { pass { %0 = constant f32 1 store f32 %y[8*i0 + i1], %0 } }",
                           "two points store to element 8"},
                    Broken{"for i0 < 10 { pass { %0 = constant f32 1 store f32 %y[div(i0, 2)], %0 } }",
                           "two points store to element 0"},
                    Broken{"for i0 < s2 { }", "an outer range is symbol s2 of 2"},
                    Broken{"pass j0 < s2 { }", "an inner range is symbol s2 of 2"},
                    Broken{"pass j0 < 9 { %0 = load f32 %x[s2*j0] }", "a coefficient is symbol s2 of 2"},
                    Broken{"pass j0 < 9 { %0 = load f32 %x[div(j0, s2)] }", "a divisor is symbol s2 of 2"},
                    Broken{"pass j0 < 9 { %0 = load f32 %x[j0 + s2] }", "an offset is symbol s2 of 2"},
                    Broken{"pass { %0 = load i64 %t[0] %1 = check_index i64 %0 < s2 }",
                           "the extent is symbol s2 of 2"}));

class GoodText : public testing::TestWithParam<const char*> {};

TEST_P(GoodText, Verifies) { good_kernel(around(GetParam())); }

// Close to what is refused.
INSTANTIATE_TEST_SUITE_P(
    Memory, GoodText,
    testing::Values("for i0 < 10, i1 < 10 { pass { %0 = load f32 %x[10*i0 + i1] store f32 %y[10*i1 + i0], %0 } }",
                    "for i0 < 0 { pass { %0 = load f32 %x[1000] } }",  // never runs
                    "pass { %0 = load bool %b[0] %1 = load f32 %x[1000] if %0 }",
                    "for i0 < 24 { pass { %0 = load f32 %x[12*div(i0, 5) + 14*mod(i0, 5)] } }",
                    "for i0 < 1 { pass { %0 = constant f32 1 store f32 %y[0], %0 } }",
                    "pass j0 < 10 { %0 = constant f32 1 accumulate f32 %y[0], %0 }",
                    "for i0 < 25 { pass { %0 = constant f32 1 store f32 %y[20*div(i0, 5) + mod(i0, 5)], %0 } }",
                    "pass { %0 = load i64 %t[0] %1 = check_index i64 %0 < 10 %2 = load f32 %x[10*%1 + 9] }",
                    "pass { %0 = load i64 %t[0] %1 = load f32 %x[%0] }",
                    "for i0 < s0 { pass { %0 = load f32 %x[s1*i0 + 500] store f32 %y[s1*i0], %0 } }"));

Kernel base() {
  return parse(around("for i0 < 4 { pass { %0 = load f32 %x[i0] %1 = neg f32 %0 store f32 %y[i0], %1 } }")).at(0);
}

// What no text can say.
TEST(Verify, KernelsBuiltWrongly) {
  const auto broken = [](const char* problem, auto change) {
    Kernel kernel = base();
    verify(kernel);
    change(kernel, kernel.passes[0].insts);
    expect_refused(kernel, problem);
  };
  using Insts = std::vector<Inst>;
  broken("its name is no plain identifier", [](Kernel& k, Insts&) { k.name = "a b"; });
  broken("buffer name '5' is no plain identifier", [](Kernel& k, Insts&) { k.buffers[0].name = "5"; });
  broken("two buffers have the name %d", [](Kernel& k, Insts&) { k.buffers[0].name = "d"; });
  broken("i32 exists inside scalar expressions only", [](Kernel& k, Insts&) { k.buffers[0].dtype = kInt32; });
  broken("the size of a buffer is symbol s9 of 2", [](Kernel& k, Insts&) { k.buffers[0].size = Dim::symbol(9); });
  broken("a negative number of symbols", [](Kernel& k, Insts&) { k.symbols = -1; });
  broken("the vector range of the schedule does not exist", [](Kernel& k, Insts&) { k.schedule.vector = 1; });
  broken("the vector range of the schedule does not exist", [](Kernel& k, Insts&) { k.schedule.vector = -3; });
  broken("an unroll factor below 1", [](Kernel& k, Insts&) { k.schedule.unroll = 0; });
  broken("a negative tile", [](Kernel& k, Insts&) { k.schedule.block_k = -1; });
  using Mapping = Schedule::Mapping;
  broken("a block of threads that CUDA does not have",
         [](Kernel& k, Insts&) { k.schedule = {.mapping = Mapping::kRow, .threads = 100}; });
  broken("threads without a CUDA mapping, or none with", [](Kernel& k, Insts&) { k.schedule.threads = 32; });
  broken("a tile that is not its threads'", [](Kernel& k, Insts&) {
    k.schedule = {.tile_rows = 8,
                  .tile_columns = 8,
                  .block_k = 8,
                  .mapping = Mapping::kTile,
                  .threads = 32,
                  .thread_rows = 1,
                  .thread_columns = 1};
  });
  broken("tiles, but no dot", [](Kernel& k, Insts&) { k.schedule.tile_rows = 4; });
  broken("%1 is not defined before", [](Kernel&, Insts& insts) { insts[1].operands[0] = 1; });
  broken("2 operands, expected 1", [](Kernel&, Insts& insts) { insts[1].operands.push_back(0); });
  broken("0 operands, expected 1", [](Kernel&, Insts& insts) { insts[2].operands.clear(); });
  broken("an application without row", [](Kernel&, Insts& insts) { insts[1].row = nullptr; });
  broken("there is no buffer 6", [](Kernel&, Insts& insts) { insts[0].buffer = 6; });
  broken("there is no range 1 here", [](Kernel&, Insts& insts) { insts[0].index = Index::range(1); });
  broken("a negative guard", [](Kernel&, Insts& insts) { insts[0].guard = -2; });
  broken("division of nothing",
         [](Kernel&, Insts& insts) { insts[0].index = {0, {{1, {.kind = Atom::Kind::kDiv, .by = 2}}}}; });
  broken("division by zero", [](Kernel&, Insts& insts) {
    const auto of = std::make_shared<const Index>(Index::range(0));
    insts[0].index = {0, {{1, {.kind = Atom::Kind::kMod, .of = of, .by = 0}}}};
  });
  broken("bits beyond the constant's dtype", [](Kernel&, Insts& insts) {
    insts[0] = {.kind = InstKind::kConstant, .dtype = kFloat32, .bits = uint64_t{1} << 32};
  });
  broken("a bool is 0 or 1",
         [](Kernel&, Insts& insts) { insts[0] = {.kind = InstKind::kConstant, .dtype = kBool, .bits = 2}; });
  broken("a reduction without combiner", [](Kernel& k, Insts& insts) {
    k.passes[0].inner = {4};
    insts[1].kind = InstKind::kReduce;
  });
}

}  // namespace
}  // namespace sinter::loops
