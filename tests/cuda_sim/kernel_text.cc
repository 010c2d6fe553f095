#include "tests/cuda_sim/kernel_text.h"

#include <cctype>
#include <cstdlib>

namespace sinter::cuda_sim {
namespace {

bool in_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// The text with comments blanked out, so that what is found in it is code.
std::string without_comments(std::string_view text) {
  std::string code(text);
  for (size_t at = 0; at + 1 < code.size(); ++at) {
    if (code[at] != '/' || (code[at + 1] != '/' && code[at + 1] != '*')) continue;
    const bool block = code[at + 1] == '*';
    const size_t close = code.find(block ? "*/" : "\n", at + 2);
    const size_t end = close == std::string::npos ? code.size() : close + (block ? 2 : 0);
    for (; at < end; ++at)
      if (code[at] != '\n') code[at] = ' ';
  }
  return code;
}

// Of a list that starts with its parenthesis: one more than its commas.
int count_parameters(std::string_view list) {
  int depth = 0, count = 0;
  bool any = false;
  for (const char c : list) {
    if (c == '(') ++depth;
    if (c == ')' && --depth == 0) break;
    if (depth == 1 && c == ',') ++count;
    any = any || (c != '(' && std::isspace(static_cast<unsigned char>(c)) == 0);
  }
  return any ? count + 1 : 0;
}

}  // namespace

// The name is the word before the parameters.
std::vector<GlobalFunction> global_functions(std::string_view text) {
  constexpr std::string_view kMark = "__global__", kBounds = "__launch_bounds__";
  const std::string code = without_comments(text);
  std::vector<GlobalFunction> found;
  for (size_t at = code.find(kMark); at != std::string::npos; at = code.find(kMark, at + 1)) {
    GlobalFunction function;
    for (size_t open = code.find('(', at); open != std::string::npos; open = code.find('(', open + 1)) {
      size_t end = open;
      while (end > at && std::isspace(static_cast<unsigned char>(code[end - 1])) != 0) --end;
      size_t begin = end;
      while (begin > at && in_word(code[begin - 1])) --begin;
      const std::string word = code.substr(begin, end - begin);
      if (word == kBounds) {
        function.max_threads = std::atoi(code.c_str() + open + 1);
        continue;
      }
      if (word.empty() || word == "__attribute__" || word == "alignas") continue;
      function.name = word;
      function.parameters = count_parameters(std::string_view(code).substr(open));
      break;
    }
    if (!function.name.empty()) found.push_back(function);
  }
  return found;
}

}  // namespace sinter::cuda_sim
