#include "tests/structure/tree.h"

#include <algorithm>
#include <array>
#include <fstream>

namespace sinter::structure {
namespace fs = std::filesystem;
namespace {

constexpr std::array<std::string_view, 8> kExtensions{"h", "cc", "def", "inc", "sh", "awk", "bzl", "py"};

bool is_source(const SourceFile& file) {
  const std::string_view name = std::string_view(file.path).substr(file.path.rfind('/') + 1);
  return name == "BUILD" || std::ranges::find(kExtensions, file.extension()) != kExtensions.end();
}

bool is_foreign(const fs::path& folder) {
  const std::string name = folder.filename();
  return name.starts_with(".") || name.starts_with("bazel-") || name == "third_party";
}

std::vector<std::string> read_lines(const fs::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

std::string_view SourceFile::extension() const {
  const size_t dot = path.find_last_of("./");
  return dot == std::string::npos || path[dot] == '/' ? "" : std::string_view(path).substr(dot + 1);
}

std::string_view SourceFile::folder() const {
  const size_t slash = path.find('/');
  return slash == std::string::npos ? "" : std::string_view(path).substr(0, slash);
}

std::vector<SourceFile> read_tree(const fs::path& root) {
  std::vector<SourceFile> files;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::recursive_directory_iterator(); ++entry) {
    if (entry->is_directory() && is_foreign(entry->path())) {
      entry.disable_recursion_pending();
      continue;
    }
    SourceFile file{.path = fs::relative(entry->path(), root).generic_string(), .lines = {}};
    if (!entry->is_regular_file() || !is_source(file)) continue;
    file.lines = read_lines(entry->path());
    files.push_back(std::move(file));
  }
  std::ranges::sort(files, {}, &SourceFile::path);
  return files;
}

fs::path repository_root() { return fs::canonical("WORKSPACE").parent_path(); }

}  // namespace sinter::structure
