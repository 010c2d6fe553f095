#include "passes/lower/lower.h"

#include <algorithm>
#include <set>

#include "passes/lower/kernel_builder.h"
#include "support/work.h"

namespace sinter::passes {
namespace {

using ir::OpClass;
using loops::Index;
using loops::Inst;
using loops::InstKind;

// The operations of a cluster that decide its ranges.
struct Anchors {
  std::vector<uint32_t> reductions;
  std::optional<uint32_t> dot, scatter;
};

class Lowering {
 public:
  Lowering(const LowerContext& context, const Cluster& cluster)
      : graph_(*context.graph), context_(context), cluster_(cluster), builder_(context, cluster) {}

  LowerResult run() {
    for (uint32_t op : cluster_.ops) {
      count_work();
      const OpClass op_class = graph_.ops()[op].def->op_class;
      if (op_class == OpClass::kReduction) anchors_.reductions.push_back(op);
      if (op_class == OpClass::kDot || op_class == OpClass::kScatter) {
        auto& anchor = op_class == OpClass::kDot ? anchors_.dot : anchors_.scatter;
        if (anchors_.dot || anchors_.scatter) builder_.fail("two matrix products or scatters do not share a kernel");
        anchor = op;
      }
    }
    if (anchors_.reductions.size() + (anchors_.dot ? 1 : 0) + (anchors_.scatter ? 1 : 0) > 1 &&
        (anchors_.dot || anchors_.scatter))
      builder_.fail("a matrix product or scatter does not share a kernel with reductions");
    if (!builder_.failed())
      anchors_.dot ? dot() : anchors_.scatter ? scatter() : anchors_.reductions.empty() ? map() : rows();
    if (builder_.failed()) return {std::nullopt, builder_.reason()};
    return {std::move(builder_).finish(name()), ""};
  }

 private:
  std::string name() const {
    if (cluster_.ops.empty()) {
      const ir::Op& view = graph_.op(cluster_.outputs.front());
      return view.operands.empty() ? "copy" : std::string(view.def->name);
    }
    std::string name;
    const uint32_t anchor = anchors_.dot ? *anchors_.dot : anchors_.scatter ? *anchors_.scatter : cluster_.ops.back();
    for (uint32_t op : anchors_.reductions) name += std::string(graph_.ops()[op].def->name) + "_";
    name += graph_.ops()[anchor].def->name;
    return name.size() > 40 ? name.substr(0, 40) : name;
  }

  // Coordinates of an output of this shape, when its sizes are those of `frame` (sizes 1 aside), else nullopt.
  static std::optional<Coordinates> place(const Shape& shape, const Shape& frame, const std::vector<Index>& at) {
    Coordinates placed;
    int64_t next = 0;
    for (Dim size : shape) {
      if (size.is(1)) {
        placed.at.push_back(Index::constant(0));
        continue;
      }
      while (next < frame.rank() && frame[next].is(1)) ++next;
      if (next == frame.rank() || frame[next] != size) return std::nullopt;
      placed.at.push_back(at[static_cast<size_t>(next++)]);
    }
    while (next < frame.rank() && frame[next].is(1)) ++next;
    return next == frame.rank() ? std::optional(placed) : std::nullopt;
  }

  std::vector<Index> outer_ranges(const Shape& shape) {
    std::vector<Index> at;
    for (Dim size : shape) at.push_back(builder_.add_outer_range(size));
    return at;
  }

  void store_all(std::span<const ir::Value> outputs, const Shape& frame, const std::vector<Index>& at) {
    for (ir::Value output : outputs) {
      const auto placed = place(graph_.type(output).shape, frame, at);
      if (!placed)
        return builder_.fail(fmt::format("results of shapes {} and {} do not share ranges", to_string(frame),
                                         to_string(graph_.type(output).shape)));
      builder_.store(output, *placed);
    }
  }

  void map() {
    const Shape& shape = graph_.type(cluster_.outputs.at(0)).shape;
    store_all(cluster_.outputs, shape, outer_ranges(shape));
    if (builder_.failed() || !builder_.computes_more_than_needed()) return;
    // What does not vary along the last range is worth computing once a row: the last range becomes that of a pass.
    builder_ = KernelBuilder(context_, cluster_);
    int64_t last = shape.rank() - 1;
    while (shape[last].is(1)) --last;
    std::vector<Index> at;
    at.reserve(static_cast<size_t>(shape.rank()));
    for (int64_t axis = 0; axis < shape.rank(); ++axis)
      at.push_back(axis == last ? Index{} : builder_.add_outer_range(shape[axis]));
    at[static_cast<size_t>(last)] = builder_.open_pass({shape[last]})[0];
    store_all(cluster_.outputs, shape, at);
    builder_.close_pass();
  }

