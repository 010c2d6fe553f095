// Reads graphs from their text (text.h).
#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <unordered_map>

#include "ir/graph/literal_text.h"
#include "ir/graph/text.h"
#include "ir/graph/token_reader.h"

namespace sinter::ir {
namespace {

// Limits on what a text may ask for, so that hostile ones cannot exhaust the machine.
constexpr int kMaxCallDepth = 256;
constexpr int64_t kMaxConstantBytes = int64_t{1} << 28;

class Parser : private TokenReader {
 public:
  Parser(std::string_view text, std::string_view file_name) : TokenReader(text, file_name) {}

  std::vector<Graph> graphs() {
    std::vector<Graph> graphs;
    while (lexer_.token().kind != Kind::kEnd) graphs.push_back(*function());
    return graphs;
  }

 private:
  struct Function {
    std::shared_ptr<const Graph> graph;
    int depth;  // of calls below it
  };
  struct DeclaredResult {
    Type type;
    Token at;
    std::string updates;  // name of a state parameter, or empty
  };

  // Shapes, types.
  Shape shape() {
    Shape shape;
    expect("[");
    list_until("]", [&] { shape.push_back(dim()); });
    return shape;
  }
  Type type() {
    const DType element = dtype();
    return {element, shape()};
  }

  // Attributes.
  void read(int64_t& value) { value = integer(INT64_MIN); }
  void read(Shape& value) { value = shape(); }
  void read(Integers& values) {
    values.clear();
    expect("[");
    list_until("]", [&] { values.push_back(integer(INT64_MIN)); });
  }
  template <class Struct>
  void fields(Struct& attributes) {
    std::set<std::string> given;
    list_until("}", [&] {
      const Token at = expect(Kind::kIdentifier, "an attribute's name");
      if (!given.insert(at.text).second) lexer_.fail(at, fmt::format("attribute '{}' given twice", at.text));
      expect("=");
      bool known = false;
      std::apply(
          [&](const auto&... field) {
            ((!known && field.name == at.text ? (read(attributes.*field.member), known = true) : false), ...);
          },
          Struct::fields);
      if (!known) lexer_.fail(at, fmt::format("no attribute '{}' here", at.text));
    });
  }
  void element(Literal& literal, size_t position) {
    const size_t size = size_of(literal.type.dtype);
    std::string text = token().text;
    const Token at = lexer_.take();
    if (at.kind == Kind::kIdentifier && at.text == "nan" && accept("(")) {
      text += "(" + expect(Kind::kNumber, "the bits of a nan").text + ")";
      expect(")");
    } else if (at.kind != Kind::kNumber && at.kind != Kind::kIdentifier) {
      lexer_.fail(at, "expected an element");
    }
    if (position >= literal.bytes.size() / size)
      lexer_.fail(at, fmt::format("more elements than {} has", to_string(literal.type)));
    if (!parse_element(text, literal.type.dtype, literal.bytes.data() + position * size))
      lexer_.fail(at, fmt::format("'{}' is not a value of type {}", text, name(literal.type.dtype)));
  }
  std::shared_ptr<const Literal> literal() {
    const Token at = token();
    const Type constant_type = type();
    if (!constant_type.shape.is_static()) lexer_.fail(at, "constants have no symbolic dimensions");
    const int64_t count = constant_type.shape.numel();
    if (count > kMaxConstantBytes / static_cast<int64_t>(size_of(constant_type.dtype)))
      lexer_.fail(at, fmt::format("constant {} is larger than {} bytes", to_string(constant_type), kMaxConstantBytes));
    auto value = std::make_shared<Literal>(Literal::zeros(constant_type));
    expect("{");
    size_t given = 0;
    if (count > 0 && accept_word("splat")) {
      element(*value, 0);
      expect("}");
      const size_t size = size_of(constant_type.dtype);
      for (size_t at_byte = size; at_byte < value->bytes.size(); ++at_byte)
        value->bytes[at_byte] = value->bytes[at_byte - size];
      return value;
    }
    list_until("}", [&] { element(*value, given++); });
    if (given != static_cast<size_t>(count))
      lexer_.fail(at, fmt::format("{} elements given, {} expected", given, count));
    return value;
  }

