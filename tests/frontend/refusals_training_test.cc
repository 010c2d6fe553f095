// Members of tensors, gradients and optimisers, called with bad arguments.
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "tests/frontend/refusals.h"

namespace sinter::tests {
namespace {

using enum Kind;
using enum Engines;

// A new leaf of shape [2, 3].
Tensor leaf() { return ones({2, 3}).requires_grad_(); }

TEST(Refusals, OfMembers) {
  expect_refusals(std::vector<Refusal>{
      refused(kValue, "dtype: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)x.none.dtype(); }),
      refused(kValue, "device: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)x.none.device(); }),
      refused(kValue, "shape: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)x.none.shape(); }),
      refused(kValue, "dim: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)x.none.dim(); }),
      refused(kValue, "numel: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)x.none.numel(); }),
      refused(kValue, "size: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)x.none.size(0); }),
      refused(kIndex, "size: axis 2 is out of range for 2 dimensions, expected -2 to 1", "",
              [&](const Given& x) { (void)x.m.size(2); }),
      refused(kIndex, "size: axis 0 is given for a tensor without dimensions, expected at least 1 dimension",
              "give it one with unsqueeze(x, 0)", [&](const Given& x) { (void)x.s.size(0); }),
      refused(kValue, "item: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)x.none.item(); }),
      refused(kValue, "data: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)x.none.data<float>(); }),
      refused(kValue, "to_vector: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)x.none.to_vector<float>(); }),
      refused(kValue, "grad: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)x.none.grad(); }),
      refused(kValue, "set_grad: argument 1 is an undefined tensor", "", [&](const Given& x) { x.none.set_grad(x.m); }),
      refused(kValue, "zero_grad: argument 1 is an undefined tensor", "", [&](const Given& x) { x.none.zero_grad(); }),
      refused(kValue, "detach: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)x.none.detach(); }),
      refused(kValue, "set: argument 1 is an undefined tensor", "", [&](const Given& x) { x.none.set(x.m); }),
      refused(kValue, "set_name: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)x.none.set_name("a"); }),
      refused(kValue, "clone: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)x.none.clone(); }),
      refused(kValue, "contiguous: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)x.none.contiguous(); }),
      refused(kValue, "to: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)x.none.to(kFloat64); }),
      refused(kValue, "to: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)x.none.to(Device()); }),
      refused(kValue, "to: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)x.none.cuda(); }),
      refused(kDType, "to: element type int32 is asked for, which tensors do not have yet", "ask for kInt64",
              [&](const Given& x) { (void)x.m.to(kInt32); }),
      refused(kValue, "backward: argument 1 is an undefined tensor", "", [&](const Given& x) { x.none.backward(); }),
      refused(kValue, "requires_grad_: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)Tensor(x.none).requires_grad_(); }),
      refused(kDType, "requires_grad_: the tensor has element type int64, expected float32 or float64",
              "convert it with .to(kFloat32)", [&](const Given& x) { (void)Tensor(x.i).requires_grad_(); }),
      refused(
          kShape, "item: the tensor has shape [2, 3], expected one element",
          "select an element, reduce it, or copy all of it with to_vector()", [&](const Given& x) { (void)x.m.item(); },
          kDynamic),
      refused(
          kDType, "data: asked for float64, the tensor has element type float32",
          "convert it with .to(...), or copy it with to_vector<T>()", [&](const Given& x) { (void)x.m.data<double>(); },
          kDynamic),
      refused(
          kValue, "data: the tensor of shape [3, 2] is a view that is not contiguous",
          "call contiguous() first and keep its result", [&](const Given& x) { (void)x.m.t().data<float>(); },
          kDynamic),
      refused(
          kGraph, "set: the tensor is a value, expected a handle to a cell",
          "make it one with requires_grad_() or variable(x)", [&](const Given& x) { x.m.set(x.m); }, kDynamic),
      refused(
          kGraph, "set_name: the tensor is a value, expected a handle to a cell",
          "make it one with requires_grad_() or variable(x)", [&](const Given& x) { (void)x.m.set_name("a"); },
          kDynamic),
      refused(
          kGraph, "set_grad: the tensor is a value, expected a handle to a cell",
          "make it one with requires_grad_() or variable(x)", [&](const Given& x) { x.m.set_grad(x.m); }, kDynamic),
      refused(
          kShape, "set: argument 2 has shape [4], expected [2, 3], that of the cell", "",
          [&](const Given& x) { variable(x.m).set(x.v); }, kDynamic),
      refused(
          kValue, "set: argument 2 is an undefined tensor", "", [&](const Given& x) { variable(x.m).set(x.none); },
          kDynamic),
      refused(
          kShape, "set_grad: argument 2 has shape [4], expected [2, 3], that of the cell", "",
          [&](const Given& x) { variable(x.m).set_grad(x.v); }, kDynamic),
      refused(
          kDType, "set_grad: argument 2 has element type float64, expected float32, that of the cell",
          "convert it with .to(...)", [&](const Given& x) { variable(x.m).set_grad(x.d); }, kDynamic),
      refused(
          kGraph, "item: the values of a tensor are not known while a jitted function is traced",
          "choose with where(condition, a, b), or return the tensor from the function and look at it outside",
          [&](const Given& x) { (void)x.m.item(); }, kTraced),
      refused(
          kGraph, "data: the values of a tensor are not known while a jitted function is traced",
          "choose with where(condition, a, b), or return the tensor from the function and look at it outside",
          [&](const Given& x) { (void)x.m.data<float>(); }, kTraced),
      refused(
          kGraph, "to_vector: the values of a tensor are not known while a jitted function is traced",
          "choose with where(condition, a, b), or return the tensor from the function and look at it outside",
          [&](const Given& x) { (void)x.m.to_vector<float>(); }, kTraced),
  });
}

TEST(Refusals, OfGradients) {
  expect_refusals(std::vector<Refusal>{
      refused(kGraph, "backward: the tensor does not depend on any that requires a gradient",
              "call requires_grad_() on the leaves before computing it, outside no_grad",
              [&](const Given& x) { x.m.sum().backward(); }),
      refused(kValue, "backward: argument 1 is an undefined tensor", "", [&](const Given& x) { backward(x.none); }),
      refused(kValue, "gradients: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)gradients(x.none, {}); }),
      refused(
          kGraph, "backward: the tensor has shape [2, 3], expected one element",
          "reduce it with sum() or mean(), or give backward(gradient) a seed of its shape", [&] { leaf().backward(); },
          kDynamic),
      refused(
          kShape, "backward: argument 2, the seed, has shape [4], expected []", "",
          [&](const Given& x) { leaf().sum().backward(x.v); }, kDynamic),
      refused(
          kValue, "backward: argument 2 is an undefined tensor", "",
          [&](const Given& x) { leaf().sum().backward(x.none); }, kDynamic),
      refused(
          kGraph, "gradients: the tensor has shape [2, 3], expected one element",
          "reduce it with sum() or mean(), or give backward(gradient) a seed of its shape",
          [&] { (void)gradients(leaf(), {}); }, kDynamic),
      refused(
          kValue, "gradients: argument 2 is an undefined tensor", "",
          [&](const Given& x) { (void)gradients(leaf().sum(), std::array{x.none}); }, kDynamic),
      refused(
          kGraph, "backward: went through this graph before, and the values it saved are gone since",
          "call backward({.retain_graph = true}) the first time, or compute the loss again",
          [&] {
            const Tensor y = (leaf() * 2).sum();
            y.backward();
            y.backward();
          },
          kDynamic),
      refused(kGraph, "grad: the function's result has shape [2, 3], expected one element",
              "reduce it with sum() or mean()",
              [&](const Given& x) { (void)grad([](const Tensor& y) { return y * 2; })(x.m); }),
      refused(kValue, "grad: the function's result is an undefined tensor, expected one element", "",
              [&](const Given& x) { (void)grad([](const Tensor&) { return Tensor(); })(x.m); }),
      refused(kDType, "grad: argument 1 has element type int64, expected float32 or float64",
              "convert it with .to(kFloat32)",
              [&](const Given& x) { (void)grad([](const Tensor& y) { return y.sum(); })(x.i); }),
      refused(kValue, "grad: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)grad([](const Tensor& y) { return y.sum(); })(x.none); }),
      refused(kDType, "grad: argument 2 has element type int64, expected float32 or float64",
              "convert it with .to(kFloat32)",
              [&](const Given& x) {
                (void)value_and_grad([](const Tensor& y, const Tensor& z) { return sum(y * z); })(x.m, x.i);
              }),
  });
}

TEST(Refusals, OfOptimizers) {
  const Tensor weight = leaf();
  const optim::Adam adam({weight});
  expect_refusals(std::vector<Refusal>{
      refused(
          kValue, "Adam: argument 1 has no parameters, expected at least one", "pass net.parameters()",
          [&] { (void)optim::Adam({}); }, kDynamic),
      refused(
          kValue, "Adam: parameter 0 of argument 1 is an undefined tensor, expected a leaf that collects a gradient",
          "call requires_grad_() on it", [&] { (void)optim::Adam({Tensor()}); }, kDynamic),
      refused(
          kValue, "Adam: parameter 0 of argument 1 collects no gradient, expected a leaf that collects a gradient",
          "call requires_grad_() on it", [&](const Given& x) { (void)optim::Adam({x.m}); }, kDynamic),
      refused(
          kValue, "Adam: parameter 1 of argument 1 collects no gradient, expected a leaf that collects a gradient",
          "call requires_grad_() on it", [&](const Given& x) { (void)optim::Adam({leaf(), variable(x.m)}); }, kDynamic),
      refused(
          kValue, "Adam: parameter 1 of argument 1 is parameter 0 again, expected each once",
          "pass net.parameters(), which lists shared ones once",
          [&] {
            const Tensor w = leaf();
            optim::Adam({w, w});
          },
          kDynamic),
      refused(
          kValue, "Adam: lr is -1, expected at least 0", "", [&] { (void)optim::Adam({leaf()}, {.lr = -1}); },
          kDynamic),
      refused(
          kValue, "Adam: lr is nan, expected at least 0", "", [&] { (void)optim::Adam({leaf()}, {.lr = NAN}); },
          kDynamic),
      refused(
          kValue, "Adam: weight_decay is -1, expected at least 0", "",
          [&] { (void)optim::Adam({leaf()}, {.weight_decay = -1}); }, kDynamic),
      refused(
          kValue, "set_lr: argument 1 is nan, expected 0 or more", "", [&] { optim::Adam({leaf()}).set_lr(NAN); },
          kDynamic),
      refused(
          kValue, "load_state_dict of Adam: lr is missing; steps is missing; m.0 is missing; v.0 is missing",
          "load what state_dict() of the same optimiser gave", [&] { optim::Adam({leaf()}).load_state_dict({}); },
          kDynamic),
      refused(
          kGraph, "Adam: an optimiser cannot be made while a jitted function is traced: what it remembers is cells",
          "make it before, and capture it", [&] { (void)optim::Adam({leaf()}); }, kTraced),
      refused(
          kValue, "SGD: argument 1 has no parameters, expected at least one", "pass net.parameters()",
          [&] { (void)optim::SGD({}); }, kDynamic),
      refused(
          kValue, "SGD: parameter 0 of argument 1 is an undefined tensor, expected a leaf that collects a gradient",
          "call requires_grad_() on it", [&] { (void)optim::SGD({Tensor()}); }, kDynamic),
      refused(
          kValue, "SGD: parameter 0 of argument 1 collects no gradient, expected a leaf that collects a gradient",
          "call requires_grad_() on it", [&](const Given& x) { (void)optim::SGD({x.m}); }, kDynamic),
      refused(
          kValue, "SGD: parameter 1 of argument 1 collects no gradient, expected a leaf that collects a gradient",
          "call requires_grad_() on it", [&](const Given& x) { (void)optim::SGD({leaf(), variable(x.m)}); }, kDynamic),
      refused(
          kValue, "SGD: parameter 1 of argument 1 is parameter 0 again, expected each once",
          "pass net.parameters(), which lists shared ones once",
          [&] {
            const Tensor w = leaf();
            optim::SGD({w, w});
          },
          kDynamic),
      refused(
          kValue, "SGD: lr is -1, expected at least 0", "", [&] { (void)optim::SGD({leaf()}, {.lr = -1}); }, kDynamic),
      refused(
          kValue, "SGD: lr is nan, expected at least 0", "", [&] { (void)optim::SGD({leaf()}, {.lr = NAN}); },
          kDynamic),
      refused(
          kValue, "SGD: weight_decay is -1, expected at least 0", "",
          [&] { (void)optim::SGD({leaf()}, {.weight_decay = -1}); }, kDynamic),
      refused(
          kValue, "set_lr: argument 1 is nan, expected 0 or more", "", [&] { optim::SGD({leaf()}).set_lr(NAN); },
          kDynamic),
      refused(
          kValue, "load_state_dict of SGD: lr is missing", "load what state_dict() of the same optimiser gave",
          [&] { optim::SGD({leaf()}).load_state_dict({}); }, kDynamic),
      refused(
          kGraph, "SGD: an optimiser cannot be made while a jitted function is traced: what it remembers is cells",
          "make it before, and capture it", [&] { (void)optim::SGD({leaf()}); }, kTraced),
      refused(
          kValue, "Adam: betas are 1 and 0.999, expected them in [0, 1)", "",
          [&] { (void)optim::Adam({leaf()}, {.beta1 = 1}); }, kDynamic),
      refused(
          kValue, "Adam: betas are 0.9 and nan, expected them in [0, 1)", "",
          [&] { (void)optim::Adam({leaf()}, {.beta2 = NAN}); }, kDynamic),
      refused(
          kValue, "Adam: eps is -1, expected at least 0", "", [&] { (void)optim::Adam({leaf()}, {.eps = -1}); },
          kDynamic),
      refused(
          kValue, "SGD: momentum is -1, expected at least 0", "", [&] { (void)optim::SGD({leaf()}, {.momentum = -1}); },
          kDynamic),
      refused(
          kValue, "SGD: momentum is 0, expected more than 0 where nesterov is asked for", "",
          [&] { (void)optim::SGD({leaf()}, {.nesterov = true}); }, kDynamic),
      refused(
          kGraph, "lr: the learning rate is a cell, whose value is not known while a jitted function is traced",
          "read it outside the function", [&] { (void)adam.lr(); }, kTraced),
  });
}

}  // namespace
}  // namespace sinter::tests
