#include "driver/kernels.h"

#include <atomic>
#include <cstdio>
#include <map>
#include <mutex>

#include "codegen/cpu/compile_kernel.h"
#include "driver/check.h"
#include "driver/compiler_version.h"
#include "ir/loops/text.h"
#include "passes/lower/collapse.h"
#include "passes/pass.h"
#include "passes/schedule/cpu.h"
#include "runtime/disk_cache.h"
#include "support/options.h"

namespace sinter::driver {
namespace {

using codegen::cpu::Isa;
using Code = std::shared_ptr<const runtime::KernelCode>;

std::atomic<size_t> g_compiled{0};

// Objects of this very compiler: the key's text says what a kernel computes, not how code is made of it.
class DiskStore : public codegen::cpu::ObjectStore {
 public:
  bool load(const std::string& key, std::vector<char>& object) override {
    const auto found = runtime::DiskCache::global().load(kCompilerVersion + key);
    if (!found) return false;
    object.assign(reinterpret_cast<const char*>(found->data()),
                  reinterpret_cast<const char*>(found->data() + found->size()));
    return true;
  }
  void save(const std::string& key, std::span<const char> object) override {
    runtime::DiskCache::global().store(kCompilerVersion + key, std::as_bytes(object));
  }
};

// Code of this process, by instruction set and kernel text. Kept while somebody uses it.
struct ProcessCache {
  std::mutex mutex;
  std::map<std::pair<Isa, std::string>, std::weak_ptr<const runtime::KernelCode>> code;
};
ProcessCache& process_cache() {
  static ProcessCache cache;
  return cache;
}

}  // namespace

Isa isa_of(const std::string& asked) {
  const std::string name = asked.empty() ? std::string(options().isa) : asked;
  if (name.empty() || name == "auto") return codegen::cpu::native_isa();
  if (name == "avx2") return Isa::kAvx2;
  if (name == "avx512") {
    if (codegen::cpu::native_isa() != Isa::kAvx512)
      throw ValueError("isa avx512: this machine has no AVX-512", "leave SINTER_ISA unset");
    return Isa::kAvx512;
  }
  throw ValueError(fmt::format("isa is \"{}\", expected auto, avx2, avx512 or reference", name));
}

void finish_kernel(loops::Kernel& kernel, const std::string& subject) {
  passes::collapse(kernel);
  passes::schedule_cpu(kernel);
  if (options().verify || options().check) loops::verify(kernel);
  if (options().check) check_text(kernel);
  if (options().debug < 4 && options().dump.empty()) return;
  const std::string text = loops::print(kernel, /*locations=*/true);
  if (options().debug >= 4) fmt::print(stderr, "{}", text);
  passes::dump(subject, "loops", text);
}

std::vector<passes::LoweredKernel> lower_all(const ir::Graph& graph, const passes::Fusion& fusion) {
  const passes::LowerContext context{.graph = &graph, .in_memory = &fusion.in_memory, .layouts = nullptr, .symbols = 0};
  std::vector<passes::LoweredKernel> kernels;
  for (const passes::Cluster& cluster : fusion.clusters) {
    passes::LowerResult result = passes::lower(context, cluster);
    if (!result.lowered)
      throw InternalError(fmt::format("a cluster chosen by fusion cannot be lowered: {}", result.reason));
    finish_kernel(result.lowered->kernel, graph.name + "." + result.lowered->kernel.name);
    kernels.push_back(std::move(*result.lowered));
  }
  return kernels;
}

std::vector<Code> compile_kernels(std::span<const loops::Kernel> kernels, const std::string& isa_name,
                                  CompileStats& stats) {
  const Isa isa = isa_of(isa_name);
  ProcessCache& cache = process_cache();
  std::vector<Code> code(kernels.size());
  std::vector<std::string> texts;
  std::vector<loops::Kernel> missing;
  std::vector<size_t> missing_at;
  std::map<std::string, size_t> first;  // equal kernels within this call
  {
    const std::lock_guard lock(cache.mutex);
    for (size_t k = 0; k < kernels.size(); ++k) {
      texts.push_back(loops::print(kernels[k]));
      const auto found = cache.code.find({isa, texts[k]});
      if (found != cache.code.end()) code[k] = found->second.lock();
      if (code[k] == nullptr && first.try_emplace(texts[k], missing.size()).second) {
        missing.push_back(kernels[k]);
        missing_at.push_back(k);
      }
    }
  }
  stats.kernels += kernels.size();
  stats.from_cache += kernels.size() - missing.size();
  if (missing.empty()) return code;
  if (options().debug >= 5)
    for (const loops::Kernel& kernel : missing) fmt::print(stderr, "{}", codegen::cpu::print_llvm(kernel, isa));
  DiskStore store;
  const std::vector<Code> made = codegen::cpu::compile_kernels(missing, isa, &store);
  const std::lock_guard lock(cache.mutex);
  std::erase_if(cache.code, [](const auto& entry) { return entry.second.expired(); });
  for (size_t m = 0; m < made.size(); ++m) {
    (made[m]->from_cache ? stats.from_cache : stats.compiled) += 1;
    if (!made[m]->from_cache) ++g_compiled;
    cache.code[{isa, texts[missing_at[m]]}] = made[m];
  }
  for (size_t k = 0; k < kernels.size(); ++k)
    if (code[k] == nullptr) code[k] = made[first.at(texts[k])];
  return code;
}

int64_t units(const runtime::KernelCode& code, std::span<const int64_t> symbols) {
  int64_t product = 1;
  for (const runtime::KernelCode::Factor& factor : code.units) {
    const int64_t extent = factor.symbol < 0 ? factor.extent : symbols[static_cast<size_t>(factor.symbol)];
    product *= (extent + factor.divisor - 1) / factor.divisor;
  }
  return product;
}

void throw_index_error(const std::string& kernel, const std::string& where, const runtime::KernelStatus& status) {
  const std::string expected = status.extent > 0 ? fmt::format(", expected 0 to {}", status.extent - 1) : "";
  throw IndexError(fmt::format("{}: index {} is out of range for {} elements{}{}", kernel, status.index, status.extent,
                               expected, where == to_string(current_location()) ? "" : "\n  in " + where));
}

size_t kernels_compiled() { return g_compiled; }

}  // namespace sinter::driver
