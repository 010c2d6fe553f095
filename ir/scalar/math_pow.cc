// pow: 2^(y log2 |x|) with more than the result's precision inside, then the sign and C99's special cases; of integers,
// by squaring.
#include <array>
#include <cstdint>

#include "ir/scalar/math.h"
#include "ir/scalar/math_parts.h"

namespace sinter::ir {
namespace {

// pow_log2_f32: log2(1 + f) / f, f in [-1/3, 1/3]; pow_exp2_f32: 2^f = 1 + f c(f), |f| <= 1/2.
constexpr std::array kLog2F32{0x1.715476521c730p+0, -0x1.7154764babfe6p-1, 0x1.ec70a3ddc983ap-2, -0x1.71548452a7e20p-2,
                              0x1.27744c7e680bbp-2, -0x1.ec68bd64be42ap-3, 0x1.a6d1992421e6ap-3, -0x1.724531cbb263dp-3,
                              0x1.3c0dfcdb99d85p-3, -0x1.19b442a5c9eafp-3, 0x1.68a1f8b34b023p-3, -0x1.5395c1cc04741p-3};
constexpr std::array kExp2F32{0x1.62e430af3880dp-1, 0x1.ebfbdc3d3590cp-3,  0x1.c6aee87b8f110p-5,
                              0x1.3b2d4c2fbbaabp-7, 0x1.5f3e5b5cd337fp-10, 0x1.41fc43597f8f6p-13};
// pow_atanh_f64: of z = s^2, after 1 + z / 3; pow_exp2_f64.
constexpr std::array kAtanhF64{0x1.9999999999b31p-3, 0x1.2492492457babp-3, 0x1.c71c722d89af2p-4, 0x1.745ce9d7ef573p-4,
                               0x1.3b1eee02e81f7p-4, 0x1.0f7fbd4511acbp-4, 0x1.0e443d95a2afdp-4};
constexpr std::array kExp2F64{0x1.62e42fefa39efp-1,  0x1.ebfbdff82c59cp-3,  0x1.c6b08d704a0d3p-5,
                              0x1.3b2ab6fba11f1p-7,  0x1.5d87fe78b3df0p-10, 0x1.4309130c022bbp-13,
                              0x1.ffcbfbf8029a6p-17, 0x1.62bfcddb82dc6p-20, 0x1.b5260f45292e4p-24,
                              0x1.e611a5ae46d07p-28, 0x1.e80c6c6580b74p-32};
constexpr std::array kThird{0x1.5555555555555p-2, 0x1.5555555555555p-56};       // 1/3, high and low
constexpr std::array kTwoOverLn2{0x1.71547652b82fep+1, 0x1.777d0ffda0d24p-55};  // 2 log2(e), high and low

// a = m 2^e, m near 1; f = m - 1.
struct Split {
  Expr f, e;
};

// lowest: the bits of the smallest m.
Split split_f64(Expr a, int64_t lowest) {
  const Expr bits = bits_of(a);
  const Expr exponent = (bits - integer_like(bits, lowest)) & integer_like(bits, -0x0010000000000000);  // e 2^52
  const Expr biased = apply(Prim::kShrL, {exponent + integer_like(bits, 0x3ff0000000000000), integer_like(bits, 52)});
  // Through the bits of 2^52: there is no cheap conversion.
  const Expr e = float_of(biased | integer_like(bits, 0x4330000000000000)) - (0x1p52 + 1023);
  return {float_of(bits - exponent) - 1.0, e};
}

// |x|^y for f32 in f64 arithmetic; wrong only for the cases that pow corrects.
Expr magnitude_f32(Expr a, Expr y) {
  const FloatFormat& wide = format(kFloat64);
  a = convert(a, kFloat64);
  const auto [f, e] = split_f64(a, 0x3fe5555555555555);  // 2/3
  Expr log2 = fma(f, even_odd(f, f * f, kLog2F32), e);
  log2 = select(a < kInfinity, log2, a);
  log2 = select(a == 0.0, -kInfinity, log2);
  const Expr z = clamp(convert(y, kFloat64) * log2, -200, 200);
  const Expr shifter = constant_like(z, wide.shifter + wide.bias);
  const Expr shifted = z + shifter;
  const Expr g = z - (shifted - shifter);
  const Expr p = fma(horner(g, kExp2F32), g, constant_like(z, 1));
  const Expr bits = bits_of(shifted);
  const Expr scale = float_of(apply(Prim::kShl, {bits, integer_like(bits, wide.mantissa)}));
  return convert(p * scale, kFloat32);
}

// An unevaluated sum; the low part is below the high part's last place.
struct Pair {
  Expr high, low;
};

// a + b for |a| >= |b|, exactly.
Pair fast_sum(Expr a, Expr b) {
  const Expr sum = a + b;
  return {sum, b - (sum - a)};
}

Pair product(Expr a, Expr b) {
  const Expr high = a * b;
  return {high, fma(a, b, -high)};
}

Pair product(Pair a, Pair b) {
  const auto [high, low] = product(a.high, b.high);
  return {high, fma(a.high, b.low, fma(a.low, b.high, low))};
}

Pair pair_like(Expr x, const std::array<double, 2>& parts) {
  return {constant_like(x, parts[0]), constant_like(x, parts[1])};
}

// log2(a) to about 2^-65, a positive and finite: 2 atanh(s) / ln2 + e with s = f / (2 + f).
Pair log2_f64(Expr a) {
  const auto [f, e] = split_f64(a, 0x3fe6a09e667f3bcd);  // sqrt(1/2)
  const Pair d = fast_sum(constant_like(f, 2), f);
  const Expr inverse = 1.0 / d.high;
  const Expr ratio = f * inverse;
  const Expr rest = fma(-ratio, d.low, fma(-ratio, d.high, f));
  const Pair s{ratio, rest * inverse};
  const Pair z = product(s, s);
  const Pair third = pair_like(f, kThird);
  const Pair w = fast_sum(third.high, fma(z.high, even_odd(z.high, z.high * z.high, kAtanhF64), third.low));
  const Pair g = product(s, product(z, w));
  const Pair sum = fast_sum(s.high, g.high);
  const Pair atanh{sum.high, sum.low + (g.low + s.low)};
  const Pair m = product(atanh, pair_like(f, kTwoOverLn2));
  const Pair total = fast_sum(e, m.high);
  return {total.high, total.low + m.low};
}

// |x|^y; wrong only for the cases that pow corrects.
Expr magnitude_f64(Expr a, Expr y) {
  const Pair log2 = log2_f64(a);
  Expr z = y * log2.high;
  const Expr z_low = fma(y, log2.low, fma(y, log2.high, -z));
  const Expr shifter = constant_like(z, format(kFloat64).shifter);
  const Expr shifted = z + shifter;
  const Expr f = z - (shifted - shifter) + z_low;
  const Expr p = fma(even_odd(f, f * f, kExp2F64), f, constant_like(z, 1));
  const Expr bits = bits_of(shifted);
  const Expr r = float_of(bits_of(p) + apply(Prim::kShl, {bits, integer_like(bits, 52)}));
  z = select(a < kInfinity, z, a * y);
  z = select(a == 0.0, -kInfinity * y, z);
  const Expr finite = select(z - 1024.0 + z_low < 0.0, r, z + kInfinity);  // a NaN comes through the sum
  return select(z < -1022.0, 0.0, finite);
}

// The bits of y that stand for powers; its sign is left to the end, and for 1 and -1 the lowest bit decides.
Expr integer_power(Expr x, Expr y) {
  const int bits = 8 * static_cast<int>(size_of(x.dtype())) - 1;
  const Expr one = integer_like(x, 1);
  Expr power = one, square = x;
  for (int bit = 0; bit < bits; ++bit) {
    if (bit > 0) square = square * square;
    const Expr wanted = apply(Prim::kShrL, {y, integer_like(y, bit)}) & one;
    power = power * select(wanted == one, square, one);
  }
  const Expr is_unit = (x == one) | (x == integer_like(x, -1));
  return select((y < 0.0) & !is_unit, 0.0, power);
}

}  // namespace

Expr pow(Expr x, Expr y) {
  if (!is_float(x.dtype())) return integer_power(x, y);
  const bool single = x.dtype() == kFloat32;
  const Expr a = abs(x);
  const Expr finite = clamp(y, -0x1p100, 0x1p100);  // so that 1 to any power is 1
  Expr p = single ? magnitude_f32(a, finite) : magnitude_f64(a, finite);
  const Expr whole = floor(y) == y;
  const Expr half = y * 0.5;
  const Expr odd = whole & (floor(half) != half);
  const Expr bits = bits_of(x);
  p = select((bits < 0.0) & odd, -p, p);
  p = select((x < 0.0) & !whole & (a < kInfinity), kNaN, p);
  return select((y == 0.0) | (x == 1.0), 1.0, p);
}

}  // namespace sinter::ir
