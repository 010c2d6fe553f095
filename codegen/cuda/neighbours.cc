#include "codegen/cuda/neighbours.h"

#include <algorithm>

#include "codegen/cuda/helpers.h"
#include "ir/loops/walk.h"

namespace sinter::codegen::cuda {

using loops::Inst;
using loops::InstKind;
using loops::Walk;

namespace {

std::string pointer(PointWriter& writer, const Inst& inst) {
  const std::string index = writer.index(inst.index);
  return index == "0" ? fmt::format("b{}", inst.buffer) : fmt::format("b{} + {}", inst.buffer, index);
}

}  // namespace

void write_neighbours(PointWriter& writer, const Neighbours& neighbours, size_t first_pass) {
  const loops::Kernel& kernel = writer.kernel();
  Writer& out = writer.out;
  const int width = neighbours.width;
  // Memory of programs is aligned; run-time extents come with views.
  const Vector known = !loops::has_constant_layout(kernel) ? Vector::kAnywhere
                       : neighbours.count.empty()          ? Vector::kWhole
                                                           : Vector::kPart;
  const std::string count = neighbours.count.empty() ? std::to_string(width) : neighbours.count;
  const uint32_t first = kernel.first_value(first_pass), end = kernel.value_count();
  const auto walks = [&](const Inst& inst) {
    return inst.guard >= 0 ? Walk::kOther : loops::walk(inst.index, neighbours.range, width);
  };
  const auto arguments = [&](const std::string& a, const std::string& b) {
    return known == Vector::kWhole ? a + ", " + b : fmt::format("{}, {}, {}", a, b, count);
  };
  std::vector<bool> done(end, false);

  // What is the same for all, and what a vector load brings.
  for (uint32_t v = first; v < end; ++v) {
    const Inst& inst = kernel.inst(v);
    if (inst.kind != InstKind::kLoad) continue;
    const Walk walk = walks(inst);
    if (walk == Walk::kOther) continue;
    done[v] = true;
    if (walk == Walk::kStill) {
      writer.define(v);
      continue;
    }
    writer.comment(inst);
    out.line("{} v{}[{}];", type_name(inst.dtype), v, width);
    out.line("{}({});", load_helper(writer.helpers(), inst.dtype, width, known),
             arguments(fmt::format("v{}", v), pointer(writer, inst)));
    writer.values[v] = writer.spelling().loaded(inst.dtype, fmt::format("v{}[u]", v));
  }
  std::vector<uint32_t> stores;
  for (uint32_t v = first; v < end; ++v) {
    const Inst& inst = kernel.inst(v);
    if (inst.kind != InstKind::kStore || walks(inst) != Walk::kOneByOne) continue;
    done[v] = true;
    stores.push_back(v);
    out.line("{} to{}[{}];", type_name(inst.dtype), v, width);
  }

  const std::string base = writer.ranges[neighbours.range];
  out.line("#pragma unroll");
  out.open("for (int u = 0; u < {}; ++u) {{", width);
  if (!neighbours.count.empty()) out.line("if (u >= {}) break;", count);
  const std::string point = base + "_u";
  bool uses_point = false;
  for (uint32_t v = first; v < end; ++v) {
    const Inst& inst = kernel.inst(v);
    const bool addressed = inst.kind == InstKind::kIndex || inst.kind == InstKind::kLoad || is_store(inst);
    uses_point = uses_point || (addressed && !done[v]);
  }
  if (uses_point) {
    out.line("const {} {} = {} + u;", writer.index_type(), point, base);
    writer.ranges[neighbours.range] = point;
  }
  for (uint32_t v = first; v < end; ++v) {
    const Inst& inst = kernel.inst(v);
    if (std::find(stores.begin(), stores.end(), v) != stores.end()) {
      out.line("to{}[u] = {};", v, writer.values[inst.operands[0]]);
    } else if (inst.kind == InstKind::kStore) {
      writer.store(v, "");
    } else if (inst.kind == InstKind::kAccumulate) {
      writer.accumulate(v, "");
    } else if (!done[v]) {
      writer.define(v);
    }
  }
  out.close();
  writer.ranges[neighbours.range] = base;
  for (const uint32_t v : stores) {
    const Inst& inst = kernel.inst(v);
    out.line("{}({});", store_helper(writer.helpers(), inst.dtype, width, known),
             arguments(pointer(writer, inst), fmt::format("to{}", v)));
  }
}

}  // namespace sinter::codegen::cuda
