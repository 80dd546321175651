// Power failures at every moment at which what is safe on disk changes: whatever was acknowledged
// is there afterwards, whole, and of what was not, nothing half.

#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/core/effects.h"
#include "server/core/replica.h"
#include "server/node/env.h"
#include "server/storage/crashing_disk.h"
#include "server/storage/leveldb_store.h"
#include "server/storage/store_model.h"

namespace docstore::storage {
namespace {

const std::string kUuid = "0123456789abcdef";
// Enough, with so small a write buffer, for several logs, tables and compactions.
constexpr int kCommits = 100;
constexpr int kStepsACommit = 5;
constexpr size_t kWriteBufferBytes = 1 << 16;
// Of one run without a crash, at most.
constexpr uint64_t kOperationsMax = 2000;
// Operations of a start, at most; the next one after a crash may crash in any of them.
constexpr uint64_t kStartOperations = 16;

void Append(core::Rows more, core::Rows* rows) {
  const auto move_all = [](auto& from, auto* to) {
    std::move(from.begin(), from.end(), std::back_inserter(*to));
  };
  move_all(more.documents, &rows->documents);
  move_all(more.dots, &rows->dots);
  move_all(more.erased_dots, &rows->erased_dots);
  move_all(more.collections, &rows->collections);
  move_all(more.members, &rows->members);
  if (more.hlc_upper.has_value()) rows->hlc_upper = more.hlc_upper;
  if (more.clock_checkpoint.has_value()) rows->clock_checkpoint = more.clock_checkpoint;
  rows->raised.Join(more.raised);
  if (more.repair.has_value()) {
    rows->repair = more.repair;
    rows->repair_ended = false;
  }
  if (more.repair_ended) {
    rows->repair.reset();
    rows->repair_ended = true;
  }
}

// Commits that follow each other.
struct Script {
  std::vector<core::Rows> commits;
  std::vector<StoreModel> states;  // states[k]: after k commits
};

const Script& TheScript() {
  static const Script script = [] {
    std::mt19937_64 random(1);
    Script made;
    made.states.emplace_back();
    for (int i = 0; i < kCommits; ++i) {
      core::Rows rows;
      StoreModel after = made.states.back();
      for (int step = 0; step < kStepsACommit; ++step) {
        core::Rows more = after.RandomRows(&random);
        after.Apply(more);
        Append(std::move(more), &rows);
      }
      made.commits.push_back(std::move(rows));
      made.states.push_back(std::move(after));
    }
    return made;
  }();
  return script;
}

// One disk, and how much of the script is acknowledged on it.
class Story {
 public:
  explicit Story(uint64_t seed)
      : random_(seed), path_(testing::TempDir() + "/leveldb_crash_test") {}

  const CrashingDisk& disk() const { return disk_; }
  std::mt19937_64* random() { return &random_; }
  size_t acknowledged() const { return acknowledged_; }

  void CrashAt(uint64_t operation) {
    disk_.CrashAt(operation);
    crash_planned_ = true;
  }

  // Opens the store, judges what it recovered and makes it a node's. False when power failed.
  bool Open() {
    store_ = nullptr;
    auto opened = OpenLevelDbStore(
        path_,
        {.block_cache_bytes = 1 << 16, .write_buffer_bytes = kWriteBufferBytes, .env = &disk_});
    if (disk_.crashed()) return false;
    EXPECT_TRUE(opened.ok()) << opened.status();
    if (!opened.ok()) return false;
    store_ = *std::move(opened);
    const auto recovered = store_->Recover();
    if (disk_.crashed()) return false;
    EXPECT_TRUE(recovered.ok()) << recovered.status();
    if (!recovered.ok()) return false;
    Judge(*recovered);
    EXPECT_FALSE(initialized_ && recovered->node_uuid.empty()) << "the disk forgot whose it is";
    initialized_ = !recovered->node_uuid.empty() || store_->Initialize(kUuid, "cluster").ok();
    return initialized_;
  }

