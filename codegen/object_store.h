// Bytes in, bytes out store for compiled objects, so that code generation need not know the disk: the driver joins it
// to runtime/disk_cache.h.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace sinter::codegen {

struct ObjectStore {
  virtual ~ObjectStore() = default;
  virtual bool load(const std::string& key, std::vector<char>& object) = 0;
  virtual void save(const std::string& key, std::span<const char> object) = 0;
};

}  // namespace sinter::codegen
