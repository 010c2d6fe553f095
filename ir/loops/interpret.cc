#include "ir/loops/interpret.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>

#include "ir/loops/race_check.h"
#include "ir/loops/reduction.h"
#include "ir/loops/text.h"
#include "ir/scalar/evaluate.h"
#include "ir/scalar/philox.h"

namespace sinter::loops {
namespace {

// Instructions run one after another over a chunk of lanes: the (outer point, inner point) pairs of a few outer points,
// inner fastest. Outer points are independent, so running several side by side changes nothing.
constexpr size_t kLanes = Reduction::kStep;
using Lanes = std::array<int64_t, kLanes>;

struct Chunk {
  size_t point = 0, points = 0;  // within the block
  int64_t first = 0;             // inner point
  size_t count = 0;              // inner points; all there are when points > 1
  [[nodiscard]] size_t lanes() const { return points * count; }
};

// Calls f with a zero of the unsigned type of that many bytes: what moving elements needs to know of their dtype.
template <class F>
void with_word(size_t size, const F& f) {
  size == 1 ? f(uint8_t{}) : size == 4 ? f(uint32_t{}) : f(uint64_t{});
}

// One value of the kernel: `local` holds the lanes of the running chunk, `points` an element per outer point of the
// block.
struct Storage {
  size_t size = 0;  // bytes of an element
  std::vector<std::byte> local, points;
};

class Interpreter {
 public:
  Interpreter(const Kernel& kernel, std::span<const std::span<std::byte>> buffers, std::span<const int64_t> symbols,
              Check check)
      : kernel_(kernel), buffers_(buffers), symbols_(symbols) {
    invariant(symbols.size() == static_cast<size_t>(kernel.symbols), "every symbol has a value");
    invariant(buffers.size() == kernel.buffers.size(), "every buffer has storage");
    for (size_t i = 0; i < buffers.size(); ++i) {
      const auto elements = static_cast<uint64_t>(number(kernel.buffers[i].size));
      invariant(buffers[i].size() / size_of(kernel.buffers[i].dtype) >= elements, "storage is as large as its buffer");
    }
    if (check == Check::kRaces) races_.emplace(kernel, buffers);
    for (const Pass& pass : kernel.passes)
      for (const Inst& inst : pass.insts) values_.push_back({.size = size_of(inst.dtype)});
    for (Storage& value : values_) {
      value.local.resize(kLanes * value.size);
      value.points.resize(kLanes * value.size);
    }
  }

  void run() {
    const ir::FlushToZeroScope flush;
    const int64_t total = points_in(kernel_.outer);
    for (block_ = 0; block_ < total; block_ += kLanes) {
      points_ = static_cast<size_t>(std::min<int64_t>(kLanes, total - block_));
      for (size_t p = 0; p < kernel_.passes.size(); ++p) run_pass(p);
    }
  }

 private:
  [[nodiscard]] int64_t number(Dim dim) const {
    return dim.is_symbol() ? symbols_[static_cast<size_t>(dim.symbol_id())] : dim.value();
  }

  [[nodiscard]] int64_t points_in(const std::vector<Dim>& extents) const {
    int64_t product = 1;
    for (const Dim dim : extents) {
      invariant(number(dim) >= 0, "extents are not negative");
      invariant(!__builtin_mul_overflow(product, number(dim), &product), "points of a kernel fit in 63 bits");
    }
    return product;
  }

  void run_pass(size_t number_of_pass) {
    pass_number_ = number_of_pass;
    pass_ = &kernel_.passes[number_of_pass];
    first_value_ = kernel_.first_value(number_of_pass);
    inner_ = points_in(pass_->inner);
    ranges_.resize(kernel_.outer.size() + pass_->inner.size());
    reductions_.clear();
    for (const Inst& inst : pass_->insts) {
      const bool reduces =
          inst.kind == InstKind::kReduce || inst.kind == InstKind::kArgmax || inst.kind == InstKind::kDot;
      reductions_.push_back(reduces ? make_reduction(inst, kernel_.inst(inst.operands[0]).dtype, points_, inner_)
                                    : nullptr);
    }
    if (inner_ > static_cast<int64_t>(kLanes / 2)) {
      for (size_t point = 0; point < points_; ++point)
        for (int64_t at = 0; at < inner_; at += kLanes)
          run_chunk({point, 1, at, static_cast<size_t>(std::min<int64_t>(kLanes, inner_ - at))});
    } else if (inner_ > 0) {
      const size_t together = kLanes / static_cast<size_t>(inner_);
      for (size_t point = 0; point < points_; point += together)
        run_chunk({point, std::min(together, points_ - point), 0, static_cast<size_t>(inner_)});
    }
    for (size_t i = 0; i < reductions_.size(); ++i)
      if (reductions_[i]) reductions_[i]->finish(points_, values_[first_value_ + i].points.data());
  }

