// Times compiled kernels on one thread: GEMM against the FMA peak probed in the same run, elementwise chains, and the
// compiler itself. Run by hand: codegen_bench [avx2].
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "codegen/cpu/compile_kernel.h"
#include "ir/loops/text.h"
#include "support/float_mode.h"

namespace sinter::codegen::cpu {
namespace {

// Time this thread has run: others' work on the machine does not count.
double now() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// The best of many runs, seconds.
template <class F>
double best(F&& f) {
  double fastest = 1e9;
  const double until = now() + 0.15;
  for (int i = 0; i < 5 || now() < until; ++i) {
    const double start = now();
    f();
    fastest = std::min(fastest, now() - start);
  }
  return fastest;
}

constexpr int kProbeSteps = 100000, kProbeChains = 12;

// Independent chains of multiply-adds in registers.
void probe(Isa isa) {
  int64_t steps = kProbeSteps;
  if (isa == Isa::kAvx512) {
    asm volatile(
        "1: .irp n,0,1,2,3,4,5,6,7,8,9,10,11\n vfmadd231ps %%zmm15, %%zmm15, %%zmm\\n\n .endr\n dec %0\n jnz 1b"
        : "+r"(steps)::"cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
          "xmm11", "xmm15");
  } else {
    asm volatile(
        "1: .irp n,0,1,2,3,4,5,6,7,8,9,10,11\n vfmadd231ps %%ymm15, %%ymm15, %%ymm\\n\n .endr\n dec %0\n jnz 1b"
        : "+r"(steps)::"cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
          "xmm11", "xmm15");
  }
}

double peak(Isa isa) {
  const FloatModeScope mode;  // whatever the registers hold, nothing is slow
  const double operations = 2.0 * kProbeSteps * kProbeChains * (isa == Isa::kAvx512 ? 16 : 8);
  return operations / best([&] { probe(isa); }) / 1e9;
}

// A compiled kernel with buffers of its own, run whole on this thread.
class Runner {
 public:
  Runner(const loops::Kernel& kernel, Isa isa) {
    compile_seconds_ = best([&] { code_ = compile_kernels({&kernel, 1}, isa, nullptr)[0]; });
    for (const loops::Buffer& buffer : kernel.buffers)
      buffers_.push_back(allocate(static_cast<size_t>(buffer.size.value()) * size_of(buffer.dtype)));
    scratch_ = static_cast<std::byte*>(allocate(code_->scratch_bytes));
    for (const auto& factor : code_->units) units_ *= (factor.extent + factor.divisor - 1) / factor.divisor;
  }
  Runner(const Runner&) = delete;
  ~Runner() {
    for (void* buffer : buffers_) std::free(buffer);
    std::free(scratch_);
  }
  double seconds() {
    const FloatModeScope mode;
    return best([&] {
      runtime::KernelStatus status;
      const runtime::KernelCall call{.buffers = buffers_.data(),
                                     .symbols = nullptr,
                                     .begin = 0,
                                     .end = units_,
                                     .scratch = scratch_,
                                     .status = &status};
      code_->function(&call);
    });
  }
  [[nodiscard]] double compile_seconds() const { return compile_seconds_; }
  [[nodiscard]] int64_t units() const { return units_; }

 private:
  static void* allocate(size_t bytes) {
    void* memory = std::aligned_alloc(64, (bytes + 64) / 64 * 64);
    for (size_t i = 0; i + 4 <= bytes; i += 4) {
      const float value = 0.001f * static_cast<float>(i % 1000);
      std::memcpy(static_cast<char*>(memory) + i, &value, sizeof value);
    }
    return memory;
  }
  std::shared_ptr<const runtime::KernelCode> code_;
  std::vector<void*> buffers_;
  std::byte* scratch_ = nullptr;
  int64_t units_ = 1;
  double compile_seconds_ = 0;
};

std::string index(bool turned, const char* row, const char* column, int64_t rows, int64_t columns) {
  return turned ? fmt::format("{}*{} + {}", rows, column, row) : fmt::format("{}*{} + {}", columns, row, column);
}

void gemm(Isa isa, int64_t m, int64_t n, int64_t k, bool a_turned, bool b_turned, double peak_now,
          const char* schedule) {
  const auto kernel =
      loops::parse(fmt::format(R"(
kernel @dot(%a: f32[{0}] in, %b: f32[{1}] in, %c: f32[{2}] out, %d: f32[{4}] in) symbols(0) {9} {{
  for i0 < {3}, i1 < {4} {{
    pass j2 < {5} {{
      %0 = load f32 %a[{6}]
      %1 = load f32 %b[{7}]
      %2 = dot f32 %0, %1
    }}
    pass {{
      %3 = load f32 %d[i1]
      %4 = add f32 %2, %3
      %5 = relu f32 %4
      store f32 %c[{8}], %5
    }}
  }}
}})",
                               m * k, k * n, m * n, m, n, k, index(a_turned, "i0", "j2", m, k),
                               index(b_turned, "j2", "i1", k, n), index(false, "i0", "i1", m, n), schedule))[0];
  Runner runner(kernel, isa);
  const double seconds = runner.seconds();
  const double rate = 2e-9 * static_cast<double>(m * n * k) / seconds;
  fmt::print("{:5} x {:5} x {:5} {}{}  {:9.1f} us  {:6.1f} GF/s  {:3.0f} %  {:4} units  compile {:.1f} ms\n", m, n, k,
             a_turned ? 'T' : 'n', b_turned ? 'T' : 'n', seconds * 1e6, rate, 100 * rate / peak_now, runner.units(),
             runner.compile_seconds() * 1e3);
}

void chain(Isa isa, int64_t n, const char* what, const char* body, int unroll) {
  const auto kernel = loops::parse(fmt::format(R"(
kernel @map(%x: f32[{0}] in, %y: f32[{0}] out) schedule(vector = i0, unroll = {2}) {{
  for i0 < {0} {{
    pass {{
      %0 = load f32 %x[i0]
      {1}
    }}
  }}
}})",
                                               n, body, unroll))[0];
  Runner runner(kernel, isa);
  const double seconds = runner.seconds();
  fmt::print("{:8} {:9} unroll {}  {:9.1f} us  {:6.1f} GB/s  compile {:.1f} ms\n", what, n, unroll, seconds * 1e6,
             8e-9 * static_cast<double>(n) / seconds, runner.compile_seconds() * 1e3);
}

