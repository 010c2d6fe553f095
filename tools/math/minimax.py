#!/usr/bin/env python3
"""Derives the polynomial coefficients of ir/scalar/math_*.cc: near-minimax fits, rounded to the target type.

Developers only; needs mpmath. `tools/math/minimax.py NAME...` prints the named fits (all without a name): the error that the
rounded coefficients leave, then the coefficients as hex floats, lowest power first. The method is Lawson's: weighted least
squares, repeated with weights that grow where the error is large.
"""
import struct
import sys

from mpmath import lu_solve, matrix, mp, mpf

mp.prec = 240

LN2 = mp.log(2)
TINY = mpf(2) ** -80  # stands for 0 where a formula divides by x


def rounded(value, bits):
    """value to nearest with `bits` of significand (24: f32, 53: f64)."""
    with mp.workprec(bits):
        return +mpf(value)


def hexfloat(value, bits):
    number = float(value)
    return (struct.unpack("f", struct.pack("f", number))[0] if bits == 24 else number).hex()


def chebyshev(low, high, count):
    return [low + (high - low) * (1 - mp.cos(mp.pi * (i + mpf(1) / 2) / count)) / 2 for i in range(count)]


def lawson(rows, values, weights, rounds):
    """Coefficients c for rows * c = values, minimising nearly the largest weights * |error|."""
    width = len(rows[0])
    emphasis = [mpf(1)] * len(rows)
    best, best_worst = None, mp.inf
    for _ in range(rounds):
        normal, right = matrix(width, width), matrix(width, 1)
        for row, v, w, m in zip(rows, values, weights, emphasis):
            factor = m * w**2
            for i in range(width):
                part = factor * row[i]
                right[i] += part * v
                for j in range(i, width):
                    normal[i, j] += part * row[j]
        for i in range(width):
            for j in range(i):
                normal[i, j] = normal[j, i]
        c = list(lu_solve(normal, right))
        errors = [abs(w * (v - sum(a * b for a, b in zip(row, c)))) for row, v, w in zip(rows, values, weights)]
        if max(errors) < best_worst:
            best, best_worst = c, max(errors)
        emphasis = [m * e for m, e in zip(emphasis, errors)]
        total = sum(emphasis)
        emphasis = [m / total for m in emphasis]
    return best


def polynomial(target, weight, degree, low, high, bits, rounds=25):
    """c[0..degree] minimising max weight * |target - c|, rounded one at a time, lowest first, refitting the others.
    Returns the coefficients and the error they leave."""
    points = chebyshev(mpf(low), mpf(high), 14 * (degree + 1))
    weights = [weight(x) for x in points]
    rest = [target(x) for x in points]
    chosen = []
    sequential = degree + 1 if bits == 24 else 2  # in f64 only the first roundings could matter
    while len(chosen) <= degree:
        rows = [[x**k for k in range(len(chosen), degree + 1)] for x in points]
        c = lawson(rows, rest, weights, rounds)
        take = 1 if len(chosen) < sequential else len(c)
        for value in c[:take]:
            value = rounded(value, bits)
            rest = [r - value * x ** len(chosen) for r, x in zip(rest, points)]
            chosen.append(value)
    return chosen, max(abs(w * r) for w, r in zip(weights, rest))


def report(name, coefficients, bits, worst=None):
    print(name + (f": error 2^{float(mp.log(worst, 2)):.2f}" if worst is not None else ""))
    for c in coefficients:
        print("   ", hexfloat(c, bits))


def tail(f, order):
    """(f(x) - x) / x^2 for order 2, (f(x) - 1 - x) / x^2 for exp: what is left after leading terms that are exact."""
    return lambda x: (f(x if abs(x) > TINY else TINY) - (x if abs(x) > TINY else TINY)) / (x if abs(x) > TINY else TINY) ** order


def exp_fit(name, degree, bits):
    """exp(r) = 1 + r + r^2 c(r) on +-ln2/2, relative."""
    a = LN2 / 2 * mpf("1.0001")
    report(name, *with_bits(polynomial(tail(mp.expm1, 2), lambda r: r**2 / mp.exp(r), degree - 2, -a, a, bits), bits))


def with_bits(fitted, bits):
    return fitted[0], bits, fitted[1]


def expm1_fit(name, degree, bits):
    """expm1(r) = r + r^2 c(r) on +-ln2/2, relative."""
    a = LN2 / 2 * mpf("1.0001")
    report(name, *with_bits(polynomial(tail(mp.expm1, 2), lambda r: r**2 / abs(mp.expm1(r)), degree - 2, -a, a, bits), bits))


