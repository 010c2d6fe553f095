// Rules written as text: the table, and the small engine that matches it.
#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>

#include "passes/simplify_rules.h"

namespace sinter::passes {
namespace {

using ir::Value;

constexpr PatternRule kPatternRules[] = {
    // Arithmetic. Adding +0 is no rule: -0 + 0 is +0. Multiplying by 0 is none for floats: NaN, infinity, signs.
    {"add(x, -0)", "x"},
    {"add(x, neg(y))", "sub(x, y)"},
    {"sub(x, 0)", "x"},
    {"sub(x, neg(y))", "add(x, y)"},
    {"sub(0, x)", "neg(x)", ir::kIntegers},
    {"sub(x, x)", "0", ir::kIntegers},
    {"mul(x, 1)", "x"},
    {"mul(x, -1)", "neg(x)"},
    {"mul(x, 0)", "0", ir::kIntegers},
    {"mul(neg(x), neg(y))", "mul(x, y)"},
    {"div(x, 1)", "x"},
    {"div(x, -1)", "neg(x)"},
    {"div(neg(x), neg(y))", "div(x, y)"},
    {"idiv(x, 1)", "x"},
    {"rem(x, 1)", "0"},
    {"neg(neg(x))", "x"},
    {"abs(neg(x))", "abs(x)"},
    {"relu(abs(x))", "abs(x)", ir::kFloats},  // not for integers: abs of the lowest is negative
    {"floor(x)", "x", ir::kIntegers},
    {"ceil(x)", "x", ir::kIntegers},
    {"round(x)", "x", ir::kIntegers},

    // Logic and bits.
    {"logical_not(logical_not(x))", "x"},
    {"logical_not(eq(x, y))", "ne(x, y)"},
    {"logical_not(ne(x, y))", "eq(x, y)"},
    {"logical_not(lt(x, y))", "ge(x, y)", ir::kIntegers},  // not for floats: NaN
    {"logical_not(le(x, y))", "gt(x, y)", ir::kIntegers},
    {"logical_not(gt(x, y))", "le(x, y)", ir::kIntegers},
    {"logical_not(ge(x, y))", "lt(x, y)", ir::kIntegers},
    {"logical_and(x, true)", "x"},
    {"logical_and(x, false)", "false"},
    {"logical_or(x, false)", "x"},
    {"logical_or(x, true)", "true"},
    {"logical_xor(x, false)", "x"},
    {"logical_xor(x, true)", "logical_not(x)"},
    {"eq(x, true)", "x"},
    {"eq(x, false)", "logical_not(x)"},
    {"ne(x, false)", "x"},
    {"ne(x, true)", "logical_not(x)"},
    {"bit_and(x, -1)", "x"},
    {"bit_and(x, 0)", "0"},
    {"bit_or(x, 0)", "x"},
    {"bit_or(x, -1)", "-1"},
    {"bit_xor(x, 0)", "x"},
    {"shl(x, 0)", "x"},
    {"shr(x, 0)", "x"},

    // Choice.
    {"select(true, x, y)", "x"},
    {"select(false, x, y)", "y"},
    {"select(c, x, x)", "x"},
    {"select(logical_not(c), x, y)", "select(c, y, x)"},
    {"select(c, true, false)", "c"},
    {"select(c, false, true)", "logical_not(c)"},
    {"select(c, select(c, x, y), z)", "select(c, x, z)"},
    {"select(c, x, select(c, y, z))", "select(c, x, z)"},

    // Conversion: to the type it has, there and back through a wider type, and of 0 and 1.
    {"to_f32(x)", "x"},
    {"to_f64(x)", "x"},
    {"to_i64(x)", "x"},
    {"to_bool(x)", "x"},
    {"to_f32(to_f64(x))", "x"},
    {"to_bool(to_f32(x))", "x"},
    {"to_bool(to_f64(x))", "x"},
    {"to_bool(to_i64(x))", "x"},
    {"to_f32(to_i64(x))", "to_f32(x)", ir::kBools},
    {"to_f64(to_i64(x))", "to_f64(x)", ir::kBools},
    {"to_f32(to_f64(x))", "to_f32(x)", ir::kBools},
    {"to_f64(to_f32(x))", "to_f64(x)", ir::kBools},
    {"to_i64(to_f32(x))", "to_i64(x)", ir::kBools},
    {"to_i64(to_f64(x))", "to_i64(x)", ir::kBools},
};

struct Term {
  enum class Kind : uint8_t { kRow, kVariable, kNumber, kBool };
  Kind kind = Kind::kVariable;
  const ir::OpDef* def = nullptr;  // kRow
  char variable = 0;
  double number = 0;  // of kBool too
  std::vector<Term> arguments;
};

class TermParser {
 public:
  explicit TermParser(std::string_view text) : text_(text) {}
  Term term() {
    const std::string_view word = text_.substr(0, std::min(text_.find_first_of("(,)"), text_.size()));
    text_.remove_prefix(word.size());
    Term term;
    if (take("(")) {
      term.kind = Term::Kind::kRow;
      term.def = ir::find_op(word);
      invariant(term.def != nullptr && term.def->row != nullptr, "patterns name elementwise rows");
      do term.arguments.push_back(this->term());
      while (take(", "));
      invariant(take(")") && term.def->arity == static_cast<int>(term.arguments.size()),
                "patterns give each row its arguments");
    } else if (word == "true" || word == "false") {
      term.kind = Term::Kind::kBool;
      term.number = word == "true" ? 1 : 0;
    } else if (std::from_chars(word.data(), word.data() + word.size(), term.number).ec == std::errc()) {
      term.kind = Term::Kind::kNumber;
    } else {
      invariant(word.size() == 1, "variables of patterns are single letters");
      term.variable = word[0];
    }
    return term;
  }

