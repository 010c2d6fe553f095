#include "passes/plan/phases.h"

#include <algorithm>
#include <queue>
#include <set>
#include <utility>

#include "support/error.h"
#include "support/work.h"

namespace sinter::passes {
namespace {

// What follows from the tasks whatever the order.
struct Facts {
  Facts(std::span<const Task> given, std::span<const size_t> sizes)
      : tasks(given), bytes(sizes), behind(given.size()), readers(sizes.size()), maker(sizes.size()) {
    for (uint32_t task = 0; task < tasks.size(); ++task) {
      for (uint32_t before : tasks[task].after) behind[before].push_back(task);
      for (uint32_t value : tasks[task].reads) readers[value].push_back(task);
      for (uint32_t value : tasks[task].makes) maker[value] = task;
      count_work(1 + tasks[task].after.size() + tasks[task].reads.size());
    }
  }
  [[nodiscard]] size_t made_by(uint32_t task) const {
    size_t sum = 0;
    for (uint32_t value : tasks[task].makes) sum += bytes[value];
    return sum;
  }

  std::span<const Task> tasks;
  std::span<const size_t> bytes;
  std::vector<std::vector<uint32_t>> behind, readers;  // by task: who waits for it; by value
  std::vector<uint32_t> maker;                         // by value
};

// Which tasks may run, given which have ended.
class Waiting {
 public:
  explicit Waiting(const Facts& facts) : facts_(facts) {
    for (const Task& task : facts.tasks) left_.push_back(task.after.size());
  }
  // Calls act(task) for every task that need not wait, instant ones aside.
  template <class Act>
  void start(Act&& act) {
    for (uint32_t task = 0; task < left_.size(); ++task)
      if (facts_.tasks[task].after.empty()) release(task, act);
  }
  // Calls act(task) for every task that need not wait any more, and end(task) for every instant one.
  template <class Act>
  void end(uint32_t ended, Act&& act) {
    for (uint32_t task : facts_.behind[ended])
      if (--left_[task] == 0) release(task, act);
  }

 private:
  template <class Act>
  void release(uint32_t task, Act&& act) {
    count_work();
    act(task);
    if (facts_.tasks[task].instant) end(task, act);
  }
  const Facts& facts_;
  std::vector<size_t> left_;  // by task: how many it waits for
};

// What is alive, given which tasks have ended.
class Alive {
 public:
  explicit Alive(const Facts& facts) : facts_(facts), ended_(facts.tasks.size()), frees_(facts.tasks.size()) {
    for (uint32_t value = 0; value < facts.readers.size(); ++value) {
      unread_.push_back(facts.readers[value].size());
      if (unread_[value] == 1) frees_[facts.readers[value][0]] += facts.bytes[value];
    }
  }
  [[nodiscard]] size_t bytes() const { return bytes_; }
  void make(uint32_t task) { bytes_ += facts_.made_by(task); }
  // Whether it frees what it makes, or more.
  [[nodiscard]] bool shrinks(uint32_t task) const { return frees_[task] >= facts_.made_by(task); }
  // Bytes that die with it; whether the value is among them.
  [[nodiscard]] size_t freed_by(uint32_t task) const { return frees_[task]; }
  [[nodiscard]] bool is_last_read(uint32_t value) const { return unread_[value] == 1; }
  // Calls last(task) for each task that is now the only one to read some value, died(value) for what nobody reads.
  template <class Last, class Died>
  void end(uint32_t task, Last&& last, Died&& died) {
    ended_[task] = true;
    for (uint32_t value : facts_.tasks[task].reads) {
      count_work();
      if (--unread_[value] == 0) die(value, died);
      if (unread_[value] != 1) continue;
      for (uint32_t reader : facts_.readers[value])
        if (!ended_[reader]) frees_[reader] += facts_.bytes[value], last(reader);
    }
    for (uint32_t value : facts_.tasks[task].makes)
      if (unread_[value] == 0) die(value, died);
  }

