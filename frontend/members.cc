// Members of Tensor that are functions of functions.h, under the same names.
#include "frontend/functions.h"

namespace sinter {

Tensor Tensor::sum(const Axes& axes, bool keepdim, At at) const { return sinter::sum(*this, axes, keepdim, at); }
Tensor Tensor::mean(const Axes& axes, bool keepdim, At at) const { return sinter::mean(*this, axes, keepdim, at); }
Tensor Tensor::var(const Axes& axes, bool keepdim, At at) const { return sinter::var(*this, axes, keepdim, at); }
Tensor Tensor::max(At at) const { return sinter::max(*this, at); }
MaxResult Tensor::max(int64_t axis, bool keepdim, At at) const { return sinter::max(*this, axis, keepdim, at); }
Tensor Tensor::min(At at) const { return sinter::min(*this, at); }
Tensor Tensor::argmax(std::optional<int64_t> axis, bool keepdim, At at) const {
  return sinter::argmax(*this, axis, keepdim, at);
}
Tensor Tensor::reshape(const Sizes& shape, At at) const { return sinter::reshape(*this, shape, at); }
Tensor Tensor::flatten(int64_t first, int64_t last, At at) const { return sinter::flatten(*this, first, last, at); }
Tensor Tensor::transpose(int64_t a, int64_t b, At at) const { return sinter::transpose(*this, a, b, at); }
Tensor Tensor::t(At at) const { return sinter::t(*this, at); }
Tensor Tensor::permute(const Sizes& order, At at) const { return sinter::permute(*this, order, at); }
Tensor Tensor::squeeze(At at) const { return sinter::squeeze(*this, at); }
Tensor Tensor::squeeze(int64_t axis, At at) const { return sinter::squeeze(*this, axis, at); }
Tensor Tensor::unsqueeze(int64_t axis, At at) const { return sinter::unsqueeze(*this, axis, at); }
Tensor Tensor::expand(const Sizes& shape, At at) const { return sinter::expand(*this, shape, at); }
Tensor Tensor::slice(int64_t axis, int64_t start, int64_t stop, int64_t step, At at) const {
  return sinter::slice(*this, axis, start, stop, step, at);
}
Tensor Tensor::select(int64_t axis, int64_t index, At at) const { return sinter::select(*this, axis, index, at); }
Tensor Tensor::slice_scatter(const Arg& src, int64_t axis, int64_t start, int64_t stop, int64_t step, At at) const {
  return sinter::slice_scatter(*this, src, axis, start, stop, step, at);
}
Tensor Tensor::select_scatter(const Arg& src, int64_t axis, int64_t index, At at) const {
  return sinter::select_scatter(*this, src, axis, index, at);
}
Tensor Tensor::masked_fill(const Tensor& mask, const Arg& value, At at) const {
  return sinter::masked_fill(*this, mask, value, at);
}
Tensor Tensor::matmul(const Tensor& other, At at) const { return sinter::matmul(*this, other, at); }
Tensor Tensor::pow(const Arg& exponent, At at) const { return sinter::pow(*this, exponent, at); }
Tensor Tensor::relu(At at) const { return sinter::relu(*this, at); }
Tensor Tensor::exp(At at) const { return sinter::exp(*this, at); }
Tensor Tensor::log(At at) const { return sinter::log(*this, at); }
Tensor Tensor::sqrt(At at) const { return sinter::sqrt(*this, at); }
Tensor Tensor::abs(At at) const { return sinter::abs(*this, at); }

}  // namespace sinter
