// Code of this process by kernel text, whatever it runs on. Kept while somebody uses it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "driver/compile.h"
#include "ir/loops/kernel.h"
#include "ir/loops/text.h"

namespace sinter::driver {

template <class Target, class Code>
class CodeCache {
 public:
  using Shared = std::shared_ptr<const Code>;

  // Code for each kernel: what is known, and what `compile` makes of the rest (a span of kernels -> code with
  // `from_cache`), each kernel once. Counted in stats.
  template <class Compile>
  [[nodiscard]] std::vector<Shared> get(const Target& target, std::span<const loops::Kernel> kernels,
                                        CompileStats& stats, Compile compile) {
    std::vector<Shared> code(kernels.size());
    std::vector<std::string> texts;
    std::vector<loops::Kernel> missing;
    std::vector<size_t> missing_at;
    std::map<std::string, size_t> first;  // equal kernels within this call
    {
      const std::lock_guard lock(mutex_);
      for (size_t k = 0; k < kernels.size(); ++k) {
        texts.push_back(loops::code_text(kernels[k]));
        const auto found = code_.find({target, texts[k]});
        if (found != code_.end()) code[k] = found->second.lock();
        if (code[k] == nullptr && first.try_emplace(texts[k], missing.size()).second) {
          missing.push_back(kernels[k]);
          missing_at.push_back(k);
        }
      }
    }
    stats.kernels += kernels.size();
    stats.from_cache += kernels.size() - missing.size();
    if (missing.empty()) return code;
    const std::vector<Shared> made = compile(std::span<const loops::Kernel>(missing));
    const std::lock_guard lock(mutex_);
    std::erase_if(code_, [](const auto& entry) { return entry.second.expired(); });
    for (size_t m = 0; m < made.size(); ++m) {
      (made[m]->from_cache ? stats.from_cache : stats.compiled) += 1;
      code_[{target, texts[missing_at[m]]}] = made[m];
    }
    for (size_t k = 0; k < kernels.size(); ++k)
      if (code[k] == nullptr) code[k] = made[first.at(texts[k])];
    return code;
  }

  // Forgets everything: what is asked for next is compiled again.
  void clear() {
    const std::lock_guard lock(mutex_);
    code_.clear();
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<Target, std::string>, std::weak_ptr<const Code>> code_;
};

}  // namespace sinter::driver
