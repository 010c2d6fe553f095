// The generator makes what it promises, and the text survives all of it.
#include "tests/loops/random_kernel.h"

#include <gtest/gtest.h>

#include <set>

#include "ir/loops/interpret.h"
#include "ir/loops/text.h"
#include "tests/fuzz/seeds.h"

namespace sinter::loops {
namespace {

TEST(RandomKernel, IsValidAndCoversTheIr) {
  std::set<InstKind> kinds;
  std::set<const ir::Row*> rows;
  std::set<Atom::Kind> atoms;
  int symbolic = 0, guarded = 0, dots = 0, failed = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const tests::SeedScope scope(seed);
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomKernel random = random_kernel(seed);
    const std::string text = print(random.kernel);
    SCOPED_TRACE(text);
    ASSERT_EQ(print(parse(text).at(0)), text);
    std::vector<std::span<std::byte>> storage(random.buffers.begin(), random.buffers.end());
    try {
      interpret(random.kernel, storage, random.symbols, Check::kRaces);
    } catch (const IndexError& error) {
      ASSERT_TRUE(random.may_fail) << error.what();
      ++failed;
    }
    symbolic += random.kernel.symbols > 0;
    dots += random.kernel.is_dot();
    for (const Pass& pass : random.kernel.passes) {
      for (const Inst& inst : pass.insts) {
        kinds.insert(inst.kind);
        if (inst.row != nullptr) rows.insert(inst.row);
        for (const Term& term : inst.index.terms) atoms.insert(term.atom.kind);
        guarded += inst.guard >= 0;
      }
    }
  }
  EXPECT_EQ(kinds.size(), static_cast<size_t>(InstKind::kDot) + 1);
  EXPECT_EQ(rows.size(), ir::rows().size());
  EXPECT_EQ(atoms.size(), 5u);
  EXPECT_GT(symbolic, 50);
  EXPECT_GT(guarded, 50);
  EXPECT_GT(dots, 30);
  EXPECT_GT(failed, 5);
  EXPECT_LT(failed, 80);
}

TEST(RandomKernel, IsTheSameForTheSameSeed) {
  const RandomKernel a = random_kernel(7), b = random_kernel(7);
  EXPECT_EQ(print(a.kernel), print(b.kernel));
  EXPECT_EQ(a.buffers, b.buffers);
  EXPECT_NE(print(a.kernel), print(random_kernel(8).kernel));
}

}  // namespace
}  // namespace sinter::loops
