#include "runtime/safetensors_format.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <utility>

namespace sinter::runtime {
namespace {

constexpr std::array<std::pair<DType, std::string_view>, 4> kNames{
    {{kFloat32, "F32"}, {kFloat64, "F64"}, {kInt64, "I64"}, {kBool, "BOOL"}}};

}  // namespace

std::optional<std::string_view> safetensors_name(DType dtype) {
  for (const auto& [known, text] : kNames)
    if (known == dtype) return text;
  return std::nullopt;
}

std::optional<DType> parse_safetensors_dtype(std::string_view name) {
  for (const auto& [dtype, known] : kNames)
    if (known == name) return dtype;
  return std::nullopt;
}

std::optional<size_t> array_bytes(DType dtype, std::span<const int64_t> shape) {
  if (std::any_of(shape.begin(), shape.end(), [](int64_t dim) { return dim < 0; })) return std::nullopt;
  // A zero anywhere makes the whole empty, however large the others are.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  int64_t bytes = static_cast<int64_t>(size_of(dtype));
  for (int64_t dim : shape)
    if (__builtin_mul_overflow(bytes, dim, &bytes)) return std::nullopt;
  return static_cast<size_t>(bytes);
}

std::string checksum(std::span<const std::span<const std::byte>> pieces) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), XXH3_freeState);
  if (state == nullptr) throw std::bad_alloc();
  XXH3_64bits_reset(state.get());
  for (const std::span<const std::byte> piece : pieces) XXH3_64bits_update(state.get(), piece.data(), piece.size());
  return fmt::format("{:016x}", XXH3_64bits_digest(state.get()));
}

}  // namespace sinter::runtime
