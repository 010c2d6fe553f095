// What reader and writer of safetensors files share.
// A file: 8 bytes, the length of the header; the header, JSON; the data. The checksum is the XXH3 of the whole file,
// its own 16 hexadecimal digits taken as zeros; they stand at a fixed place because the metadata comes first in the
// header.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "support/dtype.h"

namespace sinter::runtime {

inline constexpr size_t kLengthBytes = 8;
inline constexpr std::string_view kMetadataKey = "__metadata__";
inline constexpr std::string_view kChecksumKey = "sinter.xxh3";
inline constexpr std::string_view kChecksumPrefix = R"({"__metadata__":{"sinter.xxh3":")";
inline constexpr std::string_view kNoChecksum = "0000000000000000";
inline constexpr size_t kChecksumAt = kLengthBytes + kChecksumPrefix.size();
inline constexpr std::string_view kDTypeNames = "F32, F64, I64 or BOOL";

[[nodiscard]] std::optional<std::string_view> safetensors_name(DType dtype);
[[nodiscard]] std::optional<DType> parse_safetensors_dtype(std::string_view name);

// The number of bytes of such an array; nothing when it is beyond 63 bits or a dimension is negative.
[[nodiscard]] std::optional<size_t> array_bytes(DType dtype, std::span<const int64_t> shape);

// XXH3 of the pieces one after the other, as 16 hexadecimal digits.
[[nodiscard]] std::string checksum(std::span<const std::span<const std::byte>> pieces);

}  // namespace sinter::runtime
