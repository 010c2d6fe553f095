#include "runtime/cuda/program.h"

#include <algorithm>
#include <utility>

#include "runtime/cuda/gpu.h"
#include "runtime/cuda/launch_log.h"

namespace sinter::runtime::cuda {
namespace {

DevicePointer address(const void* pointer) { return reinterpret_cast<DevicePointer>(pointer); }

constexpr size_t kAlignment = 256;
size_t aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// Every kernel once, with the user's lines.
std::string all_kernels(const CudaProgram& program) {
  std::string text = program.name + ", one of";
  for (const Launch& launch : program.table.launches) text += "\n    " + launch.where;
  return text;
}

}  // namespace

ProgramRunner::ProgramRunner(Gpu& gpu, CudaProgram program, ReportCheck report)
    : gpu_(gpu), program_(std::move(program)) {
  const Program& table = program_.table;
  what_ = std::make_shared<const std::string>(all_kernels(program_));
  if (table.arena_bytes > 0) arena_ = gpu_.memory.allocate(table.arena_bytes);
  size_t constant_bytes = 0, scratch_bytes = 0;
  for (const auto& constant : table.constants) constant_bytes += aligned(constant.size());
  if (constant_bytes > 0) constants_ = gpu_.memory.allocate(constant_bytes);
  std::vector<std::byte*> constants;
  std::byte* next = constants_.data();
  for (const auto& constant : table.constants) {
    gpu_.staging.to_device(address(next), constant.data(), constant.size());
    constants.push_back(next);
    next += aligned(constant.size());
  }
  for (const auto& kernel : program_.kernels) scratch_bytes = std::max(scratch_bytes, kernel->scratch_bytes({}));
  if (scratch_bytes > 0) scratch_ = gpu_.memory.allocate(scratch_bytes);
  slots_.resize(table.slots.size());
  for (size_t s = 0; s < slots_.size(); ++s) {
    const Slot& slot = table.slots[s];
    if (slot.kind == Slot::Kind::kArena) slots_[s] = arena_.data() + slot.index;
    if (slot.kind == Slot::Kind::kConstant) slots_[s] = constants[slot.index];
  }
  if (table.has_checks) checks_ = std::make_shared<CheckSite>(gpu_, std::move(report));
}

ProgramRunner::~ProgramRunner() {
  gpu_.activate();
  if (replay_ != nullptr) (void)driver().graph_exec_destroy.attempt(replay_);
  if (graph_ != nullptr) (void)driver().graph_destroy.attempt(graph_);
}

// Finds this run's pointers, and which steps they change.
void ProgramRunner::place(std::span<void* const> inputs, std::span<void* const> outputs) {
  const Program& table = program_.table;
  for (size_t s = 0; s < slots_.size(); ++s) {
    const Slot& slot = table.slots[s];
    if (slot.kind == Slot::Kind::kInput) slots_[s] = inputs[slot.index];
    if (slot.kind == Slot::Kind::kOutput) slots_[s] = outputs[slot.index];
  }
  changed_.clear();
  if (steps_.empty()) {
    steps_.resize(table.launches.size());
    std::vector<void*> buffers;
    bool gated = false;
    for (size_t i = 0; i < steps_.size(); ++i) {
      const Launch& launch = table.launches[i];
      gated = gated || launch.gate;
      buffers.clear();
      for (uint32_t slot : launch.slots) buffers.push_back(slots_[slot]);
      KernelStatus* status = checks_ != nullptr ? checks_->status() : reinterpret_cast<KernelStatus*>(gpu_.idle_status);
      const KernelStatus* gate = gated && checks_ != nullptr ? status : nullptr;
      steps_[i].parameters.set(buffers, launch.symbols, scratch_.data(), status, gate, program_.first_checks[i]);
    }
    return;
  }
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Launch& launch = table.launches[i];
    bool changed = false;
    for (size_t b = 0; b < launch.slots.size(); ++b)
      changed |= steps_[i].parameters.set_buffer(b, slots_[launch.slots[b]]);
    if (changed) changed_.push_back(i);
  }
}

void ProgramRunner::build() {
  if (graph_ != nullptr) driver().graph_destroy(std::exchange(graph_, nullptr));  // a build that failed
  driver().graph_create(&graph_, 0);
  GraphNode last = nullptr;
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Launch& launch = program_.table.launches[i];
    const LoadedKernel& kernel = *program_.kernels[launch.kernel];
    Step& step = steps_[i];
    step.nodes.clear();
    for (size_t e = 0; e < kernel.functions().size(); ++e) {
      const CudaEntry& entry = kernel.code().entries[e];
      const unsigned grid = blocks(entry, launch.symbols);
      if (grid == 0) continue;
      Node node{.facts = {.function = kernel.functions()[e],
                          .grid_x = grid,
                          .block_x = static_cast<unsigned>(entry.threads),
                          .shared_bytes = static_cast<unsigned>(entry.shared_bytes),
                          .parameters = step.parameters.pointers()}};
      driver().graph_add_kernel(&node.node, graph_, &last, last != nullptr ? 1 : 0, &node.facts);
      last = node.node;
      step.nodes.push_back(node);
    }
  }
  driver().graph_instantiate(&replay_, graph_, 0);
}

// Brings the replayed graph up to date with this run's pointers.
void ProgramRunner::update() {
  for (size_t i : changed_)
    for (const Node& node : steps_[i].nodes) driver().graph_set_kernel(replay_, node.node, &node.facts);
}

void ProgramRunner::run(std::span<void* const> inputs, std::span<void* const> outputs) {
  const std::lock_guard lock(mutex_);
  gpu_.activate();
  place(inputs, outputs);
  replay_ == nullptr ? build() : update();
  driver().graph_launch(replay_, gpu_.stream);
  log_launch(what_, {});
  if (checks_ != nullptr) gpu_.checks.launched(checks_);
}

void ProgramRunner::run_slowly(std::span<void* const> inputs, std::span<void* const> outputs) {
  {
    const std::lock_guard lock(mutex_);
    gpu_.activate();
    place(inputs, outputs);
    if (replay_ != nullptr) update();  // a later replay must see these pointers
    gpu_.wait();
    for (size_t i = 0; i < steps_.size(); ++i) {
      const Launch& step = program_.table.launches[i];
      log_launch(std::make_shared<const std::string>(step.where), {});
      launch(gpu_, *program_.kernels[step.kernel], step.symbols, steps_[i].parameters);
      gpu_.wait();
    }
    if (checks_ != nullptr) gpu_.checks.launched(checks_);
  }
  gpu_.synchronize();
}

}  // namespace sinter::runtime::cuda
