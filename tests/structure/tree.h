// The repository's own sources, read as text, for tests about the tree itself.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sinter::structure {

struct SourceFile {
  std::string path;                // relative to the repository root, with '/'
  std::vector<std::string> lines;  // lines[0] is line 1
  // "h", "cc", "sh", ...; "" where the name has none.
  [[nodiscard]] std::string_view extension() const;
  // The first part of the path: "ir", "passes", ...; "" for a file of the root.
  [[nodiscard]] std::string_view folder() const;
};

// Every source, script and BUILD file below root in the order of their paths, but hidden folders, Bazel's and
// third_party's.
[[nodiscard]] std::vector<SourceFile> read_tree(const std::filesystem::path& root);

// The root of the working tree that this test was built from. Runfiles are links to it.
[[nodiscard]] std::filesystem::path repository_root();

}  // namespace sinter::structure
