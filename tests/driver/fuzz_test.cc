// Random graphs through every engine: the bits are those of the typed reference. A seed varies instruction set, threads
// and fusion, instead of trying their whole product. FUZZ_SEEDS=FIRST:COUNT runs other seeds (docs/building.md).
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "ir/graph/reference.h"
#include "ir/graph/text.h"
#include "tests/driver/engines.h"
#include "tests/random_graph.h"

namespace sinter::test {
namespace {

using ir::Graph;
using ir::Literal;

struct Seeds {
  uint64_t first = 1, count = 300;
};
Seeds seeds() {
  Seeds asked;
  if (const char* text = std::getenv("FUZZ_SEEDS"))
    if (std::sscanf(text, "%lu:%lu", &asked.first, &asked.count) != 2) ADD_FAILURE() << "expected FIRST:COUNT";
  return asked;
}

Graph graph_of(uint64_t seed) {
  tests::RandomGraphOptions options;
  options.operations = static_cast<int>(5 + seed % 17) * (seed > 300 && seed % 7 == 0 ? 4 : 1);
  options.max_elements = seed % 8 == 0 ? 20000 : 600;
  options.calls = seed % 5 == 0;
  return tests::random_graph(seed, options);
}

std::vector<Way> ways_of(uint64_t seed) {
  using Engine = Way::Engine;
  constexpr int kWorkers[] = {1, 2, 3, 7};
  const bool odd = seed % 2 == 1;
  return {
      {.engine = Engine::kDynamic},
      {.engine = Engine::kInterpreted, .fuse = false, .passes = odd, .backwards = seed % 4 < 2},
      {.engine = Engine::kInterpreted, .fuse = true, .passes = odd, .backwards = false},
      {.engine = Engine::kInterpreted, .fuse = true, .passes = true, .backwards = true},
      {.engine = Engine::kCompiled, .fuse = true, .isa = odd ? "avx2" : "", .workers = kWorkers[seed % 4]},
      {.engine = Engine::kCompiled, .fuse = seed % 3 == 0, .isa = odd ? "" : "avx2", .workers = kWorkers[seed / 4 % 4]},
  };
}

// How this way's results differ from the reference's, if they do.
std::optional<std::string> difference(const Graph& graph, uint64_t seed, const Way& way) {
  const std::vector<Literal> inputs = tests::random_inputs(graph, seed);
  const std::vector<Literal> expected = ir::evaluate(graph, inputs, ir::Arithmetic::kTyped);
  try {
    const std::vector<Literal> results = run(graph, inputs, way);
    for (size_t r = 0; r < expected.size(); ++r)
      if (!tests::same_bits(results[r], expected[r])) return fmt::format("result {} differs", r);
  } catch (const std::exception& error) {
    return error.what();
  }
  return std::nullopt;
}

// Compiled code that faults ends the process: say first where it was. On a stack of its own, since that may be what ran
// out.
char g_now[200] = "";
void say_where(int signal) {
  if (write(STDERR_FILENO, g_now, std::strlen(g_now)) < 0) std::abort();
  std::raise(signal);
}
void report_signals() {
  static char memory[1 << 16];
  stack_t own{};
  own.ss_sp = memory;
  own.ss_size = sizeof memory;
  sigaltstack(&own, nullptr);
  struct sigaction action{};
  action.sa_handler = say_where;
  action.sa_flags = SA_ONSTACK | static_cast<int>(SA_RESETHAND);
  for (int signal : {SIGSEGV, SIGABRT, SIGILL, SIGBUS, SIGFPE}) sigaction(signal, &action, nullptr);
}

TEST(Fuzz, EveryEngineGivesTheReferencesBits) {
  report_signals();
  const auto [first, count] = seeds();
  int failures = 0;
  for (uint64_t seed = first; seed < first + count && failures < 5; ++seed) {
    const Graph graph = graph_of(seed);
    for (const Way& way : ways_of(seed)) {
      std::snprintf(g_now, sizeof g_now, "seed %lu, %s: a signal\n", seed, to_string(way).c_str());
      const std::optional<std::string> found = difference(graph, seed, way);
      if (!found) continue;
      ++failures;
      const Graph small = tests::shrink(graph, [&](const Graph& candidate) {
        try {
          return difference(candidate, seed, way).has_value();
        } catch (const Error&) {  // the reference refuses the inputs
          return false;
        }
      });
      ADD_FAILURE() << "seed " << seed << ", " << to_string(way) << ": " << *found << "\n"
                    << ir::print(small).substr(0, 4000) << "\n"
                    << difference(small, seed, way).value_or("");
      break;
    }
  }
}

}  // namespace
}  // namespace sinter::test
