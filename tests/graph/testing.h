// Helpers of the graph tests: literals, random inputs, running single operations, and a reverse sweep of its own to
// compare derivative rules with finite differences.
#pragma once

#include <functional>
#include <map>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "ir/graph/graph.h"
#include "ir/graph/reference.h"
#include "ir/graph/row.h"

namespace sinter::ir {

// How failures show them.
inline void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
inline void PrintTo(const Type& type, std::ostream* out) { *out << to_string(type); }
void PrintTo(const Literal& literal, std::ostream* out);

}  // namespace sinter::ir

namespace sinter::ir::testing {

template <class T>
Literal literal(const Shape& shape, const std::vector<T>& values) {
  Literal made = Literal::zeros({dtype_of<T>, shape});
  invariant(static_cast<size_t>(shape.numel()) == values.size(), "as many values as the shape has elements");
  for (size_t i = 0; i < values.size(); ++i) made.view<T>()[i] = values[i];
  return made;
}

template <class T>
std::vector<T> values(const Literal& literal) {
  const auto view = literal.view<T>();
  return {view.begin(), view.end()};
}

// Uniform in [low, high).
Literal random(const Shape& shape, std::mt19937_64& random, double low = -3, double high = 3);

// One operation on literals, as a graph of its own; `make` gets the parameters.
using Make = std::function<Value(Builder&, const std::vector<Value>&)>;
Literal run(const std::vector<Literal>& inputs, Arithmetic arithmetic, const Make& make);
// The type that the operation's rule infers for operands of these types.
Type infer(const std::vector<Type>& operands, const Make& make);
// The text of the error it throws instead.
std::string error_of(const std::vector<Type>& operands, const Make& make);
// The text of an error thrown by f.
std::string error_of(const std::function<void()>& f);

// Gradients by a plain reverse sweep: the cotangent of each value that one reaches.
std::map<Value, Value> reverse_sweep(Graph& graph, Value of, Value seed);

struct GradientCheck {
  std::vector<Literal> inputs;       // f64, i64 or bool
  double tolerance = 1e-6;           // of the largest gradient in the comparison
  bool second = true;                // also differentiates the gradients
  std::vector<bool> differentiated;  // which inputs; empty: all of type f64
};
// Compares gradients of <cotangent, make(inputs)>, a random cotangent, with central differences in the oracle. Gives
// what differs,
// "" when nothing does.
std::string check_gradients(const GradientCheck& check, std::mt19937_64& random, const Make& make);

}  // namespace sinter::ir::testing
