#include "codegen/cuda/point_writer.h"

#include <algorithm>
#include <numeric>

#include "codegen/cuda/helpers.h"
#include "ir/loops/walk.h"

namespace sinter::codegen::cuda {

using loops::Atom;
using loops::Index;
using loops::Inst;
using loops::InstKind;
using loops::Kernel;
using runtime::KernelCode;

namespace {

// Whether addresses, ranges and the steps of loops over them may leave 32 bits.
bool needs_wide(const Kernel& kernel) {
  constexpr int64_t kMost = 1 << 30;
  const auto large = [](const std::vector<Dim>& dims) {
    const auto points = loops::constant_points(dims);
    return !points || *points > kMost;
  };
  if (!loops::has_constant_layout(kernel) || large(kernel.outer)) return true;
  for (const loops::Buffer& buffer : kernel.buffers)
    if (buffer.size.value() > kMost) return true;
  return std::any_of(kernel.passes.begin(), kernel.passes.end(), [&](const loops::Pass& p) { return large(p.inner); });
}

// Several dimensions times or plus something need no parentheses, a sum does.
std::string in_parentheses(const std::string& text) {
  return text.find(' ') == std::string::npos ? text : "(" + text + ")";
}

// Both conditions, of which either may be empty.
std::string both(const std::string& one, const std::string& other) {
  return one.empty() || other.empty() ? one + other : one + " && " + other;
}

}  // namespace

bool is_reduction(const Inst& inst) {
  return inst.kind == InstKind::kReduce || inst.kind == InstKind::kArgmax || inst.kind == InstKind::kDot;
}

bool is_store(const Inst& inst) { return inst.kind == InstKind::kStore || inst.kind == InstKind::kAccumulate; }

std::vector<KernelCode::Factor> grid(const std::vector<Dim>& outer, int64_t per_block) {
  if (const auto points = loops::constant_points(outer)) return {{.extent = *points, .divisor = per_block}};
  std::vector<KernelCode::Factor> factors;
  for (const Dim dim : outer)
    factors.push_back({.extent = dim.is_symbol() ? 0 : dim.value(), .symbol = dim.is_symbol() ? dim.symbol_id() : -1});
  factors.back().divisor = per_block;
  return factors;
}

PointWriter::PointWriter(const Kernel& kernel, KernelSource& source, const EmitOptions& options)
    : values(kernel.value_count()), kernel_(kernel), source_(source), options_(options), wide_(needs_wide(kernel)) {
  for (size_t v = 0; v < values.size(); ++v) values[v] = fmt::format("v{}", v);
}

std::string PointWriter::number(Dim dim) const {
  return dim.is_symbol() ? fmt::format("s{}", dim.symbol_id()) : std::to_string(dim.value());
}

std::string PointWriter::product(const std::vector<Dim>& dims) const {
  if (const auto points = loops::constant_points(dims)) return std::to_string(*points);
  std::string text;
  for (const Dim dim : dims) text += (text.empty() ? "" : "*") + number(dim);
  return text;
}

std::string PointWriter::ceil_div(Dim dim, int64_t by) const {
  if (!dim.is_symbol()) return std::to_string((dim.value() + by - 1) / by);
  return by == 1 ? number(dim) : fmt::format("((s{} + {}) / {})", dim.symbol_id(), by - 1, by);
}

std::string PointWriter::atom(const Atom& atom, bool as_value) const {
  const std::string cast = as_value && !wide_ ? "(long long)" : "";
  if (atom.kind == Atom::Kind::kRange) return cast + ranges[atom.id];
  const std::string narrow = as_value || wide_ ? "" : "(int)";
  if (atom.kind == Atom::Kind::kValue) return narrow + values[atom.id];
  if (atom.kind == Atom::Kind::kSymbol) return fmt::format("{}s{}", narrow, atom.id);
  const std::string of = in_parentheses(index(*atom.of, as_value));
  const bool remainder = atom.kind == Atom::Kind::kMod;
  if (!remainder && atom.by.is(1)) return of;
  if (loops::never_negative(*atom.of)) return fmt::format("({} {} {})", of, remainder ? '%' : '/', number(atom.by));
  return fmt::format("{}({}, {})", floor_helper(source_.helpers, remainder, wide_ || as_value),
                     index(*atom.of, as_value), number(atom.by));
}

std::string PointWriter::index(const Index& index, bool as_value) const {
  std::string text;
  for (const loops::Term& term : index.terms) {
    if (!text.empty()) text += " + ";
    if (!term.coefficient.is(1)) text += number(term.coefficient) + "*";
    text += atom(term.atom, as_value);
  }
  if (text.empty()) return as_value ? literal(kInt64, static_cast<uint64_t>(index.base)) : std::to_string(index.base);
  const auto size = index.base < 0 ? -static_cast<uint64_t>(index.base) : static_cast<uint64_t>(index.base);
  if (index.base != 0) text += fmt::format(" {} {}", index.base < 0 ? '-' : '+', size);
  return text;
}

std::string PointWriter::element(const Inst& inst) const {
  return fmt::format("b{}[{}]", inst.buffer, index(inst.index));
}

// What must hold where the element is accessed; empty for nothing. An index that failed its check is 0, which an empty
// axis does not have.
std::string PointWriter::guard(const Inst& inst) const {
  std::string condition = inst.guard < 0 ? "" : values[static_cast<size_t>(inst.guard)];
  const auto add = [&](auto&& self, const loops::Index& index) -> void {
    for (const loops::Term& term : index.terms) {
      if (term.atom.of) self(self, *term.atom.of);
      if (term.atom.kind != loops::Atom::Kind::kValue) continue;
      const Inst& value = kernel_.inst(term.atom.id);
      if (value.kind != InstKind::kCheckIndex || (!value.extent.is_symbol() && !value.extent.is(0))) continue;
      condition = both(condition, "0 < " + number(value.extent));
    }
  };
  add(add, inst.index);
  return condition;
}

void PointWriter::begin_entry(const std::string& symbol, int threads, size_t shared_bytes,
                              std::vector<KernelCode::Factor> blocks, int64_t max_blocks) {
  std::string parameters;
  for (size_t b = 0; b < kernel_.buffers.size(); ++b) {
    const loops::Buffer& buffer = kernel_.buffers[b];
    const char* constant = buffer.role == loops::Buffer::Role::kIn ? "const " : "";
    parameters += fmt::format("{}{}* b{}, ", constant, type_name(buffer.dtype), b);
  }
  for (int s = 0; s < kernel_.symbols; ++s) parameters += fmt::format("long long s{}, ", s);
  source_.entries.push_back({.symbol = symbol,
                             .threads = threads,
                             .shared_bytes = shared_bytes,
                             .blocks = std::move(blocks),
                             .max_blocks = max_blocks});
  // At least one block a multiprocessor: else the assembler saves registers for as many as fit, and spills.
  out.line("extern \"C\" __global__ void __launch_bounds__({}, 1) {}(", threads, symbol);
  out.line("    {}unsigned char* scratch,", parameters);
  const auto checks = [](const loops::Pass& pass) {
    return std::ranges::any_of(pass.insts, [](const Inst& inst) { return inst.kind == InstKind::kCheckIndex; });
  };
  const bool any = std::ranges::any_of(kernel_.passes, checks);
  out.open("    KernelStatus* status, const KernelStatus* gate{}) {{", any ? ", long long first_check" : "");
  out.line("if (gate != nullptr && gate->failed != 0) return;");
  if (shared_bytes > 0) out.line("extern __shared__ unsigned char sinter_shared[];");
  last_comment_.clear();
}

void PointWriter::end_entry() { out.close(); }

void PointWriter::split(const std::string& linear, std::span<const uint32_t> ids, std::span<const Dim> extents) {
  std::string rest = linear;
  for (size_t r = ids.size(); r-- > 0;) {
    if (ranges.size() <= ids[r]) ranges.resize(ids[r] + 1);
    ranges[ids[r]] = fmt::format("{}{}", ids[r] < kernel_.outer.size() ? 'i' : 'j', ids[r]);
    const std::string extent = extents[r].is(0) ? "1" : number(extents[r]);  // an empty range is never entered
    const std::string value = r == 0 ? rest : fmt::format("{} % {}", rest, extent);
    out.line("const {} {} = {};", index_type(), ranges[ids[r]], value);
    if (r == 0) break;
    const std::string next = fmt::format("{}_above_{}", linear, ranges[ids[r]]);
    out.line("const {} {} = {} / {};", index_type(), next, rest, extent);
    rest = next;
  }
}

void PointWriter::split_outer(const std::string& linear, size_t count) {
  std::vector<uint32_t> ids(count);
  std::iota(ids.begin(), ids.end(), 0);
  split(linear, ids, std::span(kernel_.outer).first(count));
}

void PointWriter::split_inner(const std::string& linear, size_t pass) {
  std::vector<uint32_t> ids(kernel_.passes[pass].inner.size());
  std::iota(ids.begin(), ids.end(), static_cast<uint32_t>(kernel_.outer.size()));
  split(linear, ids, kernel_.passes[pass].inner);
}

void PointWriter::comment(const Inst& inst) {
  if (!options_.locations || inst.locations.empty()) return;
  std::string text;
  for (const Location& at : inst.locations)
    if (at.known()) text += (text.empty() ? "" : ", ") + to_string(at);
  if (text.empty() || text == last_comment_) return;
  out.line("// {}", text);
  last_comment_ = text;
}

std::string PointWriter::code(uint32_t value) {
  const Inst& inst = kernel_.inst(value);
  const auto operand = [&](size_t i) { return values[inst.operands[i]]; };
  switch (inst.kind) {
    case InstKind::kConstant: {
      // NVRTC converts constants without flushing them.
      const bool single = inst.dtype == kFloat32;
      const uint64_t sign = single ? uint64_t{1} << 31 : uint64_t{1} << 63;
      const uint64_t exponent = single ? uint64_t{0xFF} << 23 : uint64_t{0x7FF} << 52;
      const bool denormal = is_float(inst.dtype) && (inst.bits & exponent) == 0;
      return literal(inst.dtype, denormal && options_.flush ? inst.bits & sign : inst.bits);
    }
    case InstKind::kIndex:
      return index(inst.index, /*as_value=*/true);
    case InstKind::kLoad: {
      const std::string loaded = spelling().loaded(inst.dtype, element(inst));
      const std::string when = guard(inst);
      return when.empty() ? loaded : fmt::format("{} ? {} : {}", when, loaded, literal(inst.dtype, 0));
    }
    case InstKind::kApply: {
      std::vector<std::string> x;
      for (const uint32_t id : inst.operands) x.push_back(values[id]);
      const bool selects = inst.row->signature == ir::Signature::kSelect;
      return spelling().row(*inst.row, kernel_.inst(inst.operands[selects ? 1 : 0]).dtype, x);
    }
    case InstKind::kRngBits:
      return fmt::format("{}({}, {}, {})", philox_helper(source_.helpers), operand(0), operand(1), operand(2));
    case InstKind::kCheckIndex: {
      int number_of_check = 1;
      for (uint32_t v = 0; v < value; ++v) number_of_check += kernel_.inst(v).kind == InstKind::kCheckIndex ? 1 : 0;
      return fmt::format("{}({}, {}, first_check + {}, status)", check_index_helper(source_.helpers), operand(0),
                         number(inst.extent), number_of_check);
    }
    default:
      throw InternalError("an instruction that defines a value from others at the same point");
  }
}

void PointWriter::define(uint32_t value) {
  const Inst& inst = kernel_.inst(value);
  comment(inst);
  const std::string text = code(value);
  values[value] = fmt::format("v{}", value);
  if (inst.kind == InstKind::kConstant)
    values[value] = text;
  else
    out.line("const {} v{} = {};", type_name(inst.dtype), value, text);
}

void PointWriter::store(uint32_t value, const std::string& condition) {
  const Inst& inst = kernel_.inst(value);
  comment(inst);
  const std::string when = both(condition, guard(inst));
  out.line("{}{} = {};", when.empty() ? "" : "if (" + when + ") ", element(inst), values[inst.operands[0]]);
}

void PointWriter::accumulate(uint32_t value, const std::string& condition) {
  const Inst& inst = kernel_.inst(value);
  comment(inst);
  const std::string at = element(inst);
  const std::string operands[] = {spelling().loaded(inst.dtype, at), values[inst.operands[0]]};
  const std::string when = both(condition, guard(inst));
  out.line("{}{} = {};", when.empty() ? "" : "if (" + when + ") ", at,
           spelling().prim(ir::Prim::kAdd, inst.dtype, inst.dtype, operands));
}

}  // namespace sinter::codegen::cuda
