// Writes the front end's elementwise functions from the table of rows: elementwise.h and elementwise.cc.
// usage: write_front_end HEADER SOURCE
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <string>

#include "ir/graph/row.h"

namespace {

using sinter::ir::Row;
using sinter::ir::Signature;

// Rows whose function is written by hand: `where`, `pow` with its exact cases, `Tensor::to`.
bool is_written_by_hand(const Row& row) {
  return row.signature == Signature::kSelect || row.signature == Signature::kConvert || row.name == "pow";
}

std::string declaration(const Row& row, bool with_default) {
  constexpr std::array<std::string_view, 3> kNames{"x", "y", "z"};
  std::string arguments;
  for (int i = 0; i < row.arity; ++i)
    arguments += fmt::format("const {}& {}, ", row.arity == 1 ? "Tensor" : "Arg", kNames[static_cast<size_t>(i)]);
  return fmt::format("Tensor {}({}At at{})", row.name, arguments, with_default ? " = At::current()" : "");
}

std::string definition(const Row& row) {
  const std::string_view operands = row.arity == 1 ? "x" : row.arity == 2 ? "x, y" : "x, y, z";
  return fmt::format(
      "{} {{\n  const detail::CallScope location(at);\n  static const ir::OpDef& def = detail::op_named(\"{}\");\n"
      "  return detail::apply_row(def, \"{}\", {{{}}});\n}}\n\n",
      declaration(row, false), row.name, row.name, operands);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::fputs("usage: write_front_end HEADER SOURCE\n", stderr);
    return 2;
  }
  std::string header =
      "// Elementwise functions, written by tools/write_front_end from the table of rows (ir/graph/rows.cc).\n#pragma "
      "once\n\n"
      "#include \"frontend/tensor.h\"\n\nnamespace sinter {\n\n";
  std::string source = "#include \"frontend/elementwise.h\"\n\n#include \"frontend/apply.h\"\n\nnamespace sinter {\n\n";
  for (const Row& row : sinter::ir::rows()) {
    if (is_written_by_hand(row)) continue;
    header += fmt::format("// {}\n[[nodiscard]] {};\n", row.doc, declaration(row, true));
    source += definition(row);
  }
  header += "\n}  // namespace sinter\n";
  source += "}  // namespace sinter\n";
  std::ofstream(arguments[1]) << header;
  std::ofstream(arguments[2]) << source;
  return 0;
}
