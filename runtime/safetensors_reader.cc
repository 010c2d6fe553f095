// Reads safetensors files: header, checks, tensors.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "runtime/safetensors.h"
#include "runtime/safetensors_format.h"
#include "support/error.h"

namespace sinter::runtime {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostHeaderBytes = 100'000'000;  // the format's own limit
constexpr size_t kDeepestNesting = 3;             // header, array, shape

// What is wrong with a file; the path is added where it is known.
struct Damage {
  std::string problem;
};
template <class... Args>
[[noreturn]] void damaged(fmt::format_string<Args...> text, Args&&... args) {
  throw Damage{fmt::format(text, std::forward<Args>(args)...)};
}

// A name out of the file, fit for a message: escaped, and not endless.
std::string shown(const std::string& name) {
  constexpr size_t kMost = 100;
  const std::string text =
      Json(name.substr(0, kMost)).dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  return name.size() > kMost ? text + "..." : text;
}

// Refuses what the parser would let pass: a key given twice, and nesting that no header has.
class HeaderGuard {
 public:
  bool operator()(int, Json::parse_event_t event, Json& parsed) {
    switch (event) {
      case Json::parse_event_t::object_start:
      case Json::parse_event_t::array_start:
        open_.emplace_back();
        if (open_.size() > kDeepestNesting) damaged("the header is nested too deep");
        break;
      case Json::parse_event_t::object_end:
      case Json::parse_event_t::array_end:
        open_.pop_back();
        break;
      case Json::parse_event_t::key: {
        const auto& key = parsed.get_ref<const std::string&>();
        if (!open_.back().insert(key).second) damaged("{} occurs twice in the header", shown(key));
        break;
      }
      case Json::parse_event_t::value:
        break;
    }
    return true;
  }

 private:
  std::vector<std::set<std::string>> open_;
};

Json parse_header(std::string_view text) {
  // The parser copies its callback: the state is kept outside.
  HeaderGuard guard;
  try {
    return Json::parse(text.begin(), text.end(),
                       [&](int depth, Json::parse_event_t event, Json& parsed) { return guard(depth, event, parsed); });
  } catch (const Json::exception& error) {
    const auto* syntax = dynamic_cast<const Json::parse_error*>(&error);
    damaged("the header is not valid JSON{}", syntax ? fmt::format(" at byte {}", syntax->byte) : "");
  }
}

// An unsigned number below 2^63.
int64_t number(const Json& value, const std::string& array, const char* field) {
  if (!value.is_number_unsigned() || value.get<uint64_t>() > uint64_t{INT64_MAX})
    damaged("array {}: {} must hold integers from 0 to 2^63 - 1", array, field);
  return value.get<int64_t>();
}

struct Entry {
  NamedArray array;
  size_t begin = 0, end = 0;
};

Entry parse_entry(const std::string& name, const Json& fields, Bytes data) {
  const std::string array = shown(name);
  if (!fields.is_object() || fields.size() != 3 || !fields.contains("dtype") || !fields.contains("shape") ||
      !fields.contains("data_offsets"))
    damaged("array {} must have exactly dtype, shape and data_offsets", array);
  const Json &dtype = fields["dtype"], &shape = fields["shape"], &offsets = fields["data_offsets"];
  if (!dtype.is_string()) damaged("array {}: dtype must be a string", array);
  const auto known = parse_safetensors_dtype(dtype.get_ref<const std::string&>());
  if (!known) damaged("array {} has dtype {}, expected {}", array, shown(dtype.get<std::string>()), kDTypeNames);
  if (!shape.is_array()) damaged("array {}: shape must be a list", array);
  if (!offsets.is_array() || offsets.size() != 2) damaged("array {}: data_offsets must be two numbers", array);

  Entry entry{.array = {.name = name, .dtype = *known}};
  for (const Json& dim : shape) entry.array.shape.push_back(number(dim, array, "shape"));
  entry.begin = static_cast<size_t>(number(offsets[0], array, "data_offsets"));
  entry.end = static_cast<size_t>(number(offsets[1], array, "data_offsets"));
  if (entry.begin > entry.end || entry.end > data.size())
    damaged("array {} takes bytes {} to {} of {} bytes of data", array, entry.begin, entry.end, data.size());
  const auto bytes = array_bytes(*known, entry.array.shape);
  if (!bytes || *bytes != entry.end - entry.begin)
    damaged("array {} has {} bytes of data, expected {} for {}[{}]", array, entry.end - entry.begin,
            bytes ? fmt::format("{}", *bytes) : "more than any file has", sinter::name(*known),
            fmt::join(entry.array.shape, ", "));
  entry.array.data = data.subspan(entry.begin, *bytes);
  if (*known == kBool &&
      std::any_of(entry.array.data.begin(), entry.array.data.end(), [](std::byte b) { return b > std::byte{1}; }))
    damaged("array {} of booleans has a byte that is neither 0 nor 1", array);
  return entry;
}

// The arrays in the order of their bytes, which they must fill without gap or overlap.
std::vector<NamedArray> parse_arrays(const Json& header, Bytes data) {
  std::vector<Entry> entries;
  for (const auto& [name, fields] : header.items())
    if (name != kMetadataKey) entries.push_back(parse_entry(name, fields, data));
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::vector<NamedArray> arrays;
  size_t filled = 0;
  for (Entry& entry : entries) {
    if (entry.begin < filled)
      damaged("array {} overlaps another at byte {} of the data", shown(entry.array.name), entry.begin);
    if (entry.begin > filled) damaged("bytes {} to {} of the data belong to no array", filled, entry.begin);
    filled = entry.end;
    arrays.push_back(std::move(entry.array));
  }
  if (filled != data.size()) damaged("bytes {} to {} of the data belong to no array", filled, data.size());
  return arrays;
}

Metadata parse_metadata(const Json& header) {
  Metadata metadata;
  const auto found = header.find(kMetadataKey);
  if (found == header.end()) return metadata;
  if (!found->is_object()) damaged("{} must be an object", kMetadataKey);
  for (const auto& [key, value] : found->items()) {
    if (!value.is_string()) damaged("{}: entry {} must be a string", kMetadataKey, shown(key));
    metadata.emplace(key, value.get<std::string>());
  }
  return metadata;
}

std::string_view header_text(Bytes file) {
  if (file.size() < kLengthBytes) damaged("it has {} bytes, too few for any safetensors file", file.size());
  uint64_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) length |= uint64_t{std::to_integer<uint8_t>(file[i])} << (8 * i);
  if (length > kMostHeaderBytes)
    damaged("its header would have {} bytes, expected at most {}: it is no safetensors file", length, kMostHeaderBytes);
  if (length > file.size() - kLengthBytes)
    damaged("it is cut off: its header has {} bytes, but {} are there", length, file.size() - kLengthBytes);
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + kLengthBytes, length);
  if (!text.starts_with('{')) damaged("its header does not begin with {{: it is no safetensors file");
  return text;
}

