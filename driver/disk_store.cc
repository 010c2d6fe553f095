#include "driver/disk_store.h"

#include "driver/compiler_version.h"
#include "runtime/disk_cache.h"

namespace sinter::driver {

bool DiskStore::load(const std::string& key, std::vector<char>& object) {
  if (!read_) return false;
  const auto found = runtime::DiskCache::global().load(kCompilerVersion + key);
  if (!found) return false;
  object.assign(reinterpret_cast<const char*>(found->data()),
                reinterpret_cast<const char*>(found->data() + found->size()));
  return true;
}

void DiskStore::save(const std::string& key, std::span<const char> object) {
  runtime::DiskCache::global().store(kCompilerVersion + key, std::as_bytes(object));
}

}  // namespace sinter::driver
