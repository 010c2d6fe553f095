// Single elements as text: the shortest decimals that read back as the same bits.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "support/dtype.h"

namespace sinter::ir {

// "true", "-3", "0.1", "-0", "inf", "nan"; a NaN other than the usual one shows its bits: "nan(0x7fc00001)".
[[nodiscard]] std::string element_text(DType dtype, const std::byte* element);
// The other way round; false when the text is no such element (or an integer out of range), and *element is then
// unspecified.
[[nodiscard]] bool parse_element(std::string_view text, DType dtype, std::byte* element);

}  // namespace sinter::ir
