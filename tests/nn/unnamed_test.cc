// Members that SINTER_MODULE does not list are found, with their type and place; what is no part of a module is not.
#include <array>
#include <memory>
#include <optional>
#include <thread>

#include "tests/nn/small_net.h"

namespace sinter {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Forgets : nn::Module {
  nn::Linear fc1{4, 3}, fc2{3, 2}, fc3{2, 1};
  SINTER_MODULE(Forgets, fc1, fc3)
};

TEST(Unnamed, EveryUseSaysIt) {
  Forgets net;
  const std::string has =
      ": Forgets has a Linear(in_features=3, out_features=2, bias=True), between fc1 and fc3, that SINTER_MODULE does "
      "not "
      "list\n  at tests/nn/unnamed_test.cc:";
  const auto expect = [&](const std::string& name, auto&& f) {
    EXPECT_THAT(message_of<ValueError>(f),
                AllOf(HasSubstr(name + has), HasSubstr("cure: add it to SINTER_MODULE(Forgets")));
  };
  expect("parameters", [&] { (void)net.parameters(); });
  expect("parameters", [&] { (void)net.named_parameters(); });
  expect("parameters", [&] { net.zero_grad(); });
  expect("state_dict", [&] { (void)net.state_dict(); });
  expect("load_state_dict", [&] { net.load_state_dict({}); });
  expect("train", [&] { net.train(); });
  expect("eval", [&] { net.eval(); });
  expect("to", [&] { net.cpu(); });
  EXPECT_TRUE(net.is_training());

  struct Around : nn::Module {
    Forgets inner;
    SINTER_MODULE(Around, inner)
  };
  EXPECT_THAT(message_of<ValueError>([] { (void)Around().parameters(); }),
              HasSubstr("parameters: Forgets has a Linear("));
}

template <class Net>
std::string said_of() {
  const auto net = std::make_unique<Net>();
  return message_of<ValueError>([&] { (void)net->parameters(); });
}

TEST(Unnamed, EveryKindOfMember) {
  struct Parameter : nn::Module {
    Tensor scale = tensor({{2., 1.}}, {.requires_grad = true});
    nn::Linear fc{2, 2};
    SINTER_MODULE(Parameter, fc)
  };
  EXPECT_THAT(said_of<Parameter>(), HasSubstr("Parameter has a parameter float32[1, 2], before fc, that"));
  struct Buffer : nn::Module {
    nn::Linear fc{2, 2};
    Tensor calls = variable(tensor(0));
    SINTER_MODULE(Buffer, fc)
  };
  EXPECT_THAT(said_of<Buffer>(), HasSubstr("Buffer has a buffer int64[], behind fc, that"));
  struct Vector : nn::Module {
    std::vector<Forgets> blocks{3};
    SINTER_MODULE(Vector)
  };
  EXPECT_THAT(said_of<Vector>(), HasSubstr("Vector has a std::vector of Forgets that"));
  struct Array : nn::Module {
    std::array<nn::ReLU, 2> all;
    SINTER_MODULE(Array)
  };
  EXPECT_THAT(said_of<Array>(), HasSubstr("Array has a ReLU() that"));
  struct Maybe : nn::Module {
    std::optional<nn::Linear> fc = nn::Linear(2, 2);
    SINTER_MODULE(Maybe)
  };
  EXPECT_THAT(said_of<Maybe>(), HasSubstr("Maybe has a Linear(in_features=2"));
  struct Nested : nn::Module {
    struct {
      Tensor shift = ones({3}), scale = ones({3}, {.requires_grad = true});
    } affine;
    SINTER_MODULE(Nested)
  };
  EXPECT_THAT(said_of<Nested>(), HasSubstr("Nested has a parameter float32[3] that"));
  struct Sequence : nn::Module {
    nn::Sequential body{nn::Linear(2, 2), nn::ReLU()};
    SINTER_MODULE(Sequence)
  };
  EXPECT_THAT(said_of<Sequence>(), HasSubstr("Sequence has a Sequential that"));
}

TEST(Unnamed, AClassOfItsOwn) {
  struct Wider : SmallNet {
    Wider() : SmallNet(1) {}
    nn::Linear fc3{3, 3};
  };
  EXPECT_THAT(said_of<Wider>(), AllOf(HasSubstr("Wider derives from SmallNet and has no SINTER_MODULE of its own"),
                                      HasSubstr("with the members that SmallNet names as well")));
  struct Whole : Wider {
    SINTER_MODULE(Whole, fc1, fc2, fc3)
  };
  EXPECT_EQ(Whole().parameters().size(), 6u);
  struct Part : Wider {
    SINTER_MODULE(Part, fc1, fc2)
  };
  EXPECT_THAT(said_of<Part>(),
              HasSubstr("Part has a Linear(in_features=3, out_features=3, bias=True), behind fc2, that"));
}

// None of these is a part that was forgotten.
TEST(Unnamed, WhatIsNoPart) {
  struct Net : nn::Module {
    explicit Net(const SmallNet& model) : teacher(model), shared(model.fc1.weight) {}
    nn::Linear fc{2, 2};
    Tensor alias = fc.weight, constant = ones({3}), computed = fc.bias * 2, absent;
    const SmallNet& teacher;
    const nn::Module* self = this;
    std::vector<const nn::Module*> pointers{this, &fc, this};
    std::vector<nn::Linear> none;
    std::vector<int64_t> sizes{1, 2, 3};
    Sizes shape{2, 3};
    std::string text = "a text that is longer than what fits";
    std::function<Tensor(Tensor)> f = [](const Tensor& x) { return relu(x); };
    Tensor shared;
    SINTER_MODULE(Net, fc, nn::unlisted(shared))
  };
  const SmallNet teacher(1);
  Net net(teacher);
  EXPECT_EQ(net.parameters().size(), 2u);
  EXPECT_EQ(net.state_dict().size(), 2u);
  net.eval();
  EXPECT_TRUE(teacher.is_training());

  struct Learner : nn::Module {
    nn::Linear fc{2, 2};
    optim::Adam adam{fc.parameters()};
    SINTER_MODULE(Learner, fc)
  };
  EXPECT_EQ(Learner().state_dict().size(), 2u);

  struct Frozen : nn::Module {
    nn::Linear student{2, 2}, teacher{2, 2};
    SINTER_MODULE(Frozen, student, nn::unlisted(teacher))
  };
  Frozen frozen;
  frozen.eval();
  EXPECT_TRUE(frozen.teacher.is_training());
  EXPECT_EQ(frozen.state_dict().size(), 2u);
}

// Modules that move are found where they are now, and not where they were.
TEST(Unnamed, ModulesMove) {
  struct Net : nn::Module {
    nn::Linear fc{2, 2};
    std::vector<nn::Linear> layers;
    std::optional<nn::Linear> spare;
    SINTER_MODULE(Net, fc, layers, spare)
  };
  Net net;
  for (int i = 0; i < 20; ++i) net.layers.emplace_back(2, 2);
  EXPECT_EQ(net.parameters().size(), 42u);
  net.spare = std::move(net.layers.back());
  net.layers.pop_back();
  EXPECT_EQ(net.parameters().size(), 42u);
  const Net moved = std::move(net);
  EXPECT_EQ(moved.parameters().size(), 42u);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const SmallNet own(i);
        EXPECT_EQ(own.parameters().size() + moved.parameters().size(), 46u);
      }
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(Unnamed, PlainTensorsAreRefused) {
  struct Net : nn::Module {
    nn::Linear fc{2, 2};
    Tensor mask = ones({2});
    SINTER_MODULE(Net, fc, mask)
  };
  const std::string text = said_of<Net>();
  EXPECT_THAT(text, AllOf(HasSubstr("parameters: mask of Net is a plain tensor, expected a cell"),
                          HasSubstr("unnamed_test.cc:"), HasSubstr("make it a buffer with variable(x)")));
  Net net;
  net.mask = variable(net.mask);
  EXPECT_EQ(net.state_dict().size(), 3u);
}

}  // namespace
}  // namespace sinter