  // Makes `count` more commits, or as many as there are or as power lasts for.
  void Commit(int count) {
    for (; count > 0 && acknowledged_ < TheScript().commits.size(); --count) {
      const absl::Status status = store_->Commit(TheScript().commits[acknowledged_]);
      attempted_ = !status.ok();
      if (attempted_) {
        EXPECT_TRUE(disk_.crashed()) << status;
        return;
      }
      ++acknowledged_;
    }
  }

  // Closes what is open and lets power return; torn: something of what was not safe stays.
  void PowerUp(bool torn) {
    store_ = nullptr;
    disk_.PowerUp(torn ? &random_ : nullptr);
    crash_planned_ = false;
  }

 private:
  void Judge(core::Recovered recovered) {
    // The commit under way may be there or not.
    if (attempted_ &&
        recovered.clock.ToString() == TheScript().states[acknowledged_ + 1].clock().ToString()) {
      ++acknowledged_;
    }
    attempted_ = false;
    // A check after skipped batches puts the bound above all timestamps, of which there are none.
    if (recovered.clock.empty() && recovered.hlc_upper == 1) recovered.hlc_upper = 0;
    const StoreModel& expected = TheScript().states[acknowledged_];
    expected.ExpectEqual(recovered);
    // With a crash to come a compaction may meet it at any time.
    if (!crash_planned_) expected.ExpectEqual(*store_->TakeSnapshot());
  }

  std::mt19937_64 random_;
  const std::string path_;
  CrashingDisk disk_;
  std::unique_ptr<node::Store> store_;
  size_t acknowledged_ = 0;
  bool attempted_ = false;  // one more
  bool crash_planned_ = false;
  bool initialized_ = false;
};

// Crashes at operation n for every n, and once more in the start that follows.
void CrashEverywhere(bool torn) {
  std::map<std::string, int> crashes;  // by kind of operation and file
  uint64_t n = 1;
  for (; n < kOperationsMax && !testing::Test::HasFailure(); ++n) {
    Story story(n);
    story.CrashAt(n);
    if (story.Open()) story.Commit(kCommits);
    if (!story.disk().crashed()) break;
    const std::string where = story.disk().crashed_in();
    SCOPED_TRACE(absl::StrCat("crash ", n, ", in ", where, ", after ", story.acknowledged()));
    std::string kind;
    for (const char c : where) {
      if (c < '0' || c > '9') kind += c;
    }
    ++crashes[kind];
    story.PowerUp(torn);
    story.CrashAt(1 + (*story.random())() % kStartOperations);
    if (story.Open()) story.Commit(3);
    story.PowerUp(torn);
    EXPECT_TRUE(story.Open());
    story.Commit(3);
    story.PowerUp(false);
    EXPECT_TRUE(story.Open());
  }
  std::string kinds;
  for (const auto& [kind, count] : crashes) absl::StrAppend(&kinds, kind, ": ", count, "\n");
  testing::Test::RecordProperty("crashes", static_cast<int>(n - 1));
  EXPECT_LT(n, kOperationsMax);
  // The workload must reach all of them.
  for (const char* kind : {"Sync .log", "Sync .ldb", "Sync MANIFEST-", "Sync .dbtmp", "create .log",
                           "create .ldb", "create MANIFEST-", "create .dbtmp",
                           "rename .dbtmp to CURRENT", "remove .log", "remove .ldb"}) {
    EXPECT_TRUE(crashes.contains(kind)) << kind << "\n" << kinds;
  }
}

TEST(LevelDbCrash, LosesNothingAcknowledgedWhenAllThatNeedNotStayIsLost) { CrashEverywhere(false); }

TEST(LevelDbCrash, LosesNothingAcknowledgedWhenSomeOfItStays) { CrashEverywhere(true); }

TEST(LevelDbCrash, CommitIsOnDiskWhenItIsAcknowledged) {
  Story story(1);
  ASSERT_TRUE(story.Open());
  for (int i = 0; i < kCommits; ++i) {
    story.Commit(1);
    story.PowerUp(false);  // whenever power fails
    ASSERT_TRUE(story.Open());
    if (HasFailure()) return;
  }
  EXPECT_EQ(story.acknowledged(), size_t{kCommits});
}

}  // namespace
}  // namespace docstore::storage
