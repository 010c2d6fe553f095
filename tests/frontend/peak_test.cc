// A compiled program needs no more memory than the dynamic engine and the stated bound, however many independent pieces
// it has: the order of its kernels looks at memory, and so does fusion.
#include <gtest/gtest.h>

#include "passes/plan/phases.h"
#include "runtime/buffer.h"
#include "sinter/sinter.h"
#include "support/options.h"

namespace sinter {
namespace {

// And scratch of workers, and what a kernel holds at once that operations one by one do not.
constexpr int64_t kBound = static_cast<int64_t>(passes::kSpareBytes) + (2 << 20);

// A function of one tensor, of so many pieces. Other tensors that it reads are cells, made before anything is measured.
using Program = std::function<Tensor(const Tensor&)>;
struct Kind {
  const char* name;
  std::vector<int64_t> shape;  // of the argument
  std::function<Program(int pieces)> make;
  bool constant = true;  // whether the dynamic engine's peak, too, does not depend on the number of pieces
};

std::vector<Kind> kinds() {
  const std::vector<int64_t> square{512, 512};
  std::vector<Kind> all;
  all.push_back({"sums_of_pieces", square, [](int pieces) {
                   return [pieces](const Tensor& b) {
                     Tensor total = zeros({});
                     for (int i = 0; i < pieces; ++i) {
                       const Tensor p = softmax(b * (1. + i), 0);
                       total = total + (p / amax(p, 1, true)).sum();
                     }
                     return total;
                   };
                 }});
  all.push_back({"sum_of_large_pieces", square, [](int pieces) {
                   return [pieces](const Tensor& b) {
                     Tensor total = zeros({512, 512});
                     for (int i = 0; i < pieces; ++i) {
                       const Tensor p = softmax(b * (1. + i), 0);
                       total = total + p / amax(p, 1, true);
                     }
                     return total.sum(0);
                   };
                 }});
  all.push_back({"sum_of_products", square, [](int pieces) {
                   return [pieces](const Tensor& b) {
                     Tensor total = zeros({512, 512});
                     for (int i = 0; i < pieces; ++i) total = total + tanh(matmul(b, b * (1. + i)));
                     return total.sum(0);
                   };
                 }});
  all.push_back({"experts", square, [](int pieces) {
                   std::vector<Tensor> gates, in, out;
                   for (int i = 0; i < pieces; ++i) {
                     gates.push_back(variable(randn({512, 1})));
                     in.push_back(variable(randn({512, 256})));
                     out.push_back(variable(randn({256, 512})));
                   }
                   return [=](const Tensor& x) {
                     const NoGrad mode;
                     Tensor y = zeros({512, 512});
                     for (int i = 0; i < pieces; ++i) y = y + gates[i] * matmul(relu(matmul(x, in[i])), out[i]);
                     return y;
                   };
                 }});
  all.push_back({"heads", square, [](int pieces) {
                   std::vector<Tensor> q, k, v;
                   for (int i = 0; i < pieces; ++i)
                     for (std::vector<Tensor>* w : {&q, &k, &v}) w->push_back(variable(randn({512, 16})));
                   return [=](const Tensor& x) {
                     const NoGrad mode;
                     Tensor y = zeros({512, 16});
                     for (int i = 0; i < pieces; ++i) {
                       const Tensor scores = matmul(matmul(x, q[i]), matmul(x, k[i]).t());
                       y = y + matmul(softmax(scores, 1), matmul(x, v[i]));
                     }
                     return y;
                   };
                 }});
  all.push_back({"micro_batches", {16384, 128}, [](int pieces) {
                   struct Model {
                     nn::Linear a{128, 256}, b{256, 128};
                     optim::SGD sgd{b.parameters(), {.lr = 1e-3}};
                   };
                   const auto model = std::make_shared<Model>();
                   return [=](const Tensor& x) {
                     model->sgd.zero_grad();
                     model->a.zero_grad();
                     Tensor total = zeros({});
                     for (int i = 0; i < pieces; ++i) {
                       const Tensor part = x.slice(0, i * 16384 / pieces, (i + 1) * 16384 / pieces);
                       const Tensor h = tanh(model->a(part));
                       const Tensor y = model->b(sin(h) * h);
                       const Tensor loss = ((y - part) * (y - part)).sum() / 16384.;
                       loss.backward();
                       total = total + loss.detach();
                     }
                     model->sgd.step();
                     return total;
                   };
                 }});
  // One weight, used again and again: as many contributions to its gradient.
  all.push_back({"unrolled_recurrence",
                 {16, 384},
                 [](int pieces) {
                   struct Model {
                     nn::Linear w{384, 384};
                     optim::Adam adam{w.parameters(), {.lr = 1e-3}};
                   };
                   const auto model = std::make_shared<Model>();
                   return [=](const Tensor& x) {
                     model->adam.zero_grad();
                     Tensor h = x;
                     for (int i = 0; i < pieces; ++i) h = tanh(model->w(h));
                     const Tensor loss = (h * h).mean();
                     loss.backward();
                     model->adam.step();
                     return loss;
                   };
                 },
                 false});
  // As many weights as pieces: their gradients are alive together until their norm is known.
  all.push_back({"clipped_gradients",
                 {16, 256},
                 [](int pieces) {
                   std::vector<Tensor> weights;
                   for (int i = 0; i < pieces; ++i) weights.push_back((0.05 * randn({256, 256})).requires_grad_());
                   return [=](const Tensor& x) {
                     Tensor h = x;
                     for (const Tensor& w : weights) h = h + tanh(matmul(h, w));
                     const Tensor loss = (h * h).mean();
                     const std::vector<Tensor> gradient = gradients(loss, weights);
                     Tensor norm = zeros({});
                     for (const Tensor& g : gradient) norm = norm + (g * g).sum();
                     const NoGrad mode;
                     for (size_t i = 0; i < weights.size(); ++i) {
                       Tensor w = weights[i];
                       w.set(w - gradient[i] * (1e-3 / sqrt(norm)));
                     }
                     return loss;
                   };
                 },
                 false});
  return all;
}

class Peak : public testing::TestWithParam<Kind> {};

int64_t peak_of(const std::function<void()>& run) {
  const int64_t live = runtime::memory_statistics().live_bytes;
  runtime::reset_peak_memory();
  run();
  return runtime::memory_statistics().peak_bytes - live;
}

TEST_P(Peak, IsTheDynamicEnginesAndABound) {
  Options unchecked = options();
  unchecked.check = false;  // kernels of this size take minutes to interpret
  const OptionScope scope(unchecked);
  const Tensor x = rand(Sizes(GetParam().shape));
  std::vector<int64_t> arenas;
  for (const int pieces : {10, 20, 40, 80}) {
    manual_seed(1);
    const Program once = GetParam().make(pieces);
    const int64_t dynamic = peak_of([&] { (void)once(x); });
    manual_seed(1);
    auto compiled = jit(GetParam().make(pieces));
    const int64_t made = peak_of([&] { (void)compiled(x); });
    arenas.push_back(static_cast<int64_t>(compiled.stats().code.arena_bytes));
    EXPECT_LE(made, dynamic + kBound) << pieces << " pieces; arena " << arenas.back();
  }
  const int64_t growth = arenas.back() - arenas.front();
  EXPECT_TRUE(growth <= kBound || !GetParam().constant) << "the arena grew by " << growth;
}

INSTANTIATE_TEST_SUITE_P(Kinds, Peak, testing::ValuesIn(kinds()),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace sinter
