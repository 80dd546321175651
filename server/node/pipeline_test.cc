// The order contract of the pipeline, on one thread: each executor runs a task when the test says.

#include "server/node/pipeline.h"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/base/check.h"
#include "server/base/hash.h"
#include "server/core/clock.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/replica.h"
#include "server/core/token.h"
#include "server/core/version_vector.h"
#include "server/node/env.h"
#include "server/node/group_commit.h"
#include "server/node/view.h"
#include "server/storage/memory_store.h"

namespace docstore::node {
namespace {

constexpr core::Origin kOwn{0xa};
constexpr core::Origin kPeer{0xb};
const core::DocumentKey kKey{"c", "k"};

class ManualClock : public Clock {
 public:
  int64_t WallMs() const override { return 1'700'000'000'000 + now_us / 1000; }
  int64_t MonotonicUs() const override { return now_us; }
  int64_t now_us = 5'000'000;
};

class ManualExecutor : public Executor {
 public:
  explicit ManualExecutor(ManualClock* clock) : clock_(clock) {}
  void Post(Task task) override { tasks_.push_back(std::move(task)); }
  void PostAfter(int64_t delay_us, Task task) override {
    later_.emplace_back(clock_->now_us + delay_us, std::move(task));
  }
  size_t size() const { return tasks_.size(); }
  bool RunOne() {
    if (tasks_.empty()) return false;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
    return true;
  }
  // Posts what has become due.
  void FireTimers() {
    std::vector<std::pair<int64_t, Task>> later = std::exchange(later_, {});
    for (auto& [due_us, task] : later) {
      if (due_us <= clock_->now_us) {
        Post(std::move(task));
      } else {
        later_.emplace_back(due_us, std::move(task));
      }
    }
  }

 private:
  ManualClock* const clock_;
  std::deque<Task> tasks_;
  std::vector<std::pair<int64_t, Task>> later_;
};

// Counts commits and fails when told to; the rest is the store below.
class CountingStore : public Store {
 public:
  CountingStore() {
    auto store = storage::OpenMemoryStore(std::make_shared<storage::MemoryDisk>());
    CHECK_OK(store.status());
    store_ = *std::move(store);
    CHECK_OK(store_->Recover().status());
    CHECK_OK(store_->Initialize(std::string(16, 'u'), "test"));
  }
  absl::StatusOr<core::Recovered> Recover() override { return store_->Recover(); }
  absl::Status Initialize(absl::string_view uuid, absl::string_view name) override {
    return store_->Initialize(uuid, name);
  }
  absl::Status Commit(const core::Rows& rows) override {
    ++commits;
    if (auto meanwhile = std::exchange(during_commit, nullptr)) {
      meanwhile();
      if (repeats) during_commit = meanwhile;
    }
    if (fails) return absl::ResourceExhaustedError("disk full");
    last_checkpoint = rows.clock_checkpoint;
    return store_->Commit(rows);
  }
  std::shared_ptr<const Snapshot> TakeSnapshot() const override { return store_->TakeSnapshot(); }
  void Warm(const core::DocumentKey& key) const override { store_->Warm(key); }
  uint64_t BytesOnDisk() const override { return store_->BytesOnDisk(); }

  int commits = 0;
  bool fails = false;
  std::function<void()> during_commit;  // once, unless it repeats
  bool repeats = false;
  std::optional<core::Clock> last_checkpoint;

 private:
  std::unique_ptr<Store> store_;
};

class PipelineTest : public testing::Test {
 protected:
  PipelineTest()
      : pipeline_(
            core::Replica(kOwn, core::Recovered()),
            {.clock = &clock_,
             .store = &store_,
             .core_executor = &core_,
             .commit_executor = &commit_,
             .on_commit = [this](CommitNotice notice) { notices_.push_back(std::move(notice)); },
             .fatal = [this](const absl::Status& why) { fatal_.push_back(why); }}) {}

