#include "tests/fuzz/cell_program.h"

#include <fmt/format.h>

#include <functional>
#include <numeric>

#include "tests/fuzz/cell_rows.h"
#include "tests/random_engine.h"

namespace sinter::tests {
namespace {

constexpr const char* kNames[kPlaces] = {"c0", "c1", "v", "x", "y", "t0", "t1", "t2", "t3", "t4"};

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {
    program_.seed = seed;
    constexpr int64_t kSizes[] = {2, 2, 2, 3, 3, 1, 5, 0};
    program_.n = random_.pick(kSizes);
    program_.doubles = random_.one_in(8);
    program_.leaf_argument = random_.one_in(3);
    program_.keep_grads = !random_.one_in(4);
    program_.calls = static_cast<int>(random_.between(1, 3));
  }

  CellProgram program() {
    recorded(program_.statements);
    for (int64_t count = random_.between(4, 16); count > 0; --count) add(program_.statements, 0);
    return std::move(program_);
  }

 private:
  int place() { return static_cast<int>(random_.below(kPlaces)); }
  int temporary() { return kFirstTemporary + static_cast<int>(random_.below(kTemporaries)); }
  int cell() { return static_cast<int>(random_.below(kCells)); }

  Statement statement(size_t row) {
    Statement made{.row = row, .to = temporary(), .a = place(), .b = place()};
    made.loss = static_cast<int>(random_.below(kLosses));
    made.retain = random_.one_in(2);
    made.create = random_.one_in(3);
    return made;
  }
  // Temporaries and losses that depend on the parameters.
  void recorded(std::vector<Statement>& out) {
    for (int i = 0; i < kLosses; ++i) {
      Statement product = statement(cell_row("{to} = {a} * {b}")), loss = statement(cell_row("{l} = ({a} * {b}).sum"));
      product.a = i;
      loss.a = product.to;
      loss.loss = i;
      out.push_back(product);
      out.push_back(loss);
    }
  }

  void add(std::vector<Statement>& out, int depth) {
    const std::span<const CellRow> rows = cell_rows();
    const int total =
        std::accumulate(rows.begin(), rows.end(), 0, [](int sum, const CellRow& row) { return sum + row.weight; });
    size_t row = 0;
    for (int64_t at = random_.between(0, total - 1) - rows[0].weight; at >= 0; at -= rows[row].weight) ++row;
    const bool is_cut = row == cell_row("----");
    if (depth > 0 && is_cut) return;
    Statement made = statement(row);
    // A write, a gradient, a leaf are mostly a cell's.
    const bool of_cell = std::string_view(rows[row].text).starts_with("{a}.") || rows[row].text == kGradOfCell;
    if (of_cell && !random_.one_in(4)) made.a = cell();
    if (rows[row].has != Has::kNoBody)
      for (int64_t count = random_.between(depth == 0 ? 1 : 0, 3); count > 0; --count) add(made.body, depth + 1);
    out.push_back(std::move(made));
    if (is_cut) recorded(out);
  }

  static constexpr std::string_view kGradOfCell = "{to} = {a}.grad()";
  RandomEngine random_;
  CellProgram program_;
};

std::string options(const Statement& statement) {
  return fmt::format("{{{}{}{}}}", statement.retain ? ".retain_graph = true" : "",
                     statement.retain && statement.create ? ", " : "", statement.create ? ".create_graph = true" : "");
}

void print(std::string& out, const std::vector<Statement>& statements, size_t indent) {
  for (const Statement& s : statements) {
    const CellRow& row = cell_rows()[s.row];
    std::string body;
    print(body, s.body, 2);
    const std::string text = fmt::format(
        fmt::runtime(row.text), fmt::arg("to", kNames[s.to]), fmt::arg("a", kNames[s.a]), fmt::arg("b", kNames[s.b]),
        fmt::arg("l", s.loss == 0 ? "l0" : "l1"), fmt::arg("o", options(s)), fmt::arg("body", body));
    std::string line(indent, ' ');
    for (char c : text + (row.has == Has::kBlock ? "" : ";")) {
      line += c;
      if (c == '\n') line.append(indent, ' ');
    }
    out += line + "\n";
  }
}

void smaller(const std::vector<Statement>& statements, const std::function<void(std::vector<Statement>)>& add) {
  for (size_t i = 0; i < statements.size(); ++i) {
    const auto at = static_cast<ptrdiff_t>(i);
    const auto replaced = [&](const std::vector<Statement>& with) {
      std::vector<Statement> changed = statements;
      changed.insert(changed.erase(changed.begin() + at), with.begin(), with.end());
      return changed;
    };
    add(replaced({}));
    if (!statements[i].body.empty()) add(replaced(statements[i].body));
    smaller(statements[i].body, [&](std::vector<Statement> body) {
      Statement changed = statements[i];
      changed.body = std::move(body);
      add(replaced({changed}));
    });
  }
}

}  // namespace

CellProgram random_cell_program(uint64_t seed) { return Generator(seed).program(); }

std::string to_string(const CellProgram& program) {
  std::string text = fmt::format("{} [{}, {}], {} calls{}{}:\n", program.doubles ? "float64" : "float32", program.n,
                                 program.n, program.calls, program.leaf_argument ? ", y is a leaf" : "",
                                 program.keep_grads ? "" : ", gradients are not kept");
  print(text, program.statements, 2);
  return text;
}

std::vector<CellProgram> smaller(const CellProgram& program) {
  std::vector<CellProgram> found;
  smaller(program.statements, [&](std::vector<Statement> statements) {
    found.push_back(program);
    found.back().statements = std::move(statements);
  });
  const auto with = [&](auto change) {
    CellProgram changed = program;
    change(changed);
    found.push_back(changed);
  };
  if (program.calls > 1) with([](CellProgram& p) { --p.calls; });
  if (program.n != 1) with([](CellProgram& p) { p.n = 1; });
  if (program.leaf_argument) with([](CellProgram& p) { p.leaf_argument = false; });
  if (!program.keep_grads) with([](CellProgram& p) { p.keep_grads = true; });
  if (program.doubles) with([](CellProgram& p) { p.doubles = false; });
  return found;
}

}  // namespace sinter::tests
