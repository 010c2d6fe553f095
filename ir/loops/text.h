// Kernel IR text: print and parse round-trip exactly.
//
//   kernel @softmax(%x: f32[4000] in, %t: i64[s0] in, %y: f32[4000] out) symbols(2) schedule(vector = inner, unroll =
//   2) {
//     for i0 < 4 {
//       pass j1 < 1000 {
//         %0 = load f32 %x[1000*i0 + j1]
//         %1 = reduce max f32 %0
//       }
//       pass j1 < 1000 {
//         %2 = load f32 %x[1000*i0 + j1]
//         %3 = sub f32 %2, %1                    loc("train.cc":12)
//         store f32 %y[1000*i0 + j1], %3
//       }
//     }
//   }
//
// Ranges are i0, i1, ... (outer) and j2, j3, ... (inner), numbered as kernel.h says; without outer ranges there is no
// `for`. Values are numbered over the whole kernel; stores and accumulations take a number but show none. Instructions:
//   %n = constant T literal                      %n = index i64 INDEX               %n = check_index i64 %a < DIM
//   %n = load T %buffer[INDEX] (if %guard)       store T %buffer[INDEX], %a (if %guard)
//   accumulate T %buffer[INDEX], %a              %n = rng_bits i64 %seed, %stream, %element
//   %n = reduce COMBINER T %a                    %n = argmax i64 %a, %index         %n = dot T %a, %b
//   %n = ROW T %a, ...                           (T: the dtype of the value defined or stored)
// INDEX: a sum of terms and constants, which may be subtracted. A term is ATOM or COEFFICIENT*ATOM, the coefficient a
// number or a symbol s0, s1, ...; an atom is a range, a value %n, a symbol, div(INDEX, DIM) rounded down, or
// mod(INDEX, DIM), never negative. schedule(...): vector = inner, i0, i1, ...; unroll; tile_rows; tile_columns;
// block_k; for CUDA also cuda = point, row, column, block, split, tile; threads; thread_rows; thread_columns. What has
// its default is left out.
#pragma once

#include <string>
#include <string_view>

#include "ir/loops/kernel.h"

namespace sinter::loops {

// Without locations when they are not asked for: then equal kernels print equally.
[[nodiscard]] std::string print(const Kernel& kernel, bool locations = false);
// The same under names that say nothing: what kernels with the same code agree in.
[[nodiscard]] std::string code_text(Kernel kernel);
// One instruction without locations, for error messages. Prints kernels that do not verify, too.
[[nodiscard]] std::string print_inst(const Kernel& kernel, uint32_t value);

// "row"; "cpu" for none.
[[nodiscard]] std::string_view mapping_name(Schedule::Mapping mapping);

// ParseError with line and column; never crashes. One or more kernels, which need not verify.
[[nodiscard]] std::vector<Kernel> parse(std::string_view text, std::string_view file_name = "<text>");

// Throws InternalError naming the instruction unless every invariant of kernel.h holds: value visibility between
// passes, dtypes, ranges and symbols in range, constant addresses inside their buffers, stores of distinct points
// disjoint where that can be seen.
void verify(const Kernel& kernel);

}  // namespace sinter::loops