  static core::ClientWrite Put(const core::DocumentKey& key, const std::string& body) {
    return {
        .key = key, .body = std::make_shared<const std::string>(body), .hash = HashBytes128(body)};
  }
  static core::ClientWrite PutIfAbsent(const core::DocumentKey& key, const std::string& body) {
    core::ClientWrite write = Put(key, body);
    write.guard = core::Guard::kIfAbsent;
    return write;
  }
  // A put that waits up to 500 ms for b:`seq`.
  core::ClientWrite PutAfterPeer(uint64_t seq) const {
    core::ClientWrite write = Put(kKey, "after peer");
    write.guard = core::Guard::kContext;
    write.token = core::VersionToken{{kPeer, seq}, 0};
    write.wait_until_ms = clock_.now_us / 1000 + 500;
    return write;
  }
  static core::PeerDocuments FromPeer(uint64_t seq) {
    const core::Version version{.dot = {kPeer, seq},
                                .hlc = 1,
                                .hash = HashBytes128("peer"),
                                .body = std::make_shared<const std::string>("peer")};
    core::Document document{.versions = {version}, .context = core::VersionVector({version.dot})};
    return {.link = 4,
            .sequence = seq,
            .bytes = 10,
            .documents = {{kKey, std::move(document), {{kPeer, seq, seq}}}}};
  }

  void Write(core::ClientWrite write) {
    pipeline_.Write(std::move(write), [this](absl::StatusOr<core::WriteResult> result) {
      if (!result.ok()) {
        replies_.push_back(absl::StatusCodeToString(result.status().code()));
        return;
      }
      replies_.push_back(
          absl::StrCat(static_cast<int>(result->verdict), " ", ToString(result->version.dot)));
    });
  }
  // Writes and steps at once, also while a commit is on its way: a tick does not wait for more.
  void WriteAndStep(core::ClientWrite write) {
    Write(std::move(write));
    pipeline_.Submit(core::Tick{});
    EXPECT_TRUE(core_.RunOne());
  }
  void RunAll() {
    while (core_.RunOne() || commit_.RunOne()) {
    }
  }
  std::string Visible(const core::DocumentKey& key = kKey) const {
    const core::Document document = *pipeline_.view()->snapshot->ReadDocument(key);
    return document.winner() == nullptr ? "" : *document.winner()->body;
  }

