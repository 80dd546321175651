#include "server/node/virtual_time.h"

namespace docstore::node {

uint64_t VirtualRandom::Next() {
  state_ += 0x9e3779b97f4a7c15;
  uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

void VirtualTime::After(int64_t delay_us, Executor::Task task) {
  events_.emplace(std::pair(now_us_ + delay_us, next_number_++), std::move(task));
}

bool VirtualTime::RunNext(int64_t until_us) {
  const auto it = events_.begin();
  if (it == events_.end() || it->first.first > until_us) return false;
  now_us_ = it->first.first;
  Executor::Task task = std::move(it->second);
  events_.erase(it);
  ++events_run_;
  task();
  return true;
}

void VirtualTime::RunFor(int64_t duration_us) {
  const int64_t until_us = now_us_ + duration_us;
  while (RunNext(until_us)) {
  }
  now_us_ = until_us;
}

bool VirtualTime::RunUntil(const std::function<bool()>& done, int64_t limit_us) {
  const int64_t until_us = now_us_ + limit_us;
  while (!done()) {
    if (!RunNext(until_us)) {
      now_us_ = until_us;
      return done();
    }
  }
  return true;
}

void VirtualClock::SetDrift(int64_t us_per_second) {
  since_us_ = Us();
  since_true_us_ = time_->now_us();
  drift_ = us_per_second;
}

VirtualExecutor::VirtualExecutor(VirtualTime* time, int64_t latency_us_max)
    : time_(time), latency_us_max_(latency_us_max), queue_(std::make_shared<Queue>()) {}

VirtualExecutor::~VirtualExecutor() { Stop(); }

void VirtualExecutor::Post(Task task) {
  if (queue_->stopped) return;
  queue_->tasks.push_back(std::move(task));
  time_->After(static_cast<int64_t>(time_->random().Below(latency_us_max_ + 1)),
               [queue = queue_] { RunFirst(queue); });
}

void VirtualExecutor::PostAfter(int64_t delay_us, Task task) {
  if (queue_->stopped) return;
  // What waits for its time belongs to the executor too: Stop drops it, a pause holds it back.
  time_->After(delay_us, [queue = queue_, task = std::move(task)]() mutable {
    if (queue->stopped) return;
    queue->tasks.push_back(std::move(task));
    RunFirst(queue);
  });
}

void VirtualExecutor::RunFirst(const std::shared_ptr<Queue>& queue) {
  if (queue->stopped || queue->paused || queue->tasks.empty()) return;
  Task task = std::move(queue->tasks.front());
  queue->tasks.pop_front();
  task();
}

void VirtualExecutor::Stop() {
  queue_->stopped = true;
  // Destroying a task may post another.
  const std::deque<Task> dropped = std::move(queue_->tasks);
  queue_->tasks.clear();
}

void VirtualExecutor::SetPaused(bool paused) {
  queue_->paused = paused;
  if (paused) return;
  for (size_t i = 0; i < queue_->tasks.size(); ++i) {
    time_->After(0, [queue = queue_] { RunFirst(queue); });
  }
}

bool VirtualExecutor::paused() const { return queue_->paused; }

}  // namespace docstore::node
