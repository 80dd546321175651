// Pipeline: the one path of every change, from event to durable and visible.
//
// Events queue up; the core executor takes all of them as one group, runs Replica::Step and hands
// what came out to group commit (group_commit.h), which writes it with one fsync on the commit
// executor while the core executor already steps the next group over the overlay of what is not
// committed yet. Only after the commit does anything of the group become visible: replies, the
// View, and what links send. The pipeline starts no thread: both executors come in, and may be one
// and the same single-threaded executor.

#ifndef DOCSTORE_SERVER_NODE_PIPELINE_H_
#define DOCSTORE_SERVER_NODE_PIPELINE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/mutex.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/replica.h"
#include "server/node/env.h"
#include "server/node/group_commit.h"
#include "server/node/view.h"

namespace docstore::node {

class Pipeline {
 public:
  // Most client writes that may wait in the queue.
  static constexpr size_t kQueuedWritesMax = 16384;
  // Most events of one group, and most writes and bytes stepped ahead of the commit on its way:
  // bounds the pause of one commit.
  static constexpr size_t kGroupEventsMax = 2048;
  static constexpr uint64_t kGroupBytesMax = 16 << 20;
  // While a commit is on its way, writes are stepped as many at a time: waking the core for each
  // one costs more than stepping it.
  static constexpr size_t kStepWrites = 16;

  struct Env {
    Clock* clock = nullptr;
    Store* store = nullptr;
    Executor* core_executor = nullptr;
    Executor* commit_executor = nullptr;
    // After each commit, in order, on the commit executor.
    std::function<void(CommitNotice)> on_commit;
    // Once, when a commit or a read of the store failed; the pipeline has then stopped for good.
    std::function<void(const absl::Status&)> fatal;
  };

  // `replica` must stand as the store does.
  Pipeline(core::Replica replica, Env env);
  // Both executors must have stopped.
  ~Pipeline();

  // Thread-safe. `done` runs once: on the commit executor after the write is durable or refused, or
  // at once on the calling thread with UNAVAILABLE, without effect, when the queue is full or
  // closed.
  void Write(core::ClientWrite write, WriteDone done);
  // Thread-safe. What peers bring and reclaiming asks for; goes before waiting client writes.
  void Submit(core::Event event);
  // Thread-safe. The last committed state.
  std::shared_ptr<const View> view() const { return commit_.view(); }
  // Thread-safe. No further writes are taken; `done` runs once, on the core executor, when all that
  // was taken is durable and a clock checkpoint with it.
  void Close(absl::AnyInvocable<void()> done);

 private:
  struct Pending {
    core::ClientWrite write;
    WriteDone done;
  };
  // Documents of groups that are not in the View yet, over the View.
  class Overlay;

  void Schedule() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasRoom() const;
  // What is queued should be stepped now, and not together with what is still to come.
  bool WorthAStep() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // On the core executor:
  void RunCore();
  // As many as make one group; adds their size to *bytes.
  std::vector<core::Event> TakeEvents(uint64_t* bytes) ABSL_LOCKS_EXCLUDED(mutex_);
  GroupCommit::Group MakeGroup(core::Effects effects);
  void WakeAt(int64_t now_ms, int64_t at_ms);
  void FinishClosing();
  void Fail(const absl::Status& status);

  const Env env_;

  // Owned by the core executor.
  core::Replica replica_;
  std::map<uint64_t, WriteDone> in_step_;  // by ticket; taken from the queue, not replied to
  std::unique_ptr<Overlay> overlay_;
  // After the last stepped group:
  std::shared_ptr<const core::Clock> clock_;
  std::shared_ptr<const core::Floor> floor_;
  std::shared_ptr<const core::RepairProgress> repair_;
  uint64_t next_ticket_ = 1;
  uint64_t stepped_ = 0;    // groups
  uint64_t own_seq_ = 0;    // newest dot minted
  int64_t wake_at_ms_ = 0;  // a wake-up is posted for then; 0 none
  bool checkpointed_ = false;

  GroupCommit commit_;

  mutable Mutex mutex_;
  std::deque<Pending> writes_ ABSL_GUARDED_BY(mutex_);
  std::deque<core::Event> events_ ABSL_GUARDED_BY(mutex_);
  bool scheduled_ ABSL_GUARDED_BY(mutex_) = false;  // RunCore is posted or running
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  bool failed_ ABSL_GUARDED_BY(mutex_) = false;
  absl::AnyInvocable<void()> closed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace docstore::node

#endif  // DOCSTORE_SERVER_NODE_PIPELINE_H_
