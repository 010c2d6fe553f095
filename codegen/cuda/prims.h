// The spelling of scalars in CUDA C++: types, literals, primitives, the code of rows.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ir/graph/combiner.h"
#include "ir/graph/row.h"
#include "ir/scalar/expr.h"

namespace sinter::codegen::cuda {

// Functions that a kernel's text calls, each after those that it calls itself.
class Helpers {
 public:
  // Keeps the first text of a name.
  void add(const std::string& name, const std::string& text);
  [[nodiscard]] bool has(const std::string& name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& texts() const { return texts_; }

 private:
  std::vector<std::pair<std::string, std::string>> texts_;
};

// bool: `bool`, in memory too.
[[nodiscard]] std::string_view type_name(DType dtype);
[[nodiscard]] std::string literal(DType dtype, uint64_t bits);

// How code is spelled that depends on more than its operands.
struct Spelling {
  Helpers& helpers;
  bool flush = true;  // denormals are zero; for f32 the compiler sees to it, for f64 this text

  // A primitive other than kConstant and kArgument, on names or literals.
  [[nodiscard]] std::string prim(ir::Prim prim, DType result, DType operand, std::span<const std::string> x) const;
  // A row on names or literals: one operator in place, or a call of a function.
  [[nodiscard]] std::string row(const ir::Row& row, DType operand, std::span<const std::string> x) const;
  // A value of that type as it comes from memory.
  [[nodiscard]] std::string loaded(DType dtype, const std::string& x) const;
  // Joins two elements of a reduction.
  [[nodiscard]] std::string join(const ir::Combiner& combiner, DType dtype, const std::string& x,
                                 const std::string& y) const;
};

[[nodiscard]] std::string identity(const ir::Combiner& combiner, DType dtype);

}  // namespace sinter::codegen::cuda
