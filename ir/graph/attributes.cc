// Hashing of attributes: every field in order, through one byte stream, so that the value is the same in every process.
#include "ir/graph/attributes.h"

#include <xxhash.h>

#include "ir/graph/graph.h"

namespace sinter::ir {
namespace {

class Stream {
 public:
  void add(int64_t number) { bytes_.append(reinterpret_cast<const char*>(&number), sizeof number); }
  void add(Dim dim) { add(dim.is_symbol() ? int64_t{-1} - dim.symbol_id() : dim.value()); }
  void add(const Shape& shape) {
    add(shape.rank());
    for (Dim dim : shape) add(dim);
  }
  void add(const Integers& numbers) {
    add(static_cast<int64_t>(numbers.size()));
    for (int64_t number : numbers) add(number);
  }
  void add(const Type& type) {
    add(static_cast<int64_t>(type.dtype));
    add(type.shape);
  }
  void add(const std::shared_ptr<const Literal>& literal) {
    if (!literal) return;
    add(literal->type);
    bytes_.append(reinterpret_cast<const char*>(literal->bytes.data()), literal->bytes.size());
  }
  // Equality is identity of the callee; its name is what two processes can agree on.
  void add(const std::shared_ptr<const Graph>& graph) {
    if (graph) bytes_ += graph->name;
  }
  [[nodiscard]] uint64_t digest() const { return XXH3_64bits(bytes_.data(), bytes_.size()); }

 private:
  std::string bytes_;
};

}  // namespace

uint64_t hash(const Attributes& attributes) {
  Stream stream;
  stream.add(static_cast<int64_t>(attributes.index()));
  std::visit(
      [&](const auto& chosen) {
        std::apply([&](const auto&... field) { (stream.add(chosen.*(field.member)), ...); }, chosen.fields);
      },
      attributes);
  return stream.digest();
}

}  // namespace sinter::ir
