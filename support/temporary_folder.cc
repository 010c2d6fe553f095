#include "support/temporary_folder.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <system_error>

#include "support/error.h"

namespace sinter {
namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() : TemporaryFolder(fs::temp_directory_path()) {}
TemporaryFolder::TemporaryFolder(const fs::path& base) {
  std::string pattern = base / "sinter-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr)
    throw FileError(fmt::format("cannot make a folder below '{}'", base.string()),
                    "set TMPDIR to a folder that can be written to");
  path_ = pattern;
}
TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace sinter
