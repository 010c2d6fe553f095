#include "tests/fuzz/view_rows.h"

#include <algorithm>
#include <vector>

#include "frontend/apply.h"
#include "sinter/sinter.h"

namespace sinter::tests {
namespace {

using R = RandomEngine;
using T = Tensor;

// These elements in one to four axes.
Sizes some_shape(R& random, int64_t count) {
  Sizes shape;
  if (count == 0) shape.push_back(0);
  for (int64_t left = std::max<int64_t>(count, 1), axes = random.between(1, 3); axes > 0; --axes) {
    std::vector<int64_t> divisors;
    for (int64_t size = 1; size <= left; ++size)
      if (left % size == 0) divisors.push_back(size);
    const int64_t size = axes == 1 ? left : random.pick(divisors);
    shape.push_back(count == 0 ? random.between(0, 3) : size);
    left /= size;
  }
  std::swap(shape[0], shape[random.between(0, shape.rank() - 1)]);
  return shape;
}

int64_t some_axis(R& random, const T& x) { return random.between(0, x.dim() - 1); }

// The first or last elements of x, again and again where there are too few, in this shape.
T fitted(R& random, const T& x, const Sizes& shape) {
  const int64_t have = x.numel(), need = shape.numel();
  if (have == need) return x.reshape(shape);
  if (have == 0) return zeros(shape, {.dtype = x.dtype()});
  T flat = x.reshape({have});
  if (have < need) flat = flat.unsqueeze(0).expand({(need + have - 1) / have, have}).flatten();
  const int64_t start = random.one_in(2) ? 0 : flat.numel() - need;
  return flat.slice(0, start, start + need).reshape(shape);
}

T matrix(R& random, const T& x) {
  if (x.dim() == 2 && !random.one_in(4)) return x;
  const int64_t rows = some_shape(random, x.numel())[0];
  return x.reshape({rows, rows == 0 ? random.between(0, 3) : x.numel() / rows});
}

// All of x as [depth, n], if its elements suffice; it may be one turned round.
T beside(R& random, const T& x, int64_t depth) {
  if (x.dim() == 2 && x.size(0) == depth && !random.one_in(4)) return x;
  if (x.dim() == 2 && x.size(1) == depth && !random.one_in(4)) return x.t();
  const bool whole = depth > 0 && x.numel() % depth == 0;
  const int64_t columns = whole ? x.numel() / depth : random.between(0, 4);
  return random.one_in(2) ? fitted(random, x, {depth, columns}) : fitted(random, x, {columns, depth}).t();
}

T indices(R& random, const Sizes& shape, int64_t size) {
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < shape.numel(); ++i) chosen.push_back(random.between(0, size - 1));
  return tensor(chosen, {.dtype = kInt64}).reshape(shape);
}

T padded(R& random, const T& x) {
  ir::PadAttributes pad;
  for (int64_t axis = 0; axis < x.dim(); ++axis) {
    pad.low.push_back(random.between(0, 2));
    pad.high.push_back(random.between(0, 2));
    pad.interior.push_back(random.one_in(3) ? 1 : 0);
  }
  return detail::apply(ir::ops::kPad, pad, {x, detail::number_beside(x, random.between(0, 1), x.dtype())});
}

constexpr ViewRow kRows[] = {
    // Views.
    {"reshape", 6, [](R& random, const T& a, const T&) { return a.reshape(some_shape(random, a.numel())); }},
    {"permute", 6,
     [](R& random, const T& a, const T&) {
       std::vector<int64_t> order;
       for (int64_t axis = 0; axis < a.dim(); ++axis) order.insert(order.begin() + random.between(0, axis), axis);
       return a.permute(order);
     }},
    {"transpose", 4, [](R&, const T& a, const T&) { return a.dim() < 2 ? a.unsqueeze(0) : a.transpose(-1, -2); }},
    {"slice", 4,
     [](R& random, const T& a, const T&) {
       const int64_t axis = some_axis(random, a), size = a.size(axis), start = random.between(0, size);
       return a.slice(axis, start, random.one_in(2) ? size : random.between(start, size), random.between(1, 3));
     }},
    {"select", 1,
     [](R& random, const T& a, const T&) {
       const int64_t axis = some_axis(random, a);
       return a.size(axis) == 0 ? a : a.select(axis, random.between(0, a.size(axis) - 1));
     }},
    {"expand", 2,
     [](R& random, const T& a, const T&) {
       const int64_t axis = random.between(0, a.dim());
       const T wide = a.unsqueeze(axis);
       Sizes shape = wide.shape();
       shape[axis] = random.between(0, 3);
       return wide.expand(shape);
     }},
    {"pad", 2, [](R& random, const T& a, const T&) { return padded(random, a); }},
    {"cat", 3,
     [](R& random, const T& a, const T& b) {
       const int64_t axis = some_axis(random, a);
       Sizes shape = a.shape();
       shape[axis] = random.one_in(2) ? shape[axis] : random.between(0, 4);
       const T other = b.shape() == a.shape() ? b : fitted(random, b, shape);
       return random.one_in(2) ? cat({a, other}, axis) : cat({other, a, other}, axis);
     }},
    {"stack", 2,
     [](R& random, const T& a, const T& b) {
       return stack({a, fitted(random, b, a.shape())}, random.between(0, a.dim()));
     }},
    {"reversed", 2,
     [](R& random, const T& a, const T&) {
       const int64_t axis = some_axis(random, a);
       return index_select(a, axis, arange(a.size(axis) - 1, -1, -1));
     }},
    {"index_select", 2,
     [](R& random, const T& a, const T&) {
       const int64_t axis = some_axis(random, a), count = a.size(axis) == 0 ? 0 : random.between(0, 5);
       return index_select(a, axis, indices(random, {count}, a.size(axis)));
     }},
    {"gather", 1,
     [](R& random, const T& a, const T&) {
       const int64_t axis = some_axis(random, a);
       Sizes shape = a.shape();
       shape[axis] = shape[axis] == 0 ? 0 : random.between(0, 4);
       return gather(a, axis, indices(random, shape, a.size(axis)));
     }},

    // What is worked out between them.
    {"scaled", 2, [](R&, const T& a, const T&) { return a * 0.5; }},
    {"sum", 2, [](R& random, const T& a, const T& b) { return a + fitted(random, b, a.shape()); }},
    {"relu", 1, [](R&, const T& a, const T&) { return relu(a); }},
    {"softmax", 1, [](R& random, const T& a, const T&) { return softmax(a, some_axis(random, a)); }},
    {"clone", 1, [](R&, const T& a, const T&) { return a.clone(); }},

    // Products.
    {"product", 8,
     [](R& random, const T& a, const T& b) {
       const T left = matrix(random, a);
       return matmul(left, beside(random, b, left.size(1)));
     }},
    {"product with itself", 3,
     [](R& random, const T& a, const T&) {
       const T left = matrix(random, a);
       return random.one_in(2) ? matmul(left, left.t()) : matmul(left, beside(random, left, left.size(1)));
     }},
    {"product of matrices", 2,
     [](R& random, const T& a, const T& b) {
       const int64_t batch = random.between(0, 3), rows = random.between(1, 4), depth = random.between(0, 5),
                     columns = random.between(1, 4);
       const Sizes shapes[] = {{depth, columns}, {1, depth, columns}, {batch, depth, columns}};
       T right = fitted(random, b, random.pick(shapes));
       if (random.one_in(3)) right = fitted(random, right, {columns, depth}).t();
       return matmul(fitted(random, a, {batch, rows, depth}), right);
     }},
    {"product of vectors", 1,
     [](R& random, const T& a, const T& b) {
       const T vector = a.flatten();
       return random.one_in(2) ? matmul(vector, fitted(random, b, vector.shape()))
                               : matmul(vector, beside(random, b, vector.numel()));
     }},
    {"linear", 4,
     [](R& random, const T& a, const T& b) {
       const int64_t depth = a.size(-1);
       const T weight = beside(random, b, depth).t();
       return random.one_in(2) ? linear(a, weight) : linear(a, weight, fitted(random, b, {weight.size(0)}));
     }},
};

}  // namespace

std::span<const ViewRow> view_rows() { return kRows; }

}  // namespace sinter::tests
