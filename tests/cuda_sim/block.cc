#include "tests/cuda_sim/block.h"

#include <fmt/format.h>

#include <cstring>

#include "support/error.h"

namespace sinter::cuda_sim {
namespace {

constexpr size_t kWarp = 32;

Block* running = nullptr;  // one launch at a time (grid.cc)

FiberStacks& all_stacks() {
  static FiberStacks stacks(Limits().threads);
  return stacks;
}

uint64_t next_launch() {
  static uint64_t launches = 0;
  return ++launches;
}

constexpr SimHooks kHooks{
    .thread_index = [] { return running->thread_index(); },
    .block_index = [] { return running->block_index(); },
    .block_dim = [] { return running->geometry().block; },
    .grid_dim = [] { return running->geometry().grid; },
    .access = [](const void* at, unsigned long bytes, SimAccess kind,
                 const void* from) { running->access(static_cast<const std::byte*>(at), bytes, kind, from); },
    .sync_threads = [](int line) { running->sync_threads(line); },
    .warp = [](SimWarpCall call, unsigned mask, unsigned long long value, int source, int line) -> unsigned long long {
      return running->warp(call, mask, value, source, line);
    },
    .active_mask = [] { return running->active_mask(); },
    .trap = [](int line) { running->trap(line); },
    .undefined = [](const char* what, int line) { running->undefined(what, line); },
};

SimIndex spread(size_t linear, const SimIndex& extent) {
  return {static_cast<unsigned>(linear % extent.x), static_cast<unsigned>(linear / extent.x % extent.y),
          static_cast<unsigned>(linear / extent.x / extent.y)};
}

const char* words(SimWarpCall call) {
  switch (call) {
    case kSimSyncWarp:
      return "__syncwarp";
    case kSimShuffle:
      return "a shuffle";
    case kSimVote:
      return "a vote";
  }
  return "";
}

}  // namespace

Block::Block(const Module& module, const std::string& name, const SimKernel& kernel, const Geometry& geometry,
             std::span<void* const> parameters, Memory& memory, const Order& order)
    : module_(module),
      name_(name),
      kernel_(kernel),
      geometry_(geometry),
      parameters_(parameters),
      memory_(memory),
      order_(order),
      random_(order.seed),
      launch_(next_launch()),
      shared_{.name = "shared memory", .data = module.shared(), .bytes = geometry.shared_bytes, .shadow = Shadow(true)},
      threads_(size_t{geometry.block.x} * geometry.block.y * geometry.block.z),
      stacks_(all_stacks()) {
  module.bind(kHooks);
}

void Block::run(uint32_t number) {
  running = this;
  block_ = number;
  epoch_ = 1;
  constexpr int kGarbage = 0xff;  // a NaN, or -1
  std::memset(shared_.data, kGarbage, shared_.bytes);
  if (shared_.bytes > 0) shared_.written.assign(shared_.bytes, false);
  ready_.clear();
  for (size_t i = 0; i < threads_.size(); ++i) {
    threads_[i] = Thread{.stack = stacks_.start(i, &Block::entry)};
    threads_[i].known[i % kWarp] = 1;
    ready_.push_back(i);
  }
  for (;;) {
    if (ready_.empty()) release_barrier();
    if (ready_.empty()) return;
    std::vector<size_t> round;
    round.swap(ready_);
    arrange(round);
    for (const size_t thread : round) {
      current_ = thread;
      sinter_sim_switch(&scheduler_, threads_[thread].stack);
      if (stopped_) throw Fault(*stopped_);
    }
  }
}

void Block::entry() {
  Block& block = *running;
  block.kernel_.call(block.parameters_.data());
  running->threads_[running->current_].state = State::kReturned;
  running->give_way();
}

void Block::give_way() { sinter_sim_switch(&threads_[current_].stack, scheduler_); }

void Block::stop(FaultKind kind, const std::string& what) {
  stopped_.emplace(fault(kind, current_, what));
  give_way();
  std::abort();
}

Fault Block::fault(FaultKind kind, size_t thread, const std::string& what) const {
  return {kind, fmt::format("kernel {}, block {}, thread {}: {}", name_, block_, thread, what)};
}

SimIndex Block::thread_index() const { return spread(current_, geometry_.block); }
SimIndex Block::block_index() const { return spread(block_, geometry_.grid); }

void Block::trap(int line) { stop(FaultKind::kTrap, fmt::format("traps, {}", module_.place_of_line(line))); }

void Block::undefined(const char* what, int line) {
  stop(FaultKind::kUndefined, fmt::format("{}, {}", what, module_.place_of_line(line)));
}

void Block::sync_threads(int line) {
  threads_[current_].state = State::kAtBarrier;
  threads_[current_].line = line;
  give_way();
}

std::string Block::whereabouts(size_t thread) const {
  if (thread >= threads_.size()) return fmt::format("thread {} does not exist", thread);
  const Thread& other = threads_[thread];
  const std::string line = module_.place_of_line(other.line);
  switch (other.state) {
    case State::kReturned:
      return fmt::format("thread {} has returned", thread);
    case State::kAtBarrier:
      return fmt::format("thread {} waits at __syncthreads, {}", thread, line);
    case State::kInWarp:
      return fmt::format("thread {} waits in {} with mask {:#x}, {}", thread, words(other.call), other.mask, line);
    case State::kReady:
      break;
  }
  return fmt::format("thread {} runs", thread);
}

void Block::release_barrier() {
  size_t waiting = 0, other = 0, first = threads_.size();
  for (size_t i = 0; i < threads_.size(); ++i) {
    if (threads_[i].state == State::kInWarp) explain_deadlock();
    if (threads_[i].state != State::kAtBarrier) continue;
    ++waiting;
    if (first == threads_.size()) first = i;
  }
  if (waiting == 0) return;
  for (size_t i = 0; i < threads_.size(); ++i)
    if (threads_[i].state != State::kAtBarrier || threads_[i].line != threads_[first].line) other = i + 1;
  if (other != 0)
    throw fault(FaultKind::kBarrier, first,
                fmt::format("waits at __syncthreads, {}, but {}", module_.place_of_line(threads_[first].line),
                            whereabouts(other - 1)));
  ++epoch_;
  for (size_t i = 0; i < threads_.size(); ++i) {
    threads_[i].state = State::kReady;
    ready_.push_back(i);
  }
}

uint64_t Block::warp(SimWarpCall call, unsigned mask, uint64_t value, int source, int line) {
  Thread& self = threads_[current_];
  const size_t lane = current_ % kWarp, first = current_ - lane;
  const std::string_view name = words(call);
  if ((mask >> lane & 1) == 0)
    stop(FaultKind::kWarp, fmt::format("calls {} with mask {:#x}, which leaves out its own lane {}, {}", name, mask,
                                       lane, module_.place_of_line(line)));
  if (call == kSimShuffle && (source < 0 || source >= static_cast<int>(kWarp) || (mask >> source & 1) == 0))
    stop(FaultKind::kWarp, fmt::format("shuffles from lane {}, which mask {:#x} leaves out, {}", source, mask,
                                       module_.place_of_line(line)));
  self.state = State::kInWarp;
  self.call = call;
  self.mask = mask;
  self.value = value;
  self.source = source;
  self.line = line;
  bool complete = true;
  for (size_t l = 0; l < kWarp && complete; ++l) {
    if ((mask >> l & 1) == 0) continue;
    if (first + l >= threads_.size()) {
      complete = false;
      continue;
    }
    const Thread& other = threads_[first + l];
    complete = other.state == State::kInWarp && other.call == call && other.mask == mask && other.line == line;
  }
  if (complete) finish_warp(first, mask);
  give_way();
  return threads_[current_].result;
}

void Block::finish_warp(size_t first_lane, unsigned mask) {
  const SimWarpCall call = threads_[current_].call;
  std::array<uint32_t, kWarp> joined{};
  uint64_t votes = 0;
  for (size_t l = 0; l < kWarp; ++l) {
    if ((mask >> l & 1) == 0) continue;
    const Thread& thread = threads_[first_lane + l];
    votes |= uint64_t{thread.value != 0} << l;
    for (size_t k = 0; k < kWarp; ++k) joined[k] = std::max(joined[k], thread.known[k]);
  }
  for (size_t l = 0; l < kWarp; ++l) {
    if ((mask >> l & 1) == 0) continue;
    Thread& thread = threads_[first_lane + l];
    if (call == kSimShuffle) thread.result = threads_[first_lane + static_cast<size_t>(thread.source)].value;
    if (call == kSimVote) thread.result = votes;
    if (call == kSimSyncWarp) {  // shuffles and votes do not order memory
      thread.known = joined;
      ++thread.known[l];
    }
    thread.state = State::kReady;
    ready_.push_back(first_lane + l);
  }
}

void Block::explain_deadlock() const {
  for (size_t i = 0; i < threads_.size(); ++i) {
    const Thread& thread = threads_[i];
    if (thread.state != State::kInWarp) continue;
    for (size_t l = 0; l < kWarp; ++l) {
      if ((thread.mask >> l & 1) == 0) continue;
      const size_t other = i - i % kWarp + l;
      if (other < threads_.size() && threads_[other].state == State::kInWarp && threads_[other].call == thread.call &&
          threads_[other].mask == thread.mask && threads_[other].line == thread.line)
        continue;
      throw fault(FaultKind::kWarp, i, fmt::format("{}, but {}", whereabouts(i), whereabouts(other)));
    }
  }
  invariant(false, "a thread waits for another");
  std::abort();
}

}  // namespace sinter::cuda_sim
