// The examples print, to the digit, what PyTorch prints for the same programs.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/end_to_end/program.h"

namespace sinter {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::StartsWith;

// The program's output, after it has ended well and silently.
std::string output_of(const std::string& name) {
  const Ran ran = run_program("examples/" + name);
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  return ran.out;
}

TEST(Examples, Polynomial) {
  EXPECT_EQ(output_of("polynomial"),
            "y: 11.0\n"
            "gradient: 7.0\n"
            "tensor([11.], grad_fn=<AddBackward0>)\n"
            "tensor([2.], requires_grad=True)\n");
}

TEST(Examples, Graph) {
  const std::string out = output_of("graph");
  EXPECT_THAT(out, StartsWith("tensor(9., grad_fn=<MulBackward0>) tensor(3.) tensor(3.) tensor(3.)\n"));
  EXPECT_THAT(out, HasSubstr("\ntensor(9.) tensor(3.) tensor(3.) tensor(3.)\nfunc @"));
  const std::string dot = bytes_of(scratch() / "graph.dot");
  EXPECT_THAT(dot, AllOf(HasSubstr("digraph"), HasSubstr("\"x\\n"), HasSubstr("\"y\\n"), HasSubstr("\"w\\n"),
                         HasSubstr("Add"), HasSubstr("Mul")));
  if (out.find("graph.png\n") != std::string::npos)
    EXPECT_THAT(bytes_of(scratch() / "graph.png"), StartsWith("\x89PNG"));
  else
    EXPECT_THAT(out, HasSubstr("install Graphviz"));
}

TEST(Examples, ControlFlow) {
  const std::string out = output_of("control_flow");
  EXPECT_THAT(out, StartsWith("tensor(4., grad_fn=<PowBackward0>) tensor(4.)\n"
                              "tensor(-8., grad_fn=<PowBackward0>) tensor(12.)\n"
                              "compiled, by where:\n"
                              "tensor(4.) tensor(4.)\n"
                              "tensor(-8.) tensor(12.)\n"
                              "compiled, by if:\n"));
  EXPECT_THAT(out, AllOf(HasSubstr("the values of a tensor are not known"), HasSubstr("control_flow.cc:8\n"),
                         HasSubstr("where(")));
}

TEST(Examples, LinearModule) {
  EXPECT_EQ(output_of("linear_module"),
            "Model Output: tensor([[0.1000]], grad_fn=<AddmmBackward0>)\n"
            "Epoch 1, Loss: 24.010000228881836\n"
            "Epoch 2, Loss: 18.593345642089844\n"
            "Epoch 3, Loss: 14.398685455322266\n"
            "Epoch 4, Loss: 11.15034294128418\n"
            "Epoch 5, Loss: 8.634825706481934\n"
            "Epoch 6, Loss: 6.686809062957764\n"
            "Epoch 7, Loss: 5.17826509475708\n"
            "Epoch 8, Loss: 4.0100483894348145\n"
            "Epoch 9, Loss: 3.1053812503814697\n"
            "Epoch 10, Loss: 2.4048070907592773\n");
}

TEST(Examples, LinearRegression) {
  const std::string out = output_of("linear_regression");
  EXPECT_THAT(out, StartsWith("Epoch 1/100, Loss: 20.8750\n"
                              "Epoch 2/100, Loss: 14.4847\n"
                              "Epoch 3/100, Loss: 10.0506\n"));
  for (const char* line : {"Epoch 20/100, Loss: 0.0202\n", "Epoch 40/100, Loss: 0.0000\n",
                           "Epoch 60/100, Loss: 0.0000\n", "Epoch 80/100, Loss: 0.0000\n"})
    EXPECT_THAT(out, HasSubstr(line));
  // The weight to the bit; the bias' gradient is summed in another order.
  EXPECT_THAT(out, HasSubstr("Epoch 100/100, Loss: 0.0000\n1.9976998567581177 0.00676261"));
}

TEST(Examples, Tensors) {
  const std::string out = output_of("tensors");
  EXPECT_THAT(out, StartsWith("Tensor x: tensor([[1., 2.],\n"
                              "        [3., 4.]])\n"
                              "Sum: tensor(10.)\n"
                              "Mean: tensor(2.5000)\n"
                              "Max: tensor(4.)\n"
                              "Argmax: tensor(3)\n"
                              "Reshaped Tensor: tensor([[1],\n"
                              "        [2],\n"
                              "        [3],\n"
                              "        [4]])\n"
                              "Transposed Tensor: tensor([[1, 3],\n"
                              "        [2, 4]])\n"
                              "Flattened Tensor: tensor([1, 2, 3, 4])\n"
                              "Max: tensor(5.)\n"
                              "Mean: tensor(3.)\n"
                              "Variance: tensor(2.5000)\n"
                              "Zeros Tensor: tensor([[0., 0., 0.],\n"
                              "        [0., 0., 0.]])\n"
                              "Ones Tensor: tensor([[1., 1., 1.],\n"
                              "        [1., 1., 1.]])\n"
                              "Arange Tensor: tensor([0, 2, 4, 6, 8])\n"));
  EXPECT_THAT(out, ContainsRegex("Random Tensor: tensor\\(\\[\\[0\\.[0-9]{4}, 0\\.[0-9]{4}, 0\\.[0-9]{4}\\],\n"
                                 "        \\[0\\.[0-9]{4}, 0\\.[0-9]{4}, 0\\.[0-9]{4}\\]\\]\\)\n"));
  EXPECT_THAT(out, ContainsRegex("Random Normal Tensor: tensor\\(\\[\\[[ -][0-9]\\.[0-9]{4}, [ -][0-9]\\.[0-9]{4}, "));
  EXPECT_THAT(
      out, HasSubstr("Printing extras: tensor([1.0000e-08, 1.0000e+00, 1.0000e+06]) tensor([1.0000e-01, 1.0025e+02]) "
                     "tensor([nan, inf, 1.]) tensor(True) tensor([], size=(1, 0)) "
                     "tensor([   0,    1,    2,  ..., 1997, 1998, 1999]) tensor([1.5000], dtype=torch.float64) "
                     "tensor(3) tensor([[[-0.,  1.],\n"
                     "         [ 0.,  1.]],\n"
                     "\n"
                     "        [[-1., -1.],\n"
                     "         [-1.,  0.]]])\n"
                     "Gradient: tensor(12.)\n"));
}

TEST(Examples, MalformedVariablesAreErrors) {
  const Ran ran = run_program("examples/polynomial", {}, {{"SINTER_THREADS", "many"}});
  EXPECT_NE(ran.status, 0);
  EXPECT_THAT(ran.err,
              HasSubstr("environment variable SINTER_THREADS is \"many\", expected an integer from 0 to 1024"));
  const Ran unknown = run_program("examples/polynomial", {}, {{"SINTER_TREADS", "1"}});
  EXPECT_EQ(unknown.status, 0);
  EXPECT_THAT(unknown.err, AllOf(HasSubstr("SINTER_TREADS is ignored"), HasSubstr("SINTER_THREADS")));
}

}  // namespace
}  // namespace sinter
