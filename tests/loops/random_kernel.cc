#include "tests/loops/random_kernel.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "tests/loops/random_source.h"

namespace sinter::loops {
namespace {

constexpr int64_t kRagged[] = {1, 2, 7, 15, 16, 17, 33, 100};
constexpr int64_t kLarge = 1000;  // elements of a buffer that is not to be multiplied by much
constexpr DType kDTypes[] = {kFloat32, kFloat32, kFloat32, kFloat64, kInt64, kBool};

class Generator : RandomSource {
 public:
  explicit Generator(uint64_t seed) : RandomSource(seed), symbolic_(chance(40)), favourite_(one_of(kDTypes)) {}

  RandomKernel make() {
    kernel().name = "random";
    const bool dot = chance(20);
    if (dot)
      dot_pass();
    else
      outer_ranges(3, 2000);
    const int64_t passes = dot ? 0 : number(1, 4);
    for (int64_t i = 0; i < passes; ++i) some_pass();
    last_pass();
    kernel().symbols = static_cast<int>(made_.symbols.size());
    schedule(dot);
    return std::move(made_);
  }

 private:
  struct Known {
    uint32_t value;
    DType dtype;
    bool varies;  // not made of constants alone
  };
  struct Stored {  // by an earlier pass, at its point
    uint32_t buffer;
    Index index;
    std::vector<Dim> inner;
  };

  Kernel& kernel() { return made_.kernel; }
  Pass& pass() { return kernel().passes.back(); }

  // The number itself, or a symbol that has this value.
  Dim dim(int64_t value) {
    if (!symbolic_ || !chance(35)) return value;
    const auto known = std::find(made_.symbols.begin(), made_.symbols.end(), value);
    const auto id = static_cast<int>(known - made_.symbols.begin());
    if (known == made_.symbols.end()) made_.symbols.push_back(value);
    return Dim::symbol(id);
  }

  // Ranges.
  void add_range(std::vector<Dim>& to, int64_t extent) {
    extents_.push_back(extent);
    to.push_back(dim(extent));
  }
  void outer_ranges(int64_t at_most, int64_t points) {
    for (int64_t left = number(0, at_most); left > 0; --left) {
      const int64_t extent = one_of(kRagged);
      if (points_ * extent > points) continue;
      add_range(kernel().outer, extent);
      points_ *= extent;
    }
  }
  void open_pass() {
    kernel().passes.emplace_back();
    extents_.resize(kernel().outer.size());
    local_.clear();
  }

  // Instructions.
  uint32_t add(Inst inst) {
    const uint32_t value = kernel().value_count();
    if (inst.kind != InstKind::kStore && inst.kind != InstKind::kAccumulate) {
      const bool reduces =
          inst.kind == InstKind::kReduce || inst.kind == InstKind::kArgmax || inst.kind == InstKind::kDot;
      const bool varies =
          !inst.index.terms.empty() || std::any_of(inst.operands.begin(), inst.operands.end(), [&](uint32_t operand) {
            const auto same = [&](const Known& known) { return known.value == operand && known.varies; };
            return std::any_of(local_.begin(), local_.end(), same) ||
                   std::any_of(lasting_.begin(), lasting_.end(), same);
          });
      (reduces ? ended_ : local_).push_back({value, inst.dtype, varies});
    }
    pass().insts.push_back(std::move(inst));
    return value;
  }
  uint32_t constant(DType dtype) {
    const int64_t small = number(-3, 5);
    Inst inst{.kind = InstKind::kConstant, .dtype = dtype};
    visit_dtype(dtype, [&](auto zero) {
      using T = decltype(zero);
      const T value = is_float(dtype) ? static_cast<T>(static_cast<double>(small) / 4) : static_cast<T>(small);
      std::memcpy(&inst.bits, &value, sizeof value);
    });
    return add(inst);
  }
  uint32_t integer(int64_t value) {
    return add({.kind = InstKind::kConstant, .dtype = kInt64, .bits = static_cast<uint64_t>(value)});
  }
  uint32_t index(Index index) { return add({.kind = InstKind::kIndex, .dtype = kInt64, .index = std::move(index)}); }
  uint32_t apply(const ir::Row& row, DType dtype, std::vector<uint32_t> operands) {
    return add({.kind = InstKind::kApply, .dtype = dtype, .operands = std::move(operands), .row = &row});
  }
  // Values of that dtype that can be used here, but constants.
  std::vector<uint32_t> varying(DType dtype) {
    std::vector<uint32_t> fitting;
    for (const auto* list : {&lasting_, &local_})
      for (const Known& known : *list)
        if (known.dtype == dtype && known.varies) fitting.push_back(known.value);
    return fitting;
  }
  uint32_t any(DType dtype) {
    if (chance(10)) return constant(dtype);
    const std::vector<uint32_t> fitting = varying(dtype);
    if (fitting.empty()) return plain_load(dtype);
    return chance(50) ? fitting.back() : one_of(fitting);  // chains are better than stumps
  }
  DType any_dtype() { return chance(60) ? favourite_ : one_of(kDTypes); }
  DType number_dtype() { return favourite_ != kBool && chance(60) ? favourite_ : kDTypes[number(0, 4)]; }

