#include "codegen/cuda/fold.h"

#include <limits>

#include "codegen/cuda/helpers.h"

namespace sinter::codegen::cuda {

using loops::InstKind;

namespace {

std::string lowest(DType dtype) {
  if (dtype == kFloat32) return literal(dtype, 0xFF800000);
  if (dtype == kFloat64) return literal(dtype, 0xFFF0000000000000);
  return literal(kInt64, static_cast<uint64_t>(std::numeric_limits<int64_t>::min()));
}

// (best, at, x, i): the pair that lies higher; of equals, the first; NaN lies highest.
std::string better_helper(Helpers& helpers, DType dtype) {
  const std::string function = fmt::format("argmax_join_{}", name(dtype));
  const bool floats = is_float(dtype);
  helpers.add(function,
              fmt::format("__device__ __forceinline__ void {0}({1}& best, long long& at, {1} x, long long i) {{\n"
                          "  const bool above = x > best{2};\n"
                          "  const bool equal = x == best{3};\n"
                          "  if (above || (equal && i < at)) {{\n"
                          "    best = x;\n"
                          "    at = i;\n"
                          "  }}\n"
                          "}}\n",
                          function, type_name(dtype), floats ? " || (x != x && best == best)" : "",
                          floats ? " || (x != x && best != best)" : ""));
  return function;
}

}  // namespace

Fold::Fold(PointWriter& writer, uint32_t value)
    : writer_(writer),
      value_(value),
      inst_(writer.kernel().inst(value)),
      dtype_(writer.kernel().inst(inst_.operands[0]).dtype) {}

bool Fold::any_order() const {
  return is_argmax() || (inst_.kind == InstKind::kReduce && (inst_.combiner->exact || !is_float(dtype_)));
}

void Fold::declare(const std::string& accumulator) const {
  const std::string start = is_argmax() ? lowest(dtype_)
                            : is_dot()  ? literal(dtype_, 0)
                                        : identity(*inst_.combiner, dtype_);
  writer_.out.line("{} {} = {};", type_name(dtype_), accumulator, start);
  if (is_argmax()) writer_.out.line("long long {}_at = 9223372036854775807ll;", accumulator);
}

void Fold::add(const std::string& accumulator) const {
  writer_.comment(inst_);
  const auto x = [&](size_t i) { return writer_.values[inst_.operands[i]]; };
  if (is_argmax()) {
    writer_.out.line("{}({}, {}_at, {}, {});", better_helper(writer_.helpers(), dtype_), accumulator, accumulator, x(0),
                     x(1));
  } else if (is_dot() && is_float(dtype_)) {
    const std::string operands[] = {x(0), x(1), accumulator};
    writer_.out.line("{} = {};", accumulator, writer_.spelling().prim(ir::Prim::kFma, dtype_, dtype_, operands));
  } else if (is_dot()) {
    const std::string factors[] = {x(0), x(1)};
    const std::string terms[] = {accumulator, writer_.spelling().prim(ir::Prim::kMul, dtype_, dtype_, factors)};
    writer_.out.line("{} = {};", accumulator, writer_.spelling().prim(ir::Prim::kAdd, dtype_, dtype_, terms));
  } else {
    writer_.out.line("{} = {};", accumulator, writer_.spelling().join(*inst_.combiner, dtype_, accumulator, x(0)));
  }
}

void Fold::join(const std::string& accumulator, const std::string& other, const std::string& condition) const {
  const std::string when = condition.empty() ? "" : "if (" + condition + ") ";
  if (is_argmax())
    writer_.out.line("{}{}({}, {}_at, {}, {}_at);", when, better_helper(writer_.helpers(), dtype_), accumulator,
                     accumulator, other, other);
  else
    writer_.out.line("{}{} = {};", when, accumulator,
                     writer_.spelling().join(*inst_.combiner, dtype_, accumulator, other));
}

std::string Fold::row_helper() const {
  const std::string_view type = type_name(dtype_);
  std::string parameters, body;
  std::string function = fmt::format("row_{}_{}", is_argmax() ? "argmax" : inst_.combiner->name, name(dtype_));
  if (is_argmax()) {
    parameters = fmt::format("{}& x, long long& at", type);
    body = fmt::format(
        "    const {} other = __shfl_xor_sync(mask, x, offset, 16);\n"
        "    const long long other_at = __shfl_xor_sync(mask, at, offset, 16);\n"
        "    {}(x, at, other, other_at);\n",
        type, better_helper(writer_.helpers(), dtype_));
  } else {
    parameters = fmt::format("{}& x", type);
    body = fmt::format("    const {} other = __shfl_xor_sync(mask, x, offset, 16);\n    x = {};\n", type,
                       writer_.spelling().join(*inst_.combiner, dtype_, "x", "other"));
  }
  // A join of two gives both sides the same bits, so every thread ends with what order R's tree leaves in lane 0.
  writer_.helpers().add(function, fmt::format("__device__ __forceinline__ void {}({}, unsigned mask) {{\n"
                                              "#pragma unroll\n"
                                              "  for (int offset = 8; offset > 0; offset /= 2) {{\n{}  }}\n}}\n",
                                              function, parameters, body));
  return function;
}

void Fold::call(const std::string& function, const std::string& accumulator, const std::string& more) const {
  writer_.out.line("{}({}{}, {});", function, accumulator, is_argmax() ? ", " + accumulator + "_at" : "", more);
}

void Fold::join_row(const std::string& accumulator) const { call(row_helper(), accumulator, "mask"); }

void Fold::join_block(const std::string& accumulator) const {
  const std::string row = row_helper();
  const std::string function = "block_" + row.substr(4);
  const bool pair = is_argmax();
  const std::string_view type = type_name(dtype_);
  writer_.helpers().add(
      function, fmt::format("__device__ __forceinline__ void {0}({1}& x, {2}unsigned mask, unsigned char* shared) {{\n"
                            "  {1}* const values = ({1}*)shared;\n"
                            "{3}"
                            "  if ((threadIdx.x & 15) == 0) {{\n"
                            "    values[threadIdx.x >> 4] = x;\n"
                            "{4}"
                            "  }}\n"
                            "  __syncthreads();\n"
                            "  x = values[threadIdx.x & 15];\n"
                            "{5}"
                            "  {6}(x, {7}mask);\n"
                            "  __syncthreads();\n"
                            "}}\n",
                            function, type, pair ? "long long& at, " : "",
                            pair ? "  long long* const places = (long long*)(shared + 128);\n" : "",
                            pair ? "    places[threadIdx.x >> 4] = at;\n" : "",
                            pair ? "  at = places[threadIdx.x & 15];\n" : "", row, pair ? "at, " : ""));
  call(function, accumulator, "mask, sinter_shared");
}

void Fold::join_columns(const std::string& accumulator) const {
  const std::string row = row_helper();
  const std::string function = "columns_" + row.substr(4);
  const bool pair = is_argmax();
  const std::string_view type = type_name(dtype_);
  const auto only = [&](const char* text) { return pair ? text : ""; };
  // Turned around in shared memory, so that the lanes of a column become those of a half warp. The results lie apart for
  // every type: while some threads still read them, others are at the next join.
  writer_.helpers().add(
      function, fmt::format("__device__ __forceinline__ void {0}({1}& x, {2}unsigned mask, unsigned char* shared) {{\n"
                            "  {1}* const values = ({1}*)shared;\n"
                            "{3}"
                            "  {1}* const results = ({1}*)(shared + 4224);\n"
                            "  const int lane = threadIdx.x >> 5, column = threadIdx.x & 31;\n"
                            "  const int turned_lane = threadIdx.x & 15, turned_column = threadIdx.x >> 4;\n"
                            "  values[lane * 33 + column] = x;\n"
                            "{4}"
                            "  __syncthreads();\n"
                            "  x = values[turned_lane * 33 + turned_column];\n"
                            "{5}"
                            "  {6}(x, {7}mask);\n"
                            "  if (turned_lane == 0) {{\n"
                            "    results[turned_column] = x;\n"
                            "{8}"
                            "  }}\n"
                            "  __syncthreads();\n"
                            "  x = results[column];\n"
                            "{9}"
                            "}}\n",
                            function, type, only("long long& at, "),
                            only("  long long* const places = (long long*)(shared + 4480);\n"),
                            only("  places[lane * 33 + column] = at;\n"),
                            only("  at = places[turned_lane * 33 + turned_column];\n"), row, only("at, "),
                            only("    places[528 + turned_column] = at;\n"), only("  at = places[528 + column];\n")));
  call(function, accumulator, "mask, sinter_shared");
}

void Fold::finish(const std::string& accumulator) const {
  writer_.values[value_] = is_argmax() ? accumulator + "_at" : accumulator;
}

std::vector<Fold> folds_of(PointWriter& writer, size_t pass) {
  std::vector<Fold> folds;
  const uint32_t first = writer.kernel().first_value(pass);
  const auto& insts = writer.kernel().passes[pass].insts;
  for (uint32_t i = 0; i < insts.size(); ++i)
    if (is_reduction(insts[i])) folds.emplace_back(writer, first + i);
  return folds;
}

}  // namespace sinter::codegen::cuda
