// A name that threads may read and give at the same time.
#pragma once

#include <atomic>
#include <string>

namespace sinter::detail {

// Texts live as long as the process, each once: a name is one pointer, and reading it locks nothing.
class SharedName {
 public:
  // The one copy of this text.
  [[nodiscard]] static const std::string* interned(const std::string& text);
  SharedName() = default;
  SharedName(const SharedName& other) : text_(other.text_.load(std::memory_order_acquire)) {}
  SharedName& operator=(const SharedName& other) {
    text_.store(other.text_.load(std::memory_order_acquire), std::memory_order_release);
    return *this;
  }
  void set(const std::string& text);
  [[nodiscard]] const std::string& get() const;

 private:
  std::atomic<const std::string*> text_{nullptr};  // null: ""
};

}  // namespace sinter::detail
