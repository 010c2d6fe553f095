#include "frontend/name.h"

#include <mutex>
#include <unordered_set>

namespace sinter::detail {

void SharedName::set(const std::string& text) {
  if (get() == text) return;
  static std::mutex mutex;
  static auto& texts = *new std::unordered_set<std::string>;  // outlives whoever is named
  const std::lock_guard lock(mutex);
  text_.store(&*texts.insert(text).first, std::memory_order_release);
}

const std::string& SharedName::get() const {
  static const auto& none = *new std::string;
  const std::string* text = text_.load(std::memory_order_acquire);
  return text == nullptr ? none : *text;
}

}  // namespace sinter::detail
