// ThreadExecutor: a node::Executor that is one thread.
//
// Tasks run first in, first out; a delayed task joins the end of the queue when its time has come,
// measured on the steady clock, rounded up to a millisecond.

#ifndef DOCSTORE_SERVER_THREAD_THREAD_EXECUTOR_H_
#define DOCSTORE_SERVER_THREAD_THREAD_EXECUTOR_H_

#include <cstdint>
#include <deque>
#include <map>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "server/base/mutex.h"
#include "server/node/env.h"

namespace docstore {

class ThreadExecutor final : public node::Executor {
 public:
  // Starts the thread.
  ThreadExecutor();
  // Stops, if that has not been done. Not from a task.
  ~ThreadExecutor() override;

  void Post(Task task) override;
  // A delay of 0 or less posts at once.
  void PostAfter(int64_t delay_us, Task task) override;

  // Returns once the running task, if any, has ended. Tasks not yet begun, and all posted later,
  // are destroyed without running. May be called again; not from a task.
  void Stop();

 private:
  void Run();
  // Waits for a task and takes it; an empty one when stopped.
  Task Next();
  // Moves what is due to the queue. Returns milliseconds until the next is due, at most
  // kIdleWaitMs.
  int64_t QueueDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  CondVar changed_;
  std::deque<Task> queue_ ABSL_GUARDED_BY(mutex_);
  // By due time in microseconds of the steady clock; of equal times the one posted first.
  std::multimap<int64_t, Task> delayed_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace docstore

#endif  // DOCSTORE_SERVER_THREAD_THREAD_EXECUTOR_H_