  void dot() {
    const ir::Value result{*anchors_.dot, 0};
    const ir::Op& op = graph_.ops()[*anchors_.dot];
    const Shape& shape = graph_.type(result).shape;
    const Shape& left = graph_.type(op.operands[0]).shape;
    const std::vector<Index> at = outer_ranges(shape);
    const std::vector<Index> k = builder_.open_pass({left[left.rank() - 1]});
    Coordinates a{at, std::nullopt}, b{at, std::nullopt};
    a.at.back() = k[0];
    b.at[b.at.size() - 2] = k[0];
    Inst inst{.kind = InstKind::kDot, .dtype = op.types[0].dtype, .locations = op.locations};
    for (const auto& [operand, where] : {std::pair{op.operands[0], a}, std::pair{op.operands[1], b}}) {
      const std::optional<uint32_t> load = builder_.pull_plain(operand, where);
      if (!load) return builder_.fail("an operand of dot is not plain memory");
      inst.operands.push_back(*load);
    }
    builder_.define(result, {at, std::nullopt}, builder_.emit(std::move(inst), /*inner=*/true));
    builder_.close_pass();
    store_all(cluster_.outputs, shape, at);
  }

  void scatter() {
    const ir::Op& op = graph_.ops()[*anchors_.scatter];
    if (cluster_.outputs != std::vector<ir::Value>{{*anchors_.scatter, 0}})
      return builder_.fail("scatter_add stores its own result only");
    const auto [axis, batch] = std::get<ir::GatherAttributes>(op.attributes);
    const Shape& shape = op.types[0].shape;
    std::vector<Index> at(static_cast<size_t>(shape.rank()));
    for (int64_t i = 0; i < shape.rank(); ++i)
      if (i != axis) at[static_cast<size_t>(i)] = builder_.add_outer_range(shape[i]);
    const ir::Value result{*anchors_.scatter, 0};
    const auto address = [&] { return linearize(at, builder_.strides(result)); };

    at[static_cast<size_t>(axis)] = builder_.open_pass({shape[axis]})[0];
    const uint32_t base = builder_.pull(op.operands[0], {at, std::nullopt});
    if (builder_.failed()) return;
    const uint32_t buffer = builder_.buffer(result, loops::Buffer::Role::kOut);
    builder_.emit({.kind = InstKind::kStore,
                   .dtype = op.types[0].dtype,
                   .operands = {base},
                   .buffer = buffer,
                   .index = address()},
                  /*inner=*/true);
    builder_.close_pass();

    const Shape& indices = graph_.type(op.operands[1]).shape;
    const bool none = std::any_of(indices.begin(), indices.end(), [](Dim size) { return size.is(0); });
    if (none) return;  // nothing to check either
    const std::vector<Index> inner = builder_.open_pass({indices.begin() + batch, indices.end()});
    Coordinates where{{at.begin(), at.begin() + batch}, std::nullopt},
        update{{at.begin(), at.begin() + axis}, std::nullopt};
    where.at.insert(where.at.end(), inner.begin(), inner.end());
    update.at.insert(update.at.end(), inner.begin(), inner.end());
    update.at.insert(update.at.end(), at.begin() + axis + 1, at.end());
    const uint32_t index = builder_.pull(op.operands[1], where);
    const uint32_t value = builder_.pull(op.operands[2], update);
    if (builder_.failed()) return;
    at[static_cast<size_t>(axis)] = {
        0, {{1, {loops::Atom::Kind::kValue, builder_.checked_index(index, shape[axis], op), nullptr, 1}}}};
    builder_.emit({.kind = InstKind::kAccumulate,
                   .dtype = op.types[0].dtype,
                   .operands = {value},
                   .buffer = buffer,
                   .index = address(),
                   .locations = op.locations},
                  /*inner=*/true);
    builder_.close_pass();
  }

  static ir::Integers reduced_axes(const ir::Op& op) {
    if (const auto* axes = std::get_if<ir::AxesAttributes>(&op.attributes)) return axes->axes;
    return {std::get<ir::AxisAttributes>(op.attributes).axis};
  }

  // 0 for what needs no reduction of this cluster, else 1 + the number of reductions one after another that it waits
  // for.
  int level(ir::Value value) {
    std::vector<uint32_t> stack{value.op};
    while (!stack.empty()) {
      const uint32_t op = stack.back();
      const ir::Op& it = graph_.ops()[op];
      count_work(1 + it.operands.size());
      const bool member = std::binary_search(cluster_.ops.begin(), cluster_.ops.end(), op);
      int highest = 0;
      bool known = true;
      if (member || !(*context_.in_memory)[op])
        for (ir::Value operand : it.operands) {
          const auto found = levels_.find(operand.op);
          if (found == levels_.end())
            stack.push_back(operand.op), known = false;
          else
            highest = std::max(highest, found->second);
        }
      if (!known) continue;
      levels_[op] = highest + (member && it.def->op_class == OpClass::kReduction ? 1 : 0);
      stack.pop_back();
    }
    return levels_.at(value.op);
  }

