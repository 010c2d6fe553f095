// Writes kernels as text (text.h).
#include <fmt/format.h>

#include "ir/graph/lexer.h"
#include "ir/graph/literal_text.h"
#include "ir/loops/text.h"

namespace sinter::loops {
namespace {

class Printer {
 public:
  explicit Printer(const Kernel& kernel) : kernel_(kernel) {}

  std::string kernel(bool locations) {
    header();
    const bool loop = !kernel_.outer.empty();
    if (loop) {
      out_ += "  for ";
      ranges(kernel_.outer, 0);
      out_ += "{\n";
    }
    const std::string margin = loop ? "    " : "  ";
    uint32_t value = 0;
    for (const Pass& pass : kernel_.passes) {
      out_ += margin + "pass ";
      ranges(pass.inner, kernel_.outer.size());
      out_ += "{\n";
      for (const Inst& i : pass.insts) {
        out_ += margin + "  ";
        inst(i, value++);
        if (locations) print_locations(i);
        out_ += '\n';
      }
      out_ += margin + "}\n";
    }
    if (loop) out_ += "  }\n";
    out_ += "}\n";
    return std::move(out_);
  }

  std::string one(uint32_t value) {
    inst(kernel_.inst(value), value);
    return std::move(out_);
  }

 private:
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  void header() {
    add("kernel @{}(", kernel_.name);
    const char* separator = "";
    for (const Buffer& buffer : kernel_.buffers) {
      const char* role = buffer.role == Buffer::Role::kIn ? "in" : buffer.role == Buffer::Role::kOut ? "out" : "inout";
      add("{}%{}: {}[{}] {}", separator, buffer.name, name(buffer.dtype), to_string(buffer.size), role);
      separator = ", ";
    }
    out_ += ") ";
    if (kernel_.symbols != 0) add("symbols({}) ", kernel_.symbols);
    schedule();
    out_ += "{\n";
  }

  void schedule() {
    const Schedule& s = kernel_.schedule;
    const Schedule usual;
    if (s == usual) return;
    const char* separator = "";
    const auto field = [&](const char* key, int value, int default_value) {
      if (value == default_value) return;
      add("{}{} = {}", separator, key, value);
      separator = ", ";
    };
    out_ += "schedule(";
    if (s.vector != usual.vector) {
      out_ += s.vector == Schedule::kInner ? "vector = inner" : fmt::format("vector = i{}", s.vector);
      separator = ", ";
    }
    field("unroll", s.unroll, usual.unroll);
    field("tile_rows", s.tile_rows, usual.tile_rows);
    field("tile_columns", s.tile_columns, usual.tile_columns);
    field("block_k", s.block_k, usual.block_k);
    if (s.mapping != usual.mapping) {
      add("{}cuda = {}", separator, mapping_name(s.mapping));
      separator = ", ";
    }
    field("threads", s.threads, usual.threads);
    field("thread_rows", s.thread_rows, usual.thread_rows);
    field("thread_columns", s.thread_columns, usual.thread_columns);
    out_ += ") ";
  }

  void ranges(const std::vector<Dim>& extents, size_t first) {
    for (size_t i = 0; i < extents.size(); ++i) {
      if (i > 0) out_ += ", ";
      range(static_cast<uint32_t>(first + i));
      add(" < {}", to_string(extents[i]));
    }
    if (!extents.empty()) out_ += ' ';
  }

  void range(uint32_t id) { add("{}{}", id < kernel_.outer.size() ? 'i' : 'j', id); }

  void index(const Index& index) {
    const char* separator = "";
    for (const Term& term : index.terms) {
      out_ += separator;
      separator = " + ";
      if (!term.coefficient.is(1)) add("{}*", to_string(term.coefficient));
      atom(term.atom);
    }
    if (index.terms.empty())
      add("{}", index.base);
    else if (index.base < 0)
      add(" - {}", -static_cast<uint64_t>(index.base));
    else if (index.base > 0)
      add(" + {}", index.base);
  }

