// Tokens of IR text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sinter::ir {

// A letter or '_', then letters, digits, '_', '.' and '$': what may follow % and @ without quotes.
[[nodiscard]] bool is_plain_identifier(std::string_view text);

// The text as a string literal of the IR, which the lexer reads back.
[[nodiscard]] std::string quoted(std::string_view text);
// A copy that lives as long as the program, for Location::file.
[[nodiscard]] const char* interned(const std::string& file);

struct Token {
  enum class Kind : uint8_t { kEnd, kIdentifier, kValue, kFunction, kNumber, kString, kPunctuation };
  Kind kind = Kind::kEnd;
  // Without the leading % or @; strings without quotes and escapes. A quoted name that is no plain identifier keeps one
  // leading quote, so that the parameter named "0" (%"0") is not the value %0.
  std::string text;
  size_t line = 1, column = 1;
  [[nodiscard]] bool is(std::string_view punctuation) const {
    return kind == Kind::kPunctuation && text == punctuation;
  }
  [[nodiscard]] bool is_word(std::string_view word) const { return kind == Kind::kIdentifier && text == word; }
};

// Reads a text token by token; one token of look-ahead, `token()`. Comments run from // to the end of the line.
class Lexer {
 public:
  Lexer(std::string_view text, std::string_view file_name);
  [[nodiscard]] const Token& token() const { return token_; }
  // The current token, and on to the next.
  Token take();
  // Throws ParseError "file:line:column: problem" at a token.
  [[noreturn]] void fail(const Token& at, std::string_view problem) const;
  // The same, "expected ..., got ..." at the current token.
  [[noreturn]] void fail_expected(std::string_view expected) const;

 private:
  void advance();
  void skip_blanks();
  [[nodiscard]] char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  template <class Predicate>
  std::string take_while(Predicate predicate);
  std::string quoted_text();
  std::string name();
  std::string number();

  std::string_view text_;
  std::string file_;
  size_t at_ = 0;
  size_t line_ = 1, line_start_ = 0;
  Token token_;
};

}  // namespace sinter::ir
