// A compiled step as plain data: what code generation fills and the runtime walks. KernelCall's layout is part of the
// ABI of generated code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sinter::runtime {

// Set by a kernel whose kCheckIndex failed: by whichever worker finds `failed` 0 and exchanges it atomically; checked
// between launches.
struct KernelStatus {
  int64_t failed = 0;  // 1 + the number of the kCheckIndex within the kernel, counted over its instructions
  int64_t index = 0;   // the offending index
  int64_t extent = 0;
};

struct KernelCall {
  void* const* buffers;    // in the order of the kernel's buffers
  const int64_t* symbols;  // run-time extents and strides
  int64_t begin, end;      // the units of work to do (see Launch::units)
  std::byte* scratch;      // KernelCode::scratch_bytes, 64-byte aligned, this worker's own
  KernelStatus* status;
};
using KernelFunction = void (*)(const KernelCall*);

// One kernel's machine code and what its launcher must know.
struct KernelCode {
  std::string name;
  KernelFunction function = nullptr;
  std::shared_ptr<const void> keep_alive;  // owns the code
  size_t scratch_bytes = 0;                // per worker
  // Units of work: any partition of [0, units) into ranges may run in parallel. Constant, or computed from symbols:
  // units = product over dims of ceil(dim / divisor), dim constant or symbol.
  struct Factor {
    int64_t extent;  // constant when symbol < 0
    int symbol = -1;
    int64_t divisor = 1;
  };
  std::vector<Factor> units;
  bool from_cache = false;
};

struct Slot {  // where a launch's buffer lives
  enum class Kind : uint8_t { kInput, kOutput, kArena, kConstant };
  Kind kind = Kind::kArena;
  size_t index = 0;  // of the input, output or constant; byte offset in the arena
  size_t bytes = 0;
};

struct Launch {
  size_t kernel = 0;             // index into Program::kernels
  std::vector<uint32_t> slots;   // index into Program::slots, one a buffer
  std::vector<int64_t> symbols;  // run-time extents and strides
  int64_t units = 1;
  bool parallel = false;       // worth more than one worker
  int lane = 0;                // not parallel: the worker, modulo their number, that runs it
  bool barrier_before = true;  // must not start before earlier launches have ended on all workers
  bool gate = false;           // it and all after it are skipped once a check has failed
  std::string where;           // the user's lines and scopes, for errors and profiles
};

// Bytes of the arena that nobody reads once everything before a launch with a barrier has ended.
struct Dead {
  size_t launch = 0, offset = 0, bytes = 0;
};

struct Program {
  std::vector<std::shared_ptr<const KernelCode>> kernels;
  std::vector<Slot> slots;
  std::vector<Launch> launches;
  std::vector<std::vector<std::byte>> constants;
  size_t arena_bytes = 0;
  std::vector<Dead> dead;   // by launch; poisoned there in debug runs
  bool has_checks = false;  // some kernel has a kCheckIndex
};

}  // namespace sinter::runtime
