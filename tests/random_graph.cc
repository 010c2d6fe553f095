#include "tests/random_graph.h"

#include <algorithm>
#include <array>

#include "ir/graph/combiner.h"
#include "ir/graph/row.h"
#include "tests/random_engine.h"

namespace sinter::tests {
namespace {

using ir::Integers;
using ir::Type;
using ir::Value;

constexpr std::array<int64_t, 16> kSizes{1, 1, 2, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 64, 9};
constexpr std::array kDTypes{kFloat32, kFloat32, kFloat32, kFloat32, kFloat64, kInt64, kBool};

class Generator {
 public:
  Generator(uint64_t seed, const RandomGraphOptions& options) : random_(seed), options_(options), b_(graph_) {}

  ir::Graph graph() {
    const int64_t parameters = random_.between(1, 4);
    for (int64_t i = 0; i < parameters; ++i)
      pool_.push_back(
          graph_.add_parameter({dtype(), shape()}, fmt::format("{}{}", random_.one_in(5) ? "layer.w" : "x", i)));
    for (int i = 0; i < options_.operations; ++i) {
      annotate();
      step();
    }
    choose_results();
    return std::move(graph_);
  }

 private:
  // Facts to draw from.
  DType dtype() {
    const DType drawn = random_.pick(kDTypes);
    if (drawn == kFloat64 && !options_.doubles) return kFloat32;
    return is_integer(drawn) && !options_.integers ? kFloat32 : drawn;
  }
  DType float_dtype() { return options_.doubles && random_.one_in(4) ? kFloat64 : kFloat32; }
  int64_t size() { return options_.empty_axes && random_.one_in(60) ? 0 : random_.pick(kSizes); }
  Shape shape(int64_t max_rank = 4) {
    Shape shape;
    const int64_t rank = random_.between(0, max_rank);
    for (int64_t left = options_.max_elements, axis = 0; axis < rank; ++axis) {
      int64_t drawn = size();
      if (drawn > left) drawn = 1;
      shape.push_back(drawn);
      left /= std::max<int64_t>(drawn, 1);
    }
    return shape;
  }
  bool small(const Shape& shape) const { return shape.numel() <= options_.max_elements; }
  const Type type(Value value) const { return graph_.type(value); }  // a copy: the graph grows
  Value any() { return random_.one_in(3) ? pool_.back() : pool_[random_.below(pool_.size())]; }
  template <class Predicate>
  std::optional<Value> any_with(Predicate predicate) {
    std::vector<Value> fitting;
    for (Value value : pool_)
      if (predicate(graph_.type(value))) fitting.push_back(value);
    return fitting.empty() ? std::nullopt : std::optional(fitting[random_.below(fitting.size())]);
  }
  Integers some_axes(int64_t rank) {
    Integers axes;
    for (int64_t axis = 0; axis < rank; ++axis)
      if (random_.one_in(2)) axes.push_back(axis);
    return axes;
  }

  // A value of this type: an old one, a constant, or an old one bent to fit by views.
  Value value_of(const Type& wanted) {
    if (!random_.one_in(4))
      if (const auto found = any_with([&](const Type& type) { return type == wanted; })) return *found;
    switch (random_.below(4)) {
      case 0:
        return ir::full(b_, wanted.dtype == kBool ? 1 : static_cast<double>(random_.between(-2, 3)), wanted);
      case 1:
        return ir::constant(b_, random_literal(random_, wanted, options_.extremes));
      default:
        return reshaped(ir::convert(b_, any(), wanted.dtype), wanted.shape);
    }
  }
  // The first elements of a value, repeated or padded as needed, in this shape.
  Value reshaped(Value x, const Shape& shape) {
    const int64_t have = type(x).shape.numel(), need = shape.numel();
    Value flat = ir::reshape(b_, x, Shape{have});
    if (have > need) flat = ir::slice(b_, flat, {have - need}, {have}, {1});
    if (have < need && have > 0 && need % have == 0 && random_.one_in(2)) {
      flat = ir::broadcast(b_, flat, Shape{need / have, have}, {1});
    } else if (have < need) {
      const Value with = ir::scalar(b_, 1, type(x).dtype);
      const int64_t low = random_.between(0, need - have);
      flat = ir::pad(b_, flat, with, {low}, {need - have - low}, {0});
    }
    return ir::reshape(b_, flat, shape);
  }
  Value into(Value x, const ir::Domain& domain) {
    const Type of = type(x);
    const Value above = ir::elementwise(b_, "maximum", {x, ir::full(b_, domain.low, of)});
    return ir::elementwise(b_, "minimum", {above, ir::full(b_, domain.high, of)});
  }
  // i64 values in [0, size).
  Value indices(const Shape& shape, int64_t size) {
    const Type type{kInt64, shape};
    const Value limit = ir::full(b_, static_cast<double>(size), type);
    const Value drawn = shape.rank() > 0 && random_.one_in(3) ? ir::iota(b_, shape, shape.rank() - 1) : value_of(type);
    const Value signed_rest = ir::elementwise(b_, "rem", {drawn, limit});
    return ir::elementwise(b_, "rem", {ir::elementwise(b_, "add", {signed_rest, limit}), limit});
  }

