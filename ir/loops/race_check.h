// Finds accesses that the kernel IR forbids because their order is not defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "ir/loops/kernel.h"

namespace sinter::loops {

enum class Access : uint8_t { kRead, kWrite, kAccumulate };

// Where in a kernel's run an access happens.
struct Moment {
  int64_t outer = 0;  // linear outer point
  int64_t pass = 0;
  int64_t inner = 0;  // linear inner point
};

// Remembers who touched each element of the buffers that are stored to. Buffers of one element size that share their
// storage are one.
class RaceCheck {
 public:
  RaceCheck(const Kernel& kernel, std::span<const std::span<std::byte>> buffers);
  // What the access clashes with, in words; null when it clashes with nothing so far.
  [[nodiscard]] const char* record(size_t buffer, size_t element, Access access, const Moment& now);

 private:
  // The last moment of each kind of access, and whether it stands for several inner points of its pass.
  struct Last {
    Moment moment{.outer = -1};
    bool many_outer = false, many_inner = false;
    void add(const Moment& now);
    [[nodiscard]] bool other_outer(const Moment& now) const {
      return moment.outer >= 0 && (many_outer || moment.outer != now.outer);
    }
    [[nodiscard]] bool other_inner(const Moment& now) const;
  };
  struct Element {
    Last read, write, accumulate;
  };
  std::map<std::pair<const std::byte*, size_t>, std::vector<Element>> storage_;
  std::vector<std::vector<Element>*> of_buffer_;  // null: never stored to
};

}  // namespace sinter::loops
