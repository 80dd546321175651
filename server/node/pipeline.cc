#include "server/node/pipeline.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "server/base/check.h"
#include "server/base/status_macros.h"

namespace docstore::node {
namespace {

uint64_t EventBytes(const core::ClientWrite& write) {
  return write.body == nullptr ? 0 : write.body->size();
}

uint64_t EventBytes(const core::Event& event) {
  const auto* frame = std::get_if<core::PeerDocuments>(&event);
  return frame == nullptr ? 0 : frame->bytes;
}

std::shared_ptr<const core::RepairProgress> RepairOf(const core::Replica& replica) {
  if (!replica.repair().has_value()) return nullptr;
  return std::make_shared<const core::RepairProgress>(*replica.repair());
}

}  // namespace

class Pipeline::Overlay : public core::Reader {
 public:
  // Forgets what `view` shows by itself.
  void SetView(std::shared_ptr<const View> view) {
    view_ = std::move(view);
    while (!groups_.empty() && groups_.front().first <= view_->group) {
      for (const core::DocumentKey& key : groups_.front().second) {
        const auto it = documents_.find(key);
        if (it != documents_.end() && it->second.group <= view_->group) documents_.erase(it);
      }
      groups_.pop_front();
    }
  }
  void Add(uint64_t group, const std::vector<core::DocumentRow>& rows) {
    std::vector<core::DocumentKey> keys;
    for (const core::DocumentRow& row : rows) {
      documents_[row.key] = {group, row.document};
      keys.push_back(row.key);
    }
    groups_.emplace_back(group, std::move(keys));
  }
  // Lets go of the snapshot while there is nothing to step.
  void DropView() { view_ = nullptr; }

  absl::StatusOr<core::Document> ReadDocument(const core::DocumentKey& key) const override {
    const auto it = documents_.find(key);
    if (it != documents_.end()) return it->second.document;
    return view_->snapshot->ReadDocument(key);
  }
  absl::StatusOr<std::vector<core::DocumentKey>> ListKeys(const core::KeyRange& range,
                                                          size_t limit) const override {
    ASSIGN_OR_RETURN(std::vector<core::DocumentKey> keys, view_->snapshot->ListKeys(range, limit));
    for (auto it = documents_.upper_bound(range.after);
         it != documents_.end() && range.Contains(it->first); ++it) {
      if (!it->second.document.empty()) keys.push_back(it->first);
    }
    absl::c_sort(keys);
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    // What was erased and is not committed may stand among them: leaving it out here would make a
    // full list look like one that reached the end.
    if (keys.size() > limit) keys.resize(limit);
    return keys;
  }

