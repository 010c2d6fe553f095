// Indices and axes without elements, in both engines and in gradients, between guard pages (SINTER_DEBUG=4): an empty
// index checks nothing, an index into an empty axis is an IndexError that reads and writes nothing.
#include <gtest/gtest.h>

#include "sinter/sinter.h"

namespace sinter {
namespace {

using Lookup = std::function<Tensor(const Tensor& x, const Tensor& index)>;

Lookup gradient_of(const Lookup& f) {
  return
      [f](const Tensor& x, const Tensor& index) { return grad([&](const Tensor& y) { return f(y, index).sum(); })(x); };
}

// A result's shape and values, or that an index was refused.
std::string outcome(const Lookup& f, const Tensor& x, const Tensor& index) {
  try {
    const Tensor result = f(x, index);
    return to_string(result.shape()) + " " + to_string(result);
  } catch (const IndexError&) {
    return "IndexError";
  }
}

const std::vector<std::pair<const char*, Lookup>>& lookups() {
  static const std::vector<std::pair<const char*, Lookup>> all{
      {"index_select, axis 0", [](const Tensor& x, const Tensor& i) { return index_select(x, 0, i); }},
      {"index_select, axis 1", [](const Tensor& x, const Tensor& i) { return index_select(x, 1, i); }},
      {"gather, axis 0",
       [](const Tensor& x, const Tensor& i) { return gather(x, 0, i.unsqueeze(1).expand({i.size(0), x.size(1)})); }},
      {"gather, axis 1",
       [](const Tensor& x, const Tensor& i) { return gather(x, 1, i.unsqueeze(0).expand({x.size(0), i.size(0)})); }},
      {"an expression of it", [](const Tensor& x, const Tensor& i) { return exp(index_select(x * 2, 0, i + 0)) + 1; }},
  };
  return all;
}

TEST(EmptyAxes, BothEnginesSayTheSame) {
  for (const auto& [name, f] : lookups())
    for (const bool backward : {false, true})
      for (const Sizes& shape : {Sizes{0, 0}, {0, 2}, {3, 0}, {3, 2}, {17, 40}})
        for (const int64_t count : {0, 1, 20})
          for (const int64_t value : {-1, 0, 2}) {
            SCOPED_TRACE(fmt::format("{}{}, {}, {} indices of {}", backward ? "gradient of " : "", name,
                                     to_string(shape), count, value));
            const Lookup tried = backward ? gradient_of(f) : f;
            const Tensor x = ones(shape), index = full({count}, value);
            const std::string dynamic = outcome(tried, x, index);
            EXPECT_EQ(outcome(jit(tried), x, index), dynamic);
            EXPECT_FALSE(count == 0 && dynamic == "IndexError");
          }
}

TEST(EmptyAxes, EveryIndexIntoOneIsRefused) {
  const Tensor x = ones({0}), row = ones({0, 3}), index = full({20}, 0);
  const Lookup select = lookups()[0].second;
  for (const Tensor& from : {x, row})
    for (const Lookup& f : {select, gradient_of(select)}) {
      EXPECT_EQ(outcome(f, from, index), "IndexError");
      EXPECT_EQ(outcome(jit(f), from, index), "IndexError");
    }
}

TEST(EmptyAxes, CrossEntropy) {
  const Lookup loss = [](const Tensor& x, const Tensor& labels) { return cross_entropy(x, labels); };
  for (const Sizes& shape : {Sizes{0, 3}, {0, 0}, {2, 0}, {2, 3}})
    for (const Lookup& f : {loss, gradient_of(loss)}) {
      SCOPED_TRACE(to_string(shape));
      const Tensor x = ones(shape), labels = full({shape[0]}, 0);
      const std::string dynamic = outcome(f, x, labels), compiled = outcome(jit(f), x, labels);
      EXPECT_EQ(dynamic == "IndexError", shape[0] > 0 && shape[1] == 0);
      // The gradient has no element, for which a compiled program would read a label.
      const bool unread = dynamic == "IndexError" && compiled.starts_with(to_string(shape));
      EXPECT_TRUE(unread || compiled == dynamic) << compiled << " for " << dynamic;
    }
}

}  // namespace
}  // namespace sinter
