#include "runtime/cuda/staging.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "runtime/cuda/gpu.h"

namespace sinter::runtime::cuda {
namespace {

constexpr size_t kSmallestPiece = size_t{64} << 10, kLargestPiece = size_t{8} << 20, kPieces = 8;
constexpr unsigned kNoTiming = 2;

}  // namespace

// A piece that nothing is being copied out of: the next one that is large enough and done, a new one, or the oldest.
Staging::Piece& Staging::take(size_t bytes) {
  for (size_t i = 0; i < pieces_.size(); ++i) {
    Piece& piece = pieces_[(next_ + i) % pieces_.size()];
    if (piece.bytes < bytes) continue;
    if (piece.in_flight && driver().event_query.attempt(piece.copied) == kNotReady) continue;
    next_ = (next_ + i + 1) % pieces_.size();
    return piece;
  }
  if (pieces_.size() < kPieces) {
    Piece piece{.bytes = std::max(kSmallestPiece, std::bit_ceil(bytes))};
    driver().allocate_pinned(&piece.pinned, piece.bytes, 0);
    driver().event_create(&piece.copied, kNoTiming);
    pieces_.push_back(piece);
    return pieces_.back();
  }
  const auto largest = std::ranges::max_element(pieces_, {}, &Piece::bytes);
  if (largest->in_flight) driver().event_synchronize(largest->copied);
  return *largest;
}

void Staging::to_device(DevicePointer to, const void* from, size_t bytes) {
  const std::lock_guard lock(mutex_);
  gpu_.activate();
  const auto* next = static_cast<const std::byte*>(from);
  while (bytes > 0) {
    const size_t wanted = std::min(bytes, kLargestPiece);
    Piece& piece = take(wanted);
    const size_t part = std::min(wanted, piece.bytes);
    std::memcpy(piece.pinned, next, part);
    driver().copy_to_device(to, piece.pinned, part, gpu_.stream);
    driver().event_record(piece.copied, gpu_.stream);
    piece.in_flight = true;
    to += part;
    next += part;
    bytes -= part;
  }
}

void Staging::to_host(void* to, DevicePointer from, size_t bytes) {
  const std::lock_guard lock(mutex_);
  gpu_.activate();
  auto* next = static_cast<std::byte*>(to);
  while (bytes > 0) {
    const size_t wanted = std::min(bytes, kLargestPiece);
    Piece& piece = take(wanted);
    const size_t part = std::min(wanted, piece.bytes);
    driver().copy_to_host(piece.pinned, from, part, gpu_.stream);
    gpu_.wait();
    piece.in_flight = false;
    std::memcpy(next, piece.pinned, part);
    from += part;
    next += part;
    bytes -= part;
  }
}

}  // namespace sinter::runtime::cuda
