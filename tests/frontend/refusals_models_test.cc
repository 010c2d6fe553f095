// Layers, data, files and jitted functions, called with bad arguments.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <fstream>

#include "tests/frontend/refusals.h"

namespace sinter::tests {
namespace {

using enum Kind;
using enum Engines;

// A new leaf of shape [2, 3].
Tensor leaf() { return ones({2, 3}).requires_grad_(); }

TEST(Refusals, OfLayers) {
  const nn::Linear net(3, 2);
  expect_refusals(std::vector<Refusal>{
      refused(
          kValue, "Linear: in_features is -1 and out_features 2, expected no negative number", "",
          [&] { (void)nn::Linear(-1, 2); }, kDynamic),
      refused(
          kValue, "Linear: in_features is 2 and out_features -1, expected no negative number", "",
          [&] { (void)nn::Linear(2, -1); }, kDynamic),
      refused(
          kDType, "Linear: dtype is int64, expected float32 or float64", "",
          [&] { (void)nn::Linear(2, 2, {.dtype = kInt64}); }, kDynamic),
      refused(
          kGraph, "Linear: a module cannot be made while a jitted function is traced: its parameters are cells",
          "make it before, and capture it", [&] { (void)nn::Linear(2, 2); }, kTraced),
      refused(
          kGraph, "to: a module cannot be moved while a jitted function is traced", "move it before the call",
          [&] { net.to(Device()); }, kTraced),
      refused(kShape, "linear: argument 1 has shape [4], expected [..., 3] for a weight of shape [2, 3]",
              "flatten(x, 1) makes rows of images", [&](const Given& x) { (void)net(x.v); }),
      refused(kValue, "linear: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)net(x.none); }),
      refused(kDType, "linear: argument 2 has element type float32, expected float64, that of argument 1",
              "convert one of them with .to(...)", [&](const Given& x) { (void)net(x.d); }),
      refused(kValue, "relu: argument 1 is an undefined tensor", "", [&](const Given& x) { (void)nn::ReLU()(x.none); }),
      refused(kIndex, "flatten: axis 3 is out of range for 2 dimensions, expected -2 to 1", "",
              [&](const Given& x) { (void)nn::Flatten(3)(x.m); }),
      refused(kDType, "cross_entropy: argument 2 has element type float32, expected int64 class numbers",
              "convert it with .to(kInt64)", [&](const Given& x) { (void)nn::CrossEntropyLoss()(x.m, x.v); }),
      refused(kShape, "mse_loss: argument 2 has shape [4], expected [2, 3] or a shape that broadcasts with it",
              "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1",
              [&](const Given& x) { (void)nn::MSELoss()(x.m, x.v); }),
      refused(kIndex, "flatten: axis 2 is out of range for 2 dimensions, expected -2 to 1", "",
              [&](const Given& x) { (void)nn::Sequential(nn::ReLU(), nn::Flatten(2))(x.m); }),
      refused(
          kValue, "load_state_dict of Linear: weight is missing; bias is missing",
          "load what state_dict() of the same model gave", [&] { net.load_state_dict({}); }, kDynamic),
      refused(
          kValue,
          "load_state_dict of Linear: weight is an undefined tensor; bias is float32 [4], expected float32 [2]; odd is "
          "not expected",
          "load what state_dict() of the same model gave",
          [&](const Given& x) { net.load_state_dict({{"weight", x.none}, {"bias", x.v}, {"odd", x.v}}); }, kDynamic),
      refused(
          kValue, "uniform_: argument 1 is an undefined tensor", "",
          [&](const Given& x) { nn::init::uniform_(x.none); }, kDynamic),
      refused(
          kGraph, "uniform_: argument 1 is a value, expected a handle to a cell",
          "make it one with requires_grad_() or variable(x)", [&](const Given& x) { nn::init::uniform_(x.m); },
          kDynamic),
      refused(
          kDType, "uniform_: argument 1 has element type int64, expected float32 or float64",
          "convert it with .to(kFloat32)", [&](const Given& x) { nn::init::uniform_(variable(x.i)); }, kDynamic),
      refused(
          kValue, "uniform_: arguments 2 and 3 are 1 and 0, expected the lower bound first", "",
          [&] { nn::init::uniform_(leaf(), 1, 0); }, kDynamic),
      refused(
          kValue, "uniform_: arguments 2 and 3 are nan and 0, expected the lower bound first", "",
          [&] { nn::init::uniform_(leaf(), NAN, 0); }, kDynamic),
      refused(
          kGraph, "normal_: argument 1 is a value, expected a handle to a cell",
          "make it one with requires_grad_() or variable(x)", [&](const Given& x) { nn::init::normal_(x.m); },
          kDynamic),
      refused(
          kValue, "normal_: argument 3, std, is -1, expected 0 or more", "", [&] { nn::init::normal_(leaf(), 0, -1); },
          kDynamic),
      refused(
          kGraph, "constant_: argument 1 is a value, expected a handle to a cell",
          "make it one with requires_grad_() or variable(x)", [&](const Given& x) { nn::init::constant_(x.m, 1); },
          kDynamic),
      refused(
          kGraph, "zeros_: argument 1 is a value, expected a handle to a cell",
          "make it one with requires_grad_() or variable(x)", [&](const Given& x) { nn::init::zeros_(x.m); }, kDynamic),
      refused(
          kGraph, "ones_: argument 1 is a value, expected a handle to a cell",
          "make it one with requires_grad_() or variable(x)", [&](const Given& x) { nn::init::ones_(x.m); }, kDynamic),
      refused(
          kGraph, "kaiming_uniform_: argument 1 is a value, expected a handle to a cell",
          "make it one with requires_grad_() or variable(x)", [&](const Given& x) { nn::init::kaiming_uniform_(x.m); },
          kDynamic),
      refused(
          kShape, "kaiming_uniform_: argument 1 has shape [4], expected at least 2 dimensions", "",
          [&](const Given& x) { nn::init::kaiming_uniform_(variable(x.v)); }, kDynamic),
      refused(
          kValue, "kaiming_uniform_: argument 2 is nan, expected a finite slope", "",
          [&] { nn::init::kaiming_uniform_(leaf(), NAN); }, kDynamic),
      refused(
          kGraph, "xavier_uniform_: argument 1 is a value, expected a handle to a cell",
          "make it one with requires_grad_() or variable(x)", [&](const Given& x) { nn::init::xavier_uniform_(x.m); },
          kDynamic),
      refused(
          kShape, "xavier_uniform_: argument 1 has shape [4], expected at least 2 dimensions", "",
          [&](const Given& x) { nn::init::xavier_uniform_(variable(x.v)); }, kDynamic),
      refused(
          kValue, "xavier_uniform_: argument 2, gain, is -1, expected 0 or more", "",
          [&] { nn::init::xavier_uniform_(leaf(), -1); }, kDynamic),
  });
}

TEST(Refusals, OfData) {
  data::DataLoader loader({ones({4}), ones({4})});
  expect_refusals(std::vector<Refusal>{
      refused(kValue, "TensorDataset: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)data::TensorDataset(x.none, x.m); }),
      refused(
          kValue, "TensorDataset: argument 2 is an undefined tensor", "",
          [&](const Given& x) { (void)data::TensorDataset(x.m, x.none); }, kDynamic),
      refused(
          kShape, "TensorDataset: argument 1 has shape [], expected samples along a first axis", "",
          [&](const Given& x) { (void)data::TensorDataset(x.s, x.m); }, kDynamic),
      refused(
          kShape, "TensorDataset: argument 2 has shape [], expected samples along a first axis", "",
          [&](const Given& x) { (void)data::TensorDataset(x.m, x.s); }, kDynamic),
      refused(
          kShape,
          "TensorDataset: argument 2 has shape [4], expected 2 samples along the first axis, as argument 1 of shape "
          "[2, 3]",
          "", [&](const Given& x) { (void)data::TensorDataset(x.m, x.v); }, kDynamic),
      refused(
          kValue, "DataLoader: batch_size is 0, expected at least 1", "",
          [&](const Given& x) { (void)data::DataLoader(data::TensorDataset(x.m, x.m), {.batch_size = 0}); }, kDynamic),
      refused(
          kIndex, "take: argument 2 has sample 2, expected 0 to 1", "",
          [&](const Given& x) { (void)data::take(x.m, std::array<int64_t, 1>{2}); }, kDynamic),
      refused(
          kIndex, "take: argument 2 has sample -1, expected 0 to 1", "",
          [&](const Given& x) { (void)data::take(x.m, std::array<int64_t, 1>{-1}); }, kDynamic),
      refused(
          kShape, "take: argument 1 has shape [], expected samples along a first axis", "",
          [&](const Given& x) { (void)data::take(x.s, std::array<int64_t, 1>{0}); }, kDynamic),
      refused(
          kIndex, "take: argument 2 has sample 0, expected none of 0 samples", "",
          [&] { (void)data::take(zeros({0}), std::array<int64_t, 1>{0}); }, kDynamic),
      refused(
          kValue, "drawn_digits: -5 and 2 images are asked for, expected 0 or more", "",
          [&] { (void)data::drawn_digits({}, -5, 2); }, kDynamic),
      refused(
          kValue, "Normalize: std is 0, expected another number", "",
          [&] { (void)data::drawn_digits({.std = 0}, 2, 2); }, kDynamic),
      refused(
          kFile, "mnist: train-images-idx3-ubyte is neither in /nowhere nor in its folder mnist",
          "set SINTER_DATA to the folder that has the four IDX files, raw or gzipped, or unset it to use built-in "
          "digits",
          [&] { (void)data::mnist("/nowhere"); }, kDynamic),
      refused(kValue, "take: argument 1 is an undefined tensor", "",
              [&](const Given& x) { (void)data::take(x.none, std::array<int64_t, 1>{0}); }),
      refused(
          kGraph, "TensorDataset: argument 1 is traced: its values are not known while a jitted function is traced",
          "draw samples before the call and pass them as arguments, or choose with index_select(x, 0, indices)",
          [&](const Given& x) { (void)data::TensorDataset(x.m, x.m); }, kTraced),
      refused(
          kGraph, "take: argument 1 is traced: its values are not known while a jitted function is traced",
          "draw samples before the call and pass them as arguments, or choose with index_select(x, 0, indices)",
          [&](const Given& x) { (void)data::take(x.m, std::array<int64_t, 1>{0}); }, kTraced),
      refused(
          kGraph,
          "DataLoader: an epoch begins while a jitted function is traced: its batches would be the same at every call",
          "go through the loader outside, and pass batches as arguments", [&] { (void)loader.begin(); }, kTraced),
  });
}

TEST(Refusals, OfFiles) {
  const std::string path = testing::TempDir() + "refused", text = testing::TempDir() + "text",
                    plain = testing::TempDir() + "plain", other = testing::TempDir() + "other";
  const nn::Linear net(3, 2), wider(4, 2, {.bias = false});
  const optim::Adam adam(net.parameters());
  std::ofstream(text) << "text that is no safetensors file";
  save_tensors(plain, net.state_dict());
  save_checkpoint(other, wider, optim::Adam(wider.parameters()), 3);
  expect_refusals(std::vector<Refusal>{
      refused(
          kValue, "save_tensors: a is an undefined tensor", "",
          [&](const Given& x) { save_tensors(path, {{"a", x.none}}); }, kDynamic),
      refused(
          kValue, "save: two arrays are named \"a\"", "",
          [&](const Given& x) { save_tensors(path, {{"a", x.m}, {"a", x.m}}); }, kDynamic),
      refused(
          kFile, "cannot write 152 bytes to /nowhere/file: No such file or directory", "",
          [&](const Given& x) { save_tensors("/nowhere/file", {{"a", x.m}}); }, kDynamic),
      refused(
          kFile, "cannot read /nowhere/file: No such file or directory", "",
          [&] { (void)load_tensors("/nowhere/file"); }, kDynamic),
      refused(
          kFile,
          fmt::format("cannot load {}: its header would have 7018987701998740852 bytes, expected at most 100000000: it "
                      "is no safetensors file",
                      text),
          "", [&] { (void)load_tensors(text); }, kDynamic),
      refused(
          kFile, fmt::format("load_checkpoint: {} holds no training state, expected a checkpoint", plain),
          "pass a file that save_checkpoint wrote", [&] { (void)load_checkpoint(plain, net, adam); }, kDynamic),
      refused(
          kFile,
          fmt::format(
              "load_model: {} holds 2 arrays, the first named \"bias\", expected names that begin with \"model.\"",
              plain),
          "pass a file that save_checkpoint wrote; model.load_state_dict(load_tensors(path).tensors) takes names as "
          "they are",
          [&] { (void)load_model(plain, net); }, kDynamic),
      refused(
          kFile, "cannot read /nowhere/file: No such file or directory", "",
          [&] { (void)load_checkpoint("/nowhere/file", net, adam); }, kDynamic),
      refused(
          kFile, "cannot read /nowhere/file: No such file or directory", "",
          [&] { (void)load_model("/nowhere/file", net); }, kDynamic),
      refused(
          kValue, "load_state_dict of Linear: weight is float32 [2, 4], expected float32 [2, 3]; bias is missing",
          "load what state_dict() of the same model gave", [&] { (void)load_model(other, net); }, kDynamic),
      refused(
          kValue, "load_state_dict of Linear: weight is float32 [2, 4], expected float32 [2, 3]; bias is missing",
          "load what state_dict() of the same model gave", [&] { (void)load_checkpoint(other, net, adam); }, kDynamic),
      refused(
          kGraph, "save_tensors: the values of a tensor are not known while a jitted function is traced",
          "choose with where(condition, a, b), or return the tensor from the function and look at it outside",
          [&](const Given& x) { save_tensors(path, {{"a", x.m}}); }, kTraced),
  });
}

TEST(Refusals, OfJittedFunctions) {
  expect_refusals(std::vector<Refusal>{
      refused(
          kValue, "add: argument 1 is an undefined tensor", "",
          [&](const Given& x) { (void)jit([](const Tensor& y) { return y + 1; })(x.none); }, kDynamic),
  });
}

}  // namespace
}  // namespace sinter::tests
