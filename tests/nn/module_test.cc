// Modules: names, printing, parameters and buffers, modes, states that are loaded whole or not at all.
#include <array>
#include <memory>
#include <optional>

#include "tests/nn/small_net.h"

namespace sinter {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

struct Net : nn::Module {
  nn::Linear fc1{784, 128}, fc2{128, 64}, fc3{64, 10};
  SINTER_MODULE(Net, fc1, fc2, fc3)
};

struct Counted : nn::Module {
  Tensor scale = tensor({2.}, {.requires_grad = true}), calls = variable(tensor(0));
  Tensor absent;
  SINTER_MODULE(Counted, scale, calls, absent)
};

struct Outer : nn::Module {
  Counted counted;
  nn::Sequential body{nn::Linear(4, 3), nn::ReLU(), nn::Linear(3, 2, {.bias = false})};
  SINTER_MODULE(Outer, counted, body)
};

std::vector<std::string> names_of(const nn::NamedTensors& tensors) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  return names;
}

TEST(Module, PrintsAsPyTorchDoes) {
  EXPECT_EQ(Net().to_string(),
            "Net(\n"
            "  (fc1): Linear(in_features=784, out_features=128, bias=True)\n"
            "  (fc2): Linear(in_features=128, out_features=64, bias=True)\n"
            "  (fc3): Linear(in_features=64, out_features=10, bias=True)\n"
            ")");
  EXPECT_EQ(nn::Sequential(nn::Flatten(), nn::Linear(4, 3), nn::ReLU()).to_string(),
            "Sequential(\n"
            "  (0): Flatten(start_dim=1, end_dim=-1)\n"
            "  (1): Linear(in_features=4, out_features=3, bias=True)\n"
            "  (2): ReLU()\n"
            ")");
  EXPECT_EQ(fmt::format("{}", Outer()),
            "Outer(\n"
            "  (counted): Counted()\n"
            "  (body): Sequential(\n"
            "    (0): Linear(in_features=4, out_features=3, bias=True)\n"
            "    (1): ReLU()\n"
            "    (2): Linear(in_features=3, out_features=2, bias=False)\n"
            "  )\n"
            ")");
}

TEST(Module, NamesInOrderOfDeclaration) {
  const Outer outer;
  EXPECT_THAT(names_of(outer.named_parameters()),
              ElementsAre("counted.scale", "body.0.weight", "body.0.bias", "body.2.weight"));
  EXPECT_THAT(names_of(outer.state_dict()),
              ElementsAre("counted.scale", "counted.calls", "body.0.weight", "body.0.bias", "body.2.weight"));
  EXPECT_EQ(outer.parameters().size(), 4u);
  EXPECT_EQ(outer.counted.calls.name(), "counted.calls");
}

TEST(Module, ParametersAreHandles) {
  const Outer outer;
  outer.parameters()[0].set(tensor({5.}));
  EXPECT_EQ(outer.counted.scale.item(), 5);
  (outer.counted.scale * 3).sum().backward();
  EXPECT_EQ(outer.parameters()[0].grad().item(), 3);
  outer.zero_grad();
  EXPECT_FALSE(outer.counted.scale.grad().defined());
}

TEST(Module, SequentialIsItsStepsInTurn) {
  const nn::Linear first(4, 3), second(3, 2, {.bias = false});
  nn::Sequential body(nn::Linear(4, 3), nn::ReLU(), nn::Linear(3, 2, {.bias = false}));
  ASSERT_EQ(body.size(), 3u);
  body.load_state_dict({{"0.weight", first.weight}, {"0.bias", first.bias}, {"2.weight", second.weight}});
  const Tensor x = randn({5, 4});
  EXPECT_TRUE(same_bits(body(x), second(relu(first(x)))));
  EXPECT_FALSE(second.bias.defined());
}

struct WithoutLine : nn::Module {
  Tensor operator()(Tensor x) const { return x * 2; }
  SINTER_MODULE(WithoutLine)
};

TEST(Module, StepsMayLeaveOutTheLine) {
  const nn::Sequential body{WithoutLine(), nn::ReLU(), WithoutLine()};
  const Tensor x = tensor({-1., 3.});
  EXPECT_THAT(body(x).to_vector<float>(), ElementsAre(0, 12));
  EXPECT_THAT(jit([&](const Tensor& y) { return body(y); })(x).to_vector<float>(), ElementsAre(0, 12));
}

struct Lists : nn::Module {
  explicit Lists(int count) {
    for (int i = 0; i < count; ++i) layers.emplace_back(2, 2, nn::LinearOptions{.bias = false});
  }
  std::vector<nn::Linear> layers;
  std::vector<Tensor> scales{tensor({1.}, {.requires_grad = true}), tensor({2.}, {.requires_grad = true})};
  std::array<WithoutLine, 1> pair;
  std::vector<std::unique_ptr<Counted>> owned{2};  // of nothing
  std::optional<nn::Linear> maybe;
  std::shared_ptr<Counted> shared = std::make_shared<Counted>();
  Tensor operator()(Tensor x) const {
    for (const nn::Linear& layer : layers) x = layer(x);
    return x;
  }
  SINTER_MODULE(Lists, layers, scales, pair, owned, maybe, shared)
};

