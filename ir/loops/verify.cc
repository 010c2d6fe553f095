// The invariants of a kernel.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "ir/graph/lexer.h"
#include "ir/loops/text.h"
#include "ir/loops/verify_memory.h"

namespace sinter::loops {
namespace {

bool is_reduction(InstKind kind) {
  return kind == InstKind::kReduce || kind == InstKind::kArgmax || kind == InstKind::kDot;
}
bool is_store(InstKind kind) { return kind == InstKind::kStore || kind == InstKind::kAccumulate; }
bool has_element(InstKind kind) { return kind == InstKind::kLoad || is_store(kind); }

// Whether a row's or combiner's `dtypes` (ir/graph/row.h) has this one.
bool has_dtype(uint8_t dtypes, DType dtype) {
  return (dtypes & (is_float(dtype) ? ir::kFloats : is_integer(dtype) ? ir::kIntegers : ir::kBools)) != 0;
}

class Verifier {
 public:
  explicit Verifier(const Kernel& kernel) : kernel_(kernel) {}

  void run() {
    header();
    for (pass_ = 0; pass_ < kernel_.passes.size(); ++pass_) {
      in_body_ = false;
      extents(pass().inner, "an inner range");
      in_body_ = true;
      first_ = value_;
      for (const Inst& inst : pass().insts) {
        inst_ = &inst;
        instruction();
        ++value_;
      }
    }
    in_body_ = false;
    schedule();
    // Only now is everything that the addresses may refer to known to be sound.
    in_body_ = true;
    value_ = 0;
    for (const Pass& p : kernel_.passes) {
      for (const Inst& inst : p.insts) {
        if (has_element(inst.kind))
          if (const auto problem = memory_problem(kernel_, p, inst)) fail(*problem);
        ++value_;
      }
    }
  }

 private:
  [[nodiscard]] const Pass& pass() const { return kernel_.passes[pass_]; }

  [[noreturn]] void fail(const std::string& problem) const {
    const std::string where = in_body_ ? print_inst(kernel_, value_) + ": " : "";
    throw InternalError(fmt::format("kernel @{}: {}{}", kernel_.name, where, problem));
  }
  void check(bool holds, const char* problem) const {
    if (!holds) fail(problem);
  }
  void symbol(Dim dim, const char* what) const {
    if (dim.is_symbol() && dim.symbol_id() >= kernel_.symbols)
      fail(fmt::format("{} is symbol {} of {}", what, to_string(dim), kernel_.symbols));
  }
  void extents(const std::vector<Dim>& dims, const char* what) const {
    for (const Dim dim : dims) symbol(dim, what);
  }
  void data_dtype(DType dtype) const { check(dtype != kInt32, "i32 exists inside scalar expressions only"); }

  void header() {
    check(ir::is_plain_identifier(kernel_.name), "its name is no plain identifier");
    check(kernel_.symbols >= 0, "a negative number of symbols");
    std::set<std::string_view> names;
    for (const Buffer& buffer : kernel_.buffers) {
      if (!ir::is_plain_identifier(buffer.name))
        fail(fmt::format("buffer name '{}' is no plain identifier", buffer.name));
      if (!names.insert(buffer.name).second) fail(fmt::format("two buffers have the name %{}", buffer.name));
      symbol(buffer.size, "the size of a buffer");
      data_dtype(buffer.dtype);
    }
    extents(kernel_.outer, "an outer range");
  }

  void schedule() const {
    const Schedule& s = kernel_.schedule;
    check(s.vector >= Schedule::kInner && s.vector < static_cast<int>(kernel_.outer.size()),
          "the vector range of the schedule does not exist");
    check(s.unroll >= 1, "an unroll factor below 1");
    check(s.tile_rows >= 0 && s.tile_columns >= 0 && s.block_k >= 0, "a negative tile");
    check(s.threads >= 0 && s.threads <= 1024 && s.threads % 32 == 0, "a block of threads that CUDA does not have");
    check((s.threads == 0) == (s.mapping == Schedule::Mapping::kCpu), "threads without a CUDA mapping, or none with");
    check(s.thread_rows >= 0 && s.thread_columns >= 0, "a negative tile of a thread");
    check(s.mapping != Schedule::Mapping::kTile ||
              (s.thread_rows > 0 && s.thread_columns > 0 && s.block_k > 0 && s.tile_rows % s.thread_rows == 0 &&
               s.tile_columns % s.thread_columns == 0 &&
               s.tile_rows / s.thread_rows * (s.tile_columns / s.thread_columns) == s.threads),
          "a tile that is not its threads'");
    check((s.tile_rows == 0 && s.tile_columns == 0 && s.block_k == 0) || kernel_.is_dot(), "tiles, but no dot");
  }

  // Values.
  void visible(uint32_t value) const {
    if (value >= value_) fail(fmt::format("%{} is not defined before", value));
    const Inst& used = kernel_.inst(value);
    if (is_store(used.kind)) fail(fmt::format("%{} is a store and has no value", value));
    if (value >= first_) {
      if (is_reduction(used.kind)) fail(fmt::format("%{} is a reduction that ends with this pass", value));
    } else if (!is_reduction(used.kind) && !in_pass_without_ranges(value)) {
      fail(fmt::format("%{} lived inside an earlier pass", value));
    }
  }
  [[nodiscard]] bool in_pass_without_ranges(uint32_t value) const {
    for (const Pass& p : kernel_.passes) {
      if (value < p.insts.size()) return p.inner.empty();
      value -= static_cast<uint32_t>(p.insts.size());
    }
    return false;
  }
  [[nodiscard]] DType type(size_t operand) const { return kernel_.inst(inst_->operands[operand]).dtype; }
  void of_type(size_t operand, DType expected) const {
    if (type(operand) != expected)
      fail(fmt::format("operand {} is {}, expected {}", operand + 1, name(type(operand)), name(expected)));
  }
  void operands(size_t count) const {
    if (inst_->operands.size() != count) fail(fmt::format("{} operands, expected {}", inst_->operands.size(), count));
    for (const uint32_t value : inst_->operands) visible(value);
  }
  void defines(DType expected) const {
    if (inst_->dtype != expected) fail(fmt::format("defines {}, expected {}", name(inst_->dtype), name(expected)));
  }

