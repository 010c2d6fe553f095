// Composites that have been compiled: programs by what a call of them looks like, and the families they belong to.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "frontend/composite_graphs.h"
#include "frontend/thread_value.h"

namespace sinter::detail {

inline constexpr size_t kMostDifferentSizes = 6;  // of a call's operands

// Words that a program is found by.
struct Key {
  static constexpr size_t kMost = 32;
  std::array<uint64_t, kMost> words;
  size_t count = 0;
  void push(uint64_t word) {
    invariant(count < kMost, "a key holds the words of every composite");
    words[count++] = word;
  }
  [[nodiscard]] std::span<const uint64_t> span() const { return {words.data(), count}; }
  bool operator==(const Key& other) const { return std::ranges::equal(span(), other.span()); }
};
struct KeyHash {
  size_t operator()(const Key& key) const {
    uint64_t hash = key.count;
    for (uint64_t word : key.span()) hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
  }
};

// A compiled call. Kept for the life of the process.
struct Compiled {
  const Family* family = nullptr;
  std::shared_ptr<const driver::DynamicProgram> program;  // null: operation by operation
  std::vector<int> gradients;                             // of a backward pass: by given operand, its result or -1
};

// What is kept, at most: settings that change with every call would fill the memory.
inline constexpr size_t kMostKept = 4096;

class Store {
 public:
  static Store& get() {
    static Store& store = *new Store;  // tensors may be used in the destructors of globals
    return store;
  }

  // nullptr when the store is full.
  template <class Make>
  const Compiled* find(const Key& key, Make&& make) {
    auto& mine = thread_value<std::unordered_map<Key, const Compiled*, KeyHash>, Store>();
    if (const auto found = mine.find(key); found != mine.end()) return found->second;
    const std::lock_guard lock(mutex_);
    auto at = compiled_.find(key);
    if (at == compiled_.end()) {
      if (compiled_.size() >= kMostKept) return nullptr;
      at = compiled_.emplace(key, make()).first;
    }
    return mine[key] = &at->second;
  }

  // Called while a program is made. A family of operands with fewer equalities serves as well: a batch that has by
  // chance the size of the classes compiles nothing.
  template <class Make>
  const Family& family(const Composite& composite, const Settings& settings, std::span<const SymbolicType> operands,
                       Make&& make) {
    for (const Family& family : families_)
      if (family.composite == &composite && same(family.settings, settings) && serves(family, operands)) return family;
    return families_.emplace_back(make());
  }

 private:
  static bool same(const Settings& a, const Settings& b) {
    const auto bits = [](double x) { return std::bit_cast<uint64_t>(x); };
    return a.whole == b.whole && std::ranges::equal(a.real, b.real, {}, bits, bits);
  }
  // Whether each symbol of the family has one value among these operands.
  static bool serves(const Family& family, std::span<const SymbolicType> operands) {
    std::array<std::optional<Dim>, kMostDifferentSizes> values;
    return std::ranges::equal(family.operands, operands, [&](const SymbolicType& known, const SymbolicType& given) {
      if (!known || !given) return !known && !given;
      return known->dtype == given->dtype && std::ranges::equal(known->shape, given->shape, [&](Dim symbol, Dim size) {
               if (!symbol.is_symbol()) return symbol == size;
               auto& value = values[static_cast<size_t>(symbol.symbol_id())];
               if (!value) value = size;
               return *value == size && size.is_symbol();
             });
    });
  }

  std::mutex mutex_;
  std::unordered_map<Key, Compiled, KeyHash> compiled_;
  std::deque<Family> families_;
};

}  // namespace sinter::detail