  void run_chunk(const Chunk& chunk) {
    chunk_ = chunk;
    fill_ranges();
    for (size_t i = 0; i < pass_->insts.size(); ++i) {
      inst_ = &pass_->insts[i];
      out_ = values_[first_value_ + i].local.data();
      run_inst(i);
      if (pass_->inner.empty()) {  // one chunk has all points of the block
        Storage& value = values_[first_value_ + i];
        std::copy_n(value.local.data(), chunk.lanes() * value.size, value.points.data());
      }
    }
  }

  // Splits linear points into the values of ranges, last range fastest.
  void fill_ranges() {
    const size_t outer = kernel_.outer.size();
    for (size_t p = 0; p < chunk_.points; ++p) {
      int64_t rest = block_ + static_cast<int64_t>(chunk_.point + p);
      for (size_t r = outer; r-- > 0;) {
        const int64_t extent = number(kernel_.outer[r]);
        std::fill_n(&ranges_[r][p * chunk_.count], chunk_.count, rest % extent);
        rest /= extent;
      }
    }
    std::vector<int64_t> at(pass_->inner.size());
    int64_t rest = chunk_.first;
    for (size_t r = at.size(); r-- > 0;) {
      at[r] = rest % number(pass_->inner[r]);
      rest /= number(pass_->inner[r]);
    }
    for (size_t i = 0; i < chunk_.count; ++i) {
      for (size_t r = 0; r < at.size(); ++r) ranges_[outer + r][i] = at[r];
      for (size_t r = at.size(); r-- > 0;) {
        if (++at[r] < number(pass_->inner[r])) break;
        at[r] = 0;
      }
    }
    for (size_t r = outer; r < ranges_.size(); ++r)
      for (size_t p = 1; p < chunk_.points; ++p)
        std::copy_n(&ranges_[r][0], chunk_.count, &ranges_[r][p * chunk_.count]);
  }

  // An operand as an array of lanes; a value of an earlier pass is spread over its outer point's lanes in `spread`.
  ConstBytes lanes_of(uint32_t value, std::vector<std::byte>& spread) {
    const Storage& storage = values_[value];
    if (value >= first_value_) return storage.local.data();
    const size_t size = storage.size;
    if (chunk_.count == 1) return storage.points.data() + chunk_.point * size;
    spread.resize(kLanes * sizeof(int64_t));
    with_word(size, [&](auto word) {
      auto* to = reinterpret_cast<decltype(word)*>(spread.data());
      const auto* from = reinterpret_cast<const decltype(word)*>(storage.points.data());
      for (size_t p = 0; p < chunk_.points; ++p)
        std::fill_n(to + p * chunk_.count, chunk_.count, from[chunk_.point + p]);
    });
    return spread.data();
  }

  template <class T = std::byte>
  const T* operand(size_t position) {
    return reinterpret_cast<const T*>(lanes_of(inst_->operands[position], spread_[position]));
  }