  ManualClock clock_;
  ManualExecutor core_{&clock_};
  ManualExecutor commit_{&clock_};
  CountingStore store_;
  std::vector<CommitNotice> notices_;
  std::vector<absl::Status> fatal_;
  std::vector<std::string> replies_;
  Pipeline pipeline_;
};

TEST_F(PipelineTest, NothingIsVisibleBeforeTheCommit) {
  Write(Put(kKey, "1"));
  EXPECT_TRUE(replies_.empty());
  ASSERT_TRUE(core_.RunOne());
  EXPECT_TRUE(replies_.empty());
  EXPECT_TRUE(notices_.empty());
  EXPECT_EQ(Visible(), "");
  EXPECT_TRUE(pipeline_.view()->clock->empty());
  ASSERT_TRUE(commit_.RunOne());
  EXPECT_EQ(replies_, std::vector<std::string>{"0 a:1"});
  EXPECT_EQ(Visible(), "1");
  EXPECT_EQ(pipeline_.view()->clock->ToString(), "a:[1]");
  ASSERT_EQ(notices_.size(), 1u);
  EXPECT_TRUE(notices_[0].clock_changed);
  ASSERT_EQ(notices_[0].pushes.size(), 1u);
  EXPECT_EQ(notices_[0].pushes[0]->first_seq, 1u);
  EXPECT_EQ(notices_[0].pushes[0]->last_seq, 1u);
}

TEST_F(PipelineTest, FailureThatRestsOnAnUncommittedGroupWaitsForIt) {
  Write(Put(kKey, "1"));
  ASSERT_TRUE(core_.RunOne());
  WriteAndStep(PutIfAbsent(kKey, "2"));  // over the overlay: it sees the first
  EXPECT_TRUE(replies_.empty());
  ASSERT_TRUE(commit_.RunOne());
  EXPECT_EQ(replies_, (std::vector<std::string>{"0 a:1", "2 a:1"}));
}

TEST_F(PipelineTest, CoreStepsWhileACommitIsUnderWay) {
  Write(Put(kKey, "1"));
  ASSERT_TRUE(core_.RunOne());
  store_.during_commit = [this] {
    WriteAndStep(PutIfAbsent(kKey, "2"));
    EXPECT_EQ(Visible(), "");
  };
  ASSERT_TRUE(commit_.RunOne());
  // The group stepped meanwhile has no rows, and keeps its place all the same.
  EXPECT_EQ(replies_, std::vector<std::string>{"0 a:1"});
  ASSERT_TRUE(commit_.RunOne());
  EXPECT_EQ(replies_, (std::vector<std::string>{"0 a:1", "2 a:1"}));
  EXPECT_EQ(store_.commits, 1);
}

TEST_F(PipelineTest, FewWritesWaitForTheCommitOnItsWayMoreDoNot) {
  Write(Put(kKey, "1"));
  ASSERT_TRUE(core_.RunOne());
  store_.during_commit = [this] {
    for (size_t i = 1; i < Pipeline::kStepWrites; ++i) Write(Put(kKey, "2"));
    EXPECT_EQ(core_.size(), 0u);
    Write(Put(kKey, "3"));
    EXPECT_TRUE(core_.RunOne());
    Write(Put(kKey, "4"));
    EXPECT_EQ(core_.size(), 0u);
  };
  RunAll();
  EXPECT_EQ(replies_.size(), Pipeline::kStepWrites + 2);
  EXPECT_EQ(Visible(), "4");
}

TEST_F(PipelineTest, WritesThatQueueUpShareOneCommit) {
  for (int i = 0; i < 100; ++i) Write(Put({"c", absl::StrCat(i)}, "1"));
  RunAll();
  EXPECT_EQ(store_.commits, 1);
  EXPECT_EQ(replies_.size(), 100u);
  EXPECT_EQ(replies_[99], "0 a:100");
}

TEST_F(PipelineTest, GroupIsBoundedInEventsAndBytes) {
  for (size_t i = 0; i < Pipeline::kGroupEventsMax + 1; ++i) Write(Put(kKey, "1"));
  RunAll();
  EXPECT_EQ(store_.commits, 2);
  for (int i = 0; i < 3; ++i) Write(Put(kKey, std::string(Pipeline::kGroupBytesMax / 2, 'x')));
  RunAll();
  EXPECT_EQ(store_.commits, 4);
}

TEST_F(PipelineTest, GroupsThatWaitForTheDiskShareOneCommit) {
  for (int i = 0; i < 5; ++i) WriteAndStep(Put(kKey, absl::StrCat(i)));
  RunAll();
  EXPECT_EQ(store_.commits, 1);
  EXPECT_EQ(replies_.size(), 5u);
  ASSERT_EQ(notices_.size(), 1u);
  ASSERT_EQ(notices_[0].pushes.size(), 5u);
  EXPECT_EQ(notices_[0].pushes[4]->first_seq, 5u);
  EXPECT_EQ(Visible(), "4");
  EXPECT_EQ(pipeline_.view()->clock->ToString(), "a:[1..5]");
}

TEST_F(PipelineTest, CoreWaitsWhenAGroupsWorthIsAheadOfTheDisk) {
  for (size_t i = 0; i < Pipeline::kGroupEventsMax + 1; ++i) Write(Put(kKey, "1"));
  ASSERT_TRUE(core_.RunOne());
  EXPECT_EQ(core_.size(), 0u);
  ASSERT_TRUE(commit_.RunOne());
  EXPECT_EQ(replies_.size(), Pipeline::kGroupEventsMax);
  EXPECT_EQ(core_.size(), 1u);
  RunAll();
  EXPECT_EQ(replies_.size(), Pipeline::kGroupEventsMax + 1);
}

TEST_F(PipelineTest, CommitWaitsForTheWritersItAnsweredButNotForLong) {
  store_.during_commit = [this] { clock_.now_us += 16'000; };
  store_.repeats = true;
  for (int i = 0; i < 3; ++i) Write(Put(kKey, absl::StrCat(i)));
  RunAll();
  ASSERT_EQ(replies_.size(), 3u);
  // Three were answered: two do not start a commit at once, the third does.
  Write(Put(kKey, "a"));
  Write(Put(kKey, "b"));
  RunAll();
  EXPECT_EQ(replies_.size(), 3u);
  Write(Put(kKey, "c"));
  RunAll();
  EXPECT_EQ(replies_.size(), 6u);
  EXPECT_EQ(store_.commits, 2);
  // One that comes alone waits for half of what a commit usually takes, at most.
  Write(Put(kKey, "d"));
  RunAll();
  EXPECT_EQ(replies_.size(), 6u);
  clock_.now_us += GroupCommit::kGatherUsMax;
  commit_.FireTimers();
  RunAll();
  EXPECT_EQ(replies_.size(), 7u);
}

TEST_F(PipelineTest, OverlayShowsUncommittedDocumentsToLaterGroups) {
  WriteAndStep(Put(kKey, "1"));
  WriteAndStep(Put(kKey, "2"));
  RunAll();
  Write(Put(kKey, "3"));
  RunAll();
  const core::Document document = *pipeline_.view()->snapshot->ReadDocument(kKey);
  ASSERT_EQ(document.versions.size(), 1u);  // each saw the one before
  EXPECT_EQ(ToString(document.versions[0].dot), "a:3");
  EXPECT_EQ(pipeline_.view()->group, 3u);
}

TEST_F(PipelineTest, FailedCommitIsFatalOnceAndNothingLeaves) {
  WriteAndStep(Put(kKey, "1"));
  WriteAndStep(Put(kKey, "2"));
  store_.fails = true;
  Write(Put(kKey, "3"));
  RunAll();
  ASSERT_EQ(fatal_.size(), 1u);
  EXPECT_EQ(fatal_[0].code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(store_.commits, 1);  // nothing after the failed one
  EXPECT_TRUE(replies_.empty());
  EXPECT_TRUE(notices_.empty());
  EXPECT_EQ(Visible(), "");
  Write(Put(kKey, "4"));
  EXPECT_EQ(replies_, std::vector<std::string>{"UNAVAILABLE"});
  pipeline_.Submit(FromPeer(1));
  RunAll();
  EXPECT_EQ(store_.commits, 1);
}

TEST_F(PipelineTest, PeerThatHoldsAFutureOwnDotIsFatal) {
  core::PeerDocuments frame = FromPeer(1);
  frame.documents[0].resolved = {{kOwn, 1, 1}};
  pipeline_.Submit(frame);
  RunAll();
  ASSERT_EQ(fatal_.size(), 1u);
  EXPECT_EQ(fatal_[0].code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(PipelineTest, PeerFramesAreReportedApplied) {
  pipeline_.Submit(FromPeer(1));
  RunAll();
  ASSERT_EQ(notices_.size(), 1u);
  ASSERT_EQ(notices_[0].applied.size(), 1u);
  EXPECT_EQ(notices_[0].applied[0].link, 4u);
  EXPECT_EQ(notices_[0].applied[0].bytes, 10u);
  EXPECT_TRUE(notices_[0].pushes.empty());
  EXPECT_EQ(Visible(), "peer");
}

TEST_F(PipelineTest, PushGroupsFollowEachOtherWithoutGaps) {
  Write(Put(kKey, "1"));
  Write(Put(kKey, "2"));
  RunAll();
  pipeline_.Submit(FromPeer(1));
  RunAll();
  Write(Put(kKey, "3"));
  RunAll();
  ASSERT_EQ(notices_.size(), 3u);
  EXPECT_EQ(notices_[0].pushes[0]->last_seq, 2u);
  EXPECT_EQ(notices_[0].pushes[0]->documents.size(), 1u);
  EXPECT_EQ(notices_[2].pushes[0]->first_seq, 3u);
}

TEST_F(PipelineTest, WaitingWriteIsAnsweredWhenThePeersDocumentIsDurable) {
  Write(PutAfterPeer(1));
  RunAll();
  EXPECT_TRUE(replies_.empty());
  ASSERT_EQ(notices_.size(), 1u);
  EXPECT_EQ(core::ToString(notices_[0].wanted), "b:[1]");
  pipeline_.Submit(FromPeer(1));
  ASSERT_TRUE(core_.RunOne());
  EXPECT_TRUE(replies_.empty());
  RunAll();
  EXPECT_EQ(replies_, std::vector<std::string>{"0 a:1"});
}

TEST_F(PipelineTest, WaitingWriteIsWokenAtItsDeadline) {
  Write(PutAfterPeer(1));
  RunAll();
  clock_.now_us += 200'000;
  Write(PutAfterPeer(2));
  RunAll();
  clock_.now_us += 299'000;
  core_.FireTimers();
  RunAll();
  EXPECT_TRUE(replies_.empty());
  clock_.now_us += 1000;
  core_.FireTimers();
  RunAll();
  EXPECT_EQ(replies_, std::vector<std::string>{"4 0:0"});
  clock_.now_us += 200'000;
  core_.FireTimers();
  RunAll();
  EXPECT_EQ(replies_.size(), 2u);
}

TEST_F(PipelineTest, WritesBeyondTheQueueAreRefusedAtOnce) {
  for (size_t i = 0; i < Pipeline::kQueuedWritesMax; ++i) Write(Put(kKey, "1"));
  EXPECT_TRUE(replies_.empty());
  Write(Put(kKey, "1"));
  EXPECT_EQ(replies_, std::vector<std::string>{"UNAVAILABLE"});
  RunAll();
  EXPECT_EQ(replies_.size(), Pipeline::kQueuedWritesMax + 1);
}

TEST_F(PipelineTest, CloseDrainsAndWritesACheckpoint) {
  Write(Put(kKey, "1"));
  bool closed = false;
  pipeline_.Close([&closed] { closed = true; });
  Write(Put(kKey, "2"));
  EXPECT_EQ(replies_, std::vector<std::string>{"UNAVAILABLE"});
  ASSERT_TRUE(core_.RunOne());
  EXPECT_FALSE(closed);
  RunAll();
  EXPECT_TRUE(closed);
  EXPECT_EQ(replies_, (std::vector<std::string>{"UNAVAILABLE", "0 a:1"}));
  ASSERT_TRUE(store_.last_checkpoint.has_value());
  EXPECT_EQ(store_.last_checkpoint->ToString(), "a:[1]");
}

TEST_F(PipelineTest, CloseOfAnIdlePipelineWritesACheckpoint) {
  bool closed = false;
  pipeline_.Close([&closed] { closed = true; });
  RunAll();
  EXPECT_TRUE(closed);
  EXPECT_TRUE(store_.last_checkpoint.has_value());
}

TEST_F(PipelineTest, CloseWaitsForWritesThatWait) {
  Write(PutAfterPeer(1));
  RunAll();
  bool closed = false;
  pipeline_.Close([&closed] { closed = true; });
  RunAll();
  EXPECT_FALSE(closed);
  clock_.now_us += 500'000;
  core_.FireTimers();
  RunAll();
  EXPECT_TRUE(closed);
  EXPECT_EQ(replies_, std::vector<std::string>{"4 0:0"});
}

}  // namespace
}  // namespace docstore::node
