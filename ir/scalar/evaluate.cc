// The interpreter of scalar expressions: a loop per node over a small chunk of elements.
#include "ir/scalar/evaluate.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "ir/scalar/primitives.h"
#include "support/error.h"

namespace sinter::ir {
namespace {

constexpr size_t kChunk = 256;

void repeat(std::byte* out, const std::byte* value, size_t size, size_t count) {
  for (size_t i = 0; i < count; ++i) std::memcpy(out + i * size, value, size);
}

}  // namespace

void evaluate(const ExprGraph& graph, size_t count, std::span<const std::byte* const> arguments,
              std::span<const int> strides, std::span<std::byte* const> results) {
  invariant(arguments.size() == strides.size(), "every argument has a stride");
  invariant(results.size() == graph.roots().size(), "every root has a result");
  const FlushToZeroScope flush;
  const std::span<const ExprNode> nodes = graph.nodes();
  const size_t chunk = std::min(count, kChunk);
  std::vector<std::byte> storage(nodes.size() * chunk * sizeof(uint64_t));
  std::vector<const std::byte*> values(nodes.size());
  auto buffer = [&](size_t id) { return storage.data() + id * chunk * sizeof(uint64_t); };

  // Constants and arguments that stay put are spread over a chunk once.
  for (size_t id = 0; id < nodes.size(); ++id) {
    const ExprNode& node = nodes[id];
    values[id] = buffer(id);
    if (node.prim == Prim::kConstant) {
      repeat(buffer(id), reinterpret_cast<const std::byte*>(&node.payload), size_of(node.dtype), chunk);
    } else if (node.prim == Prim::kArgument) {
      invariant(node.payload < arguments.size(), "every argument is given");
      if (strides[node.payload] == 0) repeat(buffer(id), arguments[node.payload], size_of(node.dtype), chunk);
    }
  }
  for (size_t done = 0; done < count; done += chunk) {
    const size_t n = std::min(chunk, count - done);
    for (size_t id = 0; id < nodes.size(); ++id) {
      const ExprNode& node = nodes[id];
      if (node.prim == Prim::kConstant) continue;
      if (node.prim == Prim::kArgument) {
        if (strides[node.payload] != 0) values[id] = arguments[node.payload] + done * size_of(node.dtype);
        continue;
      }
      const Operands in{values[node.operands[0]], values[node.operands[1]], values[node.operands[2]]};
      run_primitive(node.prim, node.dtype, nodes[node.operands[0]].dtype, buffer(id), in, n);
    }
    for (size_t r = 0; r < results.size(); ++r) {
      const uint32_t root = graph.roots()[r];
      const size_t size = size_of(nodes[root].dtype);
      std::memcpy(results[r] + done * size, values[root], n * size);
    }
  }
}

}  // namespace sinter::ir
