#include "frontend/handles.h"

#include <mutex>
#include <unordered_set>

namespace sinter::detail {
namespace {

struct Handles {
  std::mutex mutex;
  std::unordered_set<const void*> alive;
};
Handles& handles() {
  static auto& all = *new Handles;  // outlives whatever is static
  return all;
}

}  // namespace

void note_handle(Impl& handle) {
  const std::lock_guard lock(handles().mutex);
  handles().alive.insert(&handle);
  handle.noted = true;
}

void forget_handle(const Impl& handle) {
  const std::lock_guard lock(handles().mutex);
  handles().alive.erase(&handle);
}

Ref<Cell> cell_of_handle(const void* address) {
  const std::lock_guard lock(handles().mutex);
  return handles().alive.contains(address) ? static_cast<const Impl*>(address)->cell : Ref<Cell>();
}

}  // namespace sinter::detail
