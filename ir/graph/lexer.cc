#include "ir/graph/lexer.h"

#include <algorithm>
#include <charconv>
#include <mutex>
#include <set>

#include "support/error.h"

namespace sinter::ir {
namespace {

// Of ASCII only, whatever the locale.
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word_char(char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '$'; }

}  // namespace

bool is_plain_identifier(std::string_view text) {
  return !text.empty() && is_letter(text.front()) && std::all_of(text.begin(), text.end(), is_word_char);
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (code < 0x20 || code == 0x7f)
      out += fmt::format("\\x{:02x}", code);
    else
      out += c;
  }
  return out + '"';
}

const char* interned(const std::string& file) {
  static std::mutex mutex;
  static auto& files = *new std::set<std::string>;  // locations outlive destructors of globals
  const std::lock_guard lock(mutex);
  return files.insert(file).first->c_str();
}

Lexer::Lexer(std::string_view text, std::string_view file_name) : text_(text), file_(file_name) { advance(); }

Token Lexer::take() {
  Token taken = std::move(token_);
  advance();
  return taken;
}

void Lexer::fail(const Token& at, std::string_view problem) const {
  throw ParseError(fmt::format("{}:{}:{}: {}", file_, at.line, at.column, problem));
}

void Lexer::fail_expected(std::string_view expected) const {
  std::string given = "the end of the text";
  if (token_.kind == Token::Kind::kValue)
    given = "'%" + token_.text + "'";
  else if (token_.kind == Token::Kind::kFunction)
    given = "'@" + token_.text + "'";
  else if (token_.kind == Token::Kind::kString)
    given = "a string";
  else if (token_.kind != Token::Kind::kEnd)
    given = "'" + token_.text + "'";
  fail(token_, fmt::format("expected {}, got {}", expected, given));
}

void Lexer::skip_blanks() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '\n') {
      ++at_;
      ++line_;
      line_start_ = at_;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++at_;
    } else if (c == '/' && peek(1) == '/') {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    } else {
      return;
    }
  }
}

template <class Predicate>
std::string Lexer::take_while(Predicate predicate) {
  const size_t start = at_;
  while (at_ < text_.size() && predicate(text_[at_])) ++at_;
  return std::string(text_.substr(start, at_ - start));
}

// At the opening quote. Escapes: \" \\ \xhh.
std::string Lexer::quoted_text() {
  std::string out;
  for (++at_;; ++at_) {
    if (at_ >= text_.size() || text_[at_] == '\n') fail(token_, "string without closing quote");
    if (text_[at_] == '"') break;
    if (text_[at_] != '\\') {
      out += text_[at_];
      continue;
    }
    ++at_;
    if (peek() == '"' || peek() == '\\') {
      out += peek();
      continue;
    }
    unsigned code = 0;
    const char* digits = text_.data() + std::min(at_ + 1, text_.size());
    const char* end = text_.data() + std::min(at_ + 3, text_.size());
    const auto [stop, error] = std::from_chars(digits, end, code, 16);
    if (peek() != 'x' || error != std::errc() || stop != digits + 2)
      fail(token_, "unknown escape in string, expected \\\", \\\\ or \\xhh");
    out += static_cast<char>(code);
    at_ += 2;
  }
  ++at_;
  return out;
}

// At the character after % or @.
std::string Lexer::name() {
  if (peek() != '"') {
    std::string plain = take_while(is_word_char);
    if (plain.empty()) fail(token_, "expected a name after % or @");
    return plain;
  }
  std::string text = quoted_text();
  return is_plain_identifier(text) ? text : '"' + text;
}

// A sign, letters (inf, nan, hexadecimal digits), digits, a dot, an exponent with its sign: judged when the dtype is
// known.
std::string Lexer::number() {
  std::string out(1, text_[at_++]);
  for (;; ++at_) {
    const char c = peek();
    const bool exponent_sign = (c == '-' || c == '+') && (out.back() == 'e' || out.back() == 'E');
    if (!is_word_char(c) && !exponent_sign) break;
    out += c;
  }
  return out;
}

void Lexer::advance() {
  skip_blanks();
  token_ = {.line = line_, .column = at_ - line_start_ + 1};
  if (at_ >= text_.size()) return;
  const char c = text_[at_];
  if (c == '%' || c == '@') {
    ++at_;
    token_.kind = c == '%' ? Token::Kind::kValue : Token::Kind::kFunction;
    token_.text = name();
  } else if (c == '"') {
    token_.kind = Token::Kind::kString;
    token_.text = quoted_text();
  } else if (is_letter(c)) {
    token_.kind = Token::Kind::kIdentifier;
    token_.text = take_while(is_word_char);
  } else if (is_digit(c) || (c == '-' && (is_digit(peek(1)) || is_letter(peek(1)) || peek(1) == '.'))) {
    token_.kind = Token::Kind::kNumber;
    token_.text = number();
  } else {
    token_.kind = Token::Kind::kPunctuation;
    token_.text = c == '-' && peek(1) == '>' ? "->" : std::string(1, c);
    at_ += token_.text.size();
  }
}

}  // namespace sinter::ir
