// CUDA C++ for the host's compiler: what NVRTC has built in and generated kernels use. Put after host_abi.h and before
// the kernel text, which is compiled with -fsanitize=thread; the sanitizer's calls are defined here and go to the
// simulator. No header is included, as in NVRTC: a kernel text that needs more fails to compile.
#pragma once

#define SIM_PLAIN __attribute__((no_sanitize("thread")))

#define __global__ __attribute__((noinline, used))
#define __device__
#define __host__
#define __constant__ const
#define __shared__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(...)

// What the simulator asks of the shared object besides its kernels.
static const SimHooks* sim_hooks;
extern "C" {
__attribute__((visibility("default"), no_sanitize("thread"))) void sinter_sim_bind(const SimHooks* hooks) {
  sim_hooks = hooks;
}
__attribute__((visibility("default"))) extern const int sinter_sim_flush_denormals = SIM_FLUSH_DENORMALS;
}
asm(".section .rodata\n"
    ".globl sinter_sim_text\n"
    "sinter_sim_text: .incbin \"kernel.cu\"\n"
    ".byte 0\n"
    ".text\n");

// The block's shared memory: the most a block of any device can have.
extern "C" {
__attribute__((visibility("default"), aligned(1024))) unsigned char sinter_shared[232448];
}

extern "C" {
SIM_PLAIN void __tsan_init() {}
SIM_PLAIN void __tsan_func_entry(void*) {}
SIM_PLAIN void __tsan_func_exit(void*) {}
#define SIM_ACCESS(size)                                                                                               \
  SIM_PLAIN void __tsan_read##size(void* at) { sim_hooks->access(at, size, kSimRead, __builtin_return_address(0)); }   \
  SIM_PLAIN void __tsan_write##size(void* at) { sim_hooks->access(at, size, kSimWrite, __builtin_return_address(0)); } \
  SIM_PLAIN void __tsan_volatile_read##size(void* at) {                                                                \
    sim_hooks->access(at, size, kSimRead, __builtin_return_address(0));                                                \
  }                                                                                                                    \
  SIM_PLAIN void __tsan_volatile_write##size(void* at) {                                                               \
    sim_hooks->access(at, size, kSimWrite, __builtin_return_address(0));                                               \
  }
SIM_ACCESS(1)
SIM_ACCESS(2)
SIM_ACCESS(4)
SIM_ACCESS(8)
SIM_ACCESS(16)
#undef SIM_ACCESS
SIM_PLAIN void __tsan_read_range(void* at, unsigned long bytes) {
  sim_hooks->access(at, bytes, kSimRead, __builtin_return_address(0));
}
SIM_PLAIN void __tsan_write_range(void* at, unsigned long bytes) {
  sim_hooks->access(at, bytes, kSimWrite, __builtin_return_address(0));
}
}

// The same for -fsanitize=undefined: where it was is what its data begins with.
struct SimPlace {
  const char* file;
  unsigned line, column;
};
extern "C" {
#define SIM_UNDEFINED_1(name, words)                                                          \
  SIM_PLAIN void __ubsan_handle_##name(void* place, void*) {                                  \
    sim_hooks->undefined(words, static_cast<int>(static_cast<const SimPlace*>(place)->line)); \
  }
#define SIM_UNDEFINED_2(name, words)                                                          \
  SIM_PLAIN void __ubsan_handle_##name(void* place, void*, void*) {                           \
    sim_hooks->undefined(words, static_cast<int>(static_cast<const SimPlace*>(place)->line)); \
  }
SIM_UNDEFINED_1(negate_overflow, "negates the least integer")
SIM_UNDEFINED_1(out_of_bounds, "indexes beyond a local array")
SIM_UNDEFINED_1(float_cast_overflow, "converts a float that no integer holds")
SIM_UNDEFINED_2(add_overflow, "adds beyond the largest integer")
SIM_UNDEFINED_2(sub_overflow, "subtracts beyond the largest integer")
SIM_UNDEFINED_2(mul_overflow, "multiplies beyond the largest integer")
SIM_UNDEFINED_2(divrem_overflow, "divides by zero, or the least integer by -1")
SIM_UNDEFINED_2(shift_out_of_bounds, "shifts by more than there are bits")
#undef SIM_UNDEFINED_1
#undef SIM_UNDEFINED_2
}

