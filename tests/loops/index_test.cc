// Arithmetic of indices.
#include <gtest/gtest.h>

#include "ir/loops/kernel.h"

namespace sinter::loops {
namespace {

Atom divided(Index of, Dim by) {
  return {.kind = Atom::Kind::kDiv, .of = std::make_shared<const Index>(std::move(of)), .by = by};
}

TEST(Index, JoinsEqualAtomsWithConstantCoefficients) {
  const Index sum = Index::range(0, 3) + Index::range(1) + Index::range(0, 4) + Index::constant(-5);
  ASSERT_EQ(sum.terms.size(), 2u);
  EXPECT_EQ(sum.terms[0].coefficient, Dim(7));
  EXPECT_EQ(sum.base, -5);
}

TEST(Index, KeepsSymbolicCoefficientsApart) {
  const Index sum = Index::range(0, Dim::symbol(0)) + Index::range(0, Dim::symbol(0)) + Index::range(0, 2);
  EXPECT_EQ(sum.terms.size(), 3u);
}

TEST(Index, JoinsAtomsThatAreEqualInDepth) {
  const Index a{0, {{2, divided(Index::range(0, 5), 8)}}}, b{0, {{3, divided(Index::range(0, 5), 8)}}};
  const Index other{0, {{3, divided(Index::range(0, 5), 9)}}};
  EXPECT_EQ((a + b).terms.size(), 1u);
  EXPECT_EQ((a + other).terms.size(), 2u);
  EXPECT_EQ(a, a);
  EXPECT_NE(a, b);
}

TEST(Index, Multiplies) {
  const Index product = (Index::range(0, 3) + Index::constant(2)) * 4;
  EXPECT_EQ(product, Index::range(0, 12) + Index::constant(8));
  EXPECT_EQ(product * 0, Index::constant(0));
  EXPECT_EQ(Index::range(3, 0), Index::constant(0));
}

TEST(Index, MultipliesSymbolicTermsThroughAnAtom) {
  const Index product = Index::range(0, Dim::symbol(1)) * 6;
  ASSERT_EQ(product.terms.size(), 1u);
  EXPECT_EQ(product.terms[0].coefficient, Dim(6));
  EXPECT_EQ(*product.terms[0].atom.of, Index::range(0, Dim::symbol(1)));
  EXPECT_EQ(product.terms[0].atom.by, Dim(1));
}

TEST(Index, RefusesWhatCannotBeHeld) {
  EXPECT_THROW((void)(Index::range(0) * -1), InternalError);
  EXPECT_THROW((void)(Index::range(0, INT64_MAX) * 2), InternalError);
  EXPECT_THROW((void)(Index::constant(INT64_MAX) + Index::constant(1)), InternalError);
}

TEST(Kernel, CountsValuesOverPasses) {
  Kernel kernel{.name = "k"};
  kernel.passes.resize(3);
  kernel.passes[0].insts.resize(2);
  kernel.passes[2].insts.resize(1);
  kernel.passes[2].insts[0].kind = InstKind::kLoad;
  EXPECT_EQ(kernel.first_value(2), 2u);
  EXPECT_EQ(kernel.value_count(), 3u);
  EXPECT_EQ(kernel.inst(2).kind, InstKind::kLoad);
  EXPECT_THROW((void)kernel.inst(3), InternalError);
}

}  // namespace
}  // namespace sinter::loops