 private:
  bool take(std::string_view token) {
    if (!text_.starts_with(token)) return false;
    text_.remove_prefix(token.size());
    return true;
  }
  std::string_view text_;
};

using Bindings = std::array<std::optional<Value>, 26>;
std::optional<Value>& slot(Bindings& bindings, char variable) { return bindings[static_cast<size_t>(variable - 'a')]; }

bool is_number(const ir::Literal& literal, double number) {
  return visit_dtype(literal.type.dtype, [&](auto zero) {
    const auto wanted = static_cast<decltype(zero)>(number);  // bit for bit: 0 is not -0
    return std::ranges::equal(std::as_bytes(std::span(&wanted, 1)), std::span(literal.bytes).first(sizeof wanted));
  });
}

bool match(const ir::Graph& graph, const Term& term, Value value, Bindings& bindings);

bool match_arguments(const ir::Graph& graph, const Term& term, std::span<const Value> operands, Bindings& bindings) {
  const auto in_order = [&](std::span<const Value> order) {
    Bindings tried = bindings;
    for (size_t i = 0; i < order.size(); ++i)
      if (!match(graph, term.arguments[i], order[i], tried)) return false;
    bindings = tried;
    return true;
  };
  if (in_order(operands)) return true;
  return (term.def->row->traits & ir::kCommutative) != 0 && operands.size() == 2 &&
         in_order(std::array{operands[1], operands[0]});
}

bool match(const ir::Graph& graph, const Term& term, Value value, Bindings& bindings) {
  switch (term.kind) {
    case Term::Kind::kRow:
      return graph.op(value).def == term.def && match_arguments(graph, term, graph.op(value).operands, bindings);
    case Term::Kind::kVariable: {
      std::optional<Value>& bound = slot(bindings, term.variable);
      if (!bound) bound = value;
      return *bound == value;
    }
    case Term::Kind::kNumber:
    case Term::Kind::kBool:
      break;
  }
  if ((graph.type(value).dtype == kBool) != (term.kind == Term::Kind::kBool)) return false;
  const ir::Literal* splat = splat_of(graph, value);
  return splat != nullptr && is_number(*splat, term.number);
}

Value build(ir::Builder& builder, const Term& term, Bindings& bindings, const ir::Type& type) {
  if (term.kind == Term::Kind::kVariable) return slot(bindings, term.variable).value();
  if (term.kind != Term::Kind::kRow)
    return ir::full(builder, term.number, {term.kind == Term::Kind::kBool ? kBool : type.dtype, type.shape});
  std::vector<Value> arguments;
  for (const Term& argument : term.arguments) arguments.push_back(build(builder, argument, bindings, type));
  return builder.add(*term.def, ir::NoAttributes{}, arguments);
}

struct CompiledRule {
  Term pattern, replacement;
  uint8_t dtypes;
};

using RulesByRoot = std::unordered_map<const ir::OpDef*, std::vector<CompiledRule>>;

const RulesByRoot& compiled_rules() {
  static const RulesByRoot& rules = *new RulesByRoot([] {  // graphs may be made in the destructors of globals
    RulesByRoot made;
    for (const PatternRule& rule : kPatternRules) {
      Term pattern = TermParser(rule.pattern).term();
      std::vector<CompiledRule>& of_root = made[pattern.def];
      of_root.push_back({std::move(pattern), TermParser(rule.replacement).term(), rule.dtypes});
    }
    return made;
  }());
  return rules;
}

}  // namespace

std::span<const PatternRule> pattern_rules() { return kPatternRules; }

std::optional<Value> apply_patterns(const Subject& subject) {
  const auto rules = compiled_rules().find(&subject.def);
  if (rules == compiled_rules().end()) return std::nullopt;
  for (const CompiledRule& rule : rules->second) {
    Bindings bindings;
    if (!match_arguments(subject.graph, rule.pattern, subject.operands, bindings)) continue;
    const std::optional<Value>& x = slot(bindings, 'x');
    if (x && !ir::contains(rule.dtypes, subject.graph.type(*x).dtype)) continue;
    if (rule.replacement.kind == Term::Kind::kVariable &&
        subject.graph.type(slot(bindings, rule.replacement.variable).value()) != subject.type)
      continue;
    return build(subject.builder, rule.replacement, bindings, subject.type);
  }
  return std::nullopt;
}

Value build_pattern(ir::Builder& builder, std::string_view text, std::span<const Value> variables,
                    const ir::Type& type) {
  Bindings bindings;
  for (size_t i = 0; i < variables.size(); ++i) slot(bindings, static_cast<char>(i < 3 ? 'x' + i : 'c')) = variables[i];
  return build(builder, TermParser(text).term(), bindings, type);
}

}  // namespace sinter::passes
