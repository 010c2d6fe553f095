// Exact typed semantics of the primitives, one loop each.
#include "ir/scalar/primitives.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "support/error.h"

namespace sinter::ir {
namespace {

// out[i] = f(operands of type In ...).
template <class Out, class In, int kArity, class F>
void map(std::byte* out, const Operands& in, size_t n, F f) {
  auto* __restrict o = reinterpret_cast<Out*>(out);
  const auto* a = reinterpret_cast<const In*>(in[0]);
  const auto* b = reinterpret_cast<const In*>(in[1]);
  for (size_t i = 0; i < n; ++i) {
    if constexpr (kArity == 1) o[i] = f(a[i]);
    if constexpr (kArity == 2) o[i] = f(a[i], b[i]);
  }
}

template <class T>
[[gnu::always_inline]] inline void fma_loop(std::byte* out, const Operands& in, size_t n) {
  auto* __restrict o = reinterpret_cast<T*>(out);
  const auto* a = reinterpret_cast<const T*>(in[0]);
  const auto* b = reinterpret_cast<const T*>(in[1]);
  const auto* c = reinterpret_cast<const T*>(in[2]);
  for (size_t i = 0; i < n; ++i) o[i] = std::fma(a[i], b[i], c[i]);
}

template <class T>
[[gnu::target("avx2,fma")]] void fma_hardware(std::byte* out, const Operands& in, size_t n) {
  fma_loop<T>(out, in, n);
}

template <class T>
void run_fma(std::byte* out, const Operands& in, size_t n) {
  static const bool hardware = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (hardware) {
    fma_hardware<T>(out, in, n);
  } else {
    fma_loop<T>(out, in, n);
  }
}

// Rounding functions of libm may look at a denormal's bits; denormals are zeros here.
template <class T, class F>
T flushed(T x, F round) {
  return x == T(0) ? std::copysign(T(0), x) : round(x);
}

template <class T>
void run_float(Prim prim, std::byte* out, const Operands& in, size_t n) {
  switch (prim) {
    case Prim::kAdd:
      return map<T, T, 2>(out, in, n, [](T a, T b) { return a + b; });
    case Prim::kSub:
      return map<T, T, 2>(out, in, n, [](T a, T b) { return a - b; });
    case Prim::kMul:
      return map<T, T, 2>(out, in, n, [](T a, T b) { return a * b; });
    case Prim::kDiv:
      return map<T, T, 2>(out, in, n, [](T a, T b) { return a / b; });
    case Prim::kFma:
      return run_fma<T>(out, in, n);
    case Prim::kNeg:
      return map<T, T, 1>(out, in, n, [](T a) { return -a; });
    case Prim::kAbs:
      return map<T, T, 1>(out, in, n, [](T a) { return std::abs(a); });
    case Prim::kSqrt:
      return map<T, T, 1>(out, in, n, [](T a) { return std::sqrt(a); });
    case Prim::kFloor:
      return map<T, T, 1>(out, in, n, [](T a) { return flushed(a, [](T x) { return std::floor(x); }); });
    case Prim::kCeil:
      return map<T, T, 1>(out, in, n, [](T a) { return flushed(a, [](T x) { return std::ceil(x); }); });
    case Prim::kRint:
      return map<T, T, 1>(out, in, n, [](T a) { return flushed(a, [](T x) { return std::rint(x); }); });
    default:
      invariant(false, "a primitive of floats");
  }
}

template <class T>
void run_integer(Prim prim, std::byte* out, const Operands& in, size_t n) {
  using U = std::make_unsigned_t<T>;
  constexpr U kBits = sizeof(T) * 8;
  constexpr T kMin = std::numeric_limits<T>::min();
  // x / 0 = 0 and min / -1 = min.
  constexpr auto quotient = [](T a, T b) -> T { return b == 0 ? T(0) : (a == kMin && b == -1) ? kMin : T(a / b); };
  switch (prim) {
    case Prim::kAdd:
      return map<T, T, 2>(out, in, n, [](T a, T b) { return T(U(a) + U(b)); });
    case Prim::kSub:
      return map<T, T, 2>(out, in, n, [](T a, T b) { return T(U(a) - U(b)); });
    case Prim::kMul:
      return map<T, T, 2>(out, in, n, [](T a, T b) { return T(U(a) * U(b)); });
    case Prim::kNeg:
      return map<T, T, 1>(out, in, n, [](T a) { return T(U(0) - U(a)); });
    case Prim::kAbs:
      return map<T, T, 1>(out, in, n, [](T a) { return a < 0 ? T(U(0) - U(a)) : a; });
    case Prim::kIDiv:
      return map<T, T, 2>(out, in, n, quotient);
    case Prim::kIRem:
      return map<T, T, 2>(out, in, n, [=](T a, T b) { return T(U(a) - U(quotient(a, b)) * U(b)); });
    case Prim::kMulHiU:
      return map<T, T, 2>(out, in, n, [](T a, T b) { return T(uint64_t{uint32_t(a)} * uint32_t(b) >> 32); });
    case Prim::kAnd:
      return map<T, T, 2>(out, in, n, [](T a, T b) { return T(a & b); });
    case Prim::kOr:
      return map<T, T, 2>(out, in, n, [](T a, T b) { return T(a | b); });
    case Prim::kXor:
      return map<T, T, 2>(out, in, n, [](T a, T b) { return T(a ^ b); });
    case Prim::kNot:
      return map<T, T, 1>(out, in, n, [](T a) { return T(~a); });
    case Prim::kShl:
      return map<T, T, 2>(out, in, n, [](T a, T b) { return U(b) < kBits ? T(U(a) << U(b)) : T(0); });
    case Prim::kShrL:
      return map<T, T, 2>(out, in, n, [](T a, T b) { return U(b) < kBits ? T(U(a) >> U(b)) : T(0); });
    case Prim::kShrA:
      return map<T, T, 2>(out, in, n, [](T a, T b) { return T(a >> (U(b) < kBits ? U(b) : kBits - 1)); });
    default:
      invariant(false, "a primitive of integers");
  }
}

void run_bool(Prim prim, std::byte* out, const Operands& in, size_t n) {
  switch (prim) {
    case Prim::kAnd:
      return map<bool, bool, 2>(out, in, n, [](bool a, bool b) { return a && b; });
    case Prim::kOr:
      return map<bool, bool, 2>(out, in, n, [](bool a, bool b) { return a || b; });
    case Prim::kXor:
      return map<bool, bool, 2>(out, in, n, [](bool a, bool b) { return a != b; });
    case Prim::kNot:
      return map<bool, bool, 1>(out, in, n, [](bool a) { return !a; });
    default:
      invariant(false, "a primitive of bools");
  }
}

template <class T>
void run_comparison(Prim prim, std::byte* out, const Operands& in, size_t n) {
  switch (prim) {
    case Prim::kEq:
      return map<bool, T, 2>(out, in, n, [](T a, T b) { return a == b; });
    case Prim::kNe:
      return map<bool, T, 2>(out, in, n, [](T a, T b) { return a != b; });
    case Prim::kLt:
      return map<bool, T, 2>(out, in, n, [](T a, T b) { return a < b; });
    default:
      return map<bool, T, 2>(out, in, n, [](T a, T b) { return a <= b; });
  }
}

template <class T>
void run_select(std::byte* out, const Operands& in, size_t n) {
  auto* __restrict o = reinterpret_cast<T*>(out);
  const auto* condition = reinterpret_cast<const bool*>(in[0]);
  const auto* a = reinterpret_cast<const T*>(in[1]);
  const auto* b = reinterpret_cast<const T*>(in[2]);
  for (size_t i = 0; i < n; ++i) o[i] = condition[i] ? a[i] : b[i];
}

template <class To, class From>
To convert_value(From x) {
  if constexpr (std::is_same_v<To, bool>) {
    return x != From(0);
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    constexpr From kBound = -static_cast<From>(std::numeric_limits<To>::min());  // 2^31 or 2^63, exact in both floats
    if (x != x) return 0;
    if (x >= kBound) return std::numeric_limits<To>::max();
    return x < -kBound ? std::numeric_limits<To>::min() : static_cast<To>(x);
  } else {
    return static_cast<To>(x);
  }
}

template <class To>
void run_convert(DType from, std::byte* out, const Operands& in, size_t n) {
  visit_dtype(from, [&]<class From>(From) { map<To, From, 1>(out, in, n, convert_value<To, From>); });
}

}  // namespace

void run_primitive(Prim prim, DType result, DType operand, std::byte* out, const Operands& in, size_t n) {
  switch (prim) {
    case Prim::kBitcast:
      std::memcpy(out, in[0], n * size_of(result));
      return;
    case Prim::kConvert:
      return visit_dtype(result, [&]<class To>(To) { run_convert<To>(operand, out, in, n); });
    case Prim::kSelect:
      return visit_dtype(result, [&]<class T>(T) { run_select<T>(out, in, n); });
    case Prim::kEq:
    case Prim::kNe:
    case Prim::kLt:
    case Prim::kLe:
      return visit_dtype(operand, [&]<class T>(T) { run_comparison<T>(prim, out, in, n); });
    default:
      break;
  }
  visit_dtype(operand, [&]<class T>(T) {
    if constexpr (std::is_same_v<T, bool>) {
      run_bool(prim, out, in, n);
    } else if constexpr (std::is_floating_point_v<T>) {
      run_float<T>(prim, out, in, n);
    } else {
      run_integer<T>(prim, out, in, n);
    }
  });
}

}  // namespace sinter::ir
