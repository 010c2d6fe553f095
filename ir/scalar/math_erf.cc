// erf: 1 - exp(-|x| c(|x|)) with the sign of x. The polynomial c is smooth where erf runs into 1, and the error
// function's own exponential decay hides its errors there.
#include <array>

#include "ir/scalar/math.h"
#include "ir/scalar/math_parts.h"

namespace sinter::ir {
namespace {

// erf_f32, erf_f64, negated: log(1 - erf(x)) = x (c0 + x d(x)).
constexpr std::array kF32{-0x1.45f2fep-1,  -0x1.a4f958p-4, 0x1.39c004p-6,   0x1.5c473ep-13,
                          -0x1.b66b66p-10, 0x1.4d4914p-11, -0x1.f0af7ep-14, 0x1.39710ep-17};
constexpr std::array kF64{
    -0x1.45f306dc9c890p-1,  -0x1.a4f4e2a1b2946p-4,  0x1.3966859400529p-6,   0x1.b6b68b19f860ap-13,
    -0x1.bca67b1f8c49cp-10, 0x1.35654941df34fp-11,  -0x1.b22925a5e9e57p-16, -0x1.0e8135e1d7db9p-14,
    0x1.f2bbd29e66076p-16,  -0x1.c9dd221dfdda9p-19, -0x1.7be4c5fea2f1fp-19, 0x1.d2544ffab9e1ap-20,
    -0x1.65ba98665889dp-22, -0x1.2ab20a7b55018p-23, 0x1.3267182937017p-23,  -0x1.1bd9b735a994dp-24,
    0x1.6a082e9a6515cp-26,  -0x1.594f012df34b6p-28, 0x1.f62e6d5b18330p-31,  -0x1.14396a8ea6972p-33,
    0x1.bea725acda1b9p-37,  -0x1.f580ad1dc3bf4p-41, 0x1.5d75f76cbef6cp-45,  -0x1.c743d674f159cp-51};
// c0 = -2 / sqrt(pi), high and low.
constexpr std::array kFirstF32{-0x1.20dd76p+0, 0x1.f7ac92p-25};
constexpr std::array kFirstF64{-0x1.20dd750429b6dp+0, -0x1.1ae3a914fed80p-56};

}  // namespace

Expr erf(Expr x) {
  const bool single = x.dtype() == kFloat32;
  const double one = single ? 3.93 : 5.95;  // beyond, the result rounds to 1
  const Expr magnitude = abs(x);
  const Expr a = select(magnitude > one, one, magnitude);
  const auto& first = single ? kFirstF32 : kFirstF64;
  const Expr c = fma(a, single ? horner(a, kF32) : even_odd(a, a * a, kF64), constant_like(a, first[0]));
  return or_sign(one_minus_exp(fma(a, c, a * first[1])), x);
}

}  // namespace sinter::ir
