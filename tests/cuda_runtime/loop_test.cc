// The training loop of examples/mnist.cc on "cuda", as the driver sees it: who waits, what is copied and how. The fake
// driver records, so nothing is computed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sinter/sinter.h"
#include "tests/cuda_runtime/quiet.h"
#include "tests/cuda_sim/fake/fake_cuda.h"

namespace sinter {
namespace {

struct Net : nn::Module {
  nn::Linear fc1{784, 128}, fc2{128, 64}, fc3{64, 10};
  Tensor operator()(const Tensor& images) const {
    const Tensor x = relu(fc1(flatten(images, 1)));
    return fc3(relu(fc2(x)));
  }
  SINTER_MODULE(Net, fc1, fc2, fc3)
};

// What a step asked of the driver.
struct Asked {
  unsigned long waits_for_stream = 0, waits_for_events = 0, uploads = 0, downloads = 0, allocations = 0, launches = 0,
                graphs = 0;
};

class CudaLoop : public testing::Test {
 protected:
  // A step of the loop in its steady state; with item() or without.
  Asked step(bool is_static, bool reads) {
    const auto& body = [&](const Tensor& images, const Tensor& labels) {
      adam_.zero_grad();
      const Tensor loss = cross_entropy(net_(images), labels);
      loss.backward();
      adam_.step();
      return loss;
    };
    const auto compiled = jit(body);
    Asked asked;
    data::DataLoader loader(digits_, {.batch_size = 64, .shuffle = true});
    int64_t number = 0;
    for (auto [images, labels] : loader) {
      // The last step counts, after a wait that empties the stream.
      if (++number == loader.size()) {
        cuda::synchronize();
        fake_.configure("record,late");
      }
      const Tensor x = images.to("cuda"), y = labels.to("cuda");
      const Tensor loss = is_static ? compiled(x, y) : body(x, y);
      if (reads) (void)loss.item();
    }
    const auto count = [&](const char* name) { return fake_.calls(name).count; };
    asked = {.waits_for_stream = count("cuStreamSynchronize"),
             .waits_for_events = count("cuEventSynchronize"),
             .uploads = count("cuMemcpyHtoDAsync_v2"),
             .downloads = count("cuMemcpyDtoHAsync_v2"),
             .allocations = count("cuMemAlloc_v2"),
             .launches = count("cuLaunchKernel"),
             .graphs = count("cuGraphLaunch")};
    cuda::synchronize();
    fake_.configure("record");
    return asked;
  }

  void SetUp() override { net_.to("cuda"); }  // what Adam remembers follows

  OptionScope options_{without_checks()};
  cuda_sim::FakeDriver fake_;
  data::TensorDataset digits_ = data::drawn_digits({.mean = 0.5, .std = 0.5}, 4 * 64, 1).train;
  Net net_;
  optim::Adam adam_{net_.parameters()};
};

TEST_F(CudaLoop, AStaticStepCopiesTheBatchAndLaunchesOneGraph) {
  const Asked asked = step(/*is_static=*/true, /*reads=*/false);
  EXPECT_EQ(asked.waits_for_stream, 0u);
  EXPECT_EQ(asked.waits_for_events, 0u);
  EXPECT_EQ(asked.uploads, 2u);  // images, labels
  EXPECT_EQ(asked.downloads, 0u);
  EXPECT_EQ(asked.allocations, 0u);
  EXPECT_EQ(asked.launches, 0u);
  EXPECT_EQ(asked.graphs, 1u);
}

TEST_F(CudaLoop, ItemIsTheOnlyWait) {
  const Asked asked = step(/*is_static=*/true, /*reads=*/true);
  EXPECT_EQ(asked.waits_for_stream, 1u);
  EXPECT_EQ(asked.waits_for_events, 0u);
  EXPECT_EQ(asked.downloads, 2u);  // the loss, and whether an index check failed
}

TEST_F(CudaLoop, ADynamicStepWaitsForItsIndexChecksBeforeItUpdates) {
  const Asked asked = step(/*is_static=*/false, /*reads=*/false);
  EXPECT_EQ(asked.waits_for_stream, 0u);
  EXPECT_EQ(asked.waits_for_events, 1u);
  EXPECT_EQ(asked.uploads, 3u);  // images, labels; Adam's two numbers at once
  EXPECT_EQ(asked.allocations, 0u);
  const Asked reading = step(/*is_static=*/false, /*reads=*/true);
  EXPECT_EQ(reading.waits_for_stream, 1u);
  EXPECT_EQ(reading.launches, asked.launches);
}

}  // namespace
}  // namespace sinter