  // Operations: what follows the name, in the form of each alternative of the attributes.
  void body(ConstantAttributes& constant, Op&) { constant.value = literal(); }
  void body(CallAttributes& call, Op& op) {
    const Token at = expect(Kind::kFunction, "the name of a function");
    const auto callee = functions_.find(at.text);
    if (callee == functions_.end()) lexer_.fail(at, fmt::format("no function @{} above", at.text));
    depth_ = std::max(depth_, callee->second.depth + 1);
    if (depth_ > kMaxCallDepth) lexer_.fail(at, fmt::format("calls nest deeper than {}", kMaxCallDepth));
    call.callee = callee->second.graph;
    expect("(");
    list_until(")", [&] { op.operands.push_back(operand()); });
  }
  void body(ParameterAttributes&, Op&) {}  // refused before
  template <class Struct>
  void body(Struct& attributes, Op& op) {
    if (token().kind == Kind::kValue) {
      do op.operands.push_back(operand());
      while (accept(","));
    }
    if (accept("{")) fields(attributes);
  }
  Value operand() {
    const Token at = expect(Kind::kValue, "a value");
    const auto found = values_.find(at.text);
    if (found == values_.end()) lexer_.fail(at, fmt::format("no value %{} above", at.text));
    Value value{found->second, 0};
    if (accept("#")) value.result = integer<uint32_t>(0);
    if (value.result >= graph_->ops()[value.op].types.size())
      lexer_.fail(at, fmt::format("%{} has no result {}", at.text, value.result));
    return value;
  }
  void suffixes(Op& op) {
    for (;;) {
      if (accept_word("salt")) {
        expect("(");
        op.salt = integer<uint32_t>(0);
      } else if (accept_word("scope")) {
        expect("(");
        op.scope = expect(Kind::kString, "a scope in quotes").text;
      } else if (accept_word("loc")) {
        expect("(");
        do {
          const std::string file = expect(Kind::kString, "a file name in quotes").text;
          expect(":");
          op.locations = unite(op.locations, {{interned(file), integer<unsigned>(0)}});
        } while (accept(","));
      } else {
        return;
      }
      expect(")");
    }
  }
  void operation() {
    const Token result = expect(Kind::kValue, "an operation or 'return'");
    size_t declared_results = 1;
    if (accept(":")) declared_results = integer<uint32_t>(0);
    expect("=");
    const Token at = expect(Kind::kIdentifier, "the name of an operation");
    Op op;
    op.def = find_op(at.text);
    if (op.def == nullptr) lexer_.fail(at, fmt::format("unknown operation '{}'", at.text));
    if (op.def->op_class == OpClass::kParameter) lexer_.fail(at, "parameters stand in the function's first line");
    op.attributes = op.def->attributes.defaults();
    std::visit([&](auto& attributes) { body(attributes, op); }, op.attributes);
    suffixes(op);
    if (op.def->arity >= 0 && op.operands.size() != static_cast<size_t>(op.def->arity))
      lexer_.fail(at, fmt::format("{}: {} operands given, {} expected", at.text, op.operands.size(), op.def->arity));
    std::vector<Type> operand_types;
    for (Value value : op.operands) operand_types.push_back(graph_->type(value));
    try {
      op.types = op.def->infer(*op.def, op.attributes, operand_types);
    } catch (const Error& error) {
      lexer_.fail(at, error.what());
    }
    if (op.types.size() != declared_results)
      lexer_.fail(result, fmt::format("{} has {} results, {} declared", at.text, op.types.size(), declared_results));
    define(result, graph_->append(std::move(op)).op);
  }
  void define(const Token& at, uint32_t op) {
    if (!values_.emplace(at.text, op).second) lexer_.fail(at, fmt::format("%{} defined twice", at.text));
  }

  // Functions.
  void parameter(std::set<std::string>& states) {
    const Token at = expect(Kind::kValue, "a parameter");
    expect(":");
    Type parameter_type = type();
    if (accept_word("state")) states.insert(at.text);
    define(at, graph_->add_parameter(std::move(parameter_type), at.text.substr(at.text[0] == '"' ? 1 : 0)).op);
  }
  DeclaredResult declared_result() {
    DeclaredResult result;
    result.at = token();
    result.type = type();
    if (accept_word("updates")) result.updates = expect(Kind::kValue, "a state parameter").text;
    return result;
  }
  void pair_states(std::set<std::string> states, const std::vector<DeclaredResult>& results) {
    for (size_t i = 0; i < results.size(); ++i) {
      if (results[i].updates.empty()) continue;
      if (states.erase(results[i].updates) == 0)
        lexer_.fail(results[i].at, fmt::format("%{} is no state parameter, or updated already", results[i].updates));
      const uint32_t op = values_.at(results[i].updates);
      const auto at = std::find_if(graph_->parameters().begin(), graph_->parameters().end(),
                                   [&](const Parameter& parameter) { return parameter.value.op == op; });
      if (graph_->type(at->value) != results[i].type)
        lexer_.fail(results[i].at, fmt::format("the update of %{} has another type", results[i].updates));
      graph_->states.push_back({static_cast<size_t>(at - graph_->parameters().begin()), i});
    }
    if (!states.empty()) lexer_.fail(token(), fmt::format("no result updates the state %{}", *states.begin()));
  }
  std::shared_ptr<const Graph> function() {
    expect_word("func");
    const Token name = expect(Kind::kFunction, "the function's name");
    if (functions_.contains(name.text)) lexer_.fail(name, fmt::format("@{} defined twice", name.text));
    const auto graph = std::make_shared<Graph>();
    graph->name = name.text.substr(name.text[0] == '"' ? 1 : 0);
    graph_ = graph.get();
    depth_ = 0;
    values_.clear();
    std::set<std::string> states;
    expect("(");
    list_until(")", [&] { parameter(states); });
    expect("->");
    std::vector<DeclaredResult> declared;
    if (accept("("))
      list_until(")", [&] { declared.push_back(declared_result()); });
    else
      declared.push_back(declared_result());
    pair_states(std::move(states), declared);
    expect("{");
    while (!token().is_word("return")) operation();
    const Token at = lexer_.take();
    if (token().kind == Kind::kValue) {
      do graph->results.push_back(operand());
      while (accept(","));
    }
    if (graph->results.size() != declared.size())
      lexer_.fail(at, fmt::format("{} results returned, {} declared", graph->results.size(), declared.size()));
    for (size_t i = 0; i < declared.size(); ++i)
      if (graph->type(graph->results[i]) != declared[i].type)
        lexer_.fail(at, fmt::format("result {} is {}, declared as {}", i + 1, to_string(graph->type(graph->results[i])),
                                    to_string(declared[i].type)));
    expect("}");
    functions_[name.text] = {graph, depth_};
    return graph;
  }

  std::map<std::string, Function> functions_;
  // Of the function being read.
  Graph* graph_ = nullptr;
  std::unordered_map<std::string, uint32_t> values_;  // name -> operation
  int depth_ = 0;
};

}  // namespace

std::vector<Graph> parse(std::string_view text, std::string_view file_name) {
  try {
    return Parser(text, file_name).graphs();
  } catch (const ParseError&) {
    throw;
  } catch (const Error& error) {
    throw ParseError(fmt::format("{}: {}", file_name, error.what()));
  }
}

}  // namespace sinter::ir
