// Code generation's object store, joined to the disk cache.
#pragma once

#include "codegen/object_store.h"

namespace sinter::driver {

// Objects of this very compiler: the key's text says what a kernel computes, not how code is made of it.
class DiskStore : public codegen::ObjectStore {
 public:
  // read = false: everything is compiled again, and then stored.
  explicit DiskStore(bool read = true) : read_(read) {}
  bool load(const std::string& key, std::vector<char>& object) override;
  void save(const std::string& key, std::span<const char> object) override;

 private:
  bool read_;
};

}  // namespace sinter::driver
