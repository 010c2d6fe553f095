#include "tests/codegen/check_kernel.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <random>

#include "ir/loops/interpret.h"
#include "ir/loops/text.h"
#include "runtime/guarded_memory.h"
#include "support/float_mode.h"
#include "tests/loops/contents.h"

namespace sinter::codegen::cpu {
namespace {

using Random = std::mt19937_64;

// Where a buffer lies in its pages.
enum class Against { kEnd, kBegin };

// Memory of which the last byte, or the first, lies against a forbidden page, aligned to its elements alone.
class Storage {
 public:
  Storage(size_t bytes, size_t alignment, Against against = Against::kEnd)
      : pages_(against == Against::kEnd ? runtime::map_guarded(bytes, alignment)
                                        : runtime::map_guarded(whole_pages(bytes), 1)),
        bytes_(bytes) {}
  Storage(Storage&& other) noexcept : pages_(std::exchange(other.pages_, {})), bytes_(other.bytes_) {}
  Storage& operator=(Storage&&) = delete;
  ~Storage() {
    if (pages_.data != nullptr) runtime::unmap_guarded(pages_);
  }
  [[nodiscard]] std::span<std::byte> bytes() const { return {pages_.data, bytes_}; }

 private:
  static size_t whole_pages(size_t bytes) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGE_SIZE));
    return (bytes + page - 1) / page * page;
  }

  runtime::GuardedPages pages_;
  size_t bytes_;
};

using loops::Contents;

std::vector<Storage> guarded_copy(const loops::Kernel& kernel, const Contents& contents, Against against) {
  std::vector<Storage> storages;
  for (size_t i = 0; i < contents.size(); ++i) {
    storages.emplace_back(contents[i].size(), size_of(kernel.buffers[i].dtype), against);
    std::copy(contents[i].begin(), contents[i].end(), storages.back().bytes().begin());
  }
  return storages;
}

// While it lives, a fault says what was running before it ends the process.
class FaultReport {
 public:
  explicit FaultReport(std::string what) {
    text() = std::move(what);
    struct sigaction action{};
    action.sa_handler = [](int number) {
      [[maybe_unused]] const auto written = write(STDERR_FILENO, text().data(), text().size());
      std::signal(number, SIG_DFL);
    };
    sigaction(SIGSEGV, &action, &before_);
  }
  FaultReport(const FaultReport&) = delete;
  FaultReport& operator=(const FaultReport&) = delete;
  ~FaultReport() { sigaction(SIGSEGV, &before_, nullptr); }

 private:
  static std::string& text() {
    static std::string what;
    return what;
  }
  struct sigaction before_{};
};

// Runs units [0, count) in pieces, as several workers would; whether a check failed.
bool run(const runtime::KernelCode& code, std::span<const Storage> storages, const CheckOptions& options, int pieces,
         Random& random) {
  std::vector<void*> buffers;
  for (const Storage& storage : storages) buffers.push_back(storage.bytes().data());
  const int64_t count = unit_count(code, options.symbols);
  std::vector<int64_t> cuts{0, count};
  for (int i = 1; i < pieces; ++i) cuts.push_back(static_cast<int64_t>(random() % static_cast<uint64_t>(count + 1)));
  std::sort(cuts.begin(), cuts.end());
  std::vector<size_t> order(cuts.size() - 1);
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), random);
  const Storage scratch(code.scratch_bytes, 64);
  const FloatModeScope mode;
  bool failed = false;
  for (const size_t i : order) {
    runtime::KernelStatus status;
    const runtime::KernelCall call{.buffers = buffers.data(),
                                   .symbols = options.symbols.data(),
                                   .begin = cuts[i],
                                   .end = cuts[i + 1],
                                   .scratch = scratch.bytes().data(),
                                   .status = &status};
    code.function(&call);
    if (status.failed == 0) continue;
    failed = true;
    EXPECT_TRUE(status.index < 0 || status.index >= status.extent) << status.index;
  }
  return failed;
}

}  // namespace

std::vector<Isa> runnable_isas() {
  if (native_isa() == Isa::kAvx512) return {Isa::kAvx512, Isa::kAvx2};
  return {Isa::kAvx2};
}

int64_t unit_count(const runtime::KernelCode& code, std::span<const int64_t> symbols) {
  int64_t count = 1;
  for (const auto& factor : code.units) {
    const int64_t extent = factor.symbol < 0 ? factor.extent : symbols[static_cast<size_t>(factor.symbol)];
    count *= (extent + factor.divisor - 1) / factor.divisor;
  }
  return count;
}

void check_kernel(const loops::Kernel& kernel, const CheckOptions& options) {
  check_kernel(kernel,
               loops::random_contents(kernel, {.symbols = options.symbols,
                                               .seed = options.seed,
                                               .index_limit = options.index_limit,
                                               .special_values = options.special_values}),
               options);
}

void check_kernel(const loops::Kernel& kernel, const Contents& contents, const CheckOptions& options) {
  SCOPED_TRACE(fmt::format("seed {}\n{}", options.seed, loops::print(kernel)));
  const std::vector<Storage> expected = guarded_copy(kernel, contents, Against::kEnd);
  std::vector<std::span<std::byte>> spans;
  for (const Storage& storage : expected) spans.push_back(storage.bytes());
  bool fails = false;
  try {
    loops::interpret(kernel, spans, options.symbols);
  } catch (const IndexError&) {
    fails = true;
  }
  Random random(options.seed + 1);
  for (const Isa isa : runnable_isas()) {
    const auto code = compile_kernels({&kernel, 1}, isa, nullptr)[0];
    const FaultReport report(fmt::format("a fault in the {} code of\n{}", name(isa), loops::print(kernel)));
    for (int pieces = 0; pieces <= 1 + options.partitions; ++pieces) {
      // Whole, in buffers that begin at a forbidden page; then in 1, 2, ... pieces, in buffers that end at one.
      const std::vector<Storage> given = guarded_copy(kernel, contents, pieces == 0 ? Against::kBegin : Against::kEnd);
      EXPECT_EQ(run(*code, given, options, std::max(pieces, 1), random), fails);
      if (fails) continue;  // no result
      for (size_t i = 0; i < given.size(); ++i) {
        const std::string problem = loops::difference(expected[i].bytes(), given[i].bytes(), kernel.buffers[i].dtype);
        EXPECT_EQ(problem, "") << name(isa) << ", " << pieces << " pieces, buffer " << kernel.buffers[i].name;
        if (!problem.empty()) return;
      }
    }
  }
}

void check_kernel(std::string_view text, const CheckOptions& options) {
  for (const loops::Kernel& kernel : loops::parse(text)) check_kernel(kernel, options);
}

}  // namespace sinter::codegen::cpu