  // Steps: each adds one value of interest to the pool, or none where it does not fit.
  void step() {
    const size_t kind = random_.below(20);
    if (kind < 9)
      elementwise();
    else if (kind == 12 && options_.views)
      slabs();
    else if (kind < 12 && options_.views)
      views();
    else if (kind < 16 && options_.reductions)
      reduction();
    else if (kind == 16 && options_.dots)
      dot();
    else if (kind == 17 && options_.gathers)
      gather();
    else if (kind == 18 && options_.random_bits)
      bits();
    else if (kind == 19 && options_.calls)
      call();
  }
  void keep(Value value) { pool_.push_back(value); }

  void elementwise() {
    const ir::Row& row = ir::rows()[random_.below(ir::rows().size())];
    const auto has_dtype = [&](DType dtype) {
      return (row.dtypes & (is_float(dtype) ? ir::kFloats : is_integer(dtype) ? ir::kIntegers : ir::kBools)) != 0;
    };
    const auto x = any_with([&](const Type& type) { return has_dtype(type.dtype); });
    if (!x || (row.to == kFloat64 && row.signature == ir::Signature::kConvert && !options_.doubles) ||
        (row.to == kInt64 && row.signature == ir::Signature::kConvert && !options_.integers))
      return;
    const Type operand = type(*x);
    std::vector<Value> operands{*x};
    while (operands.size() < static_cast<size_t>(row.arity)) operands.push_back(value_of(operand));
    if (row.signature == ir::Signature::kSelect) operands[0] = value_of({kBool, operand.shape});
    const bool function = row.cost > 4;  // divisions and transcendentals, where a domain matters
    for (size_t i = 0; i < operands.size(); ++i)
      if (function && is_float(operand.dtype)) operands[i] = into(operands[i], row.sample[i]);
    keep(b_.add(*ir::find_op(row.name), ir::NoAttributes{}, operands));
  }

  // A sum of tensors that are zero but for a slab, as gradients of slices are; sometimes almost.
  void slabs() {
    const auto x = any_with([](const Type& type) { return type.shape.rank() > 0 && type.dtype != kBool; });
    if (!x) return;
    const Type part = type(*x);
    const int64_t rank = part.shape.rank();
    const int64_t axis = random_.between(0, rank - 1);
    const int64_t places = random_.between(1, 4), size = part.shape[axis].value();
    Type whole = part;
    whole.shape[axis] = places * size;
    if (!small(whole.shape)) return;
    std::optional<Value> sum;
    for (int64_t terms = random_.between(2, 6); terms > 0; --terms) {
      Value term = value_of(random_.one_in(8) ? whole : part);
      if (type(term) == part) {
        Integers low(static_cast<size_t>(rank)), high(static_cast<size_t>(rank)), between(static_cast<size_t>(rank));
        int64_t begin = random_.between(0, places - 1) * size;
        if (random_.one_in(8)) begin = random_.between(0, (places - 1) * size);
        low[static_cast<size_t>(axis)] = begin;
        high[static_cast<size_t>(axis)] = (places - 1) * size - begin;
        const double filling = !random_.one_in(8) ? 0.0 : random_.one_in(2) ? -0.0 : 1.0;
        term = ir::pad(b_, term, ir::scalar(b_, filling, part.dtype), low, high, between);
      }
      sum = sum ? ir::elementwise(b_, "add", {*sum, term}) : term;
      if (random_.one_in(10)) keep(*sum);
    }
    keep(*sum);
  }

  // One to three views of each other, often of the same kind: rules that join two meet all that they may not join.
  void views() {
    Value x = any();
    size_t kind = random_.below(7);
    for (int64_t count = random_.between(1, 3); count > 0; --count) {
      view(kind, x);
      x = pool_.back();
      if (random_.one_in(2)) kind = random_.below(7);
    }
  }