  // Wrapping, like the machine's: what a guard keeps from being used may overflow.
  void addresses(const Index& index, Lanes& out) {
    const size_t n = chunk_.lanes();
    std::fill_n(out.begin(), n, index.base);
    for (const Term& term : index.terms) {
      Lanes divided;
      std::vector<std::byte> spread;
      const int64_t* atom = divided.data();
      if (term.atom.kind == Atom::Kind::kRange) {
        atom = ranges_[term.atom.id].data();
      } else if (term.atom.kind == Atom::Kind::kSymbol) {
        divided.fill(symbols_[term.atom.id]);
      } else if (term.atom.kind == Atom::Kind::kValue) {
        atom = reinterpret_cast<const int64_t*>(lanes_of(term.atom.id, spread));
      } else {
        addresses(*term.atom.of, divided);
        const int64_t by = number(term.atom.by);
        invariant(by > 0, "divisors in an index are positive");
        for (size_t i = 0; i < n; ++i) {
          const int64_t remainder = (divided[i] % by + by) % by;
          divided[i] = term.atom.kind == Atom::Kind::kMod ? remainder : divided[i] / by - (divided[i] % by < 0 ? 1 : 0);
        }
      }
      const auto coefficient = static_cast<uint64_t>(number(term.coefficient));
      for (size_t i = 0; i < n; ++i)
        out[i] = static_cast<int64_t>(static_cast<uint64_t>(out[i]) + coefficient * static_cast<uint64_t>(atom[i]));
    }
  }

  // The byte of each lane's element, or null where the guard is false; checked.
  void elements(Access access, std::array<std::byte*, kLanes>& out) {
    Lanes index;
    addresses(inst_->index, index);
    const Buffer& buffer = kernel_.buffers[inst_->buffer];
    const auto size = static_cast<uint64_t>(number(buffer.size));
    const size_t width = size_of(buffer.dtype);
    std::vector<std::byte> spread;
    const auto* guard = inst_->guard < 0 ? nullptr : lanes_of(static_cast<uint32_t>(inst_->guard), spread);
    for (size_t lane = 0; lane < chunk_.lanes(); ++lane) {
      out[lane] = nullptr;
      if (guard != nullptr && guard[lane] == std::byte{0}) continue;
      if (static_cast<uint64_t>(index[lane]) >= size) fail(lane, fmt::format("element {} of {}", index[lane], size));
      out[lane] = buffers_[inst_->buffer].data() + static_cast<size_t>(index[lane]) * width;
      if (races_) check_race(lane, static_cast<size_t>(index[lane]), access);
    }
  }

  [[nodiscard]] Moment moment(size_t lane) const {
    return {.outer = block_ + static_cast<int64_t>(chunk_.point + lane / chunk_.count),
            .pass = static_cast<int64_t>(pass_number_),
            .inner = chunk_.first + static_cast<int64_t>(lane % chunk_.count)};
  }

  void check_race(size_t lane, size_t element, Access access) {
    const char* clash = races_->record(inst_->buffer, element, access, moment(lane));
    if (clash != nullptr) fail(lane, fmt::format("element {}, but {}", element, clash));
  }

  [[noreturn]] void fail(size_t lane, const std::string& problem) const {
    const Moment at = moment(lane);
    throw InternalError(fmt::format(
        "kernel @{}, outer point {}, pass {}, inner point {}: {} accesses {}", kernel_.name, at.outer, at.pass,
        at.inner, print_inst(kernel_, static_cast<uint32_t>(first_value_ + (inst_ - pass_->insts.data()))), problem));
  }

  void constant() {
    with_word(size_of(inst_->dtype), [&](auto word) {
      std::memcpy(&word, &inst_->bits, sizeof word);
      std::fill_n(reinterpret_cast<decltype(word)*>(out_), chunk_.lanes(), word);
    });
  }

  void load() {
    std::array<std::byte*, kLanes> from;
    elements(Access::kRead, from);
    with_word(size_of(inst_->dtype), [&](auto word) {
      auto* to = reinterpret_cast<decltype(word)*>(out_);
      for (size_t i = 0; i < chunk_.lanes(); ++i) {
        to[i] = 0;
        if (from[i] != nullptr) std::memcpy(&to[i], from[i], sizeof word);
      }
    });
  }

  void store() {
    std::array<std::byte*, kLanes> to;
    elements(Access::kWrite, to);
    const std::byte* from = operand(0);
    with_word(size_of(inst_->dtype), [&](auto word) {
      for (size_t i = 0; i < chunk_.lanes(); ++i)
        if (to[i] != nullptr) std::memcpy(to[i], from + i * sizeof word, sizeof word);
    });
  }