  // Buffers.
  uint32_t buffer(DType dtype, Buffer::Role role, int64_t size) {
    const auto id = static_cast<uint32_t>(kernel().buffers.size());
    kernel().buffers.push_back({"b" + std::to_string(id), dtype, role, dim(size)});
    made_.buffers.push_back(elements(dtype, size));
    return id;
  }

  // An address over the ranges [0, ranges), and how many elements it reaches. No two points share an element if
  // `distinct`.
  struct Address {
    Index index;
    int64_t reach = 1;
  };
  Address address(size_t ranges, bool distinct) {
    std::vector<size_t> order;
    for (size_t r = ranges; r-- > 0;) order.push_back(r);
    if (chance(30)) shuffle(order);
    const bool dense = chance(60);
    Address made{Index::constant(dense ? 0 : number(0, 5))};
    int64_t stride = dense || chance(50) ? 1 : number(2, 3), reach = 0;
    for (const size_t r : order) {
      if (!distinct && chance(dense ? 10 : 30)) continue;
      made.index = made.index + Index::range(static_cast<uint32_t>(r), dim(stride));
      reach += stride * (extents_[r] - 1);
      stride = stride * extents_[r] + (dense ? 0 : number(0, 2));
    }
    made.reach = made.index.base + reach + 1;
    if (symbolic_ && chance(30)) offset(made);
    if (chance(10)) divide(made);
    return made;
  }
  // Starts the address further on, as far as a symbol says.
  void offset(Address& made) {
    const int64_t by = number(0, 4), times = number(1, 20);
    const auto symbol = static_cast<uint32_t>(made_.symbols.size());
    made_.symbols.push_back(by);
    made.index.terms.push_back({dim(times), Atom{.kind = Atom::Kind::kSymbol, .id = symbol}});
    made.reach += times * by;
  }
  // Reads the address as two digits, and gives the upper one another weight: what a reshape of a view looks like.
  void divide(Address& made) {
    const int64_t digit = number(2, 20), weight = digit + number(0, 3);
    const auto whole = std::make_shared<const Index>(std::move(made.index));
    const Dim by = dim(digit);
    made.index = {0,
                  {{dim(weight), Atom{.kind = Atom::Kind::kDiv, .of = whole, .by = by}},
                   {1, Atom{.kind = Atom::Kind::kMod, .of = whole, .by = by}}}};
    made.reach = (made.reach - 1) / digit * weight + digit;
  }

