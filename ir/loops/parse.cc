// Reads kernels from their text (text.h).
#include <algorithm>
#include <charconv>
#include <optional>

#include "ir/graph/literal_text.h"
#include "ir/graph/token_reader.h"
#include "ir/loops/text.h"

namespace sinter::loops {
namespace {

using ir::Token;

constexpr int kMaxDepth = 64;  // of divisions inside divisions

class Parser : private ir::TokenReader {
 public:
  Parser(std::string_view text, std::string_view file_name) : TokenReader(text, file_name) {}

  std::vector<Kernel> kernels() {
    std::vector<Kernel> kernels;
    while (token().kind != Kind::kEnd) kernels.push_back(kernel());
    return kernels;
  }

 private:
  // Header.
  Kernel kernel() {
    if (!accept_word("kernel")) lexer_.fail_expected("'kernel'");
    kernel_ = {};
    kernel_.name = expect(Kind::kFunction, "a kernel's name like @k").text;
    expect("(");
    if (!accept(")")) {
      do buffer();
      while (accept(","));
      expect(")");
    }
    if (accept_word("symbols")) {
      expect("(");
      kernel_.symbols = integer<int>(0);
      expect(")");
    }
    if (accept_word("schedule")) schedule();
    expect("{");
    values_ = 0;
    const bool loop = accept_word("for");
    if (loop) {
      kernel_.outer = ranges('i', 0);
      expect("{");
    }
    while (accept_word("pass")) pass();
    if (loop) expect("}");
    if (!accept("}")) lexer_.fail_expected("'pass' or '}'");
    return std::move(kernel_);
  }

  void buffer() {
    const Token at = expect(Kind::kValue, "a buffer's name like %x");
    if (!ir::is_plain_identifier(at.text)) lexer_.fail(at, "expected a buffer's name like %x");
    Buffer buffer{.name = at.text};
    expect(":");
    buffer.dtype = dtype();
    expect("[");
    buffer.size = dim();
    expect("]");
    if (accept_word("in"))
      buffer.role = Buffer::Role::kIn;
    else if (accept_word("out"))
      buffer.role = Buffer::Role::kOut;
    else if (accept_word("inout"))
      buffer.role = Buffer::Role::kInOut;
    else
      lexer_.fail_expected("in, out or inout");
    kernel_.buffers.push_back(std::move(buffer));
  }

  void schedule() {
    Schedule& s = kernel_.schedule;
    expect("(");
    do {
      const Token key = expect(Kind::kIdentifier, "a part of the schedule");
      expect("=");
      if (key.text == "vector") {
        const auto range = numbered(token(), 'i');
        if (!range && !token().is_word("inner")) lexer_.fail_expected("an outer range or inner");
        s.vector = range.value_or(Schedule::kInner);
        lexer_.take();
      } else if (key.text == "unroll") {
        s.unroll = integer<int>(1);
      } else if (key.text == "tile_rows") {
        s.tile_rows = integer<int>(0);
      } else if (key.text == "tile_columns") {
        s.tile_columns = integer<int>(0);
      } else if (key.text == "block_k") {
        s.block_k = integer<int>(0);
      } else if (key.text == "cuda") {
        s.mapping = mapping();
      } else if (key.text == "threads") {
        s.threads = integer<int>(0);
      } else if (key.text == "thread_rows") {
        s.thread_rows = integer<int>(0);
      } else if (key.text == "thread_columns") {
        s.thread_columns = integer<int>(0);
      } else {
        lexer_.fail(key, fmt::format("schedules have no '{}'", key.text));
      }
    } while (accept(","));
    expect(")");
  }

  Schedule::Mapping mapping() {
    using Mapping = Schedule::Mapping;
    for (auto mapping = Mapping::kPoint; mapping <= Mapping::kTile; mapping = static_cast<Mapping>(int(mapping) + 1))
      if (accept_word(mapping_name(mapping))) return mapping;
    lexer_.fail_expected("point, row, column, block, split or tile");
  }

  std::vector<Dim> ranges(char letter, size_t first) {
    std::vector<Dim> extents;
    do {
      const std::string expected = fmt::format("{}{}", letter, first + extents.size());
      if (!accept_word(expected)) lexer_.fail_expected("range " + expected);
      expect("<");
      extents.push_back(dim());
    } while (accept(","));
    return extents;
  }

