#include "runtime/guarded_memory.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace sinter::runtime {
namespace {

size_t rounded_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

[[noreturn]] void complain(const char* where, size_t bytes) {
  fmt::print(stderr, "sinter: memory was written {} of a buffer of {} bytes\n", where, bytes);
  std::abort();
}

}  // namespace

GuardedPages map_guarded(size_t bytes, size_t alignment) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGE_SIZE));
  const size_t room = rounded_up(bytes, alignment), usable = rounded_up(room, page);
  GuardedPages pages{.bytes = bytes, .mapping_bytes = usable + 2 * page};
  void* mapping = mmap(nullptr, pages.mapping_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return {};
  pages.mapping = static_cast<std::byte*>(mapping);
  if (usable > 0 && mprotect(pages.mapping + page, usable, PROT_READ | PROT_WRITE) != 0) {
    munmap(mapping, pages.mapping_bytes);
    return {};
  }
  pages.data = pages.mapping + page + usable - room;
  std::memset(pages.mapping + page, kPoison, usable);
  return pages;
}

void unmap_guarded(const GuardedPages& pages) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGE_SIZE));
  const std::byte* const begin = pages.mapping + page;
  const std::byte* const end = pages.mapping + pages.mapping_bytes - page;
  const auto untouched = [](std::byte b) { return b == std::byte{kPoison}; };
  if (!std::all_of(begin, static_cast<const std::byte*>(pages.data), untouched))
    complain("before the start", pages.bytes);
  if (!std::all_of(static_cast<const std::byte*>(pages.data) + pages.bytes, end, untouched))
    complain("beyond the end", pages.bytes);
  munmap(pages.mapping, pages.mapping_bytes);
}

}  // namespace sinter::runtime
