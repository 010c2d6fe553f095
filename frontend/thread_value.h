// A thread's own value that can be used to the end: in destructors of globals as well, which run when the thread's
// other variables are gone.
#pragma once

#include <utility>

namespace sinter::detail {

// The calling thread's T, one for each Tag; made when first asked for.
template <class T, class Tag>
[[nodiscard]] T& thread_value() {
  static thread_local T* value = nullptr;  // plain: nothing ends it
  struct Owner {
    ~Owner() { delete std::exchange(value, nullptr); }
  };
  if (value == nullptr) {
    static thread_local Owner owner;  // once it is gone, a value made anew lives as long as the process
    value = new T;
  }
  return *value;
}

}  // namespace sinter::detail
