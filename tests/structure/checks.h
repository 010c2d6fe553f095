// The rules of the tree. Each check returns one line per offence, "path:line: what is wrong", and nothing when all is
// well.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tests/structure/tree.h"

namespace sinter::structure {

using Offences = std::vector<std::string>;

// Every #include "..." names a file of the tree that the including folder may see (ARCHITECTURE section 1), and only
// the code generator includes LLVM.
[[nodiscard]] Offences check_includes(std::span<const SourceFile> files);

// No file is longer than 600 lines.
[[nodiscard]] Offences check_lengths(std::span<const SourceFile> files);

// A file starts with a comment that says what it is for; a .cc may leave that to its own header, which is then its
// first line.
[[nodiscard]] Offences check_header_comments(std::span<const SourceFile> files);

// Headers have #pragma once and no `using namespace`; no file holds a note of unfinished work.
[[nodiscard]] Offences check_habits(std::span<const SourceFile> files);

// The folders of the compiler say who may depend on them: none is public.
[[nodiscard]] Offences check_visibility(std::span<const SourceFile> files);

}  // namespace sinter::structure