  void index(const Index& index) const {
    for (const Term& term : index.terms) {
      symbol(term.coefficient, "a coefficient");
      const Atom& atom = term.atom;
      switch (atom.kind) {
        case Atom::Kind::kRange:
          if (atom.id >= kernel_.outer.size() + pass().inner.size())
            fail(fmt::format("there is no range {} here", atom.id));
          break;
        case Atom::Kind::kValue:
          visible(atom.id);
          if (kernel_.inst(atom.id).dtype != kInt64) fail(fmt::format("%{} in an index is not i64", atom.id));
          break;
        case Atom::Kind::kSymbol:
          symbol(Dim::symbol(static_cast<int>(atom.id)), "an offset");
          break;
        case Atom::Kind::kDiv:
        case Atom::Kind::kMod:
          symbol(atom.by, "a divisor");
          check(!atom.by.is(0), "division by zero in an index");
          check(atom.of != nullptr, "division of nothing in an index");
          this->index(*atom.of);
          break;
      }
    }
  }

  void element() const {
    if (inst_->buffer >= kernel_.buffers.size()) fail(fmt::format("there is no buffer {}", inst_->buffer));
    const Buffer& buffer = kernel_.buffers[inst_->buffer];
    if (buffer.dtype != inst_->dtype) fail(fmt::format("the buffer is {}", name(buffer.dtype)));
    check(!is_store(inst_->kind) || buffer.role != Buffer::Role::kIn, "stores to an input");
    index(inst_->index);
  }

  void instruction() {
    data_dtype(inst_->dtype);
    if (inst_->guard != -1) {
      check(inst_->kind == InstKind::kLoad || inst_->kind == InstKind::kStore, "only loads and stores have guards");
      check(inst_->guard >= 0, "a negative guard");
      visible(static_cast<uint32_t>(inst_->guard));
      check(kernel_.inst(static_cast<uint32_t>(inst_->guard)).dtype == kBool, "the guard is not bool");
    }
    if (is_reduction(inst_->kind)) check(!pass().inner.empty(), "a reduction in a pass without ranges");
    switch (inst_->kind) {
      case InstKind::kConstant:
        return constant();
      case InstKind::kIndex:
        operands(0);
        defines(kInt64);
        return index(inst_->index);
      case InstKind::kLoad:
        operands(0);
        return element();
      case InstKind::kStore:
      case InstKind::kAccumulate:
        operands(1);
        of_type(0, inst_->dtype);
        check(inst_->kind == InstKind::kStore || inst_->dtype != kBool, "sums of bool");
        return element();
      case InstKind::kApply:
        return apply();
      case InstKind::kRngBits:
        operands(3);
        for (size_t i = 0; i < 3; ++i) of_type(i, kInt64);
        return defines(kInt64);
      case InstKind::kCheckIndex:
        operands(1);
        of_type(0, kInt64);
        symbol(inst_->extent, "the extent");
        return defines(kInt64);
      case InstKind::kReduce:
        operands(1);
        check(inst_->combiner != nullptr, "a reduction without combiner");
        check(has_dtype(inst_->combiner->dtypes, inst_->dtype), "the combiner does not have this dtype");
        return of_type(0, inst_->dtype);
      case InstKind::kArgmax:
        operands(2);
        of_type(1, kInt64);
        check(type(0) != kBool, "argmax of bool");
        for (const Dim extent : pass().inner) check(!extent.is(0), "argmax of nothing");
        return defines(kInt64);
      case InstKind::kDot:
        operands(2);
        check(inst_->dtype != kBool, "dot of bool");
        of_type(0, inst_->dtype);
        of_type(1, inst_->dtype);
        return check(kernel_.is_dot(), "a dot is alone with its two loads in the first pass");
    }
    fail("no such instruction");
  }

  void constant() const {
    operands(0);
    const size_t width = size_of(inst_->dtype) * 8;
    check(width == 64 || inst_->bits >> width == 0, "bits beyond the constant's dtype");
    check(inst_->dtype != kBool || inst_->bits <= 1, "a bool is 0 or 1");
  }

  void apply() const {
    check(inst_->row != nullptr, "an application without row");
    const ir::Row& row = *inst_->row;
    operands(static_cast<size_t>(row.arity));
    const bool selects = row.signature == ir::Signature::kSelect;
    const DType of = type(selects ? 1 : 0);
    check(has_dtype(row.dtypes, of), "the row does not have this dtype");
    if (selects) of_type(0, kBool);
    for (size_t i = selects ? 1 : 0; i < inst_->operands.size(); ++i) of_type(i, of);
    switch (row.signature) {
      case ir::Signature::kSame:
      case ir::Signature::kSelect:
        return defines(of);
      case ir::Signature::kPredicate:
        return defines(kBool);
      case ir::Signature::kConvert:
        return defines(row.to);
    }
  }

  const Kernel& kernel_;
  size_t pass_ = 0;
  uint32_t first_ = 0;  // value number of the pass
  uint32_t value_ = 0;  // of the instruction at hand
  bool in_body_ = false;
  const Inst* inst_ = nullptr;
};

}  // namespace

void verify(const Kernel& kernel) { Verifier(kernel).run(); }

}  // namespace sinter::loops