  // Loads.
  uint32_t load_from(uint32_t buffer, const Index& index, int32_t guard = -1) {
    const DType dtype = kernel().buffers[buffer].dtype;
    return add({.kind = InstKind::kLoad, .dtype = dtype, .guard = guard, .buffer = buffer, .index = index});
  }
  uint32_t plain_load(DType dtype) {
    const Address from = address(extents_.size(), false);
    return load_from(buffer(dtype, Buffer::Role::kIn, from.reach), from.index);
  }
  uint32_t padded_load(DType dtype) {
    const auto range = static_cast<uint32_t>(number(0, static_cast<int64_t>(extents_.size()) - 1));
    const int64_t extent = extents_[range], low = number(0, std::min<int64_t>(extent, 4));
    const int64_t stride = number(1, 3), kept = std::max<int64_t>(extent - low - number(0, 2), 0);
    const uint32_t at = index(Index::range(range));
    const uint32_t above = apply(ir::find_row("ge"), kBool, {at, integer(low)});
    const uint32_t below = apply(ir::find_row("lt"), kBool, {at, integer(low + kept)});
    const uint32_t guard = apply(ir::find_row("logical_and"), kBool, {above, below});
    const Index from = Index::range(range, stride) + Index::constant(-low * stride);
    return load_from(buffer(dtype, Buffer::Role::kIn, stride * kept + 1), from, static_cast<int32_t>(guard));
  }
  // An i64 below `extent`, from a table, or one that fails its check.
  uint32_t checked_index(int64_t extent) {
    const uint32_t raw = plain_load(kInt64);
    std::vector<std::byte>& table = made_.buffers.back();
    const bool some_fail = extent == 0 || chance(4);
    made_.may_fail = made_.may_fail || some_fail;
    for (size_t i = 0; i < table.size(); i += sizeof(int64_t)) {
      const int64_t entry = some_fail && (extent == 0 || chance(5))
                                ? one_of(std::array{int64_t{-1}, extent, INT64_MIN, INT64_MAX})
                                : number(0, extent - 1);
      std::memcpy(&table[i], &entry, sizeof entry);
    }
    return add({.kind = InstKind::kCheckIndex, .dtype = kInt64, .operands = {raw}, .extent = dim(extent)});
  }
  // Elements of an axis that is indexed by value.
  int64_t indexed_extent(int64_t reach) { return chance(3) ? 0 : reach > kLarge ? 2 : one_of(kRagged); }
  uint32_t gather(DType dtype) {
    Address from = address(extents_.size(), false);
    const int64_t extent = indexed_extent(from.reach);
    const uint32_t row = checked_index(extent);
    const Dim stride = dim(from.reach);
    from.index.terms.push_back({stride, Atom{.kind = Atom::Kind::kValue, .id = row}});
    return load_from(buffer(dtype, Buffer::Role::kIn, from.reach * extent), from.index);
  }
  void load() {
    const DType dtype = any_dtype();
    const int64_t way = number(1, 10);
    if (way == 1)
      gather(dtype);
    else if (way == 2 && !extents_.empty())
      padded_load(dtype);
    else if (way == 3)
      add({.kind = InstKind::kRngBits,
           .dtype = kInt64,
           .operands = {any(kInt64), integer(number(0, 9)), index(address(extents_.size(), false).index)}});
    else
      plain_load(dtype);
  }
  void load_stored() {
    for (const Stored& stored : stored_)
      if (stored.inner == pass().inner && chance(60)) load_from(stored.buffer, stored.index);
  }

  void compute() {
    const ir::Row& row = one_of(ir::rows());
    std::vector<DType> choices;
    for (const DType dtype : kDTypes)
      if ((row.dtypes & (is_float(dtype) ? ir::kFloats : dtype == kBool ? ir::kBools : ir::kIntegers)) != 0)
        choices.push_back(dtype);
    const bool at_hand = std::count(choices.begin(), choices.end(), favourite_) > 0 && chance(60);
    const DType type = at_hand ? favourite_ : one_of(choices);
    std::vector<uint32_t> operands;
    const bool selects = row.signature == ir::Signature::kSelect;
    for (int i = 0; i < row.arity; ++i) operands.push_back(any(selects && i == 0 ? kBool : type));
    const DType result = row.signature == ir::Signature::kPredicate ? kBool
                         : row.signature == ir::Signature::kConvert ? row.to
                                                                    : type;
    apply(row, result, operands);
  }

  // Stores.
  void store(uint32_t value, DType dtype) {
    const Address to = address(extents_.size(), true);
    Inst inst{.kind = InstKind::kStore, .dtype = dtype, .operands = {value}, .index = to.index};
    if (chance(15)) inst.guard = static_cast<int32_t>(any(kBool));
    if (chance(20)) {  // in place
      inst.buffer = buffer(dtype, Buffer::Role::kInOut, to.reach);
      const uint32_t old = load_from(inst.buffer, to.index);
      inst.operands = {apply(ir::find_row(dtype == kBool ? "logical_xor" : "add"), dtype, {old, value})};
    } else {
      inst.buffer = buffer(dtype, Buffer::Role::kOut, to.reach);
    }
    if (inst.guard < 0) stored_.push_back({inst.buffer, inst.index, pass().inner});
    add(std::move(inst));
  }
  void accumulate() {
    const DType dtype = number_dtype();
    const uint32_t value = any(dtype);
    Address to = address(kernel().outer.size(), true);
    int64_t size = to.reach;
    if (chance(70)) {
      const int64_t rows = indexed_extent(to.reach);
      to.index.terms.push_back({dim(to.reach), Atom{.kind = Atom::Kind::kValue, .id = checked_index(rows)}});
      size *= rows;
    }
    const uint32_t id = buffer(dtype, Buffer::Role::kInOut, size);
    add({.kind = InstKind::kAccumulate, .dtype = dtype, .operands = {value}, .buffer = id, .index = to.index});
  }

  void reduce() {
    const ir::Combiner& combiner = one_of(ir::combiners());
    const DType dtype = number_dtype();
    add({.kind = InstKind::kReduce, .dtype = dtype, .operands = {any(dtype)}, .combiner = &combiner});
  }
  void argmax() {
    Index linear;
    int64_t stride = 1;
    for (size_t r = extents_.size(); r-- > kernel().outer.size();) {
      linear = Index::range(static_cast<uint32_t>(r), stride) + linear;
      stride *= extents_[r];
    }
    const uint32_t at = index(linear);
    add({.kind = InstKind::kArgmax, .dtype = kInt64, .operands = {any(number_dtype()), at}});
  }

