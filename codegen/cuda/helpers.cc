#include "codegen/cuda/helpers.h"

#include <fmt/format.h>

#include <map>

#include "support/error.h"

namespace sinter::codegen::cuda {
namespace {

// {N}: the name, {T}: the type, {U}: it without sign, {B}: its bits.
std::string filled(std::string text, const std::map<std::string, std::string>& places) {
  for (const auto& [place, value] : places) {
    for (size_t at = text.find(place); at != std::string::npos; at = text.find(place, at + value.size()))
      text.replace(at, place.size(), value);
  }
  return text;
}

std::string function(std::string_view signature, std::string_view body) {
  return fmt::format("__device__ __forceinline__ {} {{\n{}}}\n", signature, body);
}

constexpr std::string_view kFlush =
    R"(  const double zero = __longlong_as_double(__double_as_longlong(x) & (-9223372036854775807ll - 1));
  return fabs(x) < 2.2250738585072014e-308 ? zero : x;
)";

// x86 flushes what is denormal after rounding to 53 bits, whatever the exponent; a device rounds to denormals, and up
// to the smallest normal number what x86 flushes. Where that may be, the operation on numbers 2^100 times as large
// decides.
constexpr std::string_view kFlushed = R"(  const double r = {CODE};
  if (!(fabs(r) <= 2.2250738585072014e-308)) return r;
  const double zero = __longlong_as_double(__double_as_longlong(r) & (-9223372036854775807ll - 1));
  return fabs({SCALED}) < 0x1p-922 ? zero : r;
)";

constexpr std::string_view kPhilox =
    R"(  unsigned x0 = (unsigned)((unsigned long long)element >> 2), x1 = (unsigned)((unsigned long long)element >> 34);
  unsigned x2 = (unsigned)stream, x3 = (unsigned)((unsigned long long)stream >> 32);
  unsigned k0 = (unsigned)seed, k1 = (unsigned)((unsigned long long)seed >> 32);
#pragma unroll
  for (int round = 0; round < 10; ++round) {
    const unsigned long long p = 0xD2511F53ull * x0, q = 0xCD9E8D57ull * x2;
    x0 = (unsigned)(q >> 32) ^ x1 ^ k0;
    x1 = (unsigned)q;
    x2 = (unsigned)(p >> 32) ^ x3 ^ k1;
    x3 = (unsigned)p;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  const int word = (int)(element & 3);
  return word == 0 ? x0 : word == 1 ? x1 : word == 2 ? x2 : x3;
)";

constexpr std::string_view kCheckIndex = R"(  if (0 <= x && x < extent) return x;
  if (atomicCAS((unsigned long long*)&status->failed, 0ull, (unsigned long long)number) == 0ull) {
    status->index = x;
    status->extent = extent;
  }
  return 0;
)";

struct IntegerCode {
  std::string_view what, parameters, body;
};
constexpr IntegerCode kIntegerCode[] = {
    {"add", "{T} x, {T} y", "({T})(({U})x + ({U})y)"},
    {"sub", "{T} x, {T} y", "({T})(({U})x - ({U})y)"},
    {"mul", "{T} x, {T} y", "({T})(({U})x * ({U})y)"},
    {"neg", "{T} x", "({T})(({U})0 - ({U})x)"},
    {"abs", "{T} x", "x < 0 ? ({T})(({U})0 - ({U})x) : x"},
    {"div", "{T} x, {T} y", "y == 0 ? 0 : y == -1 ? ({T})(({U})0 - ({U})x) : x / y"},
    {"rem", "{T} x, {T} y", "y == 0 ? x : y == -1 ? 0 : x % y"},
    {"mul_high", "{T} x, {T} y", "({T})(((unsigned long long)(unsigned)x * (unsigned)y) >> 32)"},
    {"shift_left", "{T} x, {T} count", "({U})count < {B} ? ({T})(({U})x << count) : 0"},
    {"shift_right", "{T} x, {T} count", "({U})count < {B} ? ({T})(({U})x >> count) : 0"},
    {"shift_right_signed", "{T} x, {T} count", "x >> (({U})count < {B} ? count : {B} - 1)"},
};

