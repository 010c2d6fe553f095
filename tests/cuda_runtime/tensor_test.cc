// Tensors, modules and compiled functions on "cuda" where the fake driver records what is asked of it; on a real
// device, the same without the counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "sinter/sinter.h"
#include "tests/cuda_runtime/quiet.h"
#include "tests/cuda_sim/fake/fake_cuda.h"

namespace sinter {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

template <class E>
std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const E& error) {
    return error.what();
  }
  return "no error of this kind";
}

class CudaTensor : public testing::Test {
 protected:
  void SetUp() override {
    cuda::synchronize();
    fake.configure("record");
  }
  OptionScope options{without_checks()};
  cuda_sim::FakeDriver fake;
};

TEST_F(CudaTensor, IsThere) {
  EXPECT_TRUE(cuda::is_available());
  EXPECT_GE(cuda::device_count(), 1);
}

TEST_F(CudaTensor, GoesThereAndBack) {
  const Tensor x = tensor({{1., 2., 3.}, {4., 5., 6.}});
  EXPECT_EQ(x.device(), Device("cpu"));
  const Tensor there = x.to("cuda");
  EXPECT_EQ(there.device(), Device("cuda:0"));
  EXPECT_EQ(fake.calls("cuStreamSynchronize"), 0u);
  EXPECT_THAT(there.cpu().to_vector<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(fake.calls("cuStreamSynchronize"), 1u);
  EXPECT_EQ(there.cuda().impl(), there.impl());  // nothing to do
  EXPECT_EQ(x.t().contiguous().to("cuda").cpu().to_vector<float>(), x.t().to_vector<float>());
}

TEST_F(CudaTensor, DataIsReadThroughACopy) {
  const Tensor x = tensor({1, 2, 3}).to("cuda");
  EXPECT_EQ(x.data<int64_t>()[2], 3);
  EXPECT_EQ(tensor(7.5).cuda().item(), 7.5);
  EXPECT_TRUE(static_cast<bool>(tensor(true).cuda()));
}

TEST_F(CudaTensor, IsPrintedAsPyTorchPrintsIt) {
  EXPECT_EQ(to_string(tensor({1., 2.}).cuda()), "tensor([1., 2.], device='cuda:0')");
  EXPECT_EQ(to_string(tensor({1.5}, {.dtype = kFloat64, .device = "cuda"})),
            "tensor([1.5000], device='cuda:0', dtype=torch.float64)");
  EXPECT_EQ(to_string(tensor({1.}, {.device = "cuda", .requires_grad = true})),
            "tensor([1.], device='cuda:0', requires_grad=True)");
  EXPECT_EQ(to_string(zeros({0}, {.device = "cuda"})), "tensor([], device='cuda:0')");
}

TEST_F(CudaTensor, FactoriesMakeItThere) {
  const TensorOptions there{.device = "cuda"};
  EXPECT_THAT(zeros({3}, there).to_vector<float>(), ElementsAre(0, 0, 0));
  EXPECT_THAT(ones({3}, there).to_vector<float>(), ElementsAre(1, 1, 1));
  EXPECT_THAT(full({2}, 2.5, there).to_vector<float>(), ElementsAre(2.5, 2.5));
  EXPECT_THAT(zeros_like(tensor({1, 2}).cuda()).to_vector<int64_t>(), ElementsAre(0, 0));
  EXPECT_EQ(fake.calls("cuLaunchKernel"), 0u);
  EXPECT_EQ(ones_like(tensor({1., 2.}).cuda()).device(), Device("cuda"));
  EXPECT_EQ(rand({4}, there).device(), Device("cuda"));
}

TEST_F(CudaTensor, SinterDeviceIsTheDefault) {
  Options changed = without_checks();
  changed.device = "cuda";
  const OptionScope scope(changed);
  EXPECT_EQ(zeros({2}).device(), Device("cuda"));
  EXPECT_EQ(tensor({1., 2.}).device(), Device("cuda"));
  EXPECT_EQ(tensor({1., 2.}, {.device = "cpu"}).device(), Device("cpu"));
  EXPECT_EQ(randn({2, 2}).device(), Device("cuda"));
}

TEST_F(CudaTensor, OperationsRunWhereTheirOperandsAre) {
  const Tensor x = tensor({1., 2.}).cuda();
  const Tensor y = x * 2.0 + tensor(1.0);  // numbers, and tensors without dimensions, go along
  EXPECT_EQ(y.device(), Device("cuda"));
  EXPECT_EQ(fake.calls("cuLaunchKernel"), 2u);
  (void)(x * 2.0);
  EXPECT_EQ(fake.calls("cuStreamSynchronize"), 0u);
}

TEST_F(CudaTensor, MixedDevicesAreAnError) {
  const Tensor here = tensor({1., 2.}), there = here.cuda();
  EXPECT_THAT(message_of<ValueError>([&] { (void)(here + there); }),
              AllOf(HasSubstr("add: argument 2 is on cuda:0, expected cpu, where argument 1 is"),
                    HasSubstr("cure: move it with .to(\"cpu\")")));
  const auto add = jit([](const Tensor& a, const Tensor& b) { return a + b; });
  EXPECT_THAT(message_of<ValueError>([&] { (void)add(there, here); }),
              AllOf(HasSubstr("jit: tensor 2 of the arguments: on cpu, expected cuda:0"), HasSubstr("cure: move")));
  EXPECT_THAT(message_of<RuntimeError>([&] { (void)here.to("cuda:63"); }), HasSubstr("this machine has "));
  EXPECT_THAT(message_of<ValueError>([&] { (void)here.to("gpu"); }), HasSubstr("expected cpu, cuda or cuda:N"));
}

TEST_F(CudaTensor, GradientsFlowBackToWhereTheTensorWas) {
  const Tensor x = tensor({1., 2.}, {.requires_grad = true});
  (x.cuda() * 3.0).sum().backward();
  EXPECT_EQ(x.grad().device(), Device("cpu"));
}

struct Net : nn::Module {
  nn::Linear fc1{4, 8}, fc2{8, 2};
  Tensor operator()(const Tensor& x) const { return fc2(relu(fc1(x))); }
  SINTER_MODULE(Net, fc1, fc2)
};

TEST_F(CudaTensor, AModuleMovesInPlace) {
  Net net;
  const std::vector<float> before = net.fc1.weight.to_vector<float>();
  const Tensor handle = net.parameters()[0];
  net.to("cuda");
  for (const Tensor& parameter : net.parameters()) EXPECT_EQ(parameter.device(), Device("cuda"));
  EXPECT_EQ(handle.device(), Device("cuda"));
  EXPECT_EQ(handle.to_vector<float>(), before);
  handle.set(zeros({8, 4}));  // values are copied to where the cell is
  EXPECT_EQ(handle.device(), Device("cuda"));
  net.cpu();
  EXPECT_EQ(handle.device(), Device("cpu"));
}

TEST_F(CudaTensor, CheckpointsAreReadBackAnywhere) {
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "there.safetensors";
  Net net, other;
  net.to("cuda");
  optim::Adam adam(net.parameters()), other_adam(other.parameters());
  save_checkpoint(path, net, adam, 3);
  EXPECT_EQ(load_checkpoint(path, other, other_adam), 3);
  EXPECT_EQ(other.fc2.weight.to_vector<float>(), net.fc2.weight.to_vector<float>());
  EXPECT_EQ(other.fc2.weight.device(), Device("cpu"));
}

// A training step that the code generator may fuse as it likes: no matrix products.
struct Scale : nn::Module {
  Tensor weight = ones({4}).requires_grad_();
  Tensor operator()(const Tensor& x) const { return x * weight; }
  SINTER_MODULE(Scale, weight)
};

TEST_F(CudaTensor, AStepIsOneLaunchOfOneGraph) {
  Scale model;
  model.to("cuda");
  optim::Adam adam(model.parameters(), {.lr = 0.1});
  const auto step = jit([&](const Tensor& x) {
    adam.zero_grad();
    const Tensor loss = (model(x) * model(x)).sum();
    loss.backward();
    adam.step();
    return loss;
  });
  const Tensor x = tensor({{1., 2., 3., 4.}, {5., 6., 7., 8.}}).cuda();
  (void)step(x);
  fake.configure("record");
  for (int i = 0; i < 10; ++i) (void)step(x);
  EXPECT_EQ(fake.calls("cuGraphLaunch"), 10u);
  EXPECT_EQ(fake.calls("cuLaunchKernel"), 0u);
  EXPECT_EQ(fake.calls("cuStreamSynchronize"), 0u);
  EXPECT_EQ(fake.calls("cuMemAlloc_v2"), 0u);
  (void)step(x).item();
  EXPECT_EQ(fake.calls("cuStreamSynchronize"), 1u);
  for (const auto& [name, state] : adam.state_dict()) EXPECT_EQ(state.device(), Device("cuda")) << name;
  EXPECT_EQ(step.stats().compilations, 1u);
  adam.set_lr(0.01);
  (void)step(x);
  EXPECT_EQ(step.stats().compilations, 1u);
}

TEST_F(CudaTensor, TheSignatureKnowsTheDevice) {
  const auto doubled = jit([](const Tensor& x) { return x + x; });
  EXPECT_THAT(doubled(tensor({1., 2.})).to_vector<float>(), ElementsAre(2, 4));
  EXPECT_EQ(doubled(tensor({1., 2.}).cuda()).device(), Device("cuda"));
  (void)doubled(tensor({1., 2.}));
  EXPECT_EQ(doubled.stats().compilations, 2u);
  EXPECT_THAT(doubled.stats().explanations[0], HasSubstr("on cuda:0"));

  Scale model;
  const auto applied = jit([&](const Tensor& x) { return model(x); });
  (void)applied(ones({4}));
  model.to("cuda");
  (void)applied(ones({4}, {.device = "cuda"}));
  EXPECT_EQ(applied.stats().compilations, 2u);
  EXPECT_THAT(message_of<ValueError>([&] { (void)applied(ones({4})); }), HasSubstr("weight: on cuda:0, expected cpu"));
}

TEST_F(CudaTensor, CodeOnDiskThatTheDriverRefusesIsCompiledAgain) {
  const cuda_sim::FakeNvrtc nvrtc;
  if (!fake.there() || !nvrtc.there()) GTEST_SKIP() << "needs a driver that refuses";
  const auto compile_and_run = [&] {
    nvrtc.configure("record");
    const auto f = jit([](const Tensor& x) { return x * 3.0 - 1.25; });
    (void)f(ones({3}, {.device = "cuda"}));
    return nvrtc.calls("nvrtcCompileProgram");
  };
  EXPECT_EQ(compile_and_run(), 1u);
  EXPECT_EQ(compile_and_run(), 0u);  // from disk
  fake.configure("record,fail=cuModuleLoadData:1=200");
  EXPECT_EQ(compile_and_run(), 1u);
  EXPECT_EQ(fake.calls("cuModuleLoadData"), 2u);
}

TEST_F(CudaTensor, CountsItsMemory) {
  const int64_t before = cuda::memory_allocated();
  {
    const Tensor x = zeros({1000}, {.device = "cuda"});
    EXPECT_EQ(cuda::memory_allocated(), before + 4000);
    EXPECT_GE(cuda::max_memory_allocated(), before + 4000);
  }
  EXPECT_EQ(cuda::memory_allocated(), before);
}

TEST_F(CudaTensor, AFullDeviceNamesTheUsersLine) {
  if (!fake.there()) GTEST_SKIP() << "needs a small device";
  fake.configure("record,memory=1048576");
  const Tensor big = zeros({128, 1024}, {.device = "cuda"});
  const std::string text = message_of<RuntimeError>([&] { (void)zeros({256, 1024}, {.device = "cuda"}); });
  EXPECT_THAT(text, AllOf(HasSubstr("cannot allocate 1.0 MiB (1048576 bytes) on cuda:0"),
                          HasSubstr("0.5 MiB made at tests/cuda_runtime/tensor_test.cc:")));
}

}  // namespace
}  // namespace sinter