typedef unsigned long size_t;
typedef unsigned long long sim_u64;

// ---- vector types ----

#define SIM_VECTOR(type, element, alignment2, alignment4)                                     \
  struct __align__(alignment2) type##2 { element x, y; };                                     \
  struct type##3 { element x, y, z; };                                                        \
  struct __align__(alignment4) type##4 { element x, y, z, w; };                               \
  static inline type##2 make_##type##2(element x, element y) { return {x, y}; }               \
  static inline type##3 make_##type##3(element x, element y, element z) { return {x, y, z}; } \
  static inline type##4 make_##type##4(element x, element y, element z, element w) { return {x, y, z, w}; }
SIM_VECTOR(char, signed char, 2, 4)
SIM_VECTOR(uchar, unsigned char, 2, 4)
SIM_VECTOR(short, short, 4, 8)
SIM_VECTOR(ushort, unsigned short, 4, 8)
SIM_VECTOR(int, int, 8, 16)
SIM_VECTOR(uint, unsigned, 8, 16)
SIM_VECTOR(longlong, long long, 16, 16)
SIM_VECTOR(ulonglong, unsigned long long, 16, 16)
SIM_VECTOR(float, float, 8, 16)
SIM_VECTOR(double, double, 16, 16)
#undef SIM_VECTOR
struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};

// ---- where a thread stands ----

// Outside the instrumentation; const, since a thread never moves.
#define SIM_WHERE(name)                                                               \
  __attribute__((const, noinline, no_sanitize("thread"))) static uint3 sim_##name() { \
    const SimIndex index = sim_hooks->name();                                         \
    return {index.x, index.y, index.z};                                               \
  }
SIM_WHERE(thread_index)
SIM_WHERE(block_index)
SIM_WHERE(block_dim)
SIM_WHERE(grid_dim)
#undef SIM_WHERE
#define threadIdx (sim_thread_index())
#define blockIdx (sim_block_index())
#define blockDim (sim_block_dim())
#define gridDim (sim_grid_dim())
static const int warpSize = 32;

// ---- barriers, warps ----

SIM_PLAIN __attribute__((noinline)) static void sim_sync_threads(int line) { sim_hooks->sync_threads(line); }
SIM_PLAIN __attribute__((noinline)) static sim_u64 sim_warp(SimWarpCall call, unsigned mask, sim_u64 value, int source,
                                                            int line) {
  return sim_hooks->warp(call, mask, value, source, line);
}
SIM_PLAIN __attribute__((noinline)) static unsigned sim_active_mask() { return sim_hooks->active_mask(); }
SIM_PLAIN __attribute__((noinline)) static void sim_trap(int line) { sim_hooks->trap(line); }

#define __syncthreads() sim_sync_threads(__LINE__)
static inline void sim_sync_warp(int line, unsigned mask = 0xffffffffU) { sim_warp(kSimSyncWarp, mask, 0, 0, line); }
#define __syncwarp(...) sim_sync_warp(__LINE__ __VA_OPT__(, ) __VA_ARGS__)
static inline void __threadfence() { asm volatile("" ::: "memory"); }
static inline void __threadfence_block() { asm volatile("" ::: "memory"); }
#define __trap() sim_trap(__LINE__)
#define __activemask() sim_active_mask()