 private:
  template <class Died>
  void die(uint32_t value, Died&& died) {
    bytes_ -= facts_.bytes[value];
    died(value);
  }
  const Facts& facts_;
  std::vector<bool> ended_;
  std::vector<size_t> unread_;  // by value: readers that have not ended
  std::vector<size_t> frees_;   // by task: bytes of what it alone has yet to read
  size_t bytes_ = 0;
};

size_t peak_of(const Facts& facts, const Phases& phases) {
  std::vector<size_t> born(static_cast<size_t>(phases.count)), dead(static_cast<size_t>(phases.count) + 1);
  for (uint32_t value = 0; value < facts.bytes.size(); ++value) {
    int last = phases.of[facts.maker[value]];
    born[static_cast<size_t>(last)] += facts.bytes[value];
    for (uint32_t reader : facts.readers[value]) last = std::max(last, phases.of[reader]);
    dead[static_cast<size_t>(last) + 1] += facts.bytes[value];
  }
  size_t alive = 0, peak = 0;
  for (size_t phase = 0; phase < born.size(); ++phase) {
    alive += born[phase] - dead[phase];
    peak = std::max(peak, alive);
  }
  return peak;
}

Phases as_early_as_can_be(const Facts& facts) {
  Phases phases{std::vector<int>(facts.tasks.size(), -1)};
  std::vector<uint32_t> ready;
  Waiting waiting(facts);
  const auto add = [&](uint32_t task) {
    const Task& it = facts.tasks[task];
    int& phase = phases.of[task];
    for (uint32_t before : it.after) phase = std::max(phase, phases.of[before]);
    if (it.instant) return;
    phases.count = std::max(phases.count, ++phase + 1);
    ready.push_back(task);
  };
  size_t ended = 0;
  waiting.start(add);
  for (; ended < ready.size(); ++ended) waiting.end(ready[ended], add);
  for (uint32_t task = 0; task < facts.tasks.size(); ++task)
    invariant(phases.of[task] >= 0 || facts.tasks[task].instant, "no two tasks wait for each other");
  phases.peak = peak_of(facts, phases);
  return phases;
}

// Tasks one by one, the lowest number that can run first.
struct Sequence {
  std::vector<uint32_t> order;
  std::vector<uint32_t> turn;  // by task: when it runs
  size_t peak = 0;
};
Sequence one_by_one(const Facts& facts) {
  Sequence made{{}, std::vector<uint32_t>(facts.tasks.size())};
  std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> ready;
  Waiting waiting(facts);
  Alive alive(facts);
  const auto add = [&](uint32_t task) {
    if (!facts.tasks[task].instant) ready.push(task);
  };
  waiting.start(add);
  while (!ready.empty()) {
    const uint32_t task = ready.top();
    ready.pop();
    made.turn[task] = static_cast<uint32_t>(made.order.size());
    made.order.push_back(task);
    alive.make(task);
    made.peak = std::max(made.peak, alive.bytes());
    alive.end(task, [](uint32_t) {}, [](uint32_t) {});
    waiting.end(task, add);
  }
  return made;
}

// The sequence's next task runs in every phase. With it run, before their turn, what frees as much as it makes and some
// `spare` bytes of others.
class NearSequence {
 public:
  NearSequence(const Facts& facts, size_t spare)
      : facts_(facts), spare_(spare), sequence_(one_by_one(facts)), waiting_(facts), alive_(facts) {
    phases_.of.assign(facts.tasks.size(), -1);
    early_.resize(facts.bytes.size());
  }

