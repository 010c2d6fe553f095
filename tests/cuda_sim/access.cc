// What a thread may touch: bounds, roles, alignment, initialisation, races.
#include <fmt/format.h>

#include <bit>

#include "tests/cuda_sim/block.h"

namespace sinter::cuda_sim {
namespace {

const char* verb(SimAccess kind) {
  switch (kind) {
    case kSimRead:
      return "reads";
    case kSimWrite:
      return "writes";
    case kSimAtomic:
      return "changes";
  }
  return "";
}

const char* past_verb(SimAccess kind) {
  switch (kind) {
    case kSimRead:
      return "read";
    case kSimWrite:
      return "wrote";
    case kSimAtomic:
      return "changed atomically";
  }
  return "";
}

}  // namespace

void Block::access(const std::byte* at, size_t bytes, SimAccess kind, const void* from) {
  const std::byte* stack = stacks_.low(current_);
  if (at >= stack && at + bytes <= stack + FiberStacks::kBytes) return;
  if (kind == kSimAtomic && order_.kind == Order::Kind::kRandom && random_() % 2 == 0) {
    ready_.push_back(current_);
    give_way();
  }
  if (at >= shared_.data && at + bytes <= shared_.data + shared_.bytes)
    return access_region(shared_, at, bytes, kind, from);
  if (Region* region = memory_.find(at)) return access_region(*region, at, bytes, kind, from);
  if (kind == kSimRead && module_.is_constant(at, bytes)) return;
  stop_outside(at, bytes, kind, place(from));
}

void Block::access_region(Region& region, const std::byte* at, size_t bytes, SimAccess kind, const void* from) {
  const auto offset = static_cast<size_t>(at - region.data);
  const auto describe = [&](const char* what) {
    return fmt::format("{} {} bytes at {} + {}{}; {}", verb(kind), bytes, region.name, offset, what, place(from));
  };
  if (offset + bytes > region.bytes) stop_outside(at, bytes, kind, place(from));
  if (std::has_single_bit(bytes) && reinterpret_cast<uintptr_t>(at) % bytes != 0)
    stop(FaultKind::kMisaligned, describe(", which is not a multiple of its size"));
  if (kind != kSimRead && !region.writable) stop(FaultKind::kReadOnly, describe(", an input"));
  if (!region.written.empty()) {
    for (size_t i = offset; i < offset + bytes; ++i) {
      if (kind == kSimWrite)
        region.written[i] = true;
      else if (!region.written[i])
        stop(FaultKind::kUninitialised, describe(", which nothing has been written to"));
    }
  }
  if (!region.writable) return;
  const Thread& self = threads_[current_];
  const Accessor by{.mark = {.block = block_ + 1,
                             .epoch = epoch_,
                             .clock = self.known[current_ % 32],
                             .code = module_.offset_of(from),
                             .thread = static_cast<uint16_t>(current_)},
                    .known = &self.known};
  const auto race = region.shadow.note(launch_, offset, bytes, kind, by);
  if (!race) return;
  const Mark& earlier = race->earlier;
  stop(FaultKind::kRace,
       fmt::format("{}, which thread {} of block {} {} without a barrier between; {}", describe(""), earlier.thread,
                   earlier.block - 1, past_verb(race->kind), module_.place_of(earlier.code)));
}

void Block::stop_outside(const std::byte* at, size_t bytes, SimAccess kind, const std::string& place) {
  constexpr ptrdiff_t kNear = 1 << 16;
  const ptrdiff_t in_shared = at - shared_.data;
  if (in_shared >= 0 && in_shared < static_cast<ptrdiff_t>(Limits().opted_in))
    stop(FaultKind::kBounds, fmt::format("{} {} bytes at shared memory + {}, of which there are {} bytes; {}",
                                         verb(kind), bytes, in_shared, shared_.bytes, place));
  const Region* region = memory_.nearest(at);
  if (region != nullptr && at - region->data < static_cast<ptrdiff_t>(region->bytes) + kNear &&
      region->data - at < kNear)
    stop(FaultKind::kBounds, fmt::format("{} {} bytes at {} + {}, which has {} bytes; {}", verb(kind), bytes,
                                         region->name, at - region->data, region->bytes, place));
  stop(FaultKind::kBounds,
       fmt::format("{} {} bytes at {}, which is in no buffer; {}", verb(kind), bytes, fmt::ptr(at), place));
}

}  // namespace sinter::cuda_sim
