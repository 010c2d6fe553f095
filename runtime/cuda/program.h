// Runs a compiled step on a device: its launches as one CUDA graph, made at the first run and replayed since.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "runtime/cuda/checks.h"
#include "runtime/cuda/kernel.h"
#include "runtime/program.h"

namespace sinter::runtime::cuda {

class Gpu;

struct CudaProgram {
  Program table;  // its `kernels` are empty: Launch::kernel counts these:
  std::vector<std::shared_ptr<const LoadedKernel>> kernels;
  std::vector<int64_t> first_checks;  // one a launch: how many index checks the launches before it make
  std::string name;                   // of the program, for errors
};

class ProgramRunner {
 public:
  // `report` throws the error of a failed index check; not called where no launch checks.
  ProgramRunner(Gpu& gpu, CudaProgram program, ReportCheck report);
  ~ProgramRunner();
  ProgramRunner(const ProgramRunner&) = delete;
  ProgramRunner& operator=(const ProgramRunner&) = delete;

  // Enqueues one run and returns. Pointers to device memory, as in Program's slots. A failed index check keeps this and
  // later runs from writing state until the host waits for the device and so learns of it.
  void run(std::span<void* const> inputs, std::span<void* const> outputs);
  // The same, kernel by kernel, waiting for each: a fault is named. For debugging.
  void run_slowly(std::span<void* const> inputs, std::span<void* const> outputs);

  [[nodiscard]] const CudaProgram& program() const { return program_; }

 private:
  struct Node {  // a launch's entry in the graph
    GraphNode node = nullptr;
    KernelNode facts;
  };
  struct Step {
    LaunchParameters parameters;
    std::vector<Node> nodes;
  };
  void place(std::span<void* const> inputs, std::span<void* const> outputs);
  void build();
  void update();

  Gpu& gpu_;
  CudaProgram program_;
  std::shared_ptr<CheckSite> checks_;  // null: no launch checks
  std::shared_ptr<const std::string> what_;
  Buffer arena_, constants_, scratch_;
  std::mutex mutex_;          // of what follows
  std::vector<void*> slots_;  // where each lies in this run
  std::vector<Step> steps_;   // one a launch
  std::vector<size_t> changed_;
  Graph graph_ = nullptr;  // whose nodes replays are changed by
  GraphExec replay_ = nullptr;
};

}  // namespace sinter::runtime::cuda
