#include "ir/graph/type.h"

#include <new>
#include <stdexcept>

namespace sinter::ir {

std::string to_string(const Type& type) { return std::string(name(type.dtype)) + to_string(type.shape); }

Literal Literal::zeros(const Type& type) {
  Literal literal{type, {}};
  try {
    literal.bytes.resize(static_cast<size_t>(type.shape.numel()) * size_of(type.dtype));
  } catch (const std::bad_alloc&) {
    throw RuntimeError(fmt::format("an array of type {} does not fit in memory", to_string(type)));
  } catch (const std::length_error&) {
    throw RuntimeError(fmt::format("an array of type {} does not fit in memory", to_string(type)));
  }
  return literal;
}

}  // namespace sinter::ir
