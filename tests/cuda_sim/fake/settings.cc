#include "tests/cuda_sim/fake/settings.h"

#include <fmt/format.h>

#include <cstdlib>

#include "support/error.h"

namespace sinter::cuda_sim {
namespace {

// Takes the part of `text` before the separator, and the separator.
std::string_view take(std::string_view& text, char separator) {
  const size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return part;
}

unsigned long number(std::string_view digits) {
  char* end = nullptr;
  const std::string text(digits);
  const unsigned long value = std::strtoul(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0') throw ValueError(fmt::format("FAKE_CUDA: \"{}\" is no number", text));
  return value;
}

Failure failure(std::string_view text) {
  Failure made;
  std::string_view which = take(text, '=');
  made.code = static_cast<int>(number(text));
  made.call = std::string(take(which, ':'));
  if (which.empty()) return made;
  const bool onwards = which.ends_with('+');
  if (onwards) which.remove_suffix(1);
  made.first = number(which);
  made.last = onwards ? 0 : made.first;
  return made;
}

Order order(std::string_view text) {
  const std::string_view kind = take(text, ':');
  if (kind == "ascending") return {Order::Kind::kAscending};
  if (kind == "descending") return {Order::Kind::kDescending};
  if (kind == "random") return {Order::Kind::kRandom, number(text)};
  throw ValueError(fmt::format("FAKE_CUDA: \"{}\" is no order", kind));
}

}  // namespace

void apply(Settings& settings, std::string_view words) {
  while (!words.empty()) {
    const std::string_view word = take(words, ',');
    std::string_view value = word;
    const std::string_view key = take(value, '=');
    if (key == "execute" || key == "record")
      settings.execute = key == "execute";
    else if (key == "late")
      settings.late = true;
    else if (key == "arch")
      settings.arch = static_cast<int>(number(value));
    else if (key == "version")
      settings.version = static_cast<int>(number(value));
    else if (key == "devices")
      settings.devices = static_cast<int>(number(value));
    else if (key == "memory")
      settings.memory = number(value);
    else if (key == "order")
      settings.order = order(value);
    else if (key == "fail")
      settings.failures.push_back(failure(value));
    else
      throw ValueError(fmt::format("FAKE_CUDA: \"{}\" is not known", word));
  }
}

Settings settings_from_environment() {
  Settings settings;
  if (const char* words = std::getenv("FAKE_CUDA")) apply(settings, words);
  return settings;
}

int CallLog::begin(const Settings& settings, const std::string& name) {
  const unsigned long call = ++counts_[name];
  for (const Failure& failure : settings.failures)
    if (failure.call == name && call >= failure.first && (failure.last == 0 || call <= failure.last))
      return failure.code;
  return 0;
}

void CallLog::end(const std::string& name, const std::string& arguments, int code) {
  text_ += fmt::format("{}({}) = {}\n", name, arguments, code);
}

void CallLog::clear() {
  counts_.clear();
  text_.clear();
}

unsigned long CallLog::count(const std::string& name) const {
  const auto found = counts_.find(name);
  return found == counts_.end() ? 0 : found->second;
}

}  // namespace sinter::cuda_sim
