#include "ir/loops/race_check.h"

namespace sinter::loops {

RaceCheck::RaceCheck(std::span<const std::span<std::byte>> buffers) {
  for (const auto& bytes : buffers) of_buffer_.push_back(&storage_[bytes.data()]);
}

void RaceCheck::Last::add(const Moment& now) {
  many_outer |= other_outer(now);
  many_inner = other_inner(now);
  moment = now;
}

bool RaceCheck::Last::other_inner(const Moment& now) const {
  return moment.outer == now.outer && moment.pass == now.pass && (many_inner || moment.inner != now.inner);
}

const char* RaceCheck::record(size_t buffer, size_t element, size_t element_size, Access access, const Moment& now) {
  std::vector<Element>& elements = *of_buffer_[buffer];
  const size_t at = element * element_size;  // by byte, so that buffers of different dtypes may share storage
  if (elements.size() <= at) elements.resize(at + 1);
  Element& seen = elements[at];
  const bool changes = access != Access::kRead;
  const char* clash = nullptr;
  if (seen.write.other_outer(now) || seen.accumulate.other_outer(now))
    clash = "another outer point writes this element";
  else if (changes && seen.read.other_outer(now))
    clash = "another outer point reads this element";
  else if (seen.write.other_inner(now) || (access != Access::kAccumulate && seen.accumulate.other_inner(now)))
    clash = "another inner point of the pass writes this element";
  else if (changes && seen.read.other_inner(now))
    clash = "another inner point of the pass reads this element";
  (access == Access::kRead ? seen.read : access == Access::kWrite ? seen.write : seen.accumulate).add(now);
  return clash;
}

}  // namespace sinter::loops
