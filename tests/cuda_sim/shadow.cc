#include "tests/cuda_sim/shadow.h"

#include <algorithm>

namespace sinter::cuda_sim {

bool Shadow::ordered(const Mark& earlier, const Accessor& by) const {
  const Mark& now = by.mark;
  if (earlier.block == 0) return true;
  if (earlier.block != now.block) return of_block_;
  if (earlier.thread == now.thread || earlier.epoch < now.epoch) return true;
  return earlier.thread / 32 == now.thread / 32 && (*by.known)[earlier.thread % 32] >= earlier.clock;
}

const Mark* Shadow::unordered(const Accesses& accesses, const Accessor& by) const {
  if (!ordered(accesses.other, by)) return &accesses.other;
  if (!ordered(accesses.first, by)) return &accesses.first;
  for (const Mark& mark : accesses.more)
    if (!ordered(mark, by)) return &mark;
  return nullptr;
}

void Shadow::add(Accesses& accesses, const Mark& mark) const {
  if (accesses.first.block != mark.block) {
    if (accesses.first.block != 0) accesses.other = accesses.first;
    accesses.first = mark;
    accesses.more.clear();
  } else if (accesses.first.epoch < mark.epoch) {
    accesses.first = mark;
    accesses.more.clear();
  } else if (accesses.first.thread == mark.thread) {
    accesses.first = mark;
  } else if (!accesses.more.empty() && accesses.more.back().thread == mark.thread) {
    accesses.more.back() = mark;
  } else {
    accesses.more.push_back(mark);
  }
}

std::optional<Race> Shadow::note(Cell& cell, SimAccess kind, const Accessor& by) const {
  if (!ordered(cell.write, by)) return Race{cell.write, kSimWrite};
  if (kind != kSimAtomic)
    if (const Mark* mark = unordered(cell.atomics, by)) return Race{*mark, kSimAtomic};
  if (kind != kSimRead)
    if (const Mark* mark = unordered(cell.reads, by)) return Race{*mark, kSimRead};
  if (kind == kSimRead) {
    add(cell.reads, by.mark);
  } else if (kind == kSimAtomic) {
    add(cell.atomics, by.mark);
  } else {
    cell.write = by.mark;
    for (Accesses* accesses : {&cell.reads, &cell.atomics}) {
      accesses->other = accesses->first = Mark{};
      accesses->more.clear();
    }
  }
  return std::nullopt;
}

std::optional<Race> Shadow::note(uint64_t launch, size_t offset, size_t bytes, SimAccess kind, const Accessor& by) {
  const bool fine = (offset | bytes) % 4 != 0;
  for (const size_t end = offset + bytes; offset < end;) {
    const size_t number = offset / kPage;
    if (number >= pages_.size()) pages_.resize(number + 1);
    std::unique_ptr<Page>& page = pages_[number];
    if (page == nullptr) page = std::make_unique<Page>();
    if (page->launch != launch) {
      page->launch = launch;
      page->grain = fine ? 1 : 4;
      page->cells.assign(kPage / page->grain, Cell{});
    } else if (fine && page->grain != 1) {
      std::vector<Cell> cells(kPage);
      for (size_t i = 0; i < kPage; ++i) cells[i] = page->cells[i / 4];
      page->cells = std::move(cells);
      page->grain = 1;
    }
    const size_t stop = std::min(end, (number + 1) * kPage);
    for (; offset < stop; offset += page->grain)
      if (auto race = note(page->cells[offset % kPage / page->grain], kind, by)) return race;
  }
  return std::nullopt;
}

}  // namespace sinter::cuda_sim
