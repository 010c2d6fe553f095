// Global memory as the simulated device sees it: buffers with exact sizes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/cuda_sim/shadow.h"

namespace sinter::cuda_sim {

enum class Contents : uint8_t { kGiven, kUnspecified };  // unspecified: must be written before it is read

struct Region {
  std::string name;
  std::byte* data = nullptr;
  size_t bytes = 0;
  bool writable = true;
  std::vector<bool> written = {};  // by byte; empty: everything holds a value
  Shadow shadow = Shadow();
};

// Copies and fills count as writes.
void note_written(Region& region, const std::byte* at, size_t bytes);
void note_copied(Region& to_region, const std::byte* to, const Region& from_region, const std::byte* from,
                 size_t bytes);

// Buffers by address. Their storage belongs to others.
class Memory {
 public:
  void add(const std::string& name, std::byte* data, size_t bytes, bool writable, Contents contents = Contents::kGiven);
  void remove(const std::byte* data);
  // The buffer that holds this address, or null.
  [[nodiscard]] Region* find(const std::byte* at);
  // The buffer that holds all these bytes, or null.
  [[nodiscard]] Region* find(const std::byte* at, size_t bytes);
  // For messages: the buffer that begins at or before the address, else the first; null when there is none.
  [[nodiscard]] const Region* nearest(const std::byte* at) const;

 private:
  std::map<const std::byte*, std::unique_ptr<Region>> regions_;
  Region* last_ = nullptr;
};

}  // namespace sinter::cuda_sim
