#include "ir/loops/race_check.h"

namespace sinter::loops {

RaceCheck::RaceCheck(const Kernel& kernel, std::span<const std::span<std::byte>> buffers) {
  const auto key = [&](size_t i) { return std::pair{buffers[i].data(), size_of(kernel.buffers[i].dtype)}; };
  for (size_t i = 0; i < buffers.size(); ++i)
    if (kernel.buffers[i].role != Buffer::Role::kIn) storage_[key(i)].resize(buffers[i].size() / key(i).second);
  for (size_t i = 0; i < buffers.size(); ++i) {
    const auto found = storage_.find(key(i));
    of_buffer_.push_back(found == storage_.end() ? nullptr : &found->second);
  }
}

void RaceCheck::Last::add(const Moment& now) {
  many_outer |= other_outer(now);
  many_inner = other_inner(now);
  moment = now;
}

bool RaceCheck::Last::other_inner(const Moment& now) const {
  return moment.outer == now.outer && moment.pass == now.pass && (many_inner || moment.inner != now.inner);
}

const char* RaceCheck::record(size_t buffer, size_t element, Access access, const Moment& now) {
  if (of_buffer_[buffer] == nullptr) return nullptr;
  std::vector<Element>& elements = *of_buffer_[buffer];
  if (elements.size() <= element) elements.resize(element + 1);  // storage shared with a smaller one
  Element& seen = elements[element];
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
