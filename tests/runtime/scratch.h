// A folder of a test's own, removed afterwards.
#pragma once

#include <unistd.h>

#include "support/temporary_folder.h"

namespace sinter::runtime {

// In memory where possible: some tests write thousands of files.
class Scratch : public TemporaryFolder {
 public:
  Scratch() : TemporaryFolder(access(kMemory, W_OK | X_OK) == 0 ? kMemory : std::filesystem::temp_directory_path()) {}

 private:
  static constexpr const char* kMemory = "/dev/shm";
};

}  // namespace sinter::runtime
