// Indented lines of C++ text.
#pragma once

#include <fmt/format.h>

#include <string>

namespace sinter::codegen::cuda {

class Writer {
 public:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    text_.append(2 * depth_, ' ');
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += '\n';
  }
  // A line that ends with a brace, and what follows indented until close().
  template <class... Args>
  void open(fmt::format_string<Args...> format, Args&&... args) {
    line(format, std::forward<Args>(args)...);
    ++depth_;
  }
  void close() {
    --depth_;
    line("}}");
  }
  // At the margin.
  void pragma(std::string_view what) { text_ += fmt::format("#pragma {}\n", what); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  size_t depth_ = 0;
};

}  // namespace sinter::codegen::cuda