  // Passes.
  void some_pass() {
    const std::vector<Dim> previous = kernel().passes.empty() ? std::vector<Dim>{} : pass().inner;
    const std::vector<int64_t> previous_extents = extents_;
    const bool again = !kernel().passes.empty() && chance(50);
    open_pass();
    if (again) {
      pass().inner = previous;
      extents_ = previous_extents;
    } else if (points_ <= 4 && chance(25)) {
      add_range(pass().inner, number(4000, 9000));
    } else if (chance(80)) {
      int64_t inner = 1;
      for (int64_t left = number(1, 2); left > 0; --left) {
        const int64_t extent = one_of(kRagged);
        if (points_ * inner * extent > 12000) continue;
        inner *= extent;
        add_range(pass().inner, extent);
      }
    }
    load_stored();
    for (int64_t left = number(1, 3); left > 0; --left) load();
    for (int64_t left = number(1, 6); left > 0; --left) compute();
    if (!pass().inner.empty()) {
      for (int64_t left = number(0, 2); left > 0; --left) reduce();
      if (chance(15)) argmax();
      if (chance(20)) accumulate();
    }
    if (chance(60)) {
      const Known last = local_.back();
      store(last.value, last.dtype);
    }
    close_pass();
  }
  void close_pass() {
    lasting_.insert(lasting_.end(), ended_.begin(), ended_.end());
    if (pass().inner.empty()) lasting_.insert(lasting_.end(), local_.begin(), local_.end());
    unseen_.insert(unseen_.end(), ended_.begin(), ended_.end());
    ended_.clear();
  }
  // Makes everything that was reduced seen from outside.
  void last_pass() {
    open_pass();
    for (int64_t left = number(0, 2); left > 0; --left) load();
    for (int64_t left = number(1, 4); left > 0; --left) compute();
    for (const Known& known : unseen_) store(known.value, known.dtype);
    if (const DType dtype = any_dtype(); chance(50) || unseen_.empty()) store(any(dtype), dtype);
    close_pass();
  }
  void dot_pass() {
    if (chance(30)) add_range(kernel().outer, number(1, 3));
    const size_t row = kernel().outer.size();
    for (int i = 0; i < 2; ++i) add_range(kernel().outer, one_of(kRagged));
    for (const int64_t extent : extents_) points_ *= extent;
    open_pass();
    add_range(pass().inner, chance(10) ? number(300, 700) : one_of(kRagged));
    const DType dtype = chance(75) ? kFloat32 : kFloat64;
    // Operands are [batch, row, k] and [batch, k, column], each maybe transposed.
    for (const size_t own : {row, row + 1}) {
      const size_t k = row + 2;
      const bool k_last = (own == row) != chance(30);
      Index index;
      int64_t stride = 1;
      for (const size_t r : {k_last ? k : own, k_last ? own : k}) {
        index = Index::range(static_cast<uint32_t>(r), dim(stride)) + index;
        stride *= extents_[r];
      }
      if (row == 1) {
        index = Index::range(0, dim(stride)) + index;
        stride *= extents_[0];
      }
      Address from{std::move(index), stride};
      if (symbolic_ && chance(30)) offset(from);
      load_from(buffer(dtype, Buffer::Role::kIn, from.reach), from.index);
    }
    add({.kind = InstKind::kDot, .dtype = dtype, .operands = {0, 1}});
    close_pass();
  }

  void schedule(bool dot) {
    Schedule& s = kernel().schedule;
    s.vector = static_cast<int>(number(Schedule::kInner, static_cast<int64_t>(kernel().outer.size()) - 1));
    s.unroll = static_cast<int>(number(1, 4));
    if (!dot) return;
    s.vector = static_cast<int>(kernel().outer.size()) - 1;
    s.tile_rows = static_cast<int>(number(1, 6));
    s.tile_columns = static_cast<int>(16 * number(1, 4));
    s.block_k = static_cast<int>(64 * number(1, 4));
  }

  bool symbolic_;
  DType favourite_;  // most values have it, so that they can be combined
  RandomKernel made_;
  std::vector<int64_t> extents_;                // of the ranges open now
  int64_t points_ = 1;                          // of the outer ranges
  std::vector<Known> local_, ended_, lasting_;  // values of this pass, its reductions, values that later passes see
  std::vector<Known> unseen_;
  std::vector<Stored> stored_;
};

}  // namespace

RandomKernel random_kernel(uint64_t seed) { return Generator(seed).make(); }

}  // namespace sinter::loops
