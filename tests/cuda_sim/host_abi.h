// What a compiled kernel text calls, and what it exports: the contract between host_cuda.h (inside the shared object)
// and the simulator. Compiled on both sides, so it includes nothing.
#pragma once

struct SimIndex {
  unsigned x, y, z;
};

enum SimAccess { kSimRead, kSimWrite, kSimAtomic };
enum SimWarpCall { kSimSyncWarp, kSimShuffle, kSimVote };

// Filled by the simulator; `line` is a line of the kernel text, `from` a return address inside the shared object.
struct SimHooks {
  SimIndex (*thread_index)();
  SimIndex (*block_index)();
  SimIndex (*block_dim)();
  SimIndex (*grid_dim)();
  void (*access)(const void* at, unsigned long bytes, SimAccess kind, const void* from);
  void (*sync_threads)(int line);
  // Waits for the lanes of the mask. kSimShuffle: the value of lane `source`; kSimVote: the lanes whose value is not 0.
  unsigned long long (*warp)(SimWarpCall call, unsigned mask, unsigned long long value, int source, int line);
  unsigned (*active_mask)();
  void (*trap)(int line);
  void (*undefined)(const char* what, int line);  // what C++ leaves undefined
};

// One __global__ function: exported as sinter_sim_kernel_<name>.
struct SimKernel {
  void (*call)(void* const* parameters);
  int parameters;
  const unsigned* parameter_bytes;
  int max_threads;  // of __launch_bounds__, or 0
};
