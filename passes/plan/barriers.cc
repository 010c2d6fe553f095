#include "passes/plan/barriers.h"

#include <algorithm>

#include "passes/lower/coordinates.h"

namespace sinter::passes {
namespace {

using loops::Inst;
using loops::InstKind;
using loops::Kernel;

bool overlap(const Place& a, const Place& b) {
  if (a.kind != b.kind) return false;
  if (a.kind != Place::Kind::kArena) return a.index == b.index;
  return a.index < b.index + b.bytes && b.index < a.index + a.bytes;
}

struct Access {
  const loops::Index* index;
  const std::vector<Dim>* inner;
  bool operator==(const Access& other) const { return *index == *other.index && *inner == *other.inner; }
};

// How the kernel reaches a buffer, if it is always in the same way and each outer point reaches elements of its own as
// soon as somebody stores so.
std::optional<Access> only_access(const Kernel& kernel, uint32_t buffer) {
  std::optional<Access> found;
  for (const loops::Pass& pass : kernel.passes)
    for (const Inst& inst : pass.insts) {
      const bool reaches = inst.kind == InstKind::kLoad || inst.kind == InstKind::kStore;
      if ((!reaches && inst.kind != InstKind::kAccumulate) || inst.buffer != buffer) continue;
      const Access access{&inst.index, &pass.inner};
      if (!reaches || !is_affine(inst.index) || (found && !(*found == access))) return std::nullopt;
      found = access;
    }
  return found;
}

class Placer {
 public:
  Placer(const Plan& plan, std::span<const LoweredKernel> kernels, const std::vector<bool>& shared)
      : plan_(plan), kernels_(kernels), shared_(shared) {}

  Barriers run(int always) {
    const auto count = plan_.steps.size();
    made_ = {std::vector<bool>(count), std::vector<int>(count)};
    std::vector<size_t> open;  // steps since the last barrier
    int next_lane = 0;
    for (size_t begin = 0, end = 0; begin < count; begin = end) {
      const int phase = plan_.steps[begin].phase;
      while (end < count && plan_.steps[end].phase == phase) ++end;
      std::vector<int> lanes;
      bool needed = begin > 0 && phase == always;
      for (size_t step = begin; step < end && !needed; ++step) {
        const auto lane = lane_without_barrier(step, open);
        needed = !lane;
        lanes.push_back(lane.value_or(kAny));
      }
      if (needed) {
        made_.before[begin] = true;
        open.clear();
        lanes.assign(end - begin, kAny);
        next_lane = 0;
      }
      for (size_t step = begin; step < end; ++step) {
        const int lane = lanes[step - begin];
        made_.lane[step] = shared_[step] ? 0 : lane == kAny ? next_lane++ : lane;
        open.push_back(step);
      }
    }
    return std::move(made_);
  }

 private:
  static constexpr int kAny = -1;

  const LoweredKernel& kernel(size_t step) const { return kernels_[plan_.steps[step].kernel]; }

  // The lane the step must have when no barrier stands before it; nothing when one must.
  std::optional<int> lane_without_barrier(size_t step, const std::vector<size_t>& open) const {
    int lane = kAny;
    for (size_t earlier : open) {
      const auto conflicts = conflicts_of(earlier, step);
      if (conflicts.empty()) continue;
      if (shared_[earlier] != shared_[step]) return std::nullopt;
      if (shared_[step] && !same_points(earlier, step, conflicts)) return std::nullopt;
      if (!shared_[step] && lane != kAny && lane != made_.lane[earlier]) return std::nullopt;
      if (!shared_[step]) lane = made_.lane[earlier];
    }
    return lane;
  }

  struct Conflict {
    uint32_t earlier, later;  // buffers
  };
  // Memory that both touch and one of them writes.
  std::vector<Conflict> conflicts_of(size_t earlier, size_t later) const {
    std::vector<Conflict> found;
    const auto& a = plan_.steps[earlier].places;
    const auto& b = plan_.steps[later].places;
    const auto writes = [&](size_t step, uint32_t buffer) {
      return kernel(step).kernel.buffers[buffer].role != loops::Buffer::Role::kIn;
    };
    for (uint32_t i = 0; i < a.size(); ++i)
      for (uint32_t j = 0; j < b.size(); ++j)
        if (overlap(a[i], b[j]) && (writes(earlier, i) || writes(later, j))) found.push_back({i, j});
    return found;
  }

  // Whether both are cut into the same units, and the same unit of both reaches the same elements of what they share:
  // no other unit does, since one of the two stores there.
  bool same_points(size_t earlier, size_t later, const std::vector<Conflict>& conflicts) const {
    const Kernel &a = kernel(earlier).kernel, &b = kernel(later).kernel;
    if (a.is_dot() || b.is_dot() || a.outer != b.outer || !(a.schedule == b.schedule)) return false;
    return std::all_of(conflicts.begin(), conflicts.end(), [&](const Conflict& conflict) {
      const Place &from = plan_.steps[earlier].places[conflict.earlier],
                  &to = plan_.steps[later].places[conflict.later];
      if (!(from == to) || a.buffers[conflict.earlier].dtype != b.buffers[conflict.later].dtype) return false;
      const auto x = only_access(a, conflict.earlier), y = only_access(b, conflict.later);
      return x && y && *x == *y;
    });
  }

  const Plan& plan_;
  std::span<const LoweredKernel> kernels_;
  const std::vector<bool>& shared_;
  Barriers made_;
};

}  // namespace

Barriers place_barriers(const Plan& plan, std::span<const LoweredKernel> kernels, const std::vector<bool>& shared,
                        int always) {
  return Placer(plan, kernels, shared).run(always);
}

}  // namespace sinter::passes
