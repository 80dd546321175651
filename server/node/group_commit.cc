#include "server/node/group_commit.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace docstore::node {
namespace {

template <typename T>
void MoveTo(std::vector<T>* from, std::vector<T>* to) {
  if (to->empty()) {
    *to = std::move(*from);
  } else {
    to->insert(to->end(), std::make_move_iterator(from->begin()),
               std::make_move_iterator(from->end()));
  }
}

// Rows of a later group come after, and so replace, those of the same key before.
void Append(core::Rows* from, core::Rows* to) {
  MoveTo(&from->documents, &to->documents);
  MoveTo(&from->dots, &to->dots);
  MoveTo(&from->erased_dots, &to->erased_dots);
  MoveTo(&from->collections, &to->collections);
  MoveTo(&from->members, &to->members);
  if (from->hlc_upper.has_value()) to->hlc_upper = from->hlc_upper;
  if (from->clock_checkpoint.has_value()) {
    to->clock_checkpoint = std::move(from->clock_checkpoint);
  }
  to->raised.Join(from->raised);
  if (from->repair.has_value() || from->repair_ended) {
    to->repair = std::move(from->repair);
    to->repair_ended = from->repair_ended;
  }
}

void Append(CommitNotice* from, CommitNotice* to) {
  MoveTo(&from->pushes, &to->pushes);
  MoveTo(&from->applied, &to->applied);
  MoveTo(&from->rejected, &to->rejected);
  MoveTo(&from->wanted, &to->wanted);
  MoveTo(&from->alarms, &to->alarms);
  to->clock_changed = to->clock_changed || from->clock_changed;
  to->floor_changed = to->floor_changed || from->floor_changed;
  to->dots_erased = to->dots_erased || from->dots_erased;
}

}  // namespace

GroupCommit::GroupCommit(Env env, View initial)
    : env_(std::move(env)), view_(std::make_shared<const View>(std::move(initial))) {}

void GroupCommit::Add(Group group) {
  MutexLock lock(&mutex_);
  waiting_writes_ += group.replies.size();
  waiting_bytes_ += group.bytes;
  waiting_.push_back(std::move(group));
  StartWhenGathered();
}

uint64_t GroupCommit::waiting_bytes() const {
  MutexLock lock(&mutex_);
  return waiting_bytes_;
}

size_t GroupCommit::waiting_writes() const {
  MutexLock lock(&mutex_);
  return waiting_writes_;
}

bool GroupCommit::idle() const {
  MutexLock lock(&mutex_);
  return waiting_.empty() && !running_;
}

std::shared_ptr<const View> GroupCommit::view() const {
  MutexLock lock(&mutex_);
  return view_;
}

bool GroupCommit::WantsStep(size_t queued) const {
  MutexLock lock(&mutex_);
  return !running_ && Gathered(waiting_writes_ + queued);
}

bool GroupCommit::Gathered(size_t writes) const {
  return writes >= expected_writes_ || env_.clock->MonotonicUs() >= gather_until_us_;
}

void GroupCommit::StartWhenGathered() {
  if (running_ || failed_ || waiting_.empty() || !Gathered(waiting_writes_)) return;
  running_ = true;
  env_.executor->Post([this] { Run(); });
}

void GroupCommit::Run() {
  std::vector<Group> groups;
  {
    MutexLock lock(&mutex_);
    groups = std::exchange(waiting_, {});
    waiting_writes_ = 0;
    waiting_bytes_ = 0;
  }
  const int64_t started_us = env_.clock->MonotonicUs();
  const absl::Status status = Write(&groups);
  if (!status.ok()) {
    {
      MutexLock lock(&mutex_);
      failed_ = true;
    }
    env_.fatal(status);
    return;
  }
  const int64_t commit_us = env_.clock->MonotonicUs() - started_us;
  CommitNotice notice;
  size_t answered = 0;
  for (Group& group : groups) {
    Append(&group.notice, &notice);
    answered += group.replies.size();
  }
  env_.on_commit(std::move(notice));
  for (Group& group : groups) {
    for (auto& [done, result] : group.replies) done(result);
  }
  Finish(answered, commit_us);
  env_.on_room();
}

absl::Status GroupCommit::Write(std::vector<Group>* groups) {
  core::Rows rows;
  for (Group& group : *groups) Append(&group.rows, &rows);
  const bool has_rows = !rows.empty();
  if (has_rows) {
    const absl::Status status = env_.store->Commit(rows);
    if (!status.ok()) return status;
  }
  Publish(groups->back(), has_rows);
  return absl::OkStatus();
}

void GroupCommit::Publish(const Group& last, bool rows_written) {
  std::shared_ptr<const Snapshot> snapshot = rows_written ? env_.store->TakeSnapshot() : nullptr;
  std::shared_ptr<const View> replaced;  // its snapshot is released outside the lock
  MutexLock lock(&mutex_);
  if (snapshot == nullptr) snapshot = view_->snapshot;
  replaced = std::exchange(view_, std::make_shared<const View>(View{.snapshot = std::move(snapshot),
                                                                    .clock = last.clock,
                                                                    .floor = last.floor,
                                                                    .repair = last.repair,
                                                                    .group = last.number,
                                                                    .hlc = last.hlc}));
}

void GroupCommit::Finish(size_t answered, int64_t commit_us) {
  constexpr int64_t kSmoothing = 8;
  constexpr int64_t kGatherPart = 2;  // half an fsync costs less than a commit of stragglers
  usual_commit_us_ += (commit_us - usual_commit_us_) / kSmoothing;
  const int64_t gather_us = std::min(usual_commit_us_ / kGatherPart, kGatherUsMax);
  const bool gathers = answered > 0 && gather_us >= kGatherUsMin;
  {
    MutexLock lock(&mutex_);
    running_ = false;
    expected_writes_ = gathers ? waiting_writes_ + answered : 0;
    gather_until_us_ = env_.clock->MonotonicUs() + gather_us;
    StartWhenGathered();
  }
  if (!gathers) return;
  env_.executor->PostAfter(gather_us, [this] {
    {
      MutexLock lock(&mutex_);
      StartWhenGathered();
    }
    env_.on_room();
  });
}

}  // namespace docstore::node
