#include "driver/program_table.h"

#include <map>

namespace sinter::driver {
namespace {

uint64_t bytes_moved(const loops::Kernel& kernel) {
  uint64_t bytes = 0;
  for (const loops::Buffer& buffer : kernel.buffers)
    if (!buffer.size.is_symbol()) bytes += static_cast<uint64_t>(buffer.size.value()) * size_of(buffer.dtype);
  return bytes;
}

// Numbers the slots of a program, one a place.
class Slots {
 public:
  explicit Slots(std::vector<runtime::Slot>& slots) : slots_(slots) {}
  uint32_t number(const passes::Place& place) {
    const auto kind = static_cast<runtime::Slot::Kind>(place.kind);
    const auto [at, fresh] = numbers_.try_emplace({kind, place.index}, static_cast<uint32_t>(slots_.size()));
    if (fresh) slots_.push_back({kind, place.index, place.bytes});
    return at->second;
  }

 private:
  std::vector<runtime::Slot>& slots_;
  std::map<std::pair<runtime::Slot::Kind, size_t>, uint32_t> numbers_;
};

}  // namespace

std::string name_and_lines(const loops::Kernel& kernel) {
  std::vector<Location> all;
  for (const loops::Pass& pass : kernel.passes)
    for (const loops::Inst& inst : pass.insts) all = ir::unite(all, inst.locations);
  std::string text = kernel.name;
  for (const Location& line : all) text += " " + to_string(line);
  return text;
}

runtime::Program program_table(const ir::Graph& graph, const std::vector<passes::LoweredKernel>& kernels,
                               const passes::Plan& plan, CompileStats& stats) {
  runtime::Program program;
  program.arena_bytes = plan.arena_bytes;
  for (ir::Value value : plan.constants)
    program.constants.push_back(std::get<ir::ConstantAttributes>(graph.op(value).attributes).value->bytes);
  Slots slots(program.slots);
  int phase = 0, first_state = -1;
  for (const passes::Step& step : plan.steps) {
    program.has_checks |= step.checks_indices;
    if (step.writes_state && first_state < 0) first_state = step.phase;
  }
  for (const passes::Step& step : plan.steps) {
    const loops::Kernel& kernel = kernels[step.kernel].kernel;
    runtime::Launch launch;
    launch.kernel = step.kernel;
    launch.symbols = kernels[step.kernel].symbols;
    for (const passes::Place& place : step.places) launch.slots.push_back(slots.number(place));
    launch.barrier_before = step.phase != phase;
    launch.gate = launch.barrier_before && program.has_checks && step.phase == first_state;
    launch.where = name_and_lines(kernel);
    stats.barriers += launch.barrier_before ? 1 : 0;
    stats.bytes_moved += bytes_moved(kernel);
    phase = step.phase;
    program.launches.push_back(std::move(launch));
  }
  stats.launches = program.launches.size();
  stats.arena_bytes = program.arena_bytes;
  return program;
}

}  // namespace sinter::driver
