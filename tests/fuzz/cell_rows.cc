#include "tests/fuzz/cell_rows.h"

#include <algorithm>
#include <string_view>

namespace sinter::tests {
namespace {

using M = CellMachine;
using S = Statement;

// A gradient as a value, also where there is none.
Tensor seen(const Tensor& gradient, const Tensor& beside) {
  return gradient.defined() ? gradient : full(beside.shape(), -7, {.dtype = beside.dtype()});
}

// The function of a statement: its argument takes the place `to`, and what it does to temporaries stays inside.
auto function_of(const M& m, const S& s) {
  return [m, s](const Tensor& argument) {
    M inner = m;
    inner[s.to] = argument;
    inner.run(s.body);
    return (inner[s.to] * inner[s.a]).sum();
  };
}

Tensor flags(const Tensor& x) {
  const double number = 1.0 * x.is_leaf() + 2.0 * x.requires_grad() + 4.0 * x.is_cell() + 8.0 * grad_enabled();
  return full(x.shape(), number, {.dtype = x.dtype()});
}

void cut(M& m) {
  std::ranges::copy(m.arguments, m.places.begin() + kCells);
  for (int place = kFirstTemporary; place < kPlaces; ++place) m[place] = m[place].detach();
  for (Tensor& loss : m.losses) loss = loss.detach();
}

constexpr CellRow kRows[] = {
    // Values.
    {"{to} = {a} + {b}", 3, [](M& m, const S& s) { m[s.to] = m[s.a] + m[s.b]; }},
    {"{to} = {a} - {b}", 2, [](M& m, const S& s) { m[s.to] = m[s.a] - m[s.b]; }},
    {"{to} = {a} * {b}", 6, [](M& m, const S& s) { m[s.to] = m[s.a] * m[s.b]; }},
    {"{to} = {a} / ({b} * {b} + 1)", 1, [](M& m, const S& s) { m[s.to] = m[s.a] / (m[s.b] * m[s.b] + 1); }},
    {"{to} = {a} * 0.5", 2, [](M& m, const S& s) { m[s.to] = m[s.a] * 0.5; }},
    {"{to} = sin({a})", 2, [](M& m, const S& s) { m[s.to] = sin(m[s.a]); }},
    {"{to} = tanh({a}) * {b}", 1, [](M& m, const S& s) { m[s.to] = tanh(m[s.a]) * m[s.b]; }},
    {"{to} = relu({a})", 1, [](M& m, const S& s) { m[s.to] = relu(m[s.a]); }},
    {"{to} = maximum({a}, {b})", 1, [](M& m, const S& s) { m[s.to] = maximum(m[s.a], m[s.b]); }},
    {"{to} = where({a} > 0, {a}, {b})", 1, [](M& m, const S& s) { m[s.to] = where(m[s.a] > 0, m[s.a], m[s.b]); }},
    {"{to} = clamp({a}, -1, 1)", 1, [](M& m, const S& s) { m[s.to] = clamp(m[s.a], -1, 1); }},
    {"{to} = pow({a}, 3)", 1, [](M& m, const S& s) { m[s.to] = pow(m[s.a], 3); }},
    {"{to} = {a}.t()", 2, [](M& m, const S& s) { m[s.to] = m[s.a].t(); }},
    {"{to} = cat({{{a}, {b}}}).slice(0, 0, {a}.size(0) * 2, 2)", 1,
     [](M& m, const S& s) { m[s.to] = cat({m[s.a], m[s.b]}).slice(0, 0, m[s.a].size(0) * 2, 2); }},
    {"{to} = stack({{{a}, {b}}}).sum(0)", 1, [](M& m, const S& s) { m[s.to] = stack({m[s.a], m[s.b]}).sum(0); }},
    {"{to} = {a}.reshape({{-1}}).reshape({b}.shape())", 1,
     [](M& m, const S& s) { m[s.to] = m[s.a].reshape({m[s.a].numel()}).reshape(m[s.b].shape()); }},
    {"{to} = {a}.sum(0) * {b}", 1, [](M& m, const S& s) { m[s.to] = m[s.a].sum(0) * m[s.b]; }},
    {"{to} = {a}.mean() + {b}", 1, [](M& m, const S& s) { m[s.to] = m[s.a].mean() + m[s.b]; }},
    {"{to} = matmul({a}, {b})", 2, [](M& m, const S& s) { m[s.to] = matmul(m[s.a], m[s.b]); }},
    {"{to} = linear({a}, {b})", 1, [](M& m, const S& s) { m[s.to] = linear(m[s.a], m[s.b]); }},
    {"{to} = softmax({a}, 1)", 1, [](M& m, const S& s) { m[s.to] = softmax(m[s.a], 1); }},
    {"{to} = log_softmax({a}, 0) * {b}", 1, [](M& m, const S& s) { m[s.to] = log_softmax(m[s.a], 0) * m[s.b]; }},
    {"{to} = layer_norm({a}, {{n}}, {b}.sum(0))", 1,
     [](M& m, const S& s) { m[s.to] = layer_norm(m[s.a], {m[s.a].size(1)}, m[s.b].sum(0)); }},
    {"{to} = {a} + rand({{n, n}})", 1,
     [](M& m, const S& s) { m[s.to] = m[s.a] + rand(m[s.a].shape(), {.dtype = m[s.a].dtype()}); }},
    {"{to} = {a}", 4, [](M& m, const S& s) { m[s.to] = m[s.a]; }},
    {"{to} = {a}.clone()", 1, [](M& m, const S& s) { m[s.to] = m[s.a].clone(); }},
    {"{to} = {a}.detach()", 4, [](M& m, const S& s) { m[s.to] = m[s.a].detach(); }},
    {"{to} = flags({a})", 2, [](M& m, const S& s) { m[s.to] = flags(m[s.a]); }},
    {"{to} = {a} * {b}.sum().item()", 1, [](M& m, const S& s) { m[s.to] = m[s.a] * m[s.b].sum().item(); }, Has::kNoBody,
     "the values of a tensor are not known while a jitted function is traced"},
    // Losses.
    {"{l} = ({a} * {b}).sum()", 12, [](M& m, const S& s) { m.loss(s) = (m[s.a] * m[s.b]).sum(); }},
    {"{l} = {a}.mean()", 2, [](M& m, const S& s) { m.loss(s) = m[s.a].mean(); }},
    {"{l} = mse_loss({a}, {b})", 2, [](M& m, const S& s) { m.loss(s) = mse_loss(m[s.a], m[s.b]); }},
    {"{l} = {l} + {a}.sum()", 2, [](M& m, const S& s) { m.loss(s) = m.loss(s) + m[s.a].sum(); }},
    {"{to} = {a} * {l}", 2, [](M& m, const S& s) { m[s.to] = m[s.a] * m.loss(s); }},
    // Cells.
    {"{a}.set({b})", 9, [](M& m, const S& s) { m[s.a].set(m[s.b]); }},
    {"{a}.set({b}.detach())", 4, [](M& m, const S& s) { m[s.a].set(m[s.b].detach()); }},
    {"{a}.set_select({b}.sum(0), 0, 1)", 2, [](M& m, const S& s) { m[s.a].set_select(m[s.b].sum(0), 0, 1); }},
    {"{a}.set_slice({b}.slice(1, 1), 1, 1)", 2, [](M& m, const S& s) { m[s.a].set_slice(m[s.b].slice(1, 1), 1, 1); }},
    {"{a}.set_where({b} > 0, {a} * {b})", 2, [](M& m, const S& s) { m[s.a].set_where(m[s.b] > 0, m[s.a] * m[s.b]); }},
    {"{to} = {a}.select_scatter({b}.sum(0), 0, 0)", 1,
     [](M& m, const S& s) { m[s.to] = m[s.a].select_scatter(m[s.b].sum(0), 0, 0); }},
    {"{to} = {a}.masked_fill({b} > 0, 0.5)", 1,
     [](M& m, const S& s) { m[s.to] = m[s.a].masked_fill(m[s.b] > 0, 0.5); }},
    {"{to} = variable({a})", 3, [](M& m, const S& s) { m[s.to] = variable(m[s.a]); }},
    {"{a}.requires_grad_()", 3, [](M& m, const S& s) { m[s.a].requires_grad_(); }},
    {"{a}.requires_grad_(false)", 1, [](M& m, const S& s) { m[s.a].requires_grad_(false); }},
    {"{to} = {a}.detach().requires_grad_()", 4, [](M& m, const S& s) { m[s.to] = m[s.a].detach().requires_grad_(); }},
    {"{to} = full({{n, n}}, 0.5).requires_grad_()", 2,
     [](M& m, const S& s) { m[s.to] = full(m[s.a].shape(), 0.5, {.dtype = m[s.a].dtype(), .requires_grad = true}); }},
    // Gradients.
    {"{l}.backward({o})", 12, [](M& m, const S& s) { m.loss(s).backward({s.retain, s.create}); }},
    {"{a}.backward({b}, {o})", 3, [](M& m, const S& s) { m[s.a].backward(m[s.b], {s.retain, s.create}); }},
    {"{to} = gradients({l}, {{{a}}}, {o})", 8,
     [](M& m, const S& s) {
       m[s.to] = seen(gradients(m.loss(s), std::array{m[s.a]}, {s.retain, s.create})[0], m[s.a]);
     }},
    {"{to} = difference of gradients({l}, {{{a}, {b}}}, {o})", 4,
     [](M& m, const S& s) {
       const auto found = gradients(m.loss(s), std::array{m[s.a], m[s.b]}, {s.retain, s.create});
       m[s.to] = seen(found[0], m[s.a]) - seen(found[1], m[s.b]);
     }},
    {"{to} = {a}.grad()", 8, [](M& m, const S& s) { m[s.to] = seen(m[s.a].grad(), m[s.a]); }},
    {"{a}.zero_grad()", 3, [](M& m, const S& s) { m[s.a].zero_grad(); }},
    {"{a}.set_grad({b})", 2, [](M& m, const S& s) { m[s.a].set_grad(m[s.b]); }},
    {"sgd.step()", 2, [](M& m, const S&) { m.sgd->step(); }},
    {"sgd.zero_grad()", 1, [](M& m, const S&) { m.sgd->zero_grad(); }},
    {"adam.step()", 2, [](M& m, const S&) { m.adam->step(); }},
    // Blocks and functions.
    {"{{\n  auto off = no_grad();\n{body}}}", 4,
     [](M& m, const S& s) {
       const auto off = no_grad();
       m.run(s.body);
     },
     Has::kBlock},
    {"{to} = grad([=](Tensor {to}) {{\n{body}  return ({to} * {a}).sum();\n}})({b})", 4,
     [](M& m, const S& s) { m[s.to] = grad(function_of(m, s))(m[s.b]); }, Has::kFunction},
    {"{l} = value_and_grad([=](Tensor {to}) {{\n{body}  return ({to} * {a}).sum();\n}})({b}).first", 2,
     [](M& m, const S& s) { m.loss(s) = value_and_grad(function_of(m, s))(m[s.b]).first; }, Has::kFunction},
    {"{to} = grad(sum of {b} * grad([=](Tensor {to}) {{\n{body}  return ({to} * {a}).sum();\n}}))({b})", 3,
     [](M& m, const S& s) {
       const auto inner = grad(function_of(m, s));
       m[s.to] = grad([&](const Tensor& x) { return (inner(x) * m[s.b]).sum(); })(m[s.b]);
     },
     Has::kFunction},
    // Here a program may be cut into two functions.
    {"---- temporaries are detached", 2, [](M& m, const S&) { cut(m); }},
};

}  // namespace

std::span<const CellRow> cell_rows() { return kRows; }

size_t cell_row(std::string_view text) {
  for (size_t row = 0; row < std::size(kRows); ++row)
    if (std::string_view(kRows[row].text).starts_with(text)) return row;
  throw InternalError("a row of cell programs starts so");
}

void CellMachine::run(std::span<const Statement> statements) {
  for (const Statement& statement : statements) kRows[statement.row].run(*this, statement);
}

}  // namespace sinter::tests