 private:
  struct Entry {
    uint64_t group;
    core::Document document;
  };
  std::shared_ptr<const View> view_;
  std::map<core::DocumentKey, Entry> documents_;
  std::deque<std::pair<uint64_t, std::vector<core::DocumentKey>>> groups_;
};

Pipeline::Pipeline(core::Replica replica, Env env)
    : env_(std::move(env)),
      replica_(std::move(replica)),
      overlay_(std::make_unique<Overlay>()),
      clock_(std::make_shared<const core::Clock>(replica_.clock())),
      floor_(std::make_shared<const core::Floor>(replica_.floor())),
      repair_(RepairOf(replica_)),
      commit_({.clock = env_.clock,
               .store = env_.store,
               .executor = env_.commit_executor,
               .on_commit = env_.on_commit,
               .on_room =
                   [this] {
                     MutexLock lock(&mutex_);
                     if (!writes_.empty() || !events_.empty() || closing_) Schedule();
                   },
               .fatal = [this](const absl::Status& status) { Fail(status); }},
              {.snapshot = env_.store->TakeSnapshot(),
               .clock = clock_,
               .floor = floor_,
               .repair = repair_,
               .hlc = replica_.hlc()}) {}

Pipeline::~Pipeline() = default;

bool Pipeline::HasRoom() const {
  return commit_.waiting_writes() < kGroupEventsMax && commit_.waiting_bytes() < kGroupBytesMax;
}

bool Pipeline::WorthAStep() const {
  if (!events_.empty() || writes_.size() >= kStepWrites) return true;
  return !writes_.empty() && commit_.WantsStep(writes_.size());
}

void Pipeline::Schedule() {
  if (scheduled_ || failed_ || !HasRoom()) return;
  scheduled_ = true;
  env_.core_executor->Post([this] { RunCore(); });
}

void Pipeline::Write(core::ClientWrite write, WriteDone done) {
  {
    MutexLock lock(&mutex_);
    if (!closing_ && !failed_ && writes_.size() < kQueuedWritesMax) {
      writes_.push_back({std::move(write), std::move(done)});
      if (WorthAStep()) Schedule();
      return;
    }
  }
  done(absl::UnavailableError("the node takes no writes now"));
}

void Pipeline::Submit(core::Event event) {
  MutexLock lock(&mutex_);
  events_.push_back(std::move(event));
  Schedule();
}

void Pipeline::Close(absl::AnyInvocable<void()> done) {
  MutexLock lock(&mutex_);
  closing_ = true;
  closed_ = std::move(done);
  Schedule();
}

std::vector<core::Event> Pipeline::TakeEvents(uint64_t* bytes_taken) {
  std::vector<core::Event> taken;
  uint64_t& bytes = *bytes_taken;
  MutexLock lock(&mutex_);
  while (!events_.empty() && taken.size() < kGroupEventsMax && bytes < kGroupBytesMax) {
    bytes += EventBytes(events_.front());
    taken.push_back(std::move(events_.front()));
    events_.pop_front();
  }
  while (!writes_.empty() && taken.size() < kGroupEventsMax && bytes < kGroupBytesMax) {
    Pending& pending = writes_.front();
    bytes += EventBytes(pending.write);
    pending.write.ticket = next_ticket_++;
    in_step_.emplace(pending.write.ticket, std::move(pending.done));
    taken.push_back(std::move(pending.write));
    writes_.pop_front();
  }
  return taken;
}

void Pipeline::RunCore() {
  uint64_t bytes = 0;
  std::vector<core::Event> events = TakeEvents(&bytes);
  if (!events.empty()) {
    overlay_->SetView(view());
    const core::Instant now{.wall_ms = env_.clock->WallMs(),
                            .monotonic_ms = env_.clock->MonotonicUs() / 1000};
    absl::StatusOr<core::Effects> effects = replica_.Step(now, std::move(events), *overlay_);
    if (!effects.ok()) {
      Fail(effects.status());
      return;
    }
    if (effects->wake_at_ms.has_value()) WakeAt(now.monotonic_ms, *effects->wake_at_ms);
    GroupCommit::Group group = MakeGroup(*std::move(effects));
    group.bytes = bytes;
    overlay_->Add(group.number, group.rows.documents);
    overlay_->DropView();
    commit_.Add(std::move(group));
  }
  FinishClosing();
  MutexLock lock(&mutex_);
  scheduled_ = false;
  if (WorthAStep()) Schedule();
}

GroupCommit::Group Pipeline::MakeGroup(core::Effects effects) {
  GroupCommit::Group group;
  group.number = ++stepped_;
  group.rows = std::move(effects.rows);
  if (effects.clock_changed) clock_ = std::make_shared<const core::Clock>(replica_.clock());
  if (effects.floor_changed) floor_ = std::make_shared<const core::Floor>(replica_.floor());
  if (effects.repair_changed) repair_ = RepairOf(replica_);
  for (const core::Reply& reply : effects.replies) {
    const auto it = in_step_.find(reply.ticket);
    CHECK(it != in_step_.end());
    group.replies.emplace_back(std::move(it->second), reply.result);
    in_step_.erase(it);
  }
  if (!effects.push.empty()) {
    auto push = std::make_shared<PushGroup>();
    push->first_seq = own_seq_ + 1;
    own_seq_ = replica_.clock().of(replica_.origin()).max();
    push->last_seq = own_seq_;
    for (const core::RemoteDocument& document : effects.push) {
      push->bytes += document.document.body_bytes();
    }
    push->floor = floor_;
    push->documents = std::move(effects.push);
    group.notice.pushes.push_back(std::move(push));
  }
  group.notice.applied = std::move(effects.applied);
  group.notice.rejected = std::move(effects.rejected);
  group.notice.wanted = std::move(effects.wanted);
  group.notice.alarms = std::move(effects.alarms);
  group.notice.clock_changed = effects.clock_changed;
  group.notice.floor_changed = effects.floor_changed;
  group.notice.dots_erased = !group.rows.erased_dots.empty();
  group.clock = clock_;
  group.floor = floor_;
  group.repair = repair_;
  group.hlc = replica_.hlc();
  return group;
}

void Pipeline::WakeAt(int64_t now_ms, int64_t at_ms) {
  if (wake_at_ms_ > now_ms && wake_at_ms_ <= at_ms) return;
  wake_at_ms_ = at_ms;
  env_.core_executor->PostAfter(std::max<int64_t>(at_ms - now_ms, 0) * 1000,
                                [this] { Submit(core::Tick{}); });
}

void Pipeline::FinishClosing() {
  absl::AnyInvocable<void()> done;
  {
    MutexLock lock(&mutex_);
    if (!closing_ || closed_ == nullptr || !writes_.empty() || !events_.empty()) return;
    if (!in_step_.empty() || !commit_.idle()) return;
    if (!checkpointed_) {
      checkpointed_ = true;
      events_.push_back(core::Checkpoint{});
      return;
    }
    done = std::move(closed_);
    closed_ = nullptr;
  }
  done();
}

void Pipeline::Fail(const absl::Status& status) {
  {
    MutexLock lock(&mutex_);
    if (failed_) return;
    failed_ = true;
  }
  env_.fatal(status);
}

}  // namespace docstore::node
