#include "tests/cuda_sim/fake/image.h"

#include <cstdint>
#include <cstring>
#include <string_view>

namespace sinter::cuda_sim {
namespace {

struct Header {
  char magic[8] = {'\x7f', 'E', 'L', 'F', 'F', 'A', 'K', 'E'};
  uint64_t text_bytes = 0, object_bytes = 0;
  uint64_t hash = 0;  // of what follows the header
  int64_t arch = 0;
};

uint64_t hash(std::string_view bytes) {
  uint64_t value = 0xcbf29ce484222325;
  for (const char byte : bytes) value = (value ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return value;
}

}  // namespace

std::vector<char> pack(const Image& image) {
  std::string body = image.text;
  body.append(image.object.data(), image.object.size());
  Header header;
  header.text_bytes = image.text.size();
  header.object_bytes = image.object.size();
  header.hash = hash(body);
  header.arch = image.arch;
  std::vector<char> bytes(sizeof header + body.size());
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + sizeof header, body.data(), body.size());
  return bytes;
}

std::optional<Image> unpack(const void* data) {
  Header header;
  if (std::memcmp(data, header.magic, sizeof header.magic) != 0) return std::nullopt;
  std::memcpy(&header, data, sizeof header);
  const char* text = static_cast<const char*>(data) + sizeof header;
  const char* object = text + header.text_bytes;
  constexpr uint64_t kMost = uint64_t{1} << 30;
  if (header.text_bytes > kMost || header.object_bytes > kMost) return std::nullopt;
  if (hash({text, header.text_bytes + header.object_bytes}) != header.hash) return std::nullopt;
  return Image{.arch = static_cast<int>(header.arch),
               .text = std::string(text, header.text_bytes),
               .object = std::vector<char>(object, object + header.object_bytes)};
}

}  // namespace sinter::cuda_sim
