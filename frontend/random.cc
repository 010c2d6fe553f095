// Random tensors: uniform bits by the rng_bits operation, shaped by elementwise operations of both engines.
#include <numbers>

#include "frontend/apply.h"
#include "frontend/autograd.h"
#include "frontend/cell.h"
#include "frontend/creation.h"
#include "frontend/functions.h"
#include "frontend/trace.h"
#include "frontend/transfer.h"

namespace sinter {
namespace {

// The generator's state, on a device.
Tensor pair(int64_t first, int64_t second, Device device) {
  return detail::from_elements(std::array<int64_t, 2>{first, second}.data(), {2}, kInt64, {.device = device});
}

// The key of the stream after this one.
Tensor following(const Tensor& key) {
  if (detail::is_traced(key)) return key + detail::made_beside(key, ir::ops::kIota, ir::IotaAttributes{Shape{2}, 0});
  return key + pair(0, 1, key.device());
}

// Bits of a stream of its own: no two draws share one, whatever the threads.
Tensor next_bits(const Sizes& shape, std::optional<Device> device) {
  const NoGrad guard;
  const ir::ShapeAttributes attributes{shape.shape()};
  const Tensor handle = generator();
  if (detail::is_traced(handle)) {  // the lock is the compiled call's
    if (device) detail::Trace::current()->runs_on(*device, "rand");
    const Tensor bits = detail::apply(ir::ops::kRngBits, attributes, {handle});
    handle.set(following(handle));
    return bits;
  }
  Tensor key;
  {
    detail::Cell& cell = *handle.impl()->cell;
    const std::lock_guard lock(cell.lock);
    key = Tensor(cell.value);
    cell.value = following(key).impl();
  }
  return detail::apply(ir::ops::kRngBits, attributes, {key.to(device.value_or(detail::default_device()))});
}

// Uniform in [0, 1): the high 24 of 32 bits, or 53 bits of two words.
Tensor uniform(const Sizes& shape, DType dtype, std::optional<Device> device) {
  if (dtype == kFloat32) return shr(next_bits(shape, device), 8).to(kFloat32) * 0x1p-24;
  Sizes pairs{2};
  for (int64_t size : shape) pairs.push_back(size);
  const Tensor bits = next_bits(pairs, device);
  const Tensor high = shr(select(bits, 0, 0), 5), low = shr(select(bits, 0, 1), 6);
  return (high.to(kFloat64) * 0x1p26 + low.to(kFloat64)) * 0x1p-53;
}

void require_float_dtype(DType dtype, const char* name) {
  if (!is_float(dtype))
    throw DTypeError(
        fmt::format("{}: element type {} is asked for, expected float32 or float64", name, torch_name(dtype)),
        "randint makes whole numbers; others convert with .to(...)");
}

}  // namespace

Tensor generator() {
  static const Tensor cell = [] {
    // The process's own, also when a jitted function asks for it first.
    Tensor made(detail::make_cell(*pair(0, 0, {}).impl(), false));
    made.set_name("generator");
    made.impl()->cell->roams = true;
    return made;
  }();
  return cell;
}

void manual_seed(int64_t seed) { generator().set(pair(seed, 0, {})); }

Tensor rand(const Sizes& shape, const TensorOptions& options, At at) {
  const detail::CallScope location(at);
  const DType dtype = options.dtype.value_or(kFloat32);
  detail::require_sizes(shape, "rand");
  require_float_dtype(dtype, "rand");
  const detail::Scope scope("rand");
  Tensor x = uniform(shape, dtype, options.device);
  return options.requires_grad ? x.requires_grad_() : x;
}

Tensor randn(const Sizes& shape, const TensorOptions& options, At at) {
  const detail::CallScope location(at);
  const DType dtype = options.dtype.value_or(kFloat32);
  detail::require_sizes(shape, "randn");
  require_float_dtype(dtype, "randn");
  const detail::Scope scope("randn");
  // Box and Muller's way: two uniform numbers an element.
  Sizes pairs{2};
  for (int64_t size : shape) pairs.push_back(size);
  const Tensor both = uniform(pairs, dtype, options.device);
  const Tensor radius = sqrt(-2.0 * log(1.0 - select(both, 0, 0)));
  Tensor x = radius * cos(select(both, 0, 1) * (2 * std::numbers::pi));
  return options.requires_grad ? x.requires_grad_() : x;
}

Tensor randint(int64_t low, int64_t high, const Sizes& shape, At at) {
  const detail::CallScope location(at);
  detail::require_sizes(shape, "randint", 3);
  if (int64_t count = 0; __builtin_sub_overflow(high, low, &count) || count < 1 || count > int64_t{1} << 31)
    throw ValueError(
        fmt::format("randint: arguments 1 and 2 are the range [{}, {}), expected 1 to 2^31 numbers", low, high));
  const detail::Scope scope("randint");
  return shr(next_bits(shape, std::nullopt) * (high - low), 32) + low;  // bits below 2^32 scaled to the range
}

}  // namespace sinter
