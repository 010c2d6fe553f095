// Checkpoints: all of a training run comes back, damaged files are found, and what is refused changes nothing.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/nn/small_net.h"

namespace sinter {
namespace {

using testing::AllOf;
using testing::HasSubstr;
namespace fs = std::filesystem;

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
void write_bytes(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

struct Learner {
  SmallNet net;
  optim::Adam adam;
  explicit Learner(int64_t seed) : net(seed), adam(net.parameters(), {.lr = 0.01}) {}
  void train(int steps) {
    for (int step = 0; step < steps; ++step) {
      const auto [x, labels] = random_batch();
      adam.zero_grad();
      cross_entropy(net(x), labels).backward();
      adam.step();
    }
  }
  // Everything a checkpoint holds.
  [[nodiscard]] std::vector<Tensor> state() const {
    std::vector<Tensor> all = values_of(net.state_dict());
    for (const Tensor& value : values_of(adam.state_dict())) all.push_back(value);
    all.push_back(generator().clone());
    return all;
  }
};

class Checkpoint : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder);
    fs::create_directories(folder);
  }
  // Loading the file is refused with an E whose text comes back, and changes nothing.
  template <class E>
  std::string refused(const fs::path& file) {
    const Learner learner(9);
    const std::vector<Tensor> before = learner.state();
    const std::string text = message_of<E>([&] { (void)load_checkpoint(file, learner.net, learner.adam); });
    EXPECT_TRUE(same_bits(before, learner.state())) << text;
    return text;
  }

  fs::path folder = fs::path(testing::TempDir()) / "checkpoint_test", path = folder / "run.safetensors";
};

TEST_F(Checkpoint, TrainingGoesOnAsIfItHadNeverStopped) {
  Learner straight(1);
  straight.train(3);
  straight.adam.set_lr(0.02);
  save_checkpoint(path, straight.net, straight.adam, 3);
  straight.train(3);
  const std::vector<Tensor> expected = straight.state();

  Learner resumed(2);
  resumed.train(1);
  EXPECT_EQ(load_checkpoint(path, resumed.net, resumed.adam), 3);
  EXPECT_EQ(resumed.adam.lr(), 0.02);
  resumed.train(3);
  EXPECT_TRUE(same_bits(expected, resumed.state()));
}

TEST_F(Checkpoint, EqualStatesEqualBytes) {
  Learner learner(1);
  learner.train(2);
  save_checkpoint(path, learner.net, learner.adam, 2);
  Learner again(3);
  (void)load_checkpoint(path, again.net, again.adam);
  save_checkpoint(folder / "again", again.net, again.adam, 2);
  EXPECT_EQ(bytes_of(path), bytes_of(folder / "again"));
}

TEST_F(Checkpoint, TheModelAlone) {
  Learner learner(1);
  learner.train(2);
  save_checkpoint(path, learner.net, learner.adam, 2);
  const SmallNet net(5);
  const Tensor random = generator().clone();
  load_model(path, net);
  EXPECT_TRUE(same_bits(values_of(net.state_dict()), values_of(learner.net.state_dict())));
  EXPECT_TRUE(same_bits(random, generator()));
}

TEST_F(Checkpoint, MissingTruncatedAndFlipped) {
  EXPECT_THAT(refused<FileError>(path), AllOf(HasSubstr(path.string()), HasSubstr("checkpoint_test.cc:")));
  const Learner learner(1);
  save_checkpoint(path, learner.net, learner.adam, 2);
  const std::string whole = bytes_of(path);
  const fs::path damaged = folder / "damaged";
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{7}, size_t{8}, size_t{100}, whole.size() / 2, whole.size() - 1}) {
    write_bytes(damaged, whole.substr(0, size));
    EXPECT_THAT(refused<FileError>(damaged), HasSubstr(damaged.string())) << size;
  }
  write_bytes(damaged, whole + "x");
  EXPECT_THAT(refused<FileError>(damaged), HasSubstr(damaged.string()));
  for (size_t at = 0; at < whole.size(); at += at < 64 ? 1 : 1 + whole.size() / 97) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << at % 8));
    write_bytes(damaged, flipped);
    EXPECT_THAT(refused<FileError>(damaged), HasSubstr(damaged.string())) << "byte " << at;
  }
}

struct OtherNet : nn::Module {
  nn::Linear fc1{6, 8}, out{8, 4};
  SINTER_MODULE(OtherNet, fc1, out)
};

TEST_F(Checkpoint, OfAnotherModel) {
  const OtherNet other;
  const optim::Adam adam(other.parameters());
  save_checkpoint(path, other, adam, 2);
  EXPECT_THAT(refused<ValueError>(path), AllOf(HasSubstr("fc2.weight is missing"), HasSubstr("fc2.bias is missing"),
                                               HasSubstr("out.weight is not expected")));
}

TEST_F(Checkpoint, OfAnotherOptimizer) {
  const SmallNet net(1);
  const optim::SGD sgd(net.parameters(), {.momentum = 0.9});
  save_checkpoint(path, net, sgd, 2);
  EXPECT_THAT(refused<ValueError>(path), HasSubstr("m.0 is missing"));
}

TEST_F(Checkpoint, TensorsThatAreNone) {
  const SmallNet net(1);
  save_tensors(path, net.state_dict(), {{"epoch", "many"}});
  EXPECT_THAT(refused<FileError>(path), HasSubstr("expected a checkpoint"));
}

TEST_F(Checkpoint, WhatCannotBeWrittenLeavesTheOldFile) {
  Learner learner(1);
  save_checkpoint(path, learner.net, learner.adam, 1);
  const std::string before = bytes_of(path);
  EXPECT_THAT(message_of<FileError>([&] { save_checkpoint(folder / "absent" / "file", learner.net, learner.adam, 2); }),
              AllOf(HasSubstr("absent"), HasSubstr("checkpoint_test.cc:")));
  EXPECT_THROW(save_tensors(path, {{"x", tensor(1.)}, {"x", tensor(2.)}}), ValueError);
  EXPECT_EQ(bytes_of(path), before);
}

TEST_F(Checkpoint, TensorsOfEveryKind) {
  const nn::NamedTensors saved{{"f32", tensor({{1., 2.}, {3., 4.}}).t()},  // a view, written in order
                               {"f64", tensor({0.1}, {.dtype = kFloat64})},
                               {"i64", tensor({-5, 7})},
                               {"bool", tensor({true, false, true})},
                               {"scalar", tensor(3.)},
                               {"empty", zeros({0, 4})}};
  save_tensors(path, saved, {{"who", "a test"}});
  const SavedTensors loaded = load_tensors(path);
  EXPECT_EQ(loaded.metadata.at("who"), "a test");
  ASSERT_EQ(loaded.tensors.size(), saved.size());
  for (const auto& [name, tensor] : saved) EXPECT_TRUE(same_bits(loaded.tensors.at(name), tensor)) << name;
}

}  // namespace
}  // namespace sinter
