#include "frontend/name.h"

#include <mutex>
#include <unordered_set>

namespace sinter::detail {

const std::string* SharedName::interned(const std::string& text) {
  static std::mutex mutex;
  static auto& texts = *new std::unordered_set<std::string>;  // outlives whoever is named
  const std::lock_guard lock(mutex);
  return &*texts.insert(text).first;
}

void SharedName::set(const std::string& text) {
  if (get() != text) text_.store(interned(text), std::memory_order_release);
}

const std::string& SharedName::get() const {
  static const auto& none = *new std::string;
  const std::string* text = text_.load(std::memory_order_acquire);
  return text == nullptr ? none : *text;
}

}  // namespace sinter::detail