  void atom(const Atom& atom) {
    switch (atom.kind) {
      case Atom::Kind::kRange:
        return range(atom.id);
      case Atom::Kind::kValue:
        return add("%{}", atom.id);
      case Atom::Kind::kSymbol:
        return add("s{}", atom.id);
      case Atom::Kind::kDiv:
      case Atom::Kind::kMod:
        break;
    }
    out_ += atom.kind == Atom::Kind::kDiv ? "div(" : "mod(";
    if (atom.of) index(*atom.of);
    add(", {})", to_string(atom.by));
  }

  void operands(const Inst& inst) {
    const char* separator = " ";
    for (const uint32_t operand : inst.operands) {
      add("{}%{}", separator, operand);
      separator = ", ";
    }
  }

  void element(const Inst& inst) {
    add(" %{}[", inst.buffer < kernel_.buffers.size() ? kernel_.buffers[inst.buffer].name : "?");
    index(inst.index);
    out_ += ']';
  }

  void inst(const Inst& inst, uint32_t value) {
    if (inst.kind != InstKind::kStore && inst.kind != InstKind::kAccumulate) add("%{} = ", value);
    const auto type = name(inst.dtype);
    switch (inst.kind) {
      case InstKind::kConstant:
        add("constant {} {}", type, ir::element_text(inst.dtype, reinterpret_cast<const std::byte*>(&inst.bits)));
        break;
      case InstKind::kIndex:
        add("index {} ", type);
        index(inst.index);
        break;
      case InstKind::kLoad:
        add("load {}", type);
        element(inst);
        break;
      case InstKind::kStore:
      case InstKind::kAccumulate:
        add("{} {}", inst.kind == InstKind::kStore ? "store" : "accumulate", type);
        element(inst);
        out_ += ',';
        operands(inst);
        break;
      case InstKind::kApply:
        add("{} {}", inst.row != nullptr ? inst.row->name : "?", type);
        operands(inst);
        break;
      case InstKind::kRngBits:
        add("rng_bits {}", type);
        operands(inst);
        break;
      case InstKind::kCheckIndex:
        add("check_index {}", type);
        operands(inst);
        add(" < {}", to_string(inst.extent));
        break;
      case InstKind::kReduce:
        add("reduce {} {}", inst.combiner != nullptr ? inst.combiner->name : "?", type);
        operands(inst);
        break;
      case InstKind::kArgmax:
        add("argmax {}", type);
        operands(inst);
        break;
      case InstKind::kDot:
        add("dot {}", type);
        operands(inst);
        break;
    }
    if (inst.guard >= 0) add(" if %{}", inst.guard);
  }

  void print_locations(const Inst& inst) {
    if (inst.locations.empty()) return;
    const char* separator = "  loc(";
    for (const Location& at : inst.locations) {
      add("{}{}:{}", separator, ir::quoted(at.file), at.line);
      separator = ", ";
    }
    out_ += ')';
  }

  const Kernel& kernel_;
  std::string out_;
};

}  // namespace

std::string print(const Kernel& kernel, bool locations) { return Printer(kernel).kernel(locations); }

std::string code_text(Kernel kernel) {
  kernel.name = "kernel";
  for (size_t i = 0; i < kernel.buffers.size(); ++i) kernel.buffers[i].name = "b" + std::to_string(i);
  return print(kernel);
}

std::string_view mapping_name(Schedule::Mapping mapping) {
  switch (mapping) {
    case Schedule::Mapping::kCpu:
      break;
    case Schedule::Mapping::kPoint:
      return "point";
    case Schedule::Mapping::kRow:
      return "row";
    case Schedule::Mapping::kColumn:
      return "column";
    case Schedule::Mapping::kBlock:
      return "block";
    case Schedule::Mapping::kSplit:
      return "split";
    case Schedule::Mapping::kTile:
      return "tile";
  }
  return "cpu";
}

std::string print_inst(const Kernel& kernel, uint32_t value) { return Printer(kernel).one(value); }

}  // namespace sinter::loops