static inline int sim_lane() {
  const uint3 t = threadIdx, n = blockDim;
  return static_cast<int>(((t.z * n.y + t.y) * n.x + t.x) % 32);
}
template <class T>
static inline T sim_shuffle(int line, unsigned mask, T value, int source) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles move 4 or 8 bytes");
  sim_u64 bits = 0;
  __builtin_memcpy(&bits, &value, sizeof value);
  bits = sim_warp(kSimShuffle, mask, bits, source, line);
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}
template <class T>
static inline T sim_shuffle_index(int line, unsigned mask, T value, int source, int width = 32) {
  return sim_shuffle(line, mask, value, (sim_lane() & ~(width - 1)) | (source & (width - 1)));
}
template <class T>
static inline T sim_shuffle_up(int line, unsigned mask, T value, unsigned delta, int width = 32) {
  const int lane = sim_lane(), source = lane - static_cast<int>(delta);
  return sim_shuffle(line, mask, value, source < (lane & ~(width - 1)) ? lane : source);
}
template <class T>
static inline T sim_shuffle_down(int line, unsigned mask, T value, unsigned delta, int width = 32) {
  const int lane = sim_lane(), source = lane + static_cast<int>(delta);
  return sim_shuffle(line, mask, value, source > (lane | (width - 1)) ? lane : source);
}
template <class T>
static inline T sim_shuffle_xor(int line, unsigned mask, T value, int bits, int width = 32) {
  const int lane = sim_lane(), source = lane ^ bits;
  return sim_shuffle(line, mask, value, source > (lane | (width - 1)) ? lane : source);
}
#define __shfl_sync(...) sim_shuffle_index(__LINE__, __VA_ARGS__)
#define __shfl_up_sync(...) sim_shuffle_up(__LINE__, __VA_ARGS__)
#define __shfl_down_sync(...) sim_shuffle_down(__LINE__, __VA_ARGS__)
#define __shfl_xor_sync(...) sim_shuffle_xor(__LINE__, __VA_ARGS__)
static inline unsigned sim_vote(int line, unsigned mask, int holds) {
  return static_cast<unsigned>(sim_warp(kSimVote, mask, holds != 0, 0, line));
}
#define __ballot_sync(mask, holds) sim_vote(__LINE__, mask, holds)
#define __any_sync(mask, holds) (sim_vote(__LINE__, mask, holds) != 0)
#define __all_sync(mask, holds) (sim_vote(__LINE__, mask, !(holds)) == 0)

// ---- atomics: the simulator may change threads before each ----

template <class T, class Change>
SIM_PLAIN __attribute__((noinline)) T sim_atomic(T* at, Change change, const void* from) {
  sim_hooks->access(at, sizeof(T), kSimAtomic, from);
  const T old = *at;
  *at = change(old);
  return old;
}
template <class T>
struct SimSame {
  typedef T type;
};
#define SIM_ATOMIC(name, result)                                                                           \
  template <class T>                                                                                       \
  static __attribute__((noinline)) T name(T* at, typename SimSame<T>::type value) {                        \
    return sim_atomic(at, [value](T old) { return static_cast<T>(result); }, __builtin_return_address(0)); \
  }
SIM_ATOMIC(atomicAdd, old + value)
SIM_ATOMIC(atomicSub, old - value)
SIM_ATOMIC(atomicExch, ((void)old, value))
SIM_ATOMIC(atomicMin, old < value ? old : value)
SIM_ATOMIC(atomicMax, old > value ? old : value)
SIM_ATOMIC(atomicAnd, old& value)
SIM_ATOMIC(atomicOr, old | value)
SIM_ATOMIC(atomicXor, old ^ value)
#undef SIM_ATOMIC
template <class T>
static
    __attribute__((noinline)) T atomicCAS(T* at, typename SimSame<T>::type expected, typename SimSame<T>::type value) {
  return sim_atomic(at, [=](T old) { return old == expected ? value : old; }, __builtin_return_address(0));
}

// ---- numbers ----

template <class To, class From>
static inline To sim_bits(From from) {
  static_assert(sizeof(To) == sizeof(From), "as many bytes");
  To to;
  __builtin_memcpy(&to, &from, sizeof to);
  return to;
}
static inline float __int_as_float(int x) { return sim_bits<float>(x); }
static inline float __uint_as_float(unsigned x) { return sim_bits<float>(x); }
static inline int __float_as_int(float x) { return sim_bits<int>(x); }
static inline unsigned __float_as_uint(float x) { return sim_bits<unsigned>(x); }
static inline double __longlong_as_double(long long x) { return sim_bits<double>(x); }
static inline long long __double_as_longlong(double x) { return sim_bits<long long>(x); }