  void rows() {
    const ir::Op& first = graph_.ops()[anchors_.reductions[0]];
    const Shape full = graph_.type(first.operands[0]).shape;
    const ir::Integers axes = reduced_axes(first);
    for (uint32_t reduction : anchors_.reductions) {
      const ir::Op& op = graph_.ops()[reduction];
      if (graph_.type(op.operands[0]).shape != full || reduced_axes(op) != axes)
        return builder_.fail("reductions over different ranges do not share a kernel");
    }
    std::vector<Index> at(static_cast<size_t>(full.rank()));
    Shape kept;
    std::vector<Index> kept_at;
    std::vector<Dim> inner;
    for (int64_t axis = 0; axis < full.rank(); ++axis) {
      if (std::find(axes.begin(), axes.end(), axis) != axes.end()) {
        inner.push_back(full[axis]);
        continue;
      }
      kept.push_back(full[axis]);
      kept_at.push_back(at[static_cast<size_t>(axis)] = builder_.add_outer_range(full[axis]));
    }

    // Outputs over all ranges belong into a pass, the others after the last.
    std::vector<ir::Value> outer_outputs;
    std::vector<std::vector<ir::Value>> outputs_at_level;
    int last = 0;
    for (uint32_t reduction : anchors_.reductions) last = std::max(last, level({reduction, 0}));
    for (ir::Value output : cluster_.outputs) {
      const bool reduced = graph_.op(output).def->op_class == OpClass::kReduction;
      if (reduced || !place(graph_.type(output).shape, full, at)) {
        outer_outputs.push_back(output);
        continue;
      }
      const auto pass = static_cast<size_t>(level(output));
      if (outputs_at_level.size() <= pass) outputs_at_level.resize(pass + 1);
      outputs_at_level[pass].push_back(output);
    }
    const auto passes = std::max<size_t>(static_cast<size_t>(last), outputs_at_level.size());
    for (size_t pass = 0; pass < passes && !builder_.failed(); ++pass) {
      const std::vector<Index> indices = builder_.open_pass(inner);
      for (size_t i = 0, axis = 0; axis < at.size(); ++axis)
        if (std::find(axes.begin(), axes.end(), static_cast<int64_t>(axis)) != axes.end()) at[axis] = indices[i++];
      for (uint32_t reduction : anchors_.reductions)
        if (level({reduction, 0}) == static_cast<int>(pass) + 1)
          reduce({reduction, 0}, {at, std::nullopt}, kept_at, indices, inner);
      if (pass < outputs_at_level.size()) store_all(outputs_at_level[pass], full, at);
      builder_.close_pass();
    }
    if (!builder_.failed()) store_all(outer_outputs, kept, kept_at);
  }

  void reduce(ir::Value result, const Coordinates& from, const std::vector<Index>& to, const std::vector<Index>& inner,
              const std::vector<Dim>& extents) {
    const ir::Op& op = graph_.op(result);
    Inst inst{.kind = InstKind::kReduce,
              .dtype = op.types[0].dtype,
              .operands = {builder_.pull(op.operands[0], from)},
              .combiner = op.def->combiner,
              .locations = op.locations};
    if (builder_.failed()) return;
    if (op.def == &ir::ops::kArgmax) {
      inst.kind = InstKind::kArgmax;
      invariant(inner.size() == 1 && extents.size() == 1, "argmax reduces one axis");
      inst.operands.push_back(
          builder_.emit({.kind = InstKind::kIndex, .dtype = kInt64, .index = inner[0]}, /*inner=*/true));
    }
    builder_.define(result, {to, std::nullopt}, builder_.emit(std::move(inst), /*inner=*/true));
  }

  const ir::Graph& graph_;
  const LowerContext& context_;
  const Cluster& cluster_;
  KernelBuilder builder_;
  Anchors anchors_;
  std::map<uint32_t, int> levels_;
};

}  // namespace

LowerResult lower(const LowerContext& context, const Cluster& cluster) { return Lowering(context, cluster).run(); }

bool is_plain_memory(const LowerContext& context, ir::Value value) {
  const Cluster none{};
  KernelBuilder builder(context, none);
  Coordinates at;
  for (Dim size : context.graph->type(value).shape) at.at.push_back(builder.add_outer_range(size));
  return builder.pull_plain(value, at).has_value();
}

}  // namespace sinter::passes