// Whether the text begins with the prefix but for one or two characters.
bool is_nearly(std::string_view text, std::string_view prefix) {
  if (text.size() < prefix.size()) return false;
  const auto equal = std::inner_product(prefix.begin(), prefix.end(), text.begin(), size_t{0}, std::plus<>(),
                                        [](char a, char b) { return static_cast<size_t>(a == b); });
  return equal + 2 >= prefix.size();
}

void verify_checksum(Bytes file, std::string_view header, const std::string& stored) {
  if (!header.starts_with(kChecksumPrefix)) damaged("the checksum is not where Sinter writes it");
  if (stored.size() != kNoChecksum.size() || header.substr(kChecksumPrefix.size(), stored.size()) != stored)
    damaged("the checksum must have 16 digits");
  const std::array<Bytes, 3> pieces = {file.first(kChecksumAt), std::as_bytes(std::span(kNoChecksum)),
                                       file.subspan(kChecksumAt + kNoChecksum.size())};
  if (const std::string computed = checksum(pieces); computed != stored)
    damaged("its checksum is {}, expected {}: the file is damaged", computed, stored);
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : file_(path) {
  try {
    const Bytes file = file_.bytes();
    const std::string_view text = header_text(file);
    const Json header = parse_header(text);
    metadata_ = parse_metadata(header);
    if (const auto stored = metadata_.extract(std::string(kChecksumKey))) {
      verify_checksum(file, text, stored.mapped());
      checked_ = true;
    } else if (is_nearly(text, kChecksumPrefix)) {
      damaged("the name of its checksum is damaged");
    }
    arrays_ = parse_arrays(header, file.subspan(kLengthBytes + text.size()));
  } catch (const Damage& damage) {
    throw FileError(fmt::format("cannot load {}: {}", path.native(), damage.problem));
  }
  for (size_t i = 0; i < arrays_.size(); ++i) by_name_.emplace(arrays_[i].name, i);
}

const NamedArray* SafetensorsFile::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &arrays_[found->second];
}

}  // namespace sinter::runtime