  void view(size_t kind, Value x) {
    const Type of = type(x);
    const int64_t rank = of.shape.rank();
    switch (kind) {
      case 0:
        return broadcast(x, of.shape);
      case 1:
        return keep(reshaped(x, shape()));
      case 2: {
        Integers order;
        for (int64_t axis = 0; axis < rank; ++axis) order.insert(order.begin() + random_.between(0, axis), axis);
        return keep(ir::transpose(b_, x, order));
      }
      case 3: {
        Integers start, limit, step;
        for (Dim dim : of.shape) {
          start.push_back(random_.one_in(2) ? 0 : random_.between(0, dim.value()));
          limit.push_back(random_.one_in(2) ? dim.value() : random_.between(start.back(), dim.value()));
          if (!options_.empty_axes && limit.back() == start.back()) start.back() = 0, limit.back() = dim.value();
          step.push_back(random_.one_in(2) ? 1 : random_.between(1, 3));
        }
        return keep(ir::slice(b_, x, start, limit, step));
      }
      case 4: {
        Integers low, high, interior;
        Shape padded;
        for (Dim dim : of.shape) {
          low.push_back(random_.between(0, 2));
          high.push_back(random_.between(0, 2));
          interior.push_back(random_.one_in(3) ? random_.between(0, 2) : 0);
          padded.push_back(low.back() + high.back() + dim.value() +
                           std::max<int64_t>(dim.value() - 1, 0) * interior.back());
        }
        if (small(padded)) keep(ir::pad(b_, x, value_of({of.dtype, {}}), low, high, interior));
        return;
      }
      case 5: {
        if (rank == 0) return;
        const int64_t axis = random_.between(0, rank - 1);
        std::vector<Value> parts{x};
        Shape joined = of.shape;
        for (int64_t count = random_.between(0, 2); count > 0; --count) {
          Type part = of;
          part.shape[axis] = random_.pick(kSizes);
          joined[axis] = joined[axis].value() + part.shape[axis].value();
          if (!small(joined)) return;
          parts.push_back(value_of(part));
        }
        return keep(ir::concat(b_, parts, axis));
      }
      default:
        if (options_.stop_gradients) keep(ir::stop_gradient(b_, x));
        return;
    }
  }
  void broadcast(Value x, const Shape& from) {
    Shape to;
    Integers axes;
    for (int64_t axis = 0; axis <= from.rank(); ++axis) {
      if (to.rank() + from.rank() - axis < 5 && random_.one_in(2)) to.push_back(size());
      if (axis == from.rank()) break;
      axes.push_back(to.rank());
      to.push_back(from[axis]);
    }
    if (small(to)) keep(ir::broadcast(b_, x, to, axes));
  }
  void reduction() {
    const Value x = any();
    const int64_t rank = type(x).shape.rank();
    if (type(x).dtype == kBool) return;
    if (random_.one_in(6)) {
      if (rank == 0) return;
      const int64_t axis = random_.between(0, rank - 1);
      if (!type(x).shape[axis].is(0)) keep(ir::argmax(b_, x, axis));
      return;
    }
    const ir::Combiner& combiner = ir::combiners()[random_.below(ir::combiners().size())];
    ir::Integers axes = some_axes(rank);
    if (combiner.exact)
      std::erase_if(axes, [&](int64_t axis) { return type(x).shape[axis].is(0); });  // nothing has no maximum
    keep(ir::reduce(b_, combiner.name, x, axes));
  }
  void dot() {
    if (random_.one_in(3)) return dot_of_views();
    const auto x = any_with([](const Type& type) { return is_float(type.dtype) && type.shape.rank() >= 2; });
    if (!x) return;
    Type other = type(*x);
    const int64_t rank = other.shape.rank();
    other.shape[rank - 2] = other.shape[rank - 1];
    other.shape[rank - 1] = size();
    Shape product = type(*x).shape;
    product[rank - 1] = other.shape[rank - 1];
    if (small(other.shape) && small(product)) keep(ir::dot(b_, *x, value_of(other)));
  }
  // One operand is the other, or what the other is a view of, seen through views once more.
  void dot_of_views() {
    const auto x = any_with([](const Type& type) { return is_float(type.dtype) && type.shape.rank() >= 2; });
    if (!x) return;
    Value source = *x;
    const ir::Op& made = graph_.op(source);
    if (made.def->op_class == ir::OpClass::kView && random_.one_in(2)) source = made.operands[0];
    for (int64_t count = random_.between(0, 2); count > 0; --count) {
      const size_t before = pool_.size();
      view(random_.below(7), source);
      if (pool_.size() > before) source = pool_.back();
    }
    const Shape known = type(*x).shape;
    Shape other = known, product = known;
    const int64_t rank = known.rank();
    const bool left = random_.one_in(2);
    other[rank - 2] = left ? known[rank - 1] : Dim(size());
    other[rank - 1] = left ? Dim(size()) : known[rank - 2];
    // As many elements as the known operand has: then a reshape is enough.
    if (random_.one_in(2)) (left ? other[rank - 1] : other[rank - 2]) = left ? known[rank - 2] : known[rank - 1];
    (left ? product[rank - 1] : product[rank - 2]) = left ? other[rank - 1] : other[rank - 2];
    if (!small(other) || !small(product)) return;
    const Value views = reshaped(source, other);
    keep(left ? ir::dot(b_, *x, views) : ir::dot(b_, views, *x));
  }
  void gather() {
    const auto data = any_with([](const Type& type) { return type.shape.rank() >= 1 && type.dtype != kBool; });
    if (!data) return;
    const Type of = type(*data);
    const int64_t axis = random_.between(0, of.shape.rank() - 1), batch = random_.between(0, axis);
    Shape index_shape;
    for (int64_t i = 0; i < batch; ++i) index_shape.push_back(of.shape[i]);
    for (int64_t i = random_.between(0, 2); i > 0; --i) index_shape.push_back(random_.between(1, 5));
    if (of.shape[axis].is(0)) return;
    const Value chosen = indices(index_shape, of.shape[axis].value());
    const ir::Attributes attributes = ir::GatherAttributes{axis, batch};
    const Type gathered = ir::ops::kGather.infer(ir::ops::kGather, attributes, std::array{of, type(chosen)})[0];
    if (!small(gathered.shape)) return;
    if (random_.one_in(2))
      keep(ir::gather(b_, *data, chosen, axis, batch));
    else
      keep(ir::scatter_add(b_, *data, chosen, value_of(gathered), axis, batch));
  }
  void bits() {
    const Value key = value_of({kInt64, Shape{2}});
    const Value drawn = ir::rng_bits(b_, key, shape());
    const Value number = ir::convert(b_, drawn, float_dtype());
    keep(ir::elementwise(b_, "mul", {number, ir::full(b_, 0x1p-32, type(number))}));
  }
  void call() {
    RandomGraphOptions inner = options_;
    inner.operations = 4;
    inner.states = false;
    if (!callee_) {
      callee_ = std::make_shared<ir::Graph>(Generator(random_.bits(), inner).graph());
      std::const_pointer_cast<ir::Graph>(callee_)->name = "callee";
    }
    std::vector<Value> arguments;
    for (const ir::Parameter& parameter : callee_->parameters())
      arguments.push_back(value_of(callee_->type(parameter.value)));
    const Value first = b_.add(ir::ops::kCall, ir::CallAttributes{callee_}, arguments);
    for (uint32_t i = 0; i < callee_->results.size(); ++i) keep({first.op, i});
  }

