#include "tests/structure/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>

namespace sinter::structure {
namespace {

constexpr size_t kMaxLines = 600;

// Who may include whom, by prefix of the path; a file belongs to the first row that it starts with. Everyone may
// include support/ and what lies in the same row.
struct Row {
  std::string_view who;
  std::vector<std::string_view> may;
};
const std::vector<Row>& rows() {
  static const std::vector<Row> rows{
      {"support/", {}},
      {"ir/scalar/", {}},
      {"ir/graph/", {"ir/scalar/"}},
      {"ir/", {"ir/"}},
      {"passes/", {"ir/"}},
      {"codegen/", {"ir/", "runtime/program.h", "runtime/cuda/code.h"}},
      {"runtime/", {}},
      {"driver/", {"ir/", "passes/", "codegen/", "runtime/"}},
      // Of the passes, only what turns a graph into a graph.
      {"frontend/", {"ir/", "passes/differentiate.h", "runtime/", "driver/"}},
      {"sinter/", {"frontend/"}},
      {"examples/", {"sinter/", "frontend/"}},
      {"bench/", {"sinter/", "frontend/"}},
      {"tools/", {""}},
      {"tests/", {""}},
  };
  return rows;
}

constexpr std::array<std::string_view, 3> kLlvmUsers{"codegen/", "tools/", "tests/"};

bool starts_with_one_of(std::string_view path, const auto& prefixes) {
  return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return path.starts_with(prefix); });
}

const Row* row_of(std::string_view path) {
  const auto found = std::ranges::find_if(rows(), [&](const Row& row) { return path.starts_with(row.who); });
  return found == rows().end() ? nullptr : &*found;
}

bool is_cpp(const SourceFile& file) {
  return file.extension() == "h" || file.extension() == "cc" || file.extension() == "inc" || file.extension() == "def";
}

std::string offence(const SourceFile& file, size_t line, std::string_view what) {
  return fmt::format("{}:{}: {}", file.path, line, what);
}

struct Include {
  std::string_view path;
  bool quoted;
};
std::optional<Include> parse_include(std::string_view line) {
  if (!line.starts_with("#include ")) return std::nullopt;
  const size_t open = line.find_first_of("\"<");
  const size_t close = line.find_last_of("\">");
  if (open == std::string_view::npos || close <= open) return std::nullopt;
  return Include{.path = line.substr(open + 1, close - open - 1), .quoted = line[open] == '"'};
}

// Adds the headers that this BUILD file names: those that it generates lie nowhere in the tree.
void add_generated(const SourceFile& build, std::set<std::string>& known) {
  const std::string folder = build.path.substr(0, build.path.rfind('/') + 1);
  for (const std::string& line : build.lines)
    for (size_t open = line.find('"'); open != std::string::npos; open = line.find('"', open + 1)) {
      const size_t close = line.find('"', open + 1);
      if (close == std::string::npos) break;
      const std::string word = line.substr(open + 1, close - open - 1);
      if (word.ends_with(".h") || word.ends_with(".inc")) known.insert(folder + word);
      open = close;
    }
}

// What is wrong with this include of this file; "" if nothing.
std::string problem_of(const SourceFile& file, const Include& include, const std::set<std::string>& known) {
  if (include.path.starts_with("llvm"))
    return starts_with_one_of(file.path, kLlvmUsers) ? "" : "includes LLVM, which only codegen/, tools/ and tests/ may";
  if (!include.quoted) return "";
  const Row* own = row_of(file.path);
  const Row* other = row_of(include.path);
  if (own == nullptr) return fmt::format("lies in no folder of the include table (checks.cc)");
  if (other == nullptr)
    return fmt::format("includes \"{}\", which is not named from the repository root", include.path);
  if (!known.contains(std::string(include.path)))
    return fmt::format("includes \"{}\", which does not exist", include.path);
  if (own == other || include.path.starts_with("support/") || starts_with_one_of(include.path, own->may)) return "";
  return fmt::format("includes \"{}\", which {} may not see", include.path, own->who);
}

}  // namespace

Offences check_includes(std::span<const SourceFile> files) {
  std::set<std::string> known;
  for (const SourceFile& file : files) {
    known.insert(file.path);
    if (file.path.ends_with("/BUILD")) add_generated(file, known);
  }
  Offences offences;
  for (const SourceFile& file : files) {
    if (!is_cpp(file)) continue;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      const auto include = parse_include(file.lines[i]);
      if (!include) continue;
      const std::string problem = problem_of(file, *include, known);
      if (!problem.empty()) offences.push_back(offence(file, i + 1, problem));
    }
  }
  return offences;
}

Offences check_lengths(std::span<const SourceFile> files) {
  Offences offences;
  for (const SourceFile& file : files)
    if (file.lines.size() > kMaxLines)
      offences.push_back(
          offence(file, kMaxLines + 1, fmt::format("has {} lines, {} at most", file.lines.size(), kMaxLines)));
  return offences;
}

Offences check_header_comments(std::span<const SourceFile> files) {
  Offences offences;
  for (const SourceFile& file : files) {
    if (file.path.ends_with("BUILD")) continue;
    size_t first = 0;
    if (!file.lines.empty() && file.lines[0].starts_with("#!")) first = 1;
    const std::string_view line = first < file.lines.size() ? std::string_view(file.lines[first]) : "";
    if (is_cpp(file)) {
      const std::string own_header = file.path.substr(0, file.path.rfind('.')) + ".h";
      const auto include = parse_include(line);
      if (line.starts_with("// ") || (include && include->path == own_header)) continue;
    } else if (line.starts_with("# ") || line.starts_with("\"\"\"")) {
      continue;
    }
    offences.push_back(offence(file, first + 1, "starts without a comment that says what the file is for"));
  }
  return offences;
}

Offences check_habits(std::span<const SourceFile> files) {
  // Put together from halves, or this file would offend.
  const std::array notes{std::string("TO") + "DO", std::string("FIX") + "ME"};
  Offences offences;
  for (const SourceFile& file : files) {
    const bool header = file.extension() == "h";
    bool once = false;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      const std::string& line = file.lines[i];
      once = once || line == "#pragma once";
      if (header && line.find("using namespace ") != std::string::npos)
        offences.push_back(offence(file, i + 1, "opens a namespace for everyone who includes it"));
      for (const std::string& note : notes)
        if (line.find(note) != std::string::npos)
          offences.push_back(
              offence(file, i + 1, fmt::format("holds a {}: do it, or write it where plans are kept", note)));
    }
    if (header && !once) offences.push_back(offence(file, 1, "has no #pragma once"));
  }
  return offences;
}

Offences check_visibility(std::span<const SourceFile> files) {
  constexpr std::array<std::string_view, 5> kClosed{"ir", "passes", "codegen", "runtime", "driver"};
  Offences offences;
  for (const SourceFile& file : files) {
    if (!file.path.ends_with("/BUILD") || std::ranges::find(kClosed, file.folder()) == kClosed.end()) continue;
    for (size_t i = 0; i < file.lines.size(); ++i)
      if (file.lines[i].find("//visibility:public") != std::string::npos)
        offences.push_back(offence(file, i + 1, fmt::format("is public: name //:{}_users", file.folder())));
  }
  return offences;
}

}  // namespace sinter::structure
