#include "ir/graph/page.h"

#include <fmt/format.h>

#include "ir/graph/op_def.h"
#include "ir/graph/row.h"

namespace sinter::ir {
namespace {

std::string signature(const OpDef& def) {
  std::string operands = def.dtypes == kNoTypes ? "" : to_text(def.dtypes);
  if (def.row == nullptr) return operands;
  switch (def.row->signature) {
    case Signature::kSame:
      return operands;
    case Signature::kPredicate:
      return operands + " → bool";
    case Signature::kSelect:
      return "bool, then " + operands;
    case Signature::kConvert:
      break;
  }
  return fmt::format("{} → {}", operands, name(def.row->to));
}

std::string traits(const Row& row) {
  std::string text;
  const auto add = [&](Traits trait, std::string_view word) {
    if (row.traits & trait) text += fmt::format("{}{}", text.empty() ? "" : ", ", word);
  };
  add(kCommutative, "commutative");
  add(kAssociative, "associative");
  add(kIdempotent, "idempotent");
  return text;
}

std::string attributes(const OpDef& def) {
  std::string text;
  std::visit(
      [&](const auto& chosen) {
        std::apply(
            [&](const auto&... field) { ((text += fmt::format("{}`{}`", text.empty() ? "" : ", ", field.name)), ...); },
            chosen.fields);
      },
      def.attributes.defaults());
  return text;
}

void section(std::string& page, std::string_view title, std::string_view last_column, bool (*belongs)(const OpDef&),
             std::string (*last)(const OpDef&)) {
  page += fmt::format(
      "\n## {}\n\n| operation | operands | meaning | element types | derivative | {} |\n|---|---|---|---|---|---|\n",
      title, last_column);
  for (const OpDef* def : all_ops())
    if (belongs(*def))
      page += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", def->name,
                          def->arity < 0 ? "any" : std::to_string(def->arity), def->doc, signature(*def),
                          def->vjp ? "yes" : "no", last(*def));
}

}  // namespace

std::string operations_markdown() {
  std::string page =
      "# Operations of the graph IR\n\n"
      "What `.sir` files are written in. Operands of an elementwise operation have one shape; broadcasting is an "
      "operation. Where an\n"
      "operation has no derivative, nothing flows back through it.\n"
      "This page is generated: `bazel run //tools/dev:write_ops > docs/ops.md`.\n";
  section(
      page, "Elementwise", "properties", [](const OpDef& def) { return def.row != nullptr; },
      [](const OpDef& def) { return traits(*def.row); });
  section(
      page, "Reductions", "attributes", [](const OpDef& def) { return def.op_class == OpClass::kReduction; },
      attributes);
  section(
      page, "Structure", "attributes",
      [](const OpDef& def) { return def.row == nullptr && def.op_class != OpClass::kReduction; }, attributes);
  return page;
}

}  // namespace sinter::ir
