#include "tests/fuzz/tensor_rows.h"

#include <algorithm>

namespace sinter::tests {
namespace {

using M = TensorMachine;
using S = TensorStatement;

constexpr int64_t kMostElements = 4096;

// Drawn numbers as positions among `count`, as axes of x.
int64_t among(int64_t number, int64_t count) { return count > 0 ? number % count : 0; }
int64_t axis(const Tensor& x, int64_t number) { return among(number, x.dim()); }

// The first elements of x, repeated as needed, in this shape.
Tensor fit(const Tensor& x, const Sizes& shape) {
  if (x.shape() == shape) return x;
  const int64_t have = x.numel(), need = shape.numel();
  if (have == 0) return full(shape, 1, {.dtype = x.dtype()});
  Tensor flat = x.reshape({have});
  if (have < need) {
    const int64_t times = (need + have - 1) / have;
    flat = flat.unsqueeze(0).expand({times, have}).reshape({times * have});
  }
  return flat.slice(0, 0, need).reshape(shape);
}

// x in a shape that broadcasts with `shape`: some axes of size 1, perhaps fewer of them.
Tensor beside(const Tensor& x, const Sizes& shape, const S& s) {
  Sizes narrow;
  for (int i = 0; i < shape.rank(); ++i) {
    if (i == narrow.rank() && narrow.rank() == 0 && i < s.numbers[2] % 3) continue;
    narrow.push_back((s.numbers[3] >> i & 3) == 3 ? 1 : shape[i]);
  }
  return fit(x, narrow);
}

Tensor floats(const Tensor& x) { return is_float(x.dtype()) ? x : x.to(kFloat32); }
// i64 in [0, size).
Tensor indices(const Tensor& x, const Sizes& shape, int64_t size) {
  return rem(rem(fit(x, shape).to(kInt64), size) + size, size);
}

std::string name(int place) { return "p" + std::to_string(place); }

using Unary = Tensor (*)(const Tensor&);
struct Named {
  const char* name;
  Unary f;
};
constexpr Named kUnary[] = {
    {"-", [](const Tensor& x) { return -x; }},
    {"sin", [](const Tensor& x) { return sin(floats(x)); }},
    {"tanh", [](const Tensor& x) { return tanh(floats(x)); }},
    {"exp", [](const Tensor& x) { return exp(floats(x)); }},
    {"sigmoid", [](const Tensor& x) { return sigmoid(floats(x)); }},
    {"sqrt of abs", [](const Tensor& x) { return sqrt(abs(floats(x))); }},
    {"log1p of abs", [](const Tensor& x) { return log1p(abs(floats(x))); }},
    {"relu", [](const Tensor& x) { return relu(floats(x)); }},
    {"clamp", [](const Tensor& x) { return clamp(floats(x), -1, 1.5); }},
    {"pow 2", [](const Tensor& x) { return pow(floats(x), 2); }},
    {"pow -1", [](const Tensor& x) { return pow(floats(x), -1); }},
    {"round", [](const Tensor& x) { return round(floats(x)); }},
    {"is_nan", [](const Tensor& x) { return is_nan(floats(x)); }},
    {"to f64", [](const Tensor& x) { return x.to(kFloat64); }},
    {"to i64", [](const Tensor& x) { return x.to(kInt64); }},
    {"to bool", [](const Tensor& x) { return x.to(kBool); }},
    {"detach", [](const Tensor& x) { return x.detach(); }},
};

using Binary = Tensor (*)(const Tensor&, const Tensor&);
struct NamedBinary {
  const char* name;
  Binary f;
};
constexpr NamedBinary kBinary[] = {
    {"add", [](const Tensor& a, const Tensor& b) { return a + b; }},
    {"sub", [](const Tensor& a, const Tensor& b) { return a - b; }},
    {"mul", [](const Tensor& a, const Tensor& b) { return a * b; }},
    {"div", [](const Tensor& a, const Tensor& b) { return a / b; }},
    {"maximum", [](const Tensor& a, const Tensor& b) { return maximum(a, b); }},
    {"minimum", [](const Tensor& a, const Tensor& b) { return minimum(a, b); }},
    {"less", [](const Tensor& a, const Tensor& b) { return a < b; }},
    {"where less", [](const Tensor& a, const Tensor& b) { return where(a < b, a, b); }},
    {"rem", [](const Tensor& a, const Tensor& b) { return rem(a.to(kInt64), b.to(kInt64)); }},
    {"mse_loss", [](const Tensor& a, const Tensor& b) { return mse_loss(floats(a), floats(b)); }},
};

using Reduction = Tensor (*)(const Tensor&, const Axes&, bool);
struct NamedReduction {
  const char* name;
  Reduction f;
  bool of_nothing;  // has a value
};
constexpr NamedReduction kReductions[] = {
    {"sum", [](const Tensor& x, const Axes& axes, bool keep) { return x.sum(axes, keep); }, true},
    {"mean", [](const Tensor& x, const Axes& axes, bool keep) { return floats(x).mean(axes, keep); }, true},
    {"prod", [](const Tensor& x, const Axes& axes, bool keep) { return prod(x, axes, keep); }, true},
    {"var", [](const Tensor& x, const Axes& axes, bool keep) { return floats(x).var(axes, keep); }, true},
    {"amax", [](const Tensor& x, const Axes& axes, bool keep) { return amax(x, axes, keep); }, false},
    {"amin", [](const Tensor& x, const Axes& axes, bool keep) { return amin(x, axes, keep); }, false},
};

constexpr TensorRow kRows[] = {
    // Views.
    {4,
     [](M& m, const S& s) {
       const int64_t i = axis(m[s.a], s.numbers[0]), k = axis(m[s.a], s.numbers[1]);
       if (m[s.a].dim() > 0) m.put(s, m[s.a].transpose(i, k), fmt::format("{}.transpose({}, {})", name(s.a), i, k));
     }},
    {2,
     [](M& m, const S& s) {
       Sizes order;
       std::vector<int64_t> left;
       for (int64_t i = 0; i < m[s.a].dim(); ++i) left.push_back(i);
       for (int64_t rest = s.numbers[0]; !left.empty(); rest /= 7) {
         const auto at = left.begin() + among(rest, static_cast<int64_t>(left.size()));
         order.push_back(*at);
         left.erase(at);
       }
       m.put(s, m[s.a].permute(order), fmt::format("{}.permute({})", name(s.a), to_string(order)));
     }},
    {6,
     [](M& m, const S& s) {
       if (m[s.a].dim() == 0) return;
       const int64_t i = axis(m[s.a], s.numbers[0]), size = m[s.a].size(i);
       const int64_t start = among(s.numbers[1], size + 1), step = 1 + s.numbers[3] % 3;
       const int64_t stop = s.numbers[2] % 3 == 0 ? size : start + among(s.numbers[2], size - start + 1);
       m.put(s, m[s.a].slice(i, start, stop, step),
             fmt::format("{}.slice({}, {}, {}, {})", name(s.a), i, start, stop, step));
     }},
    {2,
     [](M& m, const S& s) {
       if (m[s.a].numel() == 0 || m[s.a].dim() == 0) return;
       const int64_t i = axis(m[s.a], s.numbers[0]), at = among(s.numbers[1], m[s.a].size(i));
       m.put(s, m[s.a].select(i, at), fmt::format("{}.select({}, {})", name(s.a), i, at));
     }},
    {4,
     [](M& m, const S& s) {  // into one, two or three axes
       const int64_t count = m[s.a].numel();
       Sizes shape{count};
       for (int64_t number : {s.numbers[0], s.numbers[1]})
         for (int64_t d = 1 + number % 6; d > 1; --d)
           if (const int64_t last = shape[shape.rank() - 1]; last % d == 0) {
             shape[shape.rank() - 1] = d;
             shape.push_back(last / d);
             break;
           }
       m.put(s, m[s.a].reshape(shape), fmt::format("{}.reshape({})", name(s.a), to_string(shape)));
     }},
    {2,
     [](M& m, const S& s) {
       const int64_t i = among(s.numbers[0], m[s.a].dim() + 1);
       if (m[s.a].dim() < 5) m.put(s, m[s.a].unsqueeze(i), fmt::format("{}.unsqueeze({})", name(s.a), i));
     }},
    {1, [](M& m, const S& s) { m.put(s, m[s.a].squeeze(), name(s.a) + ".squeeze()"); }},
    {3,
     [](M& m, const S& s) {  // axes of size 1, and new ones
       Sizes shape;
       if (s.numbers[0] % 2 == 0 && m[s.a].dim() < 5) shape.push_back(s.numbers[1] % 4);
       for (int64_t size : m[s.a].shape()) shape.push_back(size == 1 ? s.numbers[2] % 5 : size);
       m.put(s, m[s.a].expand(shape), fmt::format("{}.expand({})", name(s.a), to_string(shape)));
     }},
    {1, [](M& m, const S& s) { m.put(s, m[s.a].contiguous(), name(s.a) + ".contiguous()"); }},
    {3,
     [](M& m, const S& s) {
       if (m[s.a].dim() == 0) return;
       const int64_t i = axis(m[s.a], s.numbers[0]);
       Sizes shape = m[s.a].shape();
       shape[i] = s.numbers[1] % 4;
       const Tensor other = fit(m[s.b], shape).to(m[s.a].dtype());
       m.put(s, cat({m[s.a], other}, i),
             fmt::format("cat({{{}, {} fit to {}}}, {})", name(s.a), name(s.b), to_string(shape), i));
     }},
    {1,
     [](M& m, const S& s) {
       const int64_t i = among(s.numbers[0], m[s.a].dim() + 1);
       const Tensor other = fit(m[s.b], m[s.a].shape()).to(m[s.a].dtype());
       if (m[s.a].dim() < 5)
         m.put(s, stack({m[s.a], other, m[s.a]}, i),
               fmt::format("stack({{{0}, {1} fit, {0}}}, {2})", name(s.a), name(s.b), i));
     }},
    // Parts replaced.
    {3,
     [](M& m, const S& s) {
       if (m[s.a].dim() == 0) return;
       const int64_t i = axis(m[s.a], s.numbers[0]), size = m[s.a].size(i);
       const int64_t start = among(s.numbers[1], size + 1), stop = start + among(s.numbers[2], size - start + 1);
       const int64_t step = 1 + s.numbers[3] % 3;
       const Tensor source = beside(m[s.b], m[s.a].slice(i, start, stop, step).shape(), s).to(m[s.a].dtype());
       m.put(s, m[s.a].slice_scatter(source, i, start, stop, step),
             fmt::format("{}.slice_scatter({} fit to {}, {}, {}, {}, {})", name(s.a), name(s.b),
                         to_string(source.shape()), i, start, stop, step));
     }},
    {2,
     [](M& m, const S& s) {
       if (m[s.a].numel() == 0 || m[s.a].dim() == 0) return;
       const int64_t i = axis(m[s.a], s.numbers[0]), at = among(s.numbers[1], m[s.a].size(i));
       const Tensor source = beside(m[s.b], m[s.a].select(i, at).shape(), s).to(m[s.a].dtype());
       m.put(s, m[s.a].select_scatter(source, i, at),
             fmt::format("{}.select_scatter({} fit to {}, {}, {})", name(s.a), name(s.b), to_string(source.shape()), i,
                         at));
     }},
    {2,
     [](M& m, const S& s) {
       const Tensor mask = beside(m[s.b], m[s.a].shape(), s).to(kBool);
       m.put(s, m[s.a].masked_fill(mask, s.numbers[0] % 3),
             fmt::format("{}.masked_fill({} fit to {}, {})", name(s.a), name(s.b), to_string(mask.shape()),
                         s.numbers[0] % 3));
     }},
    // What reads them.
    {8,
     [](M& m, const S& s) {
       const Named& row = kUnary[static_cast<size_t>(s.numbers[0]) % std::size(kUnary)];
       m.put(s, row.f(m[s.a]), fmt::format("{}({})", row.name, name(s.a)));
     }},
    {8,
     [](M& m, const S& s) {
       const NamedBinary& row = kBinary[static_cast<size_t>(s.numbers[0]) % std::size(kBinary)];
       const Tensor other = beside(m[s.b], m[s.a].shape(), s);
       m.put(s, s.numbers[1] % 2 == 0 ? row.f(m[s.a], other) : row.f(other, m[s.a]),
             fmt::format("{}({}, {} fit to {}){}", row.name, name(s.a), name(s.b), to_string(other.shape()),
                         s.numbers[1] % 2 == 0 ? "" : " turned round"));
     }},
    {6,
     [](M& m, const S& s) {
       const NamedReduction& row = kReductions[static_cast<size_t>(s.numbers[0]) % std::size(kReductions)];
       Axes axes;
       axes.all = s.numbers[1] % 4 == 0 || m[s.a].dim() == 0;
       for (int64_t i = 0; i < m[s.a].dim() && !axes.all; ++i)
         if ((s.numbers[2] >> i & 1) != 0) axes.list.push_back(i);
       if (!axes.all && axes.list.empty()) axes.list.push_back(axis(m[s.a], s.numbers[2]));
       if (!row.of_nothing && m[s.a].numel() == 0) return;
       const Tensor x = m[s.a].dtype() == kBool ? m[s.a].to(kInt64) : m[s.a];
       const bool keep = s.numbers[3] % 2 == 0;
       m.put(s, row.f(x, axes, keep),
             fmt::format("{}({}, {}, {})", row.name, name(s.a), axes.all ? "all" : to_string(axes.list), keep));
     }},
    {1,
     [](M& m, const S& s) {
       if (m[s.a].numel() == 0 || m[s.a].dim() == 0 || m[s.a].dtype() == kBool) return;
       const int64_t i = axis(m[s.a], s.numbers[0]);
       if (s.numbers[1] % 2 == 0) return m.put(s, m[s.a].argmax(i), fmt::format("{}.argmax({})", name(s.a), i));
       m.put(s, m[s.a].max(i).values, fmt::format("{}.max({}).values", name(s.a), i));
     }},
    {3,
     [](M& m, const S& s) {
       if (m[s.a].numel() == 0 || m[s.a].dim() == 0 || m[s.a].dtype() == kBool) return;
       const int64_t i = axis(m[s.a], s.numbers[0]), count = s.numbers[1] % 6;
       m.put(s, index_select(m[s.a], i, indices(m[s.b], {count}, m[s.a].size(i))),
             fmt::format("index_select({}, {}, {} indices of {})", name(s.a), i, count, name(s.b)));
     }},
    {3,
     [](M& m, const S& s) {
       if (m[s.a].numel() == 0 || m[s.a].dim() == 0 || m[s.a].dtype() == kBool) return;
       const int64_t i = axis(m[s.a], s.numbers[0]);
       Sizes shape = m[s.a].shape();
       shape[i] = s.numbers[1] % 5;
       m.put(s, gather(m[s.a], i, indices(m[s.b], shape, m[s.a].size(i))),
             fmt::format("gather({}, {}, indices of {})", name(s.a), i, name(s.b)));
     }},
    {3,
     [](M& m, const S& s) {
       const Tensor a = floats(m[s.a]);
       if (a.dim() < 1) return;
       const Tensor b = fit(m[s.b], {a.size(a.dim() - 1), s.numbers[0] % 5}).to(a.dtype());
       m.put(s, matmul(a, b), fmt::format("matmul({}, {} fit to {})", name(s.a), name(s.b), to_string(b.shape())));
     }},
    // Composites.
    {3,
     [](M& m, const S& s) {
       const int64_t i = axis(m[s.a], s.numbers[0]);
       const bool log = s.numbers[1] % 2 == 0;
       m.put(s, log ? log_softmax(floats(m[s.a]), i) : softmax(floats(m[s.a]), i),
             fmt::format("{}softmax({}, {})", log ? "log_" : "", name(s.a), i));
     }},
    {3,
     [](M& m, const S& s) {
       const Tensor x = floats(m[s.a]);
       if (x.dim() == 0) return;
       Sizes part;
       for (int64_t i = x.dim() - 1 - among(s.numbers[0] % 2, x.dim()); i < x.dim(); ++i) part.push_back(x.size(i));
       const Tensor other = fit(m[s.b], part).to(x.dtype());
       const bool weight = s.numbers[1] % 2 == 0, bias = s.numbers[2] % 2 == 0;
       m.put(s, layer_norm(x, part, weight ? other : Tensor(), bias ? other : Tensor()),
             fmt::format("layer_norm({}, {}, {}, {})", name(s.a), to_string(part), weight ? name(s.b) : "{}",
                         bias ? name(s.b) : "{}"));
     }},
    {3,
     [](M& m, const S& s) {
       const Tensor x = floats(m[s.a]);
       if (x.dim() != 2 || x.numel() == 0) return;
       const Tensor labels = indices(m[s.b], {x.size(0)}, x.size(1));
       m.put(s, cross_entropy(x, labels), fmt::format("cross_entropy({}, labels of {})", name(s.a), name(s.b)));
     }},
};

}  // namespace

void TensorMachine::put(const TensorStatement& statement, const Tensor& x, const std::string& words) {
  if (x.numel() > kMostElements) return;
  places[static_cast<size_t>(statement.to)] = x;
  text += fmt::format("  {} = {};  // {} {}\n", name(statement.to), words, torch_name(x.dtype()), to_string(x.shape()));
}

std::span<const TensorRow> tensor_rows() { return kRows; }

}  // namespace sinter::tests