TEST(Module, ListsOfMembers) {
  Lists net(2);
  EXPECT_THAT(names_of(net.state_dict()), ElementsAre("layers.0.weight", "layers.1.weight", "scales.0", "scales.1",
                                                      "shared.scale", "shared.calls"));
  EXPECT_EQ(net.parameters().size(), 5u);
  EXPECT_EQ(net.layers[1].weight.name(), "layers.1.weight");
  EXPECT_EQ(net.to_string(),
            "Lists(\n"
            "  (layers): ModuleList(\n"
            "    (0): Linear(in_features=2, out_features=2, bias=False)\n"
            "    (1): Linear(in_features=2, out_features=2, bias=False)\n"
            "  )\n"
            "  (pair): ModuleList(\n"
            "    (0): WithoutLine()\n"
            "  )\n"
            "  (shared): Counted()\n"
            ")");
  net.eval();
  EXPECT_FALSE(net.layers[1].is_training());
  Lists other(2);
  other.load_state_dict(net.state_dict());
  const Tensor x = randn({3, 2});
  EXPECT_TRUE(same_bits(jit([&](const Tensor& y) { return other(y); })(x), net(x)));
  EXPECT_THAT(message_of<ValueError>([&] { net.load_state_dict(Lists(1).state_dict()); }),
              HasSubstr("layers.1.weight is missing"));
}

TEST(Module, ModesReachEveryPart) {
  SmallNet net(1);
  EXPECT_TRUE(net.is_training());
  net.eval();
  EXPECT_FALSE(net.is_training());
  EXPECT_FALSE(net.fc2.is_training());
  net.train();
  EXPECT_TRUE(net.fc2.is_training());
  const auto f = jit([&](const Tensor& x) { return net.fc1.is_training() ? x * 2 : x * 3; });
  EXPECT_EQ(f(tensor(1.)).item(), 2);
  net.eval();
  EXPECT_EQ(f(tensor(1.)).item(), 3);
  EXPECT_EQ(f.stats().compilations, 2u);
}

TEST(Module, StateGoesFromOneToAnother) {
  const SmallNet from(1), to(2);
  EXPECT_FALSE(same_bits(from.fc1.weight, to.fc1.weight));
  const nn::NamedTensors state = from.state_dict();
  to.load_state_dict(state);
  EXPECT_TRUE(same_bits(values_of(state), values_of(to.state_dict())));
  from.fc1.weight.set(from.fc1.weight + 1);  // the values were copied
  EXPECT_FALSE(same_bits(from.fc1.weight, to.fc1.weight));
}

TEST(Module, LoadListsEveryProblemAndChangesNothing) {
  const SmallNet net(1);
  const std::vector<Tensor> before = values_of(net.state_dict());
  const std::string text = message_of<ValueError>([&] {
    net.load_state_dict({{"fc1.weight", ones({8, 6})},
                         {"fc1.bias", ones({8, 1})},
                         {"fc2.bias", ones({3}, {.dtype = kFloat64})},
                         {"fc3.bias", ones({3})}});
  });
  EXPECT_THAT(text, AllOf(HasSubstr("fc2.weight is missing"), HasSubstr("fc3.bias is not expected"),
                          HasSubstr("fc1.bias is float32 [8, 1], expected float32 [8]"),
                          HasSubstr("fc2.bias is float64 [3], expected float32 [3]"), HasSubstr("module_test.cc:")));
  EXPECT_TRUE(same_bits(before, values_of(net.state_dict())));
  nn::NamedTensors twice = net.state_dict();
  twice.push_back(twice.front());
  EXPECT_THAT(message_of<ValueError>([&] { net.load_state_dict(twice); }),
              AllOf(HasSubstr("load_state_dict: fc1.weight comes twice"), HasSubstr("module_test.cc:")));
}

TEST(Module, LayersRefuseWhatDoesNotFit) {
  EXPECT_THAT(message_of<ValueError>([] { (void)nn::Linear(-1, 3); }), HasSubstr("in_features is -1"));
  const nn::Linear linear(4, 3);
  EXPECT_THAT(message_of<ShapeError>([&] { (void)linear(ones({2, 5})); }),
              AllOf(HasSubstr("linear"), HasSubstr("[2, 5]"), HasSubstr("module_test.cc:")));
  EXPECT_THROW((void)nn::CrossEntropyLoss()(ones({2, 5}), tensor({1, 2, 3})), ShapeError);
  const std::string text = message_of<IndexError>([] { (void)nn::CrossEntropyLoss()(ones({2, 5}), tensor({1, 5})); });
  EXPECT_THAT(text, HasSubstr("cross_entropy: argument 2 has index 5, expected 0 to 4\n  at tests/nn/module_test.cc:"));
  EXPECT_EQ(nn::MSELoss()(tensor({1., 2.}), tensor({2., 4.})).item(), 2.5);
}

TEST(Module, ALayerOfEveryDtype) {
  const nn::Linear wide(3, 2, {.dtype = kFloat64});
  EXPECT_EQ(wide.weight.dtype(), kFloat64);
  EXPECT_EQ(wide(ones({1, 3}, {.dtype = kFloat64})).dtype(), kFloat64);
  EXPECT_EQ(nn::Linear(0, 2)(ones({3, 0})).shape(), (Sizes{3, 2}));
}

}  // namespace
}  // namespace sinter