// Vector types of 16 bytes or less: {type, elements}.
struct VectorType {
  std::string_view name, element;
  int elements;
};
VectorType vector_type(DType dtype, int width) {
  if (dtype == kFloat32) return width == 2 ? VectorType{"float2", "float", 2} : VectorType{"float4", "float", 4};
  if (dtype == kFloat64) return {"double2", "double", 2};
  if (dtype == kInt64) return {"longlong2", "long long", 2};
  invariant(dtype == kBool, "vectors of f32, f64, i64 and bool");
  return width == 2 ? VectorType{"uchar2", "unsigned char", 2} : VectorType{"uchar4", "unsigned char", 4};
}

constexpr std::string_view kMembers = "xyzw";

// The whole vector: loads or stores of up to 16 bytes.
std::string load_body(DType dtype, int width) {
  const VectorType type = vector_type(dtype, width);
  std::string body;
  for (int part = 0; part < width / type.elements; ++part) {
    body += fmt::format("  const {0} q{1} = ((const {0}*)p)[{1}];\n", type.name, part);
    for (int e = 0; e < type.elements; ++e)
      body += fmt::format("  x[{}] = q{}.{}{};\n", part * type.elements + e, part, kMembers[static_cast<size_t>(e)],
                          dtype == kBool ? " != 0" : "");
  }
  return body;
}
std::string store_body(DType dtype, int width) {
  const VectorType type = vector_type(dtype, width);
  std::string body;
  for (int part = 0; part < width / type.elements; ++part) {
    body += fmt::format("  {} q{};\n", type.name, part);
    for (int e = 0; e < type.elements; ++e)
      body += fmt::format("  q{}.{} = x[{}];\n", part, kMembers[static_cast<size_t>(e)], part * type.elements + e);
    body += fmt::format("  (({}*)p)[{}] = q{};\n", type.name, part, part);
  }
  return body;
}

const char* suffix(Vector known) { return known == Vector::kPart ? "_part" : "_anywhere"; }
// Text: whether all `width` neighbours from p exist and can be one access.
std::string is_vector(Vector known, DType dtype, int width) {
  const std::string all = fmt::format("count >= {}", width);
  if (known == Vector::kPart) return all;
  const auto bytes = static_cast<size_t>(vector_type(dtype, width).elements) * size_of(dtype);
  return fmt::format("{} && (unsigned long long)p % {} == 0", all, bytes);
}

}  // namespace

std::string integer_helper(Helpers& helpers, std::string_view what, DType dtype) {
  const std::string function_name = fmt::format("{}_{}", name(dtype), what);
  for (const IntegerCode& code : kIntegerCode) {
    if (code.what != what) continue;
    const bool wide = dtype == kInt64;
    helpers.add(function_name, filled(function(fmt::format("{{T}} {}({})", function_name, code.parameters),
                                               fmt::format("  return {};\n", code.body)),
                                      {{"{T}", wide ? "long long" : "int"},
                                       {"{U}", wide ? "unsigned long long" : "unsigned"},
                                       {"{B}", wide ? "64" : "32"}}));
    return function_name;
  }
  throw InternalError(fmt::format("integers have an operation {}", what));
}

std::string to_integer_helper(Helpers& helpers, DType from, DType to) {
  const std::string function_name = fmt::format("{}_to_{}", name(from), name(to));
  const bool wide = to == kInt64;
  helpers.add(
      function_name,
      filled(function(fmt::format("{} {}({} x)", type_name(to), function_name, type_name(from)),
                      "  if (x != x) return 0;\n"
                      "  if (x >= {bound}) return {most};\n"
                      "  return x < -{bound} ? -{most} - 1 : ({to})x;\n"),
             {{"{bound}", std::string(wide ? "9223372036854775808.0" : "2147483648.0") + (from == kFloat32 ? "f" : "")},
              {"{most}", wide ? "9223372036854775807ll" : "2147483647"},
              {"{to}", std::string(type_name(to))}}));
  return function_name;
}