def log_fit(name, degree, bits):
    """log(1 + f) = f + f^2 c(f) on +-1/3, relative."""
    a = mpf(1) / 3 * mpf("1.0001")
    report(name, *with_bits(polynomial(tail(mp.log1p, 2), lambda f: f**2 / abs(mp.log1p(f)), degree - 2, -a, a, bits), bits))


def atanh_fit(name, terms, bits):
    """log(m) = 2 s + s R, R = z c(z), s = (m - 1) / (m + 1), z = s^2, m in [sqrt(1/2), sqrt(2)], relative."""
    top = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1) * mpf("1.0001")) ** 2
    target = lambda z: (2 * mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 2) / z
    report(name, *with_bits(polynomial(target, lambda z: z / 2, terms - 1, 0, top, bits), bits))


def atanh_tail_fit(name, terms, bits):
    """atanh(s) = s (1 + z (1/3 + z c(z))), z = s^2, over log's range, relative."""
    top = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1) * mpf("1.0001")) ** 2
    target = lambda z: (mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 1 - z / 3) / z**2
    report(name, *with_bits(polynomial(target, lambda z: z**2, terms - 1, 0, top, bits), bits))


def log2_fit(name, degree, bits):
    """log2(1 + f) = f c(f) on +-1/3, relative."""
    a = mpf(1) / 3 * mpf("1.0001")
    ratio = lambda f: mp.log1p(f) / f / LN2
    report(name, *with_bits(polynomial(ratio, lambda f: 1 / ratio(f), degree, -a, a, bits), bits))


def exp2_fit(name, degree, bits):
    """2^f = 1 + f c(f) on +-1/2, relative."""
    a = mpf("0.50001")
    target = lambda f: mp.expm1(f * LN2) / f
    report(name, *with_bits(polynomial(target, lambda f: abs(f) * mpf(2) ** -f, degree - 1, -a, a, bits), bits))


def sin_fit(name, terms, bits):
    """sin(r) = r (1 + u c(u)), u = r^2, |r| <= pi/2, relative; in f32 four times better at the end, where rounding is worst."""
    top = (mp.pi / 2 * mpf("1.002" if bits == 24 else "1.001")) ** 2
    at_end = 3 if bits == 24 else 0
    target = lambda u: (mp.sin(mp.sqrt(u)) / mp.sqrt(u) - 1) / u
    weight = lambda u: u * mp.sqrt(u) / mp.sin(mp.sqrt(u)) * (1 + at_end * (u / top) ** 4)
    report(name, *with_bits(polynomial(target, weight, terms - 1, 0, top, bits), bits))


def erf_fit(name, degree, top, bits):
    """erf(x) = 1 - exp(-x c(x)), c(x) = 2 / sqrt(pi) + x d(x), 0 <= x <= top, error of erf relative. The leading constant is not
    rounded here: f32 has it in two parts. (The code has -c.)"""
    first = 2 / mp.sqrt(mp.pi)
    target = lambda x: (-mp.log(mp.erfc(x)) / x - first) / x
    weight = lambda x: x**2 * mp.erfc(x) / mp.erf(x)
    report(name, *with_bits(polynomial(target, weight, degree - 1, 0, mpf(top), bits), bits))


FITS = {
    "exp_f32": lambda n: exp_fit(n, 6, 24),
    "expm1_f32": lambda n: expm1_fit(n, 6, 24),
    "log_f32": lambda n: log_fit(n, 9, 24),
    "sin_f32": lambda n: sin_fit(n, 4, 24),
    "exp_f64": lambda n: exp_fit(n, 11, 53),
    "expm1_f64": lambda n: expm1_fit(n, 12, 53),
    "log_f64": lambda n: atanh_fit(n, 7, 53),
    "sin_f64": lambda n: sin_fit(n, 9, 53),
    "pow_log2_f32": lambda n: log2_fit(n, 11, 53),
    "pow_exp2_f32": lambda n: exp2_fit(n, 6, 53),
    "pow_atanh_f64": lambda n: atanh_tail_fit(n, 7, 53),
    "pow_exp2_f64": lambda n: exp2_fit(n, 11, 53),
    "erf_f32": lambda n: erf_fit(n, 8, "3.93", 24),
    "erf_f64": lambda n: erf_fit(n, 24, "5.95", 53),
}

if __name__ == "__main__":
    for key in sys.argv[1:] or FITS:
        FITS[key](key)