  void accumulate() {
    std::array<std::byte*, kLanes> to;
    elements(Access::kAccumulate, to);
    const auto add = [&](auto sum) {
      using T = decltype(sum);
      const T* from = operand<T>(0);
      for (size_t i = 0; i < chunk_.lanes(); ++i) {
        std::memcpy(&sum, to[i], sizeof sum);
        sum = static_cast<T>(sum + from[i]);
        std::memcpy(to[i], &sum, sizeof sum);
      }
    };
    inst_->dtype == kFloat32 ? add(float{}) : inst_->dtype == kFloat64 ? add(double{}) : add(uint64_t{});
  }

  void apply() {
    std::array<ConstBytes, 3> arguments{};
    constexpr std::array<int, 3> kStrides{1, 1, 1};
    const size_t arity = inst_->operands.size();
    for (size_t i = 0; i < arity; ++i) arguments[i] = operand(i);
    const DType type = kernel_.inst(inst_->operands[inst_->row->signature == ir::Signature::kSelect ? 1 : 0]).dtype;
    const std::array<Bytes, 1> results{out_};
    ir::evaluate(ir::expression(*inst_->row, type), chunk_.lanes(), std::span(arguments).first(arity),
                 std::span(kStrides).first(arity), results);
  }

  void random_bits() {
    const auto* seed = operand<int64_t>(0);
    const auto* stream = operand<int64_t>(1);
    const auto* element = operand<int64_t>(2);
    auto* out = reinterpret_cast<int64_t*>(out_);
    for (size_t i = 0; i < chunk_.lanes(); ++i) out[i] = ir::philox_bits(seed[i], stream[i], element[i]);
  }

  void check_index() {
    const auto* index = operand<int64_t>(0);
    auto* out = reinterpret_cast<int64_t*>(out_);
    const int64_t extent = number(inst_->extent);
    for (size_t i = 0; i < chunk_.lanes(); ++i) {
      if (index[i] < 0 || index[i] >= extent) {
        const LocationScope at(inst_->locations.empty() ? Location{} : inst_->locations.front());
        throw IndexError(fmt::format("index {} is out of range, expected 0 <= index < {}", index[i], extent));
      }
      out[i] = index[i];
    }
  }

  void run_inst(size_t position) {
    switch (inst_->kind) {
      case InstKind::kConstant:
        return constant();
      case InstKind::kIndex: {
        Lanes index;
        addresses(inst_->index, index);
        std::memcpy(out_, index.data(), chunk_.lanes() * sizeof(int64_t));
        return;
      }
      case InstKind::kLoad:
        return load();
      case InstKind::kStore:
        return store();
      case InstKind::kAccumulate:
        return accumulate();
      case InstKind::kApply:
        return apply();
      case InstKind::kRngBits:
        return random_bits();
      case InstKind::kCheckIndex:
        return check_index();
      case InstKind::kReduce:
      case InstKind::kArgmax:
      case InstKind::kDot: {
        std::array<ConstBytes, 2> operands{};
        for (size_t i = 0; i < inst_->operands.size(); ++i) operands[i] = operand(i);
        reductions_[position]->add(chunk_.point, chunk_.points, chunk_.first, chunk_.count,
                                   std::span(operands).first(inst_->operands.size()));
        return;
      }
    }
  }

  const Kernel& kernel_;
  std::span<const std::span<std::byte>> buffers_;
  std::span<const int64_t> symbols_;
  std::optional<RaceCheck> races_;
  std::vector<Storage> values_;
  std::array<std::vector<std::byte>, 3> spread_;

  int64_t block_ = 0;  // first outer point
  size_t points_ = 0;  // outer points of the block
  size_t pass_number_ = 0;
  const Pass* pass_ = nullptr;
  uint32_t first_value_ = 0;
  int64_t inner_ = 0;
  std::vector<std::unique_ptr<Reduction>> reductions_;  // by position in the pass; null for other instructions
  Chunk chunk_;
  std::vector<Lanes> ranges_;
  const Inst* inst_ = nullptr;
  std::byte* out_ = nullptr;
};

}  // namespace

void interpret(const Kernel& kernel, std::span<const std::span<std::byte>> buffers, std::span<const int64_t> symbols,
               Check check) {
  verify(kernel);
  Interpreter(kernel, buffers, symbols, check).run();
}

}  // namespace sinter::loops