  void annotate() {
    if (!options_.locations) return;
    b_.locations.clear();
    if (!random_.one_in(3))
      b_.locations = {
          {random_.one_in(2) ? "model.cc" : "train step.cc", static_cast<unsigned>(random_.between(1, 40))}};
    b_.scope = random_.one_in(2) ? "" : random_.one_in(2) ? "net.fc1" : "net/soft\"max";
    b_.salt = random_.one_in(8) ? 1 : 0;
  }
  void choose_results() {
    const int64_t wanted = random_.between(1, 4);
    graph_.results.push_back(pool_.back());
    while (static_cast<int64_t>(graph_.results.size()) < wanted) graph_.results.push_back(any());
    if (!options_.states) return;
    for (size_t p = 0; p < graph_.parameters().size(); ++p) {
      if (!random_.one_in(2)) continue;
      graph_.states.push_back({p, graph_.results.size()});
      graph_.results.push_back(value_of(type(graph_.parameters()[p].value)));
    }
  }

  RandomEngine random_;
  RandomGraphOptions options_;
  ir::Graph graph_;
  ir::GraphBuilder b_;
  std::vector<Value> pool_;
  std::shared_ptr<const ir::Graph> callee_;
};

}  // namespace

ir::Graph random_graph(uint64_t seed, const RandomGraphOptions& options) { return Generator(seed, options).graph(); }

std::vector<ir::Literal> random_inputs(const ir::Graph& graph, uint64_t seed, bool extremes) {
  RandomEngine random(seed);
  std::vector<ir::Literal> inputs;
  for (const ir::Parameter& parameter : graph.parameters())
    inputs.push_back(random_literal(random, graph.type(parameter.value), extremes));
  return inputs;
}

}  // namespace sinter::tests
