// The table of knobs: parsing, errors that name the variable, warnings, overrides, and the generated page.
#include "support/options.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "support/error.h"
#include "support/float_mode.h"

namespace sinter {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

OptionsRead read(std::vector<const char*> environment) {
  environment.push_back(nullptr);
  return read_options(environment.data());
}
std::string problem(const char* entry) {
  try {
    (void)read({entry});
  } catch (const ValueError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Options, DefaultsWhenNothingIsSet) {
  const OptionsRead got = read({"HOME=/root", "SINTERED=1", "SINTER_DUMP="});
  EXPECT_EQ(got.options, Options{});
  EXPECT_THAT(got.warnings, IsEmpty());
  EXPECT_EQ(got.options.isa, "auto");
  EXPECT_TRUE(got.options.ftz);
}

TEST(Options, EveryKindIsRead) {
  const Options got = read({"SINTER_DEBUG=5", "SINTER_DUMP=/tmp/a=b", "SINTER_VERIFY=on", "SINTER_FTZ=0",
                            "SINTER_ISA=avx2", "SINTER_THREADS=64", "SINTER_CACHE=off"})
                          .options;
  EXPECT_EQ(
      got,
      (Options{
          .debug = 5, .dump = "/tmp/a=b", .verify = true, .threads = 64, .cache = "off", .isa = "avx2", .ftz = false}));
}

TEST(Options, MalformedValueNamesVariableValueAndWhatIsAccepted) {
  EXPECT_THAT(problem("SINTER_DEBUG=6"),
              AllOf(HasSubstr("SINTER_DEBUG is \"6\""), HasSubstr("an integer from 0 to 5")));
  EXPECT_THAT(problem("SINTER_THREADS=two"), AllOf(HasSubstr("SINTER_THREADS is \"two\""), HasSubstr("0 to 1024")));
  EXPECT_THAT(problem("SINTER_THREADS=4x"), HasSubstr("\"4x\""));
  EXPECT_THAT(problem("SINTER_THREADS=-1"), HasSubstr("\"-1\""));
  EXPECT_THAT(problem("SINTER_THREADS=99999999999"), HasSubstr("99999999999"));
  EXPECT_THAT(problem("SINTER_VERIFY=maybe"), HasSubstr("expected 1, on, true"));
  EXPECT_THAT(problem("SINTER_ISA=sse"), HasSubstr("expected auto|avx2|avx512"));
  EXPECT_THAT(problem("SINTER_ISA=auto|avx2"), HasSubstr("SINTER_ISA"));
}

TEST(Options, UnknownVariableIsReportedWithTheNearest) {
  EXPECT_THAT(read({"SINTER_THREAD=2", "SINTER_DUMPS=x"}).warnings,
              ElementsAre(AllOf(HasSubstr("SINTER_THREAD "), HasSubstr("SINTER_THREADS")),
                          AllOf(HasSubstr("SINTER_DUMPS"), HasSubstr("SINTER_DUMP"))));
}

TEST(Options, ScopesNest) {
  const Options outside = options();
  {
    OptionScope three({.threads = 3});
    EXPECT_EQ(options().threads, 3);
    {
      OptionScope seven({.threads = 7});
      EXPECT_EQ(options().threads, 7);
    }
    EXPECT_EQ(options().threads, 3);
  }
  EXPECT_EQ(options(), outside);
}

TEST(Options, FloatModeFollowsTheKnobAndIsRestored) {
  volatile float tiny = 1e-40f;
  const unsigned before = _mm_getcsr();
  {
    OptionScope on({.ftz = true});
    FloatModeScope scope;
    EXPECT_EQ(tiny * 1.0f, 0.0f);
  }
  {
    OptionScope off({.ftz = false});
    FloatModeScope scope;
    EXPECT_NE(tiny * 1.0f, 0.0f);
  }
  EXPECT_EQ(_mm_getcsr() & ~0x3fu, before & ~0x3fu);  // the low six bits record what happened
}

TEST(Options, PageIsTheTable) {
  std::ifstream file("docs/options.md");
  ASSERT_TRUE(file) << "docs/options.md is missing";
  std::stringstream page;
  page << file.rdbuf();
  EXPECT_EQ(page.str(), options_markdown()) << "write what options_markdown() returns into docs/options.md";
}

}  // namespace
}  // namespace sinter
