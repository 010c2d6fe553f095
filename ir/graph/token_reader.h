// What the parsers of graphs and kernels share: tokens, lists, numbers, dimensions, element types.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>

#include "ir/graph/lexer.h"
#include "support/dtype.h"
#include "support/shape.h"

namespace sinter::ir {

class TokenReader {
 protected:
  using Kind = Token::Kind;

  TokenReader(std::string_view text, std::string_view file_name) : lexer_(text, file_name) {}

  [[nodiscard]] const Token& token() const { return lexer_.token(); }
  bool accept(std::string_view punctuation) {
    if (!token().is(punctuation)) return false;
    lexer_.take();
    return true;
  }
  void expect(std::string_view punctuation) {
    if (!accept(punctuation)) lexer_.fail_expected(fmt::format("'{}'", punctuation));
  }
  bool accept_word(std::string_view word) {
    if (!token().is_word(word)) return false;
    lexer_.take();
    return true;
  }
  void expect_word(std::string_view word) {
    if (!accept_word(word)) lexer_.fail_expected(fmt::format("'{}'", word));
  }
  Token expect(Kind kind, std::string_view what) {
    if (token().kind != kind) lexer_.fail_expected(what);
    return lexer_.take();
  }
  // Calls element() for each of a comma separated list that ends with `close`.
  template <class Element>
  void list_until(std::string_view close, Element element) {
    if (accept(close)) return;
    do element();
    while (accept(","));
    expect(close);
  }

  template <class T>
  [[nodiscard]] static std::optional<T> as_integer(std::string_view text) {
    T value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
    return value;
  }
  template <class T>
  T integer(T lowest) {
    const Token at = expect(Kind::kNumber, "a number");
    const auto value = as_integer<T>(at.text);
    if (!value || *value < lowest) lexer_.fail(at, fmt::format("'{}' is not an integer that fits here", at.text));
    return *value;
  }
  // The number behind a letter: 3 for s3, given 's'; nothing when the token is not of that form.
  [[nodiscard]] static std::optional<int> numbered(const Token& at, char letter) {
    if (at.kind != Kind::kIdentifier || at.text[0] != letter || at.text.size() < 2 || at.text[1] == '-')
      return std::nullopt;
    return as_integer<int>(std::string_view(at.text).substr(1));
  }
  Dim dim() {
    if (token().kind != Kind::kIdentifier) return integer<int64_t>(0);
    const auto id = numbered(token(), 's');
    if (!id) lexer_.fail_expected("a dimension (a number or a symbol like s0)");
    lexer_.take();
    return Dim::symbol(*id);
  }
  DType dtype() {
    const auto type = token().kind == Kind::kIdentifier ? parse_dtype(token().text) : std::nullopt;
    if (!type || *type == kInt32) lexer_.fail_expected("an element type (f32, f64, i64 or bool)");
    lexer_.take();
    return *type;
  }

  Lexer lexer_;
};

}  // namespace sinter::ir
