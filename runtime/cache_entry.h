// The file format of one entry of the disk cache: a head of fixed size, then the value.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sinter::runtime {

inline constexpr size_t kCacheEntryHeadBytes = 64;

// The name of the entry's file: 32 hexadecimal digits that stand for the key.
[[nodiscard]] std::string cache_entry_name(std::string_view key);

[[nodiscard]] std::array<std::byte, kCacheEntryHeadBytes> cache_entry_head(std::string_view key,
                                                                           std::span<const std::byte> value);

// The value in the content of an entry's file, or nothing unless every bit is as it was written under this key.
[[nodiscard]] std::optional<std::span<const std::byte>> cache_entry_value(std::string_view key,
                                                                          std::span<const std::byte> content);

}  // namespace sinter::runtime
