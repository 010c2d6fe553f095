// Writes safetensors files.
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/safetensors.h"
#include "runtime/safetensors_format.h"
#include "support/error.h"

namespace sinter::runtime {
namespace {

using Json = nlohmann::ordered_json;

// The data section starts at a multiple of this in files that Sinter writes.
constexpr size_t kDataAlignment = 64;

// The text as a JSON string, with its quotes.
std::string quoted(const std::string& text) {
  try {
    return Json(text).dump();
  } catch (const Json::type_error&) {
    throw ValueError("save: a name or a metadata entry is not valid UTF-8");
  }
}

std::string entry(const NamedArray& array, size_t begin) {
  const std::string name = quoted(array.name);
  const auto dtype = safetensors_name(array.dtype);
  if (!dtype)
    throw ValueError(
        fmt::format("save: array {} has dtype {}, expected {}", name, sinter::name(array.dtype), kDTypeNames));
  if (array.name == kMetadataKey) throw ValueError(fmt::format("save: the name {} is reserved", name));
  const auto bytes = array_bytes(array.dtype, array.shape);
  if (!bytes || *bytes != array.data.size())
    throw ValueError(fmt::format("save: array {} has {} bytes of data, expected {} for {}[{}]", name, array.data.size(),
                                 bytes ? fmt::format("{}", *bytes) : "fewer than 2^63", sinter::name(array.dtype),
                                 fmt::join(array.shape, ", ")));
  return fmt::format(R"({}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})", name, *dtype,
                     fmt::join(array.shape, ","), begin, begin + *bytes);
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::span<const NamedArray> arrays,
                       const Metadata& metadata) {
  std::string file(kLengthBytes, '\0');
  file += fmt::format("{}{}\"", kChecksumPrefix, kNoChecksum);
  for (const auto& [key, value] : metadata) {
    if (key == kChecksumKey) throw ValueError(fmt::format("save: the metadata entry {} is reserved", quoted(key)));
    file += fmt::format(",{}:{}", quoted(key), quoted(value));
  }
  file += '}';
  std::set<std::string_view> names;
  size_t begin = 0;
  for (const NamedArray& array : arrays) {
    if (!names.insert(array.name).second)
      throw ValueError(fmt::format("save: two arrays are named {}", quoted(array.name)));
    file += "," + entry(array, begin);
    begin += array.data.size();
  }
  file += '}';
  file.append((kDataAlignment - file.size() % kDataAlignment) % kDataAlignment, ' ');
  const uint64_t header_bytes = file.size() - kLengthBytes;
  for (size_t i = 0; i < kLengthBytes; ++i) file[i] = static_cast<char>(header_bytes >> (8 * i) & 0xff);

  std::vector<Bytes> pieces = {std::as_bytes(std::span(file))};
  for (const NamedArray& array : arrays) pieces.push_back(array.data);
  file.replace(kChecksumAt, kNoChecksum.size(), checksum(pieces));
  write_file(path, pieces);
}

}  // namespace sinter::runtime