std::string flush_helper(Helpers& helpers) {
  helpers.add("f64_flush", function("double f64_flush(double x)", kFlush));
  return "f64_flush";
}

std::string flushed_helper(Helpers& helpers, ir::Prim prim) {
  constexpr std::string_view kScale = "0x1p100";
  const auto add = [&](std::string name, std::string_view parameters, std::string_view code,
                       const std::string& scaled) {
    helpers.add(name, filled(function(fmt::format("double {}({})", name, parameters), kFlushed),
                             {{"{CODE}", std::string(code)}, {"{SCALED}", scaled}}));
    return name;
  };
  if (prim == ir::Prim::kMul) return add("f64_mul", "double x, double y", "x * y", fmt::format("x * {} * y", kScale));
  if (prim == ir::Prim::kDiv) return add("f64_div", "double x, double y", "x / y", fmt::format("x * {} / y", kScale));
  invariant(prim == ir::Prim::kFma, "sums that are denormal are exact");
  return add("f64_fma", "double x, double y, double z", "__fma_rn(x, y, z)",
             fmt::format("__fma_rn(x * {0}, y, z * {0})", kScale));
}

std::string floor_helper(Helpers& helpers, bool remainder, bool wide) {
  const std::string type = wide ? "long long" : "int";
  const std::string function_name = fmt::format("floor_{}_{}", remainder ? "mod" : "div", wide ? "i64" : "i32");
  helpers.add(
      function_name,
      function(fmt::format("{0} {1}({0} x, {0} by)", type, function_name),
               remainder ? fmt::format("  const {} rest = x % by;\n  return rest < 0 ? rest + by : rest;\n", type)
                         : "  return x / by - (x % by < 0 ? 1 : 0);\n"));
  return function_name;
}

std::string philox_helper(Helpers& helpers) {
  helpers.add("philox_bits",
              function("long long philox_bits(long long seed, long long stream, long long element)", kPhilox));
  return "philox_bits";
}

std::string check_index_helper(Helpers& helpers) {
  helpers.add("check_index", function("long long check_index(long long x, long long extent, long long number, "
                                      "KernelStatus* status)",
                                      kCheckIndex));
  return "check_index";
}

std::string load_helper(Helpers& helpers, DType dtype, int width, Vector known) {
  const std::string whole = fmt::format("load{}_{}", width, name(dtype));
  helpers.add(
      whole, function(fmt::format("void {0}({1}* x, const {1}* p)", whole, type_name(dtype)), load_body(dtype, width)));
  if (known == Vector::kWhole) return whole;
  const std::string any = whole + suffix(known);
  helpers.add(any, function(fmt::format("void {0}({1}* x, const {1}* p, int count)", any, type_name(dtype)),
                            fmt::format("  if ({3}) return {1}(x, p);\n#pragma unroll\n"
                                        "  for (int u = 0; u < {0}; ++u) x[u] = u < count ? p[u] : {2};\n",
                                        width, whole, literal(dtype, 0), is_vector(known, dtype, width))));
  return any;
}

std::string store_helper(Helpers& helpers, DType dtype, int width, Vector known) {
  const std::string whole = fmt::format("store{}_{}", width, name(dtype));
  helpers.add(whole, function(fmt::format("void {0}({1}* p, const {1}* x)", whole, type_name(dtype)),
                              store_body(dtype, width)));
  if (known == Vector::kWhole) return whole;
  const std::string any = whole + suffix(known);
  helpers.add(any, function(fmt::format("void {0}({1}* p, const {1}* x, int count)", any, type_name(dtype)),
                            fmt::format("  if ({2}) return {1}(p, x);\n#pragma unroll\n"
                                        "  for (int u = 0; u < {0}; ++u)\n    if (u < count) p[u] = x[u];\n",
                                        width, whole, is_vector(known, dtype, width))));
  return any;
}

}  // namespace sinter::codegen::cuda
