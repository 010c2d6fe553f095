#include "passes/plan/barriers.h"

#include <algorithm>
#include <map>

#include "passes/lower/coordinates.h"
#include "support/error.h"
#include "support/work.h"

namespace sinter::passes {
namespace {

using loops::Inst;
using loops::InstKind;
using loops::Kernel;

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

// What steps have touched since the last barrier: of every byte, who wrote it last and who has read it since. What was
// there before the last write met no obstacle on the way to it, and meets none behind it.
class Touched {
 public:
  struct By {
    size_t step;
    uint32_t buffer;
  };

  // Calls act(by) for each that keeps an access to the place, a write or not, from being made at any time.
  template <class Act>
  void each_obstacle(const Place& place, bool writes, const Act& act) const {
    const auto memory = memories_.find(key(place));
    if (memory == memories_.end()) return;
    const auto [begin, end] = range(place);
    auto at = memory->second.upper_bound(begin);
    if (at != memory->second.begin() && std::prev(at)->second.end > begin) --at;
    for (; at != memory->second.end() && at->first < end; ++at) {
      count_work(1 + (writes ? at->second.readers.size() : 0));
      if (at->second.writer) act(*at->second.writer);
      if (writes) std::ranges::for_each(at->second.readers, act);
    }
  }

  void add(const Place& place, bool writes, By by) {
    Segments& segments = memories_[key(place)];
    auto [begin, end] = range(place);
    split(segments, begin);
    split(segments, end);
    for (auto at = segments.lower_bound(begin); begin < end; ++at) {
      count_work();
      if (at == segments.end() || at->first > begin)
        at = segments.emplace_hint(at, begin, Segment{at == segments.end() ? end : std::min(end, at->first), {}, {}});
      if (writes)
        at->second = {at->second.end, by, {}};
      else
        at->second.readers.push_back(by);
      begin = at->second.end;
    }
  }

  void clear() { memories_.clear(); }

 private:
  struct Segment {
    size_t end;
    std::optional<By> writer;
    std::vector<By> readers;
  };
  using Segments = std::map<size_t, Segment>;  // by their begin; they do not overlap
  using Key = std::pair<Place::Kind, size_t>;

  static bool in_arena(const Place& place) { return place.kind == Place::Kind::kArena; }
  static Key key(const Place& place) { return {place.kind, in_arena(place) ? 0 : place.index}; }
  static std::pair<size_t, size_t> range(const Place& place) {  // other memory is touched as a whole
    return in_arena(place) ? std::pair(place.index, place.index + place.bytes) : std::pair<size_t, size_t>(0, 1);
  }
  static void split(Segments& segments, size_t position) {
    auto at = segments.lower_bound(position);
    if (at == segments.begin() || std::prev(at)->second.end <= position) return;
    Segment& before = std::prev(at)->second;
    segments.emplace_hint(at, position, before);
    before.end = position;
  }

  std::map<Key, Segments> memories_;
};

class Placer {
 public:
  Placer(const Plan& plan, std::span<const LoweredKernel> kernels, const std::vector<bool>& shared)
      : plan_(plan), kernels_(kernels), shared_(shared) {}

  Barriers run(int always) {
    const auto count = plan_.steps.size();
    made_ = {std::vector<bool>(count), std::vector<int>(count)};
    int next_lane = 0;
    for (size_t begin = 0, end = 0; begin < count; begin = end) {
      const int phase = plan_.steps[begin].phase;
      while (end < count && plan_.steps[end].phase == phase) ++end;
      std::vector<int> lanes;
      bool needed = begin > 0 && phase == always;
      for (size_t step = begin; step < end && !needed; ++step) {
        const auto lane = lane_without_barrier(step);
        needed = !lane;
        lanes.push_back(lane.value_or(kAny));
      }
      if (needed) {
        made_.before[begin] = true;
        touched_.clear();
        lanes.assign(end - begin, kAny);
        next_lane = 0;
      }
      for (size_t step = begin; step < end; ++step) {
        const int lane = lanes[step - begin];
        made_.lane[step] = shared_[step] ? 0 : lane == kAny ? next_lane++ : lane;
        touch(step);
      }
    }
    return std::move(made_);
  }

 private:
  static constexpr int kAny = -1;

  const LoweredKernel& kernel(size_t step) const { return kernels_[plan_.steps[step].kernel]; }

  bool writes(size_t step, uint32_t buffer) const {
    return kernel(step).kernel.buffers[buffer].role != loops::Buffer::Role::kIn;
  }

  void touch(size_t step) {
    const std::vector<Place>& places = plan_.steps[step].places;
    for (const bool write : {true, false})
      for (uint32_t b = 0; b < places.size(); ++b)
        if (writes(step, b) == write) touched_.add(places[b], write, {step, b});
  }

  // The lane the step must have when no barrier stands before it; nothing when one must.
  std::optional<int> lane_without_barrier(size_t step) const {
    int lane = kAny;
    bool free = true;
    const std::vector<Place>& places = plan_.steps[step].places;
    for (uint32_t b = 0; b < places.size() && free; ++b)
      touched_.each_obstacle(places[b], writes(step, b), [&](const Touched::By& by) {
        if (!free) return;
        free = shared_[by.step] == shared_[step];
        if (shared_[step]) {
          free = free && same_points(by, {step, b});
        } else {
          free = free && (lane == kAny || lane == made_.lane[by.step]);
          lane = made_.lane[by.step];
        }
      });
    return free ? std::optional(lane) : std::nullopt;
  }

  // Whether both are cut into the same units, and the same unit of both reaches the same elements of what they share:
  // no other unit does, since one of the two stores there.
  bool same_points(const Touched::By& earlier, const Touched::By& later) const {
    const Kernel &a = kernel(earlier.step).kernel, &b = kernel(later.step).kernel;
    if (a.is_dot() || b.is_dot() || a.outer != b.outer || !(a.schedule == b.schedule)) return false;
    const Place &from = plan_.steps[earlier.step].places[earlier.buffer],
                &to = plan_.steps[later.step].places[later.buffer];
    if (!(from == to) || a.buffers[earlier.buffer].dtype != b.buffers[later.buffer].dtype) return false;
    const auto x = only_access(a, earlier.buffer), y = only_access(b, later.buffer);
    return x && y && *x == *y;
  }

  const Plan& plan_;
  std::span<const LoweredKernel> kernels_;
  const std::vector<bool>& shared_;
  Touched touched_;
  Barriers made_;
};

}  // namespace

Barriers place_barriers(const Plan& plan, std::span<const LoweredKernel> kernels, const std::vector<bool>& shared,
                        int always) {
  for (const LoweredKernel& kernel : kernels) invariant(kernel.symbols.empty(), "kernels share no code yet");
  return Placer(plan, kernels, shared).run(always);
}

}  // namespace sinter::passes
