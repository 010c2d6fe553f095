#include "support/dtype.h"

#include <array>

namespace sinter {
namespace {

struct Facts {
  std::string_view name, torch_name;
  size_t size;
};
constexpr std::array<Facts, 5> kFacts{
    {{"bool", "bool", 1}, {"i32", "int32", 4}, {"i64", "int64", 8}, {"f32", "float32", 4}, {"f64", "float64", 8}}};
const Facts& facts(DType dtype) { return kFacts[static_cast<size_t>(dtype)]; }

}  // namespace

std::string_view name(DType dtype) { return facts(dtype).name; }
std::string_view torch_name(DType dtype) { return facts(dtype).torch_name; }
size_t size_of(DType dtype) { return facts(dtype).size; }

std::optional<DType> parse_dtype(std::string_view ir_name) {
  for (size_t i = 0; i < kFacts.size(); ++i)
    if (kFacts[i].name == ir_name) return static_cast<DType>(i);
  return std::nullopt;
}

}  // namespace sinter
