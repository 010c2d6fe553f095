#include "codegen/cuda/compile_kernel.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "codegen/cuda/kernel_source.h"
#include "support/options.h"

namespace sinter::codegen::cuda {
namespace {

using loops::Kernel;
using runtime::CudaCode;
using Image = std::shared_ptr<const std::vector<char>>;

constexpr size_t kMostKernels = 8;  // of a program

std::string hash(const std::string& text) {
  const XXH128_hash_t value = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", value.high64, value.low64);
}

std::string plain(std::string name) {
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
}

// A kernel's text under the name that all processes give it: a hash of what the text says.
struct Written {
  KernelSource source;
  std::string symbol;
};
Written write(const Kernel& kernel, bool locations) {
  const bool flush = options().ftz;
  const KernelSource nameless = write_kernel(kernel, "kernel", {.flush = flush, .locations = false});
  const std::string symbol =
      fmt::format("sinter_{}_{}", plain(kernel.name), hash(program_text(std::span(&nameless, 1))).substr(0, 16));
  return {write_kernel(kernel, symbol, {.flush = flush, .locations = locations}), symbol};
}

// What the code depends on besides the text.
std::string target_key(int architecture) {
  const NvrtcState& state = nvrtc_state();
  return fmt::format("cuda-sm_{}-nvrtc{}.{}-{}", architecture, state.major, state.minor,
                     options().ftz ? "ftz" : "ieee");
}

// Images through the store: a kernel's entry names the program that holds it, the program's entry is the cubin.
class Images {
 public:
  Images(ObjectStore* store, int architecture) : store_(store), target_(target_key(architecture)) {}

  Image load(const std::string& symbol) {
    std::vector<char> name, bytes;
    if (store_ == nullptr || !store_->load(key(symbol), name)) return nullptr;
    const std::string program(name.begin(), name.end());
    if (const auto found = loaded_.find(program); found != loaded_.end()) return found->second;
    if (!store_->load(program, bytes)) return nullptr;
    return loaded_[program] = std::make_shared<const std::vector<char>>(std::move(bytes));
  }
  void save(const std::vector<std::string>& symbols, const std::vector<char>& image) {
    if (store_ == nullptr) return;
    const std::lock_guard lock(mutex_);
    const std::string program = fmt::format("{}-program-{}", target_, hash({image.begin(), image.end()}));
    store_->save(program, image);
    for (const std::string& symbol : symbols) store_->save(key(symbol), program);
  }

 private:
  [[nodiscard]] std::string key(const std::string& symbol) const { return target_ + "-" + symbol; }

  ObjectStore* store_;
  std::string target_;
  std::map<std::string, Image> loaded_;
  std::mutex mutex_;
};

// Calls work(0 .. count - 1) on several threads; the first exception is thrown again.
template <class Work>
void in_parallel(size_t count, const Work& work) {
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr error;
  const auto run = [&] {
    for (size_t i = next++; i < count; i = next++) {
      try {
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!error) error = std::current_exception();
      }
    }
  };
  std::vector<std::thread> threads;
  const size_t helpers = std::min<size_t>({count, std::max(1u, std::thread::hardware_concurrency()), 16});
  try {
    for (size_t i = 1; i < helpers; ++i) threads.emplace_back(run);
  } catch (const std::system_error&) {  // no more threads are granted: those there do the work
  }
  run();
  for (std::thread& thread : threads) thread.join();
  if (error) std::rethrow_exception(error);
}

struct Program {
  std::vector<size_t> kernels;
  Cubin cubin;
};

// Kernels dealt out to programs, long texts first; each compiled.
std::vector<Program> compile_programs(const std::vector<Written>& written, std::vector<size_t> missing,
                                      int architecture) {
  const size_t workers = std::max(1u, std::thread::hardware_concurrency());
  const size_t count = std::max(std::min(workers, missing.size()), (missing.size() + kMostKernels - 1) / kMostKernels);
  std::stable_sort(missing.begin(), missing.end(),
                   [&](size_t a, size_t b) { return written[a].source.text.size() > written[b].source.text.size(); });
  std::vector<Program> programs(count);
  for (size_t i = 0; i < missing.size(); ++i) programs[i % count].kernels.push_back(missing[i]);
  in_parallel(count, [&](size_t p) {
    std::vector<KernelSource> sources;
    for (const size_t k : programs[p].kernels) sources.push_back(written[k].source);
    programs[p].cubin = compile_program(program_text(sources), architecture, options().ftz);
  });
  return programs;
}

// The first of each symbol.
std::map<std::string, size_t> distinct(const std::vector<Written>& written) {
  std::map<std::string, size_t> first;
  for (size_t k = 0; k < written.size(); ++k) first.try_emplace(written[k].symbol, k);
  return first;
}

std::vector<Written> write_all(std::span<const Kernel> kernels) {
  std::vector<Written> written;
  for (const Kernel& kernel : kernels) written.push_back(write(kernel, /*locations=*/false));
  return written;
}

}  // namespace

std::vector<std::shared_ptr<const CudaCode>> compile_kernels(std::span<const Kernel> kernels, int architecture,
                                                             ObjectStore* store) {
  const std::vector<Written> written = write_all(kernels);
  const std::map<std::string, size_t> first = distinct(written);
  Images images(store, architecture);
  std::map<std::string, Image> found;
  std::vector<size_t> missing;
  for (const auto& [symbol, k] : first)
    if ((found[symbol] = images.load(symbol)) == nullptr) missing.push_back(k);
  std::vector<bool> compiled(kernels.size(), false);
  for (Program& program : compile_programs(written, missing, architecture)) {
    const auto image = std::make_shared<const std::vector<char>>(std::move(program.cubin.image));
    std::vector<std::string> symbols;
    for (const size_t k : program.kernels) {
      symbols.push_back(written[k].symbol);
      found[written[k].symbol] = image;
      compiled[k] = true;
    }
    images.save(symbols, *image);
  }
  std::vector<std::shared_ptr<const CudaCode>> codes;
  for (size_t k = 0; k < kernels.size(); ++k) {
    auto code = std::make_shared<CudaCode>();
    code->name = kernels[k].name;
    code->entries = written[k].source.entries;
    code->scratch = written[k].source.scratch;
    code->image = found.at(written[k].symbol);
    code->from_cache = !compiled[k];
    codes.push_back(std::move(code));
  }
  return codes;
}

std::string print_cuda(std::span<const Kernel> kernels) {
  std::vector<KernelSource> sources;
  std::set<std::string> symbols;
  for (const Kernel& kernel : kernels) {
    Written written = write(kernel, /*locations=*/true);
    if (symbols.insert(written.symbol).second) sources.push_back(std::move(written.source));
  }
  return program_text(sources);
}

Report report_kernels(std::span<const Kernel> kernels, int architecture) {
  const std::vector<Written> written = write_all(kernels);
  std::vector<size_t> all;
  for (const auto& [symbol, k] : distinct(written)) all.push_back(k);
  Report report;
  for (const Program& program : compile_programs(written, all, architecture)) {
    const std::vector<ResourceUsage> usage = resource_usage(program.cubin.log);
    report.usage.insert(report.usage.end(), usage.begin(), usage.end());
    report.warnings += warnings(program.cubin.log);
  }
  return report;
}

}  // namespace sinter::codegen::cuda
