// Each rule of the tree finds the offence planted for it, names file and line, and lets the sound neighbour pass.
#include "tests/structure/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace sinter::structure {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::vector<SourceFile> files_of(std::initializer_list<SourceFile> files) { return files; }

TEST(CheckIncludes, AnUpwardArrowIsNamedByFileAndLine) {
  const auto files = files_of({{"ir/graph/a.cc", {"// a", "", "#include \"passes/b.h\""}}, {"passes/b.h", {"// b"}}});
  EXPECT_THAT(check_includes(files),
              ElementsAre("ir/graph/a.cc:3: includes \"passes/b.h\", which ir/graph/ may not see"));
}

TEST(CheckIncludes, DownwardArrowsAndSupportPass) {
  EXPECT_THAT(check_includes(files_of({{"passes/b.h", {"#include \"ir/a.h\"", "#include \"support/s.h\""}},
                                       {"ir/a.h", {"#include \"ir/graph/g.h\""}},
                                       {"ir/graph/g.h", {"#include <vector>"}},
                                       {"support/s.h", {}}})),
              IsEmpty());
}

TEST(CheckIncludes, CodegenSeesOneFileOfTheRuntime) {
  EXPECT_THAT(
      check_includes(files_of({{"codegen/a.cc", {"#include \"runtime/program.h\"", "#include \"runtime/team.h\""}},
                               {"runtime/program.h", {}},
                               {"runtime/team.h", {}}})),
      ElementsAre(StartsWith("codegen/a.cc:2: includes \"runtime/team.h\"")));
}

TEST(CheckIncludes, TheFrontEndSeesGraphTransformsOnly) {
  EXPECT_THAT(
      check_includes(files_of({{"frontend/a.cc", {"#include \"passes/differentiate.h\"", "#include \"passes/fuse.h\""}},
                               {"passes/differentiate.h", {}},
                               {"passes/fuse.h", {}}})),
      ElementsAre(StartsWith("frontend/a.cc:2: includes \"passes/fuse.h\"")));
}

TEST(CheckIncludes, LoopsStandOnGraphsNotTheOtherWayRound) {
  EXPECT_THAT(check_includes(files_of(
                  {{"ir/loops/a.h", {"#include \"ir/graph/b.h\""}}, {"ir/graph/b.h", {"#include \"ir/loops/a.h\""}}})),
              ElementsAre(StartsWith("ir/graph/b.h:1:")));
}

TEST(CheckIncludes, LlvmStaysInTheCodeGenerator) {
  EXPECT_THAT(check_includes(files_of({{"runtime/a.cc", {"#include <llvm/IR/Module.h>"}},
                                       {"codegen/cpu/b.cc", {"#include <llvm/IR/Module.h>"}}})),
              ElementsAre(StartsWith("runtime/a.cc:1: includes LLVM")));
}

TEST(CheckIncludes, NamesThatAreNotFromTheRootOrDoNotExist) {
  EXPECT_THAT(check_includes(files_of({{"ir/a.cc", {"#include \"b.h\"", "#include \"ir/c.h\""}}, {"ir/b.h", {}}})),
              ElementsAre(HasSubstr("not named from the repository root"), HasSubstr("does not exist")));
}

TEST(CheckIncludes, GeneratedHeadersAreNamedByTheirBuildFile) {
  EXPECT_THAT(
      check_includes(files_of({{"frontend/a.cc", {"#include \"frontend/rows.h\"", "#include \"frontend/other.h\""}},
                               {"frontend/BUILD", {"outs = [\"rows.cc\", \"rows.h\"],"}}})),
      ElementsAre(StartsWith("frontend/a.cc:2:")));
}

TEST(CheckLengths, SixHundredLinesAreTheEnd) {
  const auto files = files_of({{"ir/a.cc", std::vector<std::string>(600)}, {"ir/b.cc", std::vector<std::string>(601)}});
  EXPECT_THAT(check_lengths(files), ElementsAre("ir/b.cc:601: has 601 lines, 600 at most"));
}

TEST(CheckHeaderComments, EveryFileSaysWhatItIsFor) {
  EXPECT_THAT(check_header_comments(files_of({{"ir/a.h", {"// What a is."}},
                                              {"ir/a.cc", {"#include \"ir/a.h\""}},
                                              {"ir/b.cc", {"#include \"ir/a.h\""}},
                                              {"ir/c.h", {}},
                                              {"tools/d.sh", {"#!/bin/bash", "# What d does."}},
                                              {"tools/e.sh", {"#!/bin/bash", "exit"}}})),
              ElementsAre(StartsWith("ir/b.cc:1:"), StartsWith("ir/c.h:1:"), StartsWith("tools/e.sh:2:")));
}

TEST(CheckHabits, HeadersAreIncludedOnceAndOpenNoNamespace) {
  EXPECT_THAT(
      check_habits(files_of({{"ir/a.h", {"// a", "#pragma once", "using namespace std;"}}, {"ir/b.h", {"// b"}}})),
      ElementsAre(StartsWith("ir/a.h:3:"), "ir/b.h:1: has no #pragma once"));
}

TEST(CheckHabits, UnfinishedWorkIsNotNotedInTheSource) {
  EXPECT_THAT(check_habits(files_of({{"ir/a.cc", {"// a", std::string("// TO") + "DO: later"}}})),
              ElementsAre(StartsWith("ir/a.cc:2:")));
}

TEST(CheckVisibility, FoldersOfTheCompilerAreNotPublic) {
  EXPECT_THAT(check_visibility(files_of({{"ir/BUILD", {"", "visibility = [\"//visibility:public\"]"}},
                                         {"support/BUILD", {"visibility = [\"//visibility:public\"]"}}})),
              ElementsAre("ir/BUILD:2: is public: name //:ir_users"));
}

TEST(ReadTree, FindsSourcesAndLeavesForeignFoldersOut) {
  const std::filesystem::path root = std::filesystem::path(testing::TempDir()) / "tree";
  for (const char* path :
       {"ir/a.cc", "ir/deep/BUILD", "ir/notes.md", "third_party/b.cc", ".git/c.cc", "bazel-out/d.cc"}) {
    std::filesystem::create_directories((root / path).parent_path());
    std::ofstream(root / path) << "one\ntwo\n";
  }
  const auto files = read_tree(root);
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].path, "ir/a.cc");
  EXPECT_THAT(files[0].lines, ElementsAre("one", "two"));
  EXPECT_EQ(files[0].extension(), "cc");
  EXPECT_EQ(files[0].folder(), "ir");
  EXPECT_EQ(files[1].path, "ir/deep/BUILD");
}

}  // namespace
}  // namespace sinter::structure