  // Indices.
  Index index(int depth = 0) {
    if (depth > kMaxDepth) lexer_.fail(token(), "index is nested too deeply");
    Index index;
    bool minus = accept("-");
    for (;;) {
      const Token at = token();
      if (at.kind == Kind::kNumber) {
        number_term(index, minus, depth);
      } else {
        if (minus) lexer_.fail(at, "only numbers can be subtracted in an index");
        Dim coefficient = 1;
        Atom factor = atom(depth);
        if (factor.kind == Atom::Kind::kSymbol && accept("*")) {
          coefficient = Dim::symbol(static_cast<int>(factor.id));
          factor = atom(depth);
        }
        index.terms.push_back({coefficient, std::move(factor)});
      }
      minus = accept("-");
      // "i0 -5" is read as a range and the number -5.
      const bool negative_number = token().kind == Kind::kNumber && token().text[0] == '-';
      if (!minus && !negative_number && !accept("+")) return index;
    }
  }

  // A number that is added, subtracted, or a coefficient.
  void number_term(Index& index, bool minus, int depth) {
    const Token at = lexer_.take();
    const auto value = as_integer<int64_t>(minus ? "-" + at.text : at.text);
    if (!value) lexer_.fail(at, fmt::format("'{}' is not an integer that fits here", at.text));
    if (accept("*")) {
      if (*value < 0 || minus) lexer_.fail(at, "coefficients of an index are not negative");
      index.terms.push_back({*value, atom(depth)});
    } else if (__builtin_add_overflow(index.base, *value, &index.base)) {
      lexer_.fail(at, "the constant part of this index does not fit in 64 bits");
    }
  }

  Atom atom(int depth) {
    if (token().kind == Kind::kValue) return {.kind = Atom::Kind::kValue, .id = value()};
    if (const auto symbol = numbered(token(), 's')) {
      lexer_.take();
      return {.kind = Atom::Kind::kSymbol, .id = static_cast<uint32_t>(*symbol)};
    }
    if (const bool divides = token().is_word("div"); divides || token().is_word("mod")) {
      lexer_.take();
      Atom atom{.kind = divides ? Atom::Kind::kDiv : Atom::Kind::kMod};
      expect("(");
      atom.of = std::make_shared<const Index>(index(depth + 1));
      expect(",");
      const Token at = token();
      atom.by = dim();
      if (atom.by.is(0)) lexer_.fail(at, "division by zero in an index");
      expect(")");
      return atom;
    }
    for (const char letter : {'i', 'j'}) {
      const auto id = numbered(token(), letter);
      if (!id) continue;
      const auto range = static_cast<size_t>(*id);
      const size_t outer = kernel_.outer.size(), all = outer + inner_;
      const bool open = letter == 'i' ? range < outer : range >= outer && range < all;
      if (!open) lexer_.fail(token(), fmt::format("there is no range {} here", token().text));
      lexer_.take();
      return {.kind = Atom::Kind::kRange, .id = static_cast<uint32_t>(range)};
    }
    lexer_.fail_expected("a range, a value, a symbol, div or mod in an index");
  }

  // Instructions.
  uint32_t value() {
    const Token at = expect(Kind::kValue, "a value like %0");
    const auto id = as_integer<uint32_t>(at.text);
    if (!id || *id >= values_) lexer_.fail(at, fmt::format("%{} is no value defined before this", at.text));
    return *id;
  }

  void pass() {
    kernel_.passes.emplace_back();
    inner_ = 0;
    if (!token().is("{")) kernel_.passes.back().inner = ranges('j', kernel_.outer.size());
    inner_ = kernel_.passes.back().inner.size();
    expect("{");
    while (!accept("}")) {
      kernel_.passes.back().insts.push_back(inst());
      ++values_;
    }
  }

  Inst inst() {
    Inst inst;
    if (token().kind == Kind::kValue) {
      const Token at = lexer_.take();
      if (at.text != std::to_string(values_))
        lexer_.fail(at, fmt::format("expected %{} here, got %{}", values_, at.text));
      expect("=");
      defining(inst);
    } else if (token().is_word("store") || token().is_word("accumulate")) {
      inst.kind = lexer_.take().text == "store" ? InstKind::kStore : InstKind::kAccumulate;
      inst.dtype = dtype();
      element(inst);
      expect(",");
      inst.operands = {value()};
    } else {
      lexer_.fail_expected("an instruction or '}'");
    }
    if (accept_word("if")) inst.guard = static_cast<int32_t>(value());
    if (accept_word("loc")) locations(inst);
    return inst;
  }