// Each rounds once, whatever the compiler may contract elsewhere.
template <class T>
static inline T sim_rounded(T x) {
  asm("" : "+x"(x));
  return x;
}
static inline float __fadd_rn(float x, float y) { return sim_rounded(x + y); }
static inline float __fsub_rn(float x, float y) { return sim_rounded(x - y); }
static inline float __fmul_rn(float x, float y) { return sim_rounded(x * y); }
static inline float __fdiv_rn(float x, float y) { return x / y; }
static inline float __fsqrt_rn(float x) { return __builtin_sqrtf(x); }
static inline float __fmaf_rn(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
static inline double __dadd_rn(double x, double y) { return sim_rounded(x + y); }
static inline double __dsub_rn(double x, double y) { return sim_rounded(x - y); }
static inline double __dmul_rn(double x, double y) { return sim_rounded(x * y); }
static inline double __ddiv_rn(double x, double y) { return x / y; }
static inline double __dsqrt_rn(double x) { return __builtin_sqrt(x); }
static inline double __fma_rn(double x, double y, double z) { return __builtin_fma(x, y, z); }

static inline float fmaf(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
static inline double fma(double x, double y, double z) { return __builtin_fma(x, y, z); }
static inline float fma(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
#define SIM_UNARY(name)                                                   \
  static inline float name##f(float x) { return __builtin_##name##f(x); } \
  static inline double name(double x) { return __builtin_##name(x); }
SIM_UNARY(sqrt)
SIM_UNARY(fabs)
SIM_UNARY(floor)
SIM_UNARY(ceil)
SIM_UNARY(trunc)
SIM_UNARY(rint)
SIM_UNARY(nearbyint)
#undef SIM_UNARY
static inline float copysignf(float x, float y) { return __builtin_copysignf(x, y); }
static inline double copysign(double x, double y) { return __builtin_copysign(x, y); }
template <class T>
static inline bool isnan(T x) {
  return x != x;
}
// The device's: a NaN is passed over, and -0 is less than +0.
template <class T>
static inline T sim_fmax(T x, T y) {
  if (x != x) return y;
  if (y != y) return x;
  if (x == y) return __builtin_signbit(x) ? y : x;
  return x > y ? x : y;
}
template <class T>
static inline T sim_fmin(T x, T y) {
  if (x != x) return y;
  if (y != y) return x;
  if (x == y) return __builtin_signbit(x) ? x : y;
  return x < y ? x : y;
}
static inline float fmaxf(float x, float y) { return sim_fmax(x, y); }
static inline float fminf(float x, float y) { return sim_fmin(x, y); }
static inline double fmax(double x, double y) { return sim_fmax(x, y); }
static inline double fmin(double x, double y) { return sim_fmin(x, y); }
#define SIM_MINMAX(type)                                           \
  static inline type min(type x, type y) { return x < y ? x : y; } \
  static inline type max(type x, type y) { return x > y ? x : y; }
SIM_MINMAX(int)
SIM_MINMAX(unsigned)
SIM_MINMAX(long long)
SIM_MINMAX(unsigned long long)
#undef SIM_MINMAX
static inline unsigned __umulhi(unsigned x, unsigned y) { return static_cast<unsigned>((sim_u64{x} * y) >> 32); }
static inline sim_u64 __umul64hi(sim_u64 x, sim_u64 y) {
  return static_cast<sim_u64>((static_cast<unsigned __int128>(x) * y) >> 64);
}
static inline long long __mul64hi(long long x, long long y) {
  return static_cast<long long>((static_cast<__int128>(x) * y) >> 64);
}
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(sim_u64 x) { return __builtin_popcountll(x); }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __ffsll(long long x) { return __builtin_ffsll(x); }
static inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x)); }
static inline int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll(static_cast<sim_u64>(x)); }
template <class T>
static inline T __ldg(const T* at) {
  return *at;
}

// ---- calling a kernel with parameters as cuLaunchKernel gets them ----

template <int... kIndex>
struct SimNumbers {};
template <class... A>
struct SimCall {
  static constexpr unsigned bytes[sizeof...(A) + 1] = {sizeof(A)..., 0};
  template <void (*kFunction)(A...)>
  SIM_PLAIN static void call(void* const* parameters) {
    spread<kFunction>(parameters, SimNumbers<__integer_pack(sizeof...(A))...>());
  }
  template <void (*kFunction)(A...), int... kIndex>
  SIM_PLAIN static void spread([[maybe_unused]] void* const* parameters, SimNumbers<kIndex...>) {
    kFunction(*static_cast<A*>(parameters[kIndex])...);
  }
};
template <class... A>
SimCall<A...> sim_call_of(void (*)(A...));
#define SIM_KERNEL(name, threads)                                                                \
  extern "C" __attribute__((visibility("default"))) const SimKernel sinter_sim_kernel_##name = { \
      decltype(sim_call_of(&name))::call<&name>,                                                 \
      static_cast<int>(sizeof decltype(sim_call_of(&name))::bytes / sizeof(unsigned)) - 1,       \
      decltype(sim_call_of(&name))::bytes, threads};
