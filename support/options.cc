#include "support/options.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <numeric>
#include <optional>
#include <span>
#include <string_view>

#include "support/error.h"

namespace sinter {
namespace {

// What a variable accepts; the kind decides how it is parsed.
struct Accepted {
  enum Kind { kInteger, kFlag, kText, kOneOf } kind;
  std::string words;
  int low = 0, high = 0;
};
Accepted between(int low, int high) {
  return {Accepted::kInteger, fmt::format("an integer from {} to {}", low, high), low, high};
}
Accepted flag() { return {Accepted::kFlag, "1, on, true, yes, 0, off, false or no"}; }
Accepted text(std::string what) { return {Accepted::kText, std::move(what)}; }
Accepted one_of(std::string names) { return {Accepted::kOneOf, std::move(names)}; }

bool listed(std::string_view word, std::string_view list) {
  for (size_t at = 0; at <= list.size();) {
    const size_t end = std::min(list.find('|', at), list.size());
    if (list.substr(at, end - at) == word) return true;
    at = end + 1;
  }
  return false;
}

// Each returns whether `value` was accepted.
bool assign(int& field, std::string_view value, const Accepted& accepted) {
  int number = 0;
  const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (problem != std::errc() || end != value.data() + value.size()) return false;
  if (number < accepted.low || number > accepted.high) return false;
  field = number;
  return true;
}
bool assign(bool& field, std::string_view value, const Accepted&) {
  field = listed(value, "1|on|true|yes");
  return field || listed(value, "0|off|false|no");
}
bool assign(std::string& field, std::string_view value, const Accepted& accepted) {
  if (accepted.kind == Accepted::kOneOf && !listed(value, accepted.words)) return false;
  field = value;
  return true;
}

struct Row {
  std::string variable;
  std::string fallback;
  Accepted accepted;
  std::string help;
  bool (*assign)(Options&, std::string_view, const Accepted&);
};

std::string variable_name(std::string_view field) {
  std::string name = "SINTER_";
  for (char c : field) name += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}
std::string shown(bool value) { return value ? "on" : "off"; }
std::string shown(int value) { return fmt::format("{}", value); }
std::string shown(const std::string& value) { return value; }

const std::vector<Row>& rows() {
  static const std::vector<Row> table = {
#define SINTER_OPTION(field, type, fallback, accepted, help)         \
  Row{variable_name(#field), shown(Options{}.field), accepted, help, \
      [](Options& to, std::string_view value, const Accepted& what) { return assign(to.field, value, what); }},
#include "support/options.def"
#undef SINTER_OPTION
  };
  return table;
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string unknown_warning(std::string_view variable) {
  const auto nearest = std::min_element(rows().begin(), rows().end(), [&](const Row& a, const Row& b) {
    return edit_distance(a.variable, variable) < edit_distance(b.variable, variable);
  });
  return fmt::format("unknown environment variable {} is ignored: the nearest known one is {}", variable,
                     nearest->variable);
}

// Never destroyed: destructors of globals may compute.
const Options& environment_options() {
  static const Options& from_environment = *new Options([] {
    OptionsRead read = read_options(environ);
    for (const std::string& warning : read.warnings) fmt::print(stderr, "sinter: warning: {}\n", warning);
    return read.options;
  }());
  return from_environment;
}

std::atomic<const Options*> g_override{nullptr};

}  // namespace

const Options& options() {
  const Options* replacement = g_override.load(std::memory_order_acquire);
  return replacement != nullptr ? *replacement : environment_options();
}

OptionScope::OptionScope(Options replacement)
    : options_(std::move(replacement)), outer_(g_override.exchange(&options_, std::memory_order_acq_rel)) {}
OptionScope::~OptionScope() { g_override.store(outer_, std::memory_order_release); }

OptionsRead read_options(const char* const* environment) {
  OptionsRead read;
  for (; *environment != nullptr; ++environment) {
    const std::string_view entry = *environment;
    const size_t equals = entry.find('=');
    if (!entry.starts_with("SINTER_") || equals == std::string_view::npos) continue;
    const std::string_view variable = entry.substr(0, equals), value = entry.substr(equals + 1);
    const auto row = std::find_if(rows().begin(), rows().end(), [&](const Row& r) { return r.variable == variable; });
    if (row == rows().end()) {
      read.warnings.push_back(unknown_warning(variable));
    } else if (!value.empty() && !row->assign(read.options, value, row->accepted)) {
      throw ValueError(
          fmt::format("environment variable {} is \"{}\", expected {}", variable, value, row->accepted.words),
          fmt::format("unset {}, or give it an accepted value", variable));
    }
  }
  return read;
}

std::string options_markdown() {
  std::string page =
      "# Options\n\nEnvironment variables, read once when Sinter is first used. An empty value counts as unset. An "
      "unknown\n"
      "`SINTER_` variable is reported and ignored; a value that is not accepted is an error.\n"
      "This page is generated from `support/options.def`.\n\n"
      "| variable | default | accepted | meaning |\n|---|---|---|---|\n";
  for (const Row& row : rows()) {
    std::string accepted = row.accepted.words;
    for (size_t at = 0; (at = accepted.find('|', at)) != std::string::npos; at += 4) accepted.replace(at, 1, " or ");
    page += fmt::format("| `{}` | {} | {} | {} |\n", row.variable, row.fallback.empty() ? "" : "`" + row.fallback + "`",
                        accepted, row.help);
  }
  return page;
}

}  // namespace sinter
