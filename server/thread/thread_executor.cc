#include "server/thread/thread_executor.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "server/base/check.h"

namespace docstore {
namespace {

// Longest single wait; only bounds what is handed to the operating system.
constexpr int64_t kIdleWaitMs = 60'000;

int64_t SteadyUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

ThreadExecutor::ThreadExecutor() {
  thread_ = std::thread([this] { Run(); });
}

ThreadExecutor::~ThreadExecutor() { Stop(); }

void ThreadExecutor::Post(Task task) {
  // A dropped task is destroyed when this returns, outside of the lock: its destructor may post.
  MutexLock lock(&mutex_);
  if (stopped_) return;
  queue_.push_back(std::move(task));
  changed_.Signal();
}

void ThreadExecutor::PostAfter(int64_t delay_us, Task task) {
  if (delay_us <= 0) return Post(std::move(task));
  const int64_t due_us = SteadyUs() + delay_us;
  MutexLock lock(&mutex_);
  if (stopped_) return;
  const auto added = delayed_.emplace(due_us, std::move(task));
  if (added == delayed_.begin()) changed_.Signal();
}

void ThreadExecutor::Stop() {
  {
    // Destroyed after the lock is let go: destructors of tasks may post.
    std::deque<Task> queue;
    std::multimap<int64_t, Task> delayed;
    MutexLock lock(&mutex_);
    stopped_ = true;
    queue.swap(queue_);
    delayed.swap(delayed_);
    changed_.Signal();
  }
  CHECK(thread_.get_id() != std::this_thread::get_id());
  if (thread_.joinable()) thread_.join();
}

void ThreadExecutor::Run() {
  while (Task task = Next()) task();
}

ThreadExecutor::Task ThreadExecutor::Next() {
  MutexLock lock(&mutex_);
  while (!stopped_) {
    const int64_t wait_ms = QueueDue();
    if (!queue_.empty()) {
      Task task = std::move(queue_.front());
      queue_.pop_front();
      return task;
    }
    changed_.WaitFor(&mutex_, wait_ms);
  }
  return nullptr;
}

int64_t ThreadExecutor::QueueDue() {
  if (delayed_.empty()) return kIdleWaitMs;
  const int64_t now_us = SteadyUs();
  while (!delayed_.empty() && delayed_.begin()->first <= now_us) {
    queue_.push_back(std::move(delayed_.begin()->second));
    delayed_.erase(delayed_.begin());
  }
  if (delayed_.empty()) return kIdleWaitMs;
  return std::min<int64_t>((delayed_.begin()->first - now_us + 999) / 1000, kIdleWaitMs);
}

}  // namespace docstore
