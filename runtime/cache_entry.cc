#include "runtime/cache_entry.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <cstring>

namespace sinter::runtime {
namespace {

// A change of this layout needs a new version: old entries are then passed over and removed.
struct Head {
  char magic[8] = {'s', 'i', 'n', 't', 'e', 'r', 'k', 'v'};
  uint64_t version = 1;
  uint64_t value_bytes = 0;
  uint64_t key_bytes = 0;
  XXH128_hash_t key_hash{};  // of another seed than the file's name: two keys that collide in one differ in the other
  uint64_t value_hash = 0;
  uint64_t head_hash = 0;  // of all the above
};
static_assert(sizeof(Head) == kCacheEntryHeadBytes && std::has_unique_object_representations_v<Head>);

constexpr uint64_t kNameSeed = 0, kKeySeed = 0x73696e746572;

Head head_of(std::string_view key, std::span<const std::byte> value) {
  Head head{.value_bytes = value.size(), .key_bytes = key.size()};
  head.key_hash = XXH3_128bits_withSeed(key.data(), key.size(), kKeySeed);
  head.value_hash = XXH3_64bits(value.data(), value.size());
  head.head_hash = XXH3_64bits(&head, offsetof(Head, head_hash));
  return head;
}

}  // namespace

std::string cache_entry_name(std::string_view key) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(key.data(), key.size(), kNameSeed);
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

std::array<std::byte, kCacheEntryHeadBytes> cache_entry_head(std::string_view key, std::span<const std::byte> value) {
  std::array<std::byte, kCacheEntryHeadBytes> bytes;
  const Head head = head_of(key, value);
  std::memcpy(bytes.data(), &head, sizeof head);
  return bytes;
}

std::optional<std::span<const std::byte>> cache_entry_value(std::string_view key, std::span<const std::byte> content) {
  if (content.size() < kCacheEntryHeadBytes) return std::nullopt;
  const std::span<const std::byte> value = content.subspan(kCacheEntryHeadBytes);
  const auto expected = cache_entry_head(key, value);
  if (std::memcmp(expected.data(), content.data(), kCacheEntryHeadBytes) != 0) return std::nullopt;
  return value;
}

}  // namespace sinter::runtime
