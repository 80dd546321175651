// GroupCommit: makes stepped groups durable, as many as there are with one fsync, and then visible.
//
// While one commit is on its way to disk the core steps further groups; the next commit takes all
// of them. When a commit ends, the clients it answers come back with their next write a moment
// later: a commit that started at once would carry only the few that were waiting, and the rest
// would wait for a whole fsync more. So the next commit waits until as many writes are there as
// were just answered or waiting, but never longer than a part of what an fsync takes. With one
// writer at a time, or a fast disk, that wait is nothing.
//
// Order contract: server/core/effects.h.

#ifndef DOCSTORE_SERVER_NODE_GROUP_COMMIT_H_
#define DOCSTORE_SERVER_NODE_GROUP_COMMIT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/mutex.h"
#include "server/core/clock.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/floor.h"
#include "server/core/repair.h"
#include "server/node/env.h"
#include "server/node/view.h"

namespace docstore::node {

// Documents with dots this node minted in one group, ready to be sent to any peer.
struct PushGroup {
  uint64_t first_seq = 0;  // own dots first_seq..last_seq, all of them in `documents`
  uint64_t last_seq = 0;
  uint64_t bytes = 0;                        // of the bodies
  std::shared_ptr<const core::Floor> floor;  // of the instant of the documents
  std::vector<core::RemoteDocument> documents;
};

// What links must know of a commit, or of one group of it.
struct CommitNotice {
  std::vector<std::shared_ptr<const PushGroup>> pushes;  // of groups that minted dots, in order
  std::vector<core::PeerApplied> applied;
  std::vector<core::PeerRejected> rejected;
  core::Ranges wanted;
  std::vector<std::string> alarms;
  bool clock_changed = false;
  bool floor_changed = false;
  bool dots_erased = false;  // from the index
};

// Runs once, after the write is durable or refused.
using WriteDone = absl::AnyInvocable<void(absl::StatusOr<core::WriteResult>)>;

class GroupCommit {
 public:
  // Longest wait for writes to gather. A shorter one than the least is not worth a timer.
  static constexpr int64_t kGatherUsMax = 3000;
  static constexpr int64_t kGatherUsMin = 1000;

  // What one Step left to do.
  struct Group {
    uint64_t number = 0;  // 1, 2, 3... without gaps
    uint64_t bytes = 0;   // of the events that went in
    core::Rows rows;
    std::vector<std::pair<WriteDone, core::WriteResult>> replies;
    CommitNotice notice;
    // After the Step:
    std::shared_ptr<const core::Clock> clock;
    std::shared_ptr<const core::Floor> floor;
    std::shared_ptr<const core::RepairProgress> repair;
    uint64_t hlc = 0;
  };
  struct Env {
    Clock* clock = nullptr;
    Store* store = nullptr;
    Executor* executor = nullptr;
    // After each commit, on the executor, before the replies.
    std::function<void(CommitNotice)> on_commit;
    // On the executor, after each commit and its replies, and again when the wait for more writes
    // is over: what is queued is better stepped now.
    std::function<void()> on_room;
    // Once, on the executor, when a commit failed; nothing is committed any more.
    std::function<void(const absl::Status&)> fatal;
  };

  GroupCommit(Env env, View initial);

  // Thread-safe. Groups come in order of their numbers.
  void Add(Group group);
  // Thread-safe. Bytes, and number, of writes that are not part of a started commit.
  uint64_t waiting_bytes() const;
  size_t waiting_writes() const;
  // Thread-safe. A commit would start at once if `queued` more writes were stepped now; else
  // on_room tells when.
  bool WantsStep(size_t queued) const;
  // Thread-safe. Nothing is waiting or on its way to disk.
  bool idle() const;
  // Thread-safe. The last committed state.
  std::shared_ptr<const View> view() const;

 private:
  bool Gathered(size_t writes) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StartWhenGathered() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // On the executor:
  void Run();
  absl::Status Write(std::vector<Group>* groups);
  void Publish(const Group& last, bool rows_written);
  void Finish(size_t answered, int64_t commit_us);

  const Env env_;
  mutable Mutex mutex_;
  std::vector<Group> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t waiting_writes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t expected_writes_ ABSL_GUARDED_BY(mutex_) = 0;  // worth waiting for
  int64_t gather_until_us_ ABSL_GUARDED_BY(mutex_) = 0;
  bool running_ ABSL_GUARDED_BY(mutex_) = false;
  bool failed_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<const View> view_ ABSL_GUARDED_BY(mutex_);
  int64_t usual_commit_us_ = 0;  // smoothed; of the executor
};

}  // namespace docstore::node

#endif  // DOCSTORE_SERVER_NODE_GROUP_COMMIT_H_
