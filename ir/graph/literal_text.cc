#include "ir/graph/literal_text.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

namespace sinter::ir {
namespace {

template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;

template <class T>
std::string text_of(T value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_floating_point_v<T>) {
    const auto bits = std::bit_cast<Bits<T>>(value);
    if (std::isnan(value) && bits != std::bit_cast<Bits<T>>(std::numeric_limits<T>::quiet_NaN()))
      return fmt::format("nan({:#x})", bits);
    return fmt::format("{}", value);
  } else {
    return fmt::format("{}", value);
  }
}

// The whole text as a number; from_chars rounds correctly and knows "inf" and "nan", but not a leading plus.
template <class T, class... Base>
bool read(std::string_view text, T& value, Base... base) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base...);  // NOLINT: `end` bounds it
  return error == std::errc() && stop == end;
}

template <class T>
bool parse_as(std::string_view text, T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    value = text == "true";
    return value || text == "false";
  } else if constexpr (std::is_floating_point_v<T>) {
    constexpr std::string_view kOpen = "nan(0x";
    if (text.starts_with(kOpen) && text.ends_with(')')) {
      Bits<T> bits = 0;
      if (!read(text.substr(kOpen.size(), text.size() - kOpen.size() - 1), bits, 16)) return false;
      value = std::bit_cast<T>(bits);
      return std::isnan(value);
    }
    return read(text, value);
  } else {
    return read(text, value);
  }
}

}  // namespace

std::string element_text(DType dtype, const std::byte* element) {
  if (dtype == kBool) return text_of(*element != std::byte{0});  // any byte: texts of wrong kernels come here too
  return visit_dtype(dtype, [&](auto value) {
    std::memcpy(&value, element, sizeof value);
    return text_of(value);
  });
}

bool parse_element(std::string_view text, DType dtype, std::byte* element) {
  return visit_dtype(dtype, [&](auto value) {
    const bool good = parse_as(text, value);
    std::memcpy(element, &value, sizeof value);
    return good;
  });
}

}  // namespace sinter::ir
