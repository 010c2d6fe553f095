#include "ir/graph/node.h"

namespace sinter::ir {
namespace {

Node like(Node model, double value) { return {model.builder, full(*model.builder, value, model.type())}; }
bool is_bool(Node x) { return x.type().dtype == kBool; }

}  // namespace

Node apply_row(std::string_view name, std::initializer_list<Node> operands) {
  invariant(operands.size() >= 1 && operands.size() <= 3, "a row has one to three operands");
  const Node* x = operands.begin();
  Builder& b = *x->builder;
  switch (operands.size()) {
    case 1:
      return {&b, elementwise(b, name, {x[0].value})};
    case 2:
      return {&b, elementwise(b, name, {x[0].value, x[1].value})};
    default:
      return {&b, elementwise(b, name, {x[0].value, x[1].value, x[2].value})};
  }
}

Node operator+(Node a, Node b) { return apply_row("add", {a, b}); }
Node operator-(Node a, Node b) { return apply_row("sub", {a, b}); }
Node operator*(Node a, Node b) { return apply_row("mul", {a, b}); }
Node operator/(Node a, Node b) { return apply_row(is_float(a.type().dtype) ? "div" : "idiv", {a, b}); }
Node operator-(Node a) { return apply_row("neg", {a}); }
Node operator+(Node a, double b) { return a + like(a, b); }
Node operator+(double a, Node b) { return like(b, a) + b; }
Node operator-(Node a, double b) { return a - like(a, b); }
Node operator-(double a, Node b) { return like(b, a) - b; }
Node operator*(Node a, double b) { return a * like(a, b); }
Node operator*(double a, Node b) { return like(b, a) * b; }
Node operator/(Node a, double b) { return a / like(a, b); }
Node operator/(double a, Node b) { return like(b, a) / b; }
Node operator<(Node a, Node b) { return apply_row("lt", {a, b}); }
Node operator<=(Node a, Node b) { return apply_row("le", {a, b}); }
Node operator>(Node a, Node b) { return apply_row("gt", {a, b}); }
Node operator>=(Node a, Node b) { return apply_row("ge", {a, b}); }
Node operator==(Node a, Node b) { return apply_row("eq", {a, b}); }
Node operator<(Node a, double b) { return a < like(a, b); }
Node operator<=(Node a, double b) { return a <= like(a, b); }
Node operator>(Node a, double b) { return a > like(a, b); }
Node operator>=(Node a, double b) { return a >= like(a, b); }
Node operator==(Node a, double b) { return a == like(a, b); }
Node operator&(Node a, Node b) { return apply_row(is_bool(a) ? "logical_and" : "bit_and", {a, b}); }
Node operator|(Node a, Node b) { return apply_row(is_bool(a) ? "logical_or" : "bit_or", {a, b}); }
Node operator!(Node a) { return apply_row("logical_not", {a}); }
Node select(Node condition, Node a, Node b) { return apply_row("select", {condition, a, b}); }
Node select(Node condition, Node a, double b) { return select(condition, a, like(a, b)); }
Node select(Node condition, double a, Node b) { return select(condition, like(b, a), b); }
Node abs(Node x) { return apply_row("abs", {x}); }
Node sqrt(Node x) { return apply_row("sqrt", {x}); }
Node exp(Node x) { return apply_row("exp", {x}); }
Node log(Node x) { return apply_row("log", {x}); }
Node sin(Node x) { return apply_row("sin", {x}); }
Node cos(Node x) { return apply_row("cos", {x}); }
Node pow(Node x, Node y) { return apply_row("pow", {x, y}); }

}  // namespace sinter::ir
