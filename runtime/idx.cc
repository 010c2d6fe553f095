#include "runtime/idx.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <string>

#include "runtime/file.h"
#include "support/error.h"

namespace sinter::runtime {
namespace {

constexpr uint8_t kUnsignedByte = 0x08;
// No deflate stream expands further (258 bytes from two bits).
constexpr size_t kMostExpansion = 1032;
constexpr size_t kFirstStep = size_t{64} << 20;

[[noreturn]] void damaged(const std::filesystem::path& path, const std::string& problem) {
  throw FileError(fmt::format("cannot load {}: {}", path.native(), problem));
}

// The content of a file, unpacked piece by piece where it is compressed.
class Source {
 public:
  explicit Source(const std::filesystem::path& path) : path_(path), file_(path) {
    const Bytes bytes = file_.bytes();
    compressed_ = bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
    rest_ = bytes;
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (compressed_ && inflateInit2(&stream_, kGzipOnly) != Z_OK) damaged(path_, "zlib cannot start");
  }
  ~Source() {
    if (compressed_) inflateEnd(&stream_);
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  // Fills as much of `to` as there is content; returns how many bytes that was.
  size_t read(std::span<uint8_t> to) { return compressed_ ? unpack(to) : copy(to); }
  // An upper bound of the content's size.
  [[nodiscard]] size_t most_bytes() const { return file_.bytes().size() * (compressed_ ? kMostExpansion : 1); }
  // Whether compressed bytes are left over behind the end of the content.
  [[nodiscard]] bool leftover() const { return compressed_ && !rest_.empty(); }

 private:
  size_t copy(std::span<uint8_t> to) {
    const size_t count = std::min(to.size(), rest_.size());
    std::transform(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(count), to.begin(),
                   [](std::byte b) { return std::to_integer<uint8_t>(b); });
    rest_ = rest_.subspan(count);
    return count;
  }

  size_t unpack(std::span<uint8_t> to) {
    size_t filled = 0;
    while (filled < to.size() && !ended_) {
      constexpr size_t kMost = std::numeric_limits<uInt>::max();
      const uInt offered = static_cast<uInt>(std::min(rest_.size(), kMost));
      const uInt wanted = static_cast<uInt>(std::min(to.size() - filled, kMost));
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(rest_.data()));
      stream_.avail_in = offered;
      stream_.next_out = to.data() + filled;
      stream_.avail_out = wanted;
      const int status = inflate(&stream_, Z_NO_FLUSH);
      rest_ = rest_.subspan(offered - stream_.avail_in);
      filled += wanted - stream_.avail_out;
      if (status == Z_STREAM_END) {
        ended_ = true;
      } else if (status == Z_BUF_ERROR && rest_.empty()) {
        damaged(path_, "the compressed data is cut off");
      } else if (status != Z_OK) {
        damaged(path_,
                fmt::format("the compressed data is damaged{}", stream_.msg ? fmt::format(": {}", stream_.msg) : ""));
      }
    }
    return filled;
  }

  const std::filesystem::path& path_;
  MappedFile file_;
  Bytes rest_;
  z_stream stream_{};
  bool compressed_ = false, ended_ = false;
};

uint64_t big_endian(std::span<const uint8_t> bytes) {
  uint64_t value = 0;
  for (uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

}  // namespace

IdxArray read_idx(const std::filesystem::path& path) {
  Source source(path);
  std::array<uint8_t, 4> magic{};
  if (source.read(magic) != magic.size()) damaged(path, "it is too short for an IDX file");
  if (magic[0] != 0 || magic[1] != 0)
    damaged(path,
            fmt::format("its first bytes are {:02x} {:02x}, expected 00 00: it is no IDX file", magic[0], magic[1]));
  if (magic[2] != kUnsignedByte)
    damaged(path, fmt::format("its element type is 0x{:02x}, expected 0x08 (unsigned bytes)", magic[2]));
  if (magic[3] == 0) damaged(path, "it has no dimensions");

  IdxArray array;
  size_t expected = 1;
  for (int axis = 0; axis < magic[3]; ++axis) {
    std::array<uint8_t, 4> dim{};
    if (source.read(dim) != dim.size()) damaged(path, fmt::format("it is cut off in its {} dimensions", magic[3]));
    array.shape.push_back(static_cast<int64_t>(big_endian(dim)));
    // Saturates: any later check finds the size absurd. A zero stays zero.
    if (__builtin_mul_overflow(expected, big_endian(dim), &expected)) expected = std::numeric_limits<size_t>::max();
  }
  if (std::find(array.shape.begin(), array.shape.end(), 0) != array.shape.end()) expected = 0;
  if (expected > source.most_bytes())
    damaged(
        path,
        fmt::format("its header promises shape [{}], more than a file of this size can hold: it is cut off or damaged",
                    fmt::join(array.shape, ", ")));

  // In steps, so that a damaged header cannot ask for more memory than twice what the file really holds.
  while (array.values.size() < expected) {
    const size_t have = array.values.size(), step = std::min(expected - have, std::max(have, kFirstStep));
    array.values.resize(have + step);
    if (const size_t got = source.read(std::span(array.values).subspan(have)); got != step)
      damaged(path, fmt::format("it is cut off: {} bytes of values, expected {} for shape [{}]", have + got, expected,
                                fmt::join(array.shape, ", ")));
  }
  std::array<uint8_t, 1> beyond{};
  if (source.read(beyond) != 0 || source.leftover())
    damaged(path, fmt::format("it goes on after the {} values of shape [{}]", expected, fmt::join(array.shape, ", ")));
  return array;
}

}  // namespace sinter::runtime
