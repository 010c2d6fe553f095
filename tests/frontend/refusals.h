// A table of calls that must be refused, and what the error of each says: its class, the function as the user wrote it,
// the argument, what was given and expected, the cure, and the line of the call. What can be traced is refused under
// jit in the same words.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "sinter/sinter.h"

namespace sinter::tests {

// What calls are made with.
struct Given {
  Tensor m;     // float32 [2, 3]
  Tensor v;     // float32 [4]
  Tensor d;     // float64 [2, 3]
  Tensor i;     // int64 [2]: 1, 2
  Tensor b;     // bool [2]
  Tensor s;     // float32 []
  Tensor e;     // float32 [2, 0]
  Tensor cube;  // float32 [2, 3, 4]
  Tensor none;  // undefined
};

enum class Kind { kShape, kDType, kIndex, kValue, kGraph, kFile };
enum class Engines { kBoth, kDynamic, kTraced };

struct Refusal {
  Kind kind;
  std::string problem;  // the first line of the message
  std::string cure;     // what the last line holds after "cure: "; empty: there is no cure
  std::function<void(const Given&)> call;
  Engines engines;
  At at;  // the row's line
};

// A row. f: a function of what is given, or of nothing.
template <class F>
[[nodiscard]] Refusal refused(Kind kind, std::string problem, std::string cure, const F& f,
                              Engines engines = Engines::kBoth, At at = At::current()) {
  Refusal row{kind, std::move(problem), std::move(cure), {}, engines, at};
  if constexpr (std::is_invocable_v<F, const Given&>)
    row.call = f;
  else
    row.call = [f](const Given&) { f(); };
  return row;
}

void expect_refusals(std::span<const Refusal> table);

}  // namespace sinter::tests
