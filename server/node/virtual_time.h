// VirtualTime: time that passes only when a test says so, and executors that run in it.
//
// One heap of events, ordered by time and then by who came first; the same seed gives the same run.
// Everything happens on the thread that calls Run...; nothing here is thread-safe. VirtualTime is
// true time; a machine may have a VirtualClock of its own, which is wrong.

#ifndef DOCSTORE_SERVER_NODE_VIRTUAL_TIME_H_
#define DOCSTORE_SERVER_NODE_VIRTUAL_TIME_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "server/node/env.h"

namespace docstore::node {

// A small seeded generator (splitmix64).
class VirtualRandom : public Random {
 public:
  explicit VirtualRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next() override;
  // Uniform enough in [0, limit).
  uint64_t Below(uint64_t limit) { return Next() % limit; }
  bool Chance(uint64_t percent) { return Below(100) < percent; }

 private:
  uint64_t state_;
};

class VirtualTime : public Clock {
 public:
  static constexpr int64_t kStartWallMs = 1'700'000'000'000;

  explicit VirtualTime(uint64_t seed) : random_(seed) {}

  int64_t WallMs() const override { return kStartWallMs + now_us_ / 1000; }
  int64_t MonotonicUs() const override { return now_us_; }

  // Runs `task` once `delay_us` microseconds have passed.
  void After(int64_t delay_us, Executor::Task task);
  // Runs all that is due within the next `duration_us`, and moves on to its end.
  void RunFor(int64_t duration_us);
  // Runs until `done` says true, at most `limit_us`; false when that time passed first.
  bool RunUntil(const std::function<bool()>& done, int64_t limit_us);

  VirtualRandom& random() { return random_; }
  int64_t now_us() const { return now_us_; }
  uint64_t events_run() const { return events_run_; }

 private:
  bool RunNext(int64_t until_us);

  VirtualRandom random_;
  int64_t now_us_ = 1'000'000;
  uint64_t next_number_ = 0;
  uint64_t events_run_ = 0;
  std::map<std::pair<int64_t, uint64_t>, Executor::Task> events_;  // by time, then order
};

// The clocks of one machine: the wall clock off by some time and drifting, the monotonic one
// drifting with it but never set back.
class VirtualClock : public Clock {
 public:
  // `time` must outlive the clock.
  explicit VirtualClock(const VirtualTime* time) : time_(time) {}

  int64_t WallMs() const override { return VirtualTime::kStartWallMs + offset_ms_ + Us() / 1000; }
  int64_t MonotonicUs() const override { return Us(); }

  // Sets the wall clock forward or back.
  void Jump(int64_t by_ms) { offset_ms_ += by_ms; }
  // From now on the clock gains so many microseconds a second; above -1 000 000.
  void SetDrift(int64_t us_per_second);

 private:
  int64_t Us() const {
    return since_us_ + (time_->now_us() - since_true_us_) * (1'000'000 + drift_) / 1'000'000;
  }

  const VirtualTime* const time_;
  int64_t offset_ms_ = 0;
  int64_t drift_ = 0;
  int64_t since_us_ = 0;  // what this clock showed when the drift was set, and what it was
  int64_t since_true_us_ = 0;
};

// Runs its tasks in the order posted, each at most `latency_us_max` after it is due.
class VirtualExecutor : public Executor {
 public:
  // `time` must outlive the executor and all it was given.
  VirtualExecutor(VirtualTime* time, int64_t latency_us_max);
  ~VirtualExecutor() override;

  void Post(Task task) override;
  void PostAfter(int64_t delay_us, Task task) override;
  // Drops what has not begun, now and from now on.
  void Stop();
  // For tasks posted from now on.
  void SetLatency(int64_t latency_us_max) { latency_us_max_ = latency_us_max; }
  // A paused executor keeps its tasks until it is resumed.
  void SetPaused(bool paused);
  bool paused() const;

 private:
  struct Queue {
    std::deque<Task> tasks;
    bool stopped = false;
    bool paused = false;
  };
  static void RunFirst(const std::shared_ptr<Queue>& queue);

  VirtualTime* const time_;
  int64_t latency_us_max_;
  const std::shared_ptr<Queue> queue_;  // outlives the executor in events under way
};

}  // namespace docstore::node

#endif  // DOCSTORE_SERVER_NODE_VIRTUAL_TIME_H_