  void defining(Inst& inst) {
    const Token at = expect(Kind::kIdentifier, "an instruction");
    if (at.text == "reduce") return reduce(inst);
    struct Plain {
      std::string_view name;
      InstKind kind;
      size_t operands;
    };
    static constexpr Plain kPlain[] = {{"constant", InstKind::kConstant, 0},
                                       {"index", InstKind::kIndex, 0},
                                       {"load", InstKind::kLoad, 0},
                                       {"check_index", InstKind::kCheckIndex, 1},
                                       {"rng_bits", InstKind::kRngBits, 3},
                                       {"argmax", InstKind::kArgmax, 2},
                                       {"dot", InstKind::kDot, 2}};
    const auto* plain =
        std::find_if(std::begin(kPlain), std::end(kPlain), [&](const Plain& p) { return p.name == at.text; });
    if (plain == std::end(kPlain)) {
      inst.kind = InstKind::kApply;
      for (const ir::Row& row : ir::rows())
        if (row.name == at.text) inst.row = &row;
      if (inst.row == nullptr) lexer_.fail(at, fmt::format("there is no instruction '{}'", at.text));
      inst.dtype = dtype();
      return operands(inst, static_cast<size_t>(inst.row->arity));
    }
    inst.kind = plain->kind;
    inst.dtype = dtype();
    operands(inst, plain->operands);
    if (inst.kind == InstKind::kConstant) constant(inst);
    if (inst.kind == InstKind::kIndex) inst.index = index();
    if (inst.kind == InstKind::kLoad) element(inst);
    if (inst.kind == InstKind::kCheckIndex) {
      expect("<");
      inst.extent = dim();
    }
  }

  void reduce(Inst& inst) {
    inst.kind = InstKind::kReduce;
    const Token at = expect(Kind::kIdentifier, "a combiner");
    for (const ir::Combiner& combiner : ir::combiners())
      if (combiner.name == at.text) inst.combiner = &combiner;
    if (inst.combiner == nullptr) lexer_.fail(at, fmt::format("there is no combiner '{}'", at.text));
    inst.dtype = dtype();
    operands(inst, 1);
  }

  void operands(Inst& inst, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) expect(",");
      inst.operands.push_back(value());
    }
  }

  void element(Inst& inst) {
    const Token at = expect(Kind::kValue, "a buffer");
    const auto named = [&](const Buffer& buffer) { return buffer.name == at.text; };
    const auto found = std::find_if(kernel_.buffers.begin(), kernel_.buffers.end(), named);
    if (found == kernel_.buffers.end()) lexer_.fail(at, fmt::format("there is no buffer %{}", at.text));
    inst.buffer = static_cast<uint32_t>(found - kernel_.buffers.begin());
    expect("[");
    inst.index = index();
    expect("]");
  }

  void constant(Inst& inst) {
    const Token at = token();
    std::string text = at.text;
    lexer_.take();
    if (at.is_word("nan") && accept("(")) {
      text += "(" + expect(Kind::kNumber, "the bits of a nan").text + ")";
      expect(")");
    } else if (at.kind != Kind::kNumber && at.kind != Kind::kIdentifier) {
      lexer_.fail(at, "expected a constant");
    }
    if (!ir::parse_element(text, inst.dtype, reinterpret_cast<std::byte*>(&inst.bits)))
      lexer_.fail(at, fmt::format("'{}' is no {}", text, name(inst.dtype)));
  }

  void locations(Inst& inst) {
    expect("(");
    do {
      const std::string file = expect(Kind::kString, "a file name in quotes").text;
      expect(":");
      inst.locations.push_back({ir::interned(file), integer<unsigned>(0)});
    } while (accept(","));
    expect(")");
  }

  Kernel kernel_;
  size_t inner_ = 0;     // ranges of the running pass
  uint32_t values_ = 0;  // numbered so far
};

}  // namespace

std::vector<Kernel> parse(std::string_view text, std::string_view file_name) {
  return Parser(text, file_name).kernels();
}

}  // namespace sinter::loops