  Phases run() && {
    const auto ready = [&](uint32_t task) { add(task); };
    waiting_.start(ready);
    for (;; ++phases_.count) {
      while (next_ < sequence_.order.size() && phases_.of[sequence_.order[next_]] >= 0)
        for (uint32_t value : facts_.tasks[sequence_.order[next_++]].makes) settle(value);
      if (next_ == sequence_.order.size()) break;
      choose();
      phases_.peak = std::max(phases_.peak, alive_.bytes());
      for (uint32_t task : chosen_)
        alive_.end(task, [&](uint32_t reader) { add_if_shrinking(reader); }, [&](uint32_t value) { settle(value); });
      for (uint32_t task : std::exchange(chosen_, {})) waiting_.end(task, ready);
    }
    return std::move(phases_);
  }

 private:
  using Turns = std::set<uint32_t>;

  void add(uint32_t task) {
    if (!facts_.tasks[task].instant) (alive_.shrinks(task) ? shrinking_ : growing_).insert(sequence_.turn[task]);
  }
  void add_if_shrinking(uint32_t task) {
    if (alive_.shrinks(task) && growing_.erase(sequence_.turn[task]) > 0) shrinking_.insert(sequence_.turn[task]);
  }

  void choose() {
    constexpr int kLookedAt = 32;  // growing ones, so that a large one does not hide all behind it
    take(next_);
    while (!shrinking_.empty() && fits(*shrinking_.begin())) {
      hand_on(sequence_.order[*shrinking_.begin()]);
      take(*shrinking_.begin());
    }
    int looked_at = 0;
    for (auto at = growing_.begin(); at != growing_.end() && looked_at < kLookedAt; ++looked_at) {
      const uint32_t turn = *at++, task = sequence_.order[turn];
      if (!fits(turn) || all_early_ + facts_.made_by(task) > spare_) continue;
      for (uint32_t value : facts_.tasks[task].makes) make_early(value, facts_.bytes[value]);
      take(turn);
    }
  }
  [[nodiscard]] bool fits(uint32_t turn) const {
    count_work();
    return alive_.bytes() + facts_.made_by(sequence_.order[turn]) <= sequence_.peak + spare_;
  }
  void take(uint32_t turn) {
    shrinking_.erase(turn);
    growing_.erase(turn);
    const uint32_t task = sequence_.order[turn];
    phases_.of[task] = phases_.count;
    alive_.make(task);
    chosen_.push_back(task);
  }
  // What a shrinking task makes before its turn is in place of what would be alive until then, and, where that is not
  // enough, of what was early itself.
  void hand_on(uint32_t task) {
    size_t early = 0;
    for (uint32_t value : facts_.tasks[task].reads)
      if (alive_.is_last_read(value)) early += early_[value];
    const size_t in_turn = alive_.freed_by(task) - early, made = facts_.made_by(task);
    size_t left = made > in_turn ? made - in_turn : 0;
    for (uint32_t value : facts_.tasks[task].makes) {
      make_early(value, std::min(left, facts_.bytes[value]));
      left -= early_[value];
    }
  }
  void make_early(uint32_t value, size_t bytes) {
    early_[value] = bytes;
    all_early_ += bytes;
  }
  // It is dead, or no longer ahead of its turn.
  void settle(uint32_t value) { all_early_ -= std::exchange(early_[value], 0); }

  const Facts& facts_;
  const size_t spare_;
  const Sequence sequence_;
  Waiting waiting_;
  Alive alive_;
  Phases phases_;
  Turns shrinking_, growing_;     // those that can run
  std::vector<uint32_t> chosen_;  // for this phase
  uint32_t next_ = 0;             // in the sequence: all before have run
  std::vector<size_t> early_;     // by value: bytes alive only because it was made ahead of its turn
  size_t all_early_ = 0;
};

}  // namespace

Phases find_phases(std::span<const Task> tasks, std::span<const size_t> bytes, size_t spare) {
  const Facts facts(tasks, bytes);
  Phases early = as_early_as_can_be(facts);
  if (early.peak <= spare) return early;
  Phases near = NearSequence(facts, spare).run();
  return near.peak < early.peak ? near : early;
}

}  // namespace sinter::passes