void rows(Isa isa, const char* schedule, int columns_unroll) {
  const auto kernel = loops::parse(fmt::format(R"(
kernel @softmax(%x: f32[4096000] in, %y: f32[4096000] out) schedule({0}) {{
  for i0 < 4096 {{
    pass j1 < 1000 {{
      %0 = load f32 %x[1000*i0 + j1]
      %1 = reduce max f32 %0
    }}
    pass j1 < 1000 {{
      %2 = load f32 %x[1000*i0 + j1]
      %3 = sub f32 %2, %1
      %4 = exp f32 %3
      %5 = reduce sum f32 %4
      store f32 %y[1000*i0 + j1], %4
    }}
    pass j1 < 1000 {{
      %7 = load f32 %y[1000*i0 + j1]
      %8 = div f32 %7, %5
      store f32 %y[1000*i0 + j1], %8
    }}
  }}
}}
kernel @columns(%x: f32[4194304] in, %y: f32[1024] out) schedule(vector = i0, unroll = {1}) {{
  for i0 < 1024 {{
    pass j1 < 4096 {{
      %0 = load f32 %x[1024*j1 + i0]
      %1 = reduce sum f32 %0
    }}
    pass {{
      store f32 %y[i0], %1
    }}
  }}
}})",
                                               schedule, columns_unroll));
  for (const auto& one : kernel) {
    Runner runner(one, isa);
    fmt::print("{:8} {:25} unroll {}  {:9.1f} us  compile {:.1f} ms\n", one.name,
               one.schedule.vector < 0 ? "vector = inner" : "vector = i0", one.schedule.unroll, runner.seconds() * 1e6,
               runner.compile_seconds() * 1e3);
  }
}

void run(Isa isa, const char* schedule) {
  const double peak_now = peak(isa);
  fmt::print("{}: peak {:.1f} GF/s\n", name(isa), peak_now);
  const auto shapes = std::vector<std::array<int64_t, 3>>{
      {64, 128, 784},  {64, 64, 128},   {64, 10, 64},    {8, 128, 784},   {1, 128, 784},
      {512, 128, 784}, {128, 128, 128}, {256, 256, 256}, {512, 512, 512}, {1024, 1024, 1024}};
  for (const auto& [m, n, k] : shapes) gemm(isa, m, n, k, false, false, peak_now, schedule);
  gemm(isa, 784, 128, 64, true, false, peak_now, schedule);
  gemm(isa, 128, 64, 64, true, false, peak_now, schedule);
  gemm(isa, 64, 128, 64, false, true, peak_now, schedule);
  gemm(isa, 64, 128, 784, false, true, peak_now, schedule);
  for (const bool a_turned : {false, true})
    for (const bool b_turned : {false, true}) gemm(isa, 768, 768, 768, a_turned, b_turned, peak_now, schedule);
  for (const bool b_turned : {false, true}) gemm(isa, 1024, 1024, 1024, true, b_turned, peak_now, schedule);
  gemm(isa, 2048, 2048, 2048, false, false, peak_now, schedule);
  constexpr const char* kRelu =
      "%1 = constant f32 1.5\n%2 = mul f32 %0, %1\n%3 = constant f32 0.5\n%4 = add f32 %2, %3\n%5 = relu f32 %4\nstore "
      "f32 %y[i0], %5";
  constexpr const char* kTanh = "%1 = tanh f32 %0\n%2 = sigmoid f32 %0\n%3 = mul f32 %1, %2\nstore f32 %y[i0], %3";
  for (const int64_t n : {16 << 10, 256 << 10, 4 << 20}) {
    for (const int unroll : {1, 4}) chain(isa, n, "relu", kRelu, unroll);
    for (const int unroll : {1, 2, 4}) chain(isa, n, "tanh", kTanh, unroll);
  }
  rows(isa, "vector = inner", 2);
  rows(isa, "vector = inner, unroll = 2", 4);
  rows(isa, "vector = inner, unroll = 4", 8);
}

}  // namespace
}  // namespace sinter::codegen::cpu

int main(int count, char** arguments) {
  using namespace sinter::codegen::cpu;
  const bool narrow = count > 1 && std::strcmp(arguments[1], "avx2") == 0;
  run(narrow ? Isa::kAvx2 : native_isa(), count > 2 ? arguments[2] : "");
}
