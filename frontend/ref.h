// A counted pointer to objects that count their own handles: cheaper than shared_ptr, one word wide.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace sinter::detail {

struct Counted {
  mutable std::atomic<uint32_t> handles{0};
};

// Ends an object whose last handle went. Types whose chains can be long have an overload that does not recurse.
template <class T>
void dispose(T* object) {
  delete object;
}

template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T* object) : object_(object) { retain(); }
  Ref(const Ref& other) : object_(other.object_) { retain(); }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr && object_->handles.fetch_sub(1, std::memory_order_acq_rel) == 1) dispose(object_);
  }

  [[nodiscard]] T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  // Whether this is the only handle.
  [[nodiscard]] bool unique() const {
    return object_ != nullptr && object_->handles.load(std::memory_order_acquire) == 1;
  }
  bool operator==(const Ref& other) const { return object_ == other.object_; }

 private:
  void retain() {
    if (object_ != nullptr) object_->handles.fetch_add(1, std::memory_order_relaxed);
  }
  T* object_ = nullptr;
};

template <class T, class... A>
[[nodiscard]] Ref<T> make(A&&... arguments) {
  return Ref<T>(new T{std::forward<A>(arguments)...});
}

}  // namespace sinter::detail
