// A process of its own for the tests beside it: trains the network under whatever knobs the environment holds, and
// prints what came out as lines "NAME VALUE".
//   mlp_run (static | dynamic) STEPS [bad-labels]      bad-labels: each good step is followed by one that must fail
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

#include "driver/compile.h"
#include "runtime/threads.h"
#include "tests/bits/mlp.h"

namespace sinter::test {
namespace {

// A step with one label out of range: must throw and leave everything as it was.
template <class Step>
void bad_step(const Step& step, const Mlp& mlp, const Tensor& images, const Tensor& labels, int64_t number) {
  const uint64_t before = mlp.hash();
  std::vector<int64_t> wrong = labels.to_vector<int64_t>();
  wrong[static_cast<size_t>(number * 7) % wrong.size()] = number % 2 == 0 ? 10 : -1;
  try {
    (void)step(images, from_data(wrong.data(), {static_cast<int64_t>(wrong.size())}));
  } catch (const IndexError& error) {
    if (std::strstr(error.what(), "cross_entropy: argument 2 has index") == nullptr) throw;
    if (mlp.hash() != before) throw RuntimeError("a failed step changed the state");
    return;
  }
  throw RuntimeError("a label out of range was no error");
}

int run(std::string_view engine, int64_t steps, bool bad_labels) {
  Mlp mlp;
  Batches batches;
  const auto plain = [&](const Tensor& images, const Tensor& labels) { return mlp.step(images, labels); };
  const auto compiled = jit(plain);
  const auto step = [&](const Tensor& images, const Tensor& labels) {
    return engine == "static" ? compiled(images, labels) : plain(images, labels);
  };
  double first = 0, last = 0;
  for (int64_t i = 0; i < steps; ++i) {
    const auto [images, labels] = batches.next();
    last = step(images, labels).item();
    if (i == 0) first = last;
    if (bad_labels) bad_step(step, mlp, images, labels, i);
  }
  fmt::print("hash {:016x}\nfirst_loss {}\nlast_loss {}\nworkers {}\nkernels_compiled {}\n", mlp.hash(), first, last,
             runtime::ThreadTeam::global().size(), driver::kernels_compiled());
  return 0;
}

}  // namespace
}  // namespace sinter::test

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  try {
    return sinter::test::run(argv[1], std::atoll(argv[2]), argc > 3 && std::string_view(argv[3]) == "bad-labels");
  } catch (const sinter::Error& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
