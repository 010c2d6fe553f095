#include "tests/fuzz/seeds.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace sinter::tests {
namespace {

constexpr unsigned kSecondsForOneSeed = 600;  // sanitizers on a loaded machine included
constexpr std::array kDeadly{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGALRM, SIGTERM, SIGINT};

uint64_t g_seed = 0;
using Text = std::array<char, 4096>;
std::array<Text, 2> g_texts{};  // one is shown while the other is written
std::atomic<const char*> g_last_words = g_texts[0].data();
std::array<struct sigaction, kDeadly.size()> g_former{};

// Only what a signal handler may call. The former action takes the signal next, with the context of this one.
void speak(int signal) {
  const char* words = g_last_words.load();
  ssize_t written = write(STDERR_FILENO, words, std::strlen(words));
  for (size_t i = 0; i < kDeadly.size(); ++i)
    if (kDeadly[i] == signal) sigaction(signal, &g_former[i], nullptr);
  if (written < 0) _exit(1);
  raise(signal);
}

void speak_before_dying() {
  static std::array<char, 1 << 16> stack;  // the thread's own may be what ran out
  stack_t own{};
  own.ss_sp = stack.data();
  own.ss_size = stack.size();
  sigaltstack(&own, nullptr);
  struct sigaction action{};
  action.sa_handler = speak;
  action.sa_flags = SA_ONSTACK;
  for (size_t i = 0; i < kDeadly.size(); ++i) sigaction(kDeadly[i], &action, &g_former[i]);
}

std::optional<std::string> run_or_catch(const std::function<std::optional<std::string>(uint64_t)>& run, uint64_t seed) {
  try {
    return run(seed);
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace

Seeds seeds(uint64_t count) {
  Seeds asked{1, count};
  if (const char* text = std::getenv("FUZZ_SEEDS"))
    if (std::sscanf(text, "%lu:%lu", &asked.first, &asked.count) != 2)
      ADD_FAILURE() << "FUZZ_SEEDS is " << text << ", expected FIRST:COUNT";
  return asked;
}

SeedScope::SeedScope(uint64_t seed) {
  static const bool once = (speak_before_dying(), true);
  (void)once;
  g_seed = seed;
  set_stage("at its beginning");
  alarm(kSecondsForOneSeed);
}
SeedScope::~SeedScope() {
  alarm(0);
  set_stage("which had passed");
}

void set_stage(std::string_view stage) {
  Text& next = g_texts[g_last_words.load() == g_texts[0].data()];
  *fmt::format_to_n(next.data(), next.size() - 1, "\nthe process ends at seed {}, {}\n", g_seed, stage).out = '\0';
  g_last_words = next.data();
}

void for_each_seed(const Seeds& seeds, const std::function<std::optional<std::string>(uint64_t seed)>& run) {
  constexpr int kEnough = 5;
  int failed = 0;
  for (uint64_t seed = seeds.first; seed < seeds.first + seeds.count && failed < kEnough; ++seed) {
    const SeedScope scope(seed);
    const std::optional<std::string> wrong = run_or_catch(run, seed);
    if (!wrong) continue;
    ++failed;
    ADD_FAILURE() << "seed " << seed << ": " << *wrong;
  }
}

}  // namespace sinter::tests
