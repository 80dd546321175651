#include "server/storage/recovery.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/core/clock.h"
#include "server/core/dot.h"
#include "server/core/effects.h"
#include "server/core/floor.h"
#include "server/node/env.h"
#include "server/storage/collection_names.h"
#include "server/storage/engine.h"
#include "server/storage/key_schema.h"
#include "server/storage/memory_store.h"
#include "server/storage/record.h"
#include "server/storage/store_model.h"

namespace docstore::storage {
namespace {

using core::Clock;
using core::Floor;
using core::Origin;
using core::Rows;

// Counts how far cursors move.
class CountingSnapshot : public EngineSnapshot {
 public:
  explicit CountingSnapshot(const EngineSnapshot& target) : target_(target) {}
  absl::StatusOr<std::optional<std::string>> Get(absl::string_view key) const override {
    return target_.Get(key);
  }
  std::unique_ptr<Cursor> NewCursor() const override {
    return std::make_unique<CountingCursor>(target_.NewCursor(), &moves_);
  }
  int moves() const { return moves_; }

 private:
  class CountingCursor : public Cursor {
   public:
    CountingCursor(std::unique_ptr<Cursor> target, int* moves)
        : target_(std::move(target)), moves_(moves) {}
    void Seek(absl::string_view key) override {
      ++*moves_;
      target_->Seek(key);
    }
    void Next() override {
      ++*moves_;
      target_->Next();
    }
    bool valid() const override { return target_->valid(); }
    absl::string_view key() const override { return target_->key(); }
    absl::string_view value() const override { return target_->value(); }
    absl::Status status() const override { return target_->status(); }

   private:
    const std::unique_ptr<Cursor> target_;
    int* const moves_;
  };

  const EngineSnapshot& target_;
  mutable int moves_ = 0;
};

class RecoveryTest : public testing::Test {
 protected:
  void AddDots(uint64_t origin, uint64_t first, uint64_t last) {
    const auto batch = engine_->NewBatch();
    for (uint64_t seq = first; seq <= last; ++seq) {
      batch->Put(DotKey(kDefaultDomain, {Origin{origin}, seq}),
                 EncodeLocalKey(CollectionId{1}, "a"));
    }
    ASSERT_EQ(engine_->Write(batch.get()), absl::OkStatus());
  }
  void Put(const std::string& key, const std::string& value) {
    const auto batch = engine_->NewBatch();
    batch->Put(key, value);
    ASSERT_EQ(engine_->Write(batch.get()), absl::OkStatus());
  }
  void Erase(const std::string& key) {
    const auto batch = engine_->NewBatch();
    batch->Erase(key);
    ASSERT_EQ(engine_->Write(batch.get()), absl::OkStatus());
  }
  // As if commits with all numbers up to `last` but `missing` had been made.
  void AddCommits(uint64_t last, uint64_t missing) {
    for (uint64_t number = 1; number <= last; ++number) {
      if (number != missing) Put(CommitKey(kDefaultDomain, number), EncodeNumber(number));
    }
  }
  std::string RecoveredClock(const Clock& checkpoint, const Floor& floor = Floor()) {
    const auto clock = RecoverClock(*engine_->TakeSnapshot(), kDefaultDomain, floor, checkpoint);
    return clock.ok() ? clock->ToString() : clock.status().ToString();
  }
  CollectionNames Names() {
    CollectionNames names;
    EXPECT_EQ(names.Restore("c", CollectionId{1}), absl::OkStatus());
    return names;
  }

  const std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  const std::shared_ptr<Engine> engine_ = NewMemoryEngine(disk_);
};

TEST_F(RecoveryTest, ReadsTheClockFromTheIndex) {
  EXPECT_EQ(RecoveredClock(Clock()), "");
  AddDots(1, 1, 5);
  AddDots(1, 8, 9);
  AddDots(0xff, 2, 2);
  EXPECT_EQ(RecoveredClock(Clock()), "1:[1..5,8..9] ff:[2]");
}

TEST_F(RecoveryTest, CheckpointShortensTheScanAndChangesNothing) {
  AddDots(1, 1, 1000);
  AddDots(2, 1, 1000);
  AddDots(2, 1002, 1003);
  AddDots(3, 7, 7);
  const Clock checkpoint({{Origin{1}, 1, 990}, {Origin{2}, 1, 1000}});
  const auto snapshot = engine_->TakeSnapshot();
  const CountingSnapshot counting(*snapshot);
  const auto clock = RecoverClock(counting, kDefaultDomain, Floor(), checkpoint);
  EXPECT_EQ(clock->ToString(), "1:[1..1000] 2:[1..1000,1002..1003] 3:[7]");
  EXPECT_LT(counting.moves(), 30);
}

TEST_F(RecoveryTest, IgnoresCheckpointBeyondTheIndex) {
  AddDots(1, 1, 5);
  AddDots(2, 1, 3);
  EXPECT_EQ(RecoveredClock(Clock({{Origin{1}, 1, 6}})), "1:[1..5] 2:[1..3]");
  EXPECT_EQ(RecoveredClock(Clock({{Origin{2}, 1, 9}})), "1:[1..5] 2:[1..3]");
  EXPECT_EQ(RecoveredClock(Clock({{Origin{9}, 1, 9}})), "1:[1..5] 2:[1..3]");
}

TEST_F(RecoveryTest, AnyOldCheckpointGivesTheClockOfAFullScan) {
  std::mt19937_64 random(6);
  auto store = OpenMemoryStore(disk_).value();
  StoreModel model;
  std::vector<Clock> checkpoints(1);
  for (int i = 0; i < 200; ++i) {
    const Rows rows = model.RandomRows(&random);
    ASSERT_EQ(store->Commit(rows), absl::OkStatus());
    model.Apply(rows);
    checkpoints.push_back(model.clock());
    EXPECT_EQ(RecoveredClock(checkpoints[random() % checkpoints.size()], model.floor()),
              model.clock().ToString());
  }
}

TEST_F(RecoveryTest, RefusesMalformedDotKey) {
  Put(DotPrefix(kDefaultDomain) + "short", "");
  EXPECT_TRUE(absl::IsDataLoss(
      RecoverClock(*engine_->TakeSnapshot(), kDefaultDomain, Floor(), Clock()).status()));
}

TEST_F(RecoveryTest, RefusesMalformedCheckpointMemberCollectionFloorAndRepair) {
  for (const std::string& key :
       {CheckpointKey(kDefaultDomain), MemberKey(kDefaultDomain, "n"),
        CollectionKey(kDefaultDomain, "c"), SettingKey(kDefaultDomain, kHlcUpperName),
        FloorKey(kDefaultDomain, Origin{1}), RepairKey(kDefaultDomain)}) {
    Put(key, "\xff");
    EXPECT_TRUE(absl::IsDataLoss(RecoverRows(engine_.get(), kDefaultDomain, Names()).status()))
        << key;
    Erase(key);
  }
}

TEST_F(RecoveryTest, TakesTheFloorForKnownAndSkipsWhatLiesBelow) {
  const Floor floor({{Origin{1}, 900}, {Origin{2}, 7}});
  EXPECT_EQ(RecoveredClock(Clock(), floor), "1:[1..900] 2:[1..7]");
  AddDots(1, 400, 1000);  // those up to 900 are yet to be erased
  AddDots(2, 9, 9);
  AddDots(3, 1, 2);
  const auto snapshot = engine_->TakeSnapshot();
  const CountingSnapshot counting(*snapshot);
  EXPECT_EQ(RecoverClock(counting, kDefaultDomain, floor, Clock())->ToString(),
            "1:[1..1000] 2:[1..7,9] 3:[1..2]");
  EXPECT_LT(counting.moves(), 110);
}

TEST_F(RecoveryTest, CheckpointCountsAboveTheFloorOnly) {
  const Floor floor({{Origin{1}, 5}});
  AddDots(1, 6, 9);
  EXPECT_EQ(RecoveredClock(Clock({{Origin{1}, 1, 3}}), floor), "1:[1..9]");
  EXPECT_EQ(RecoveredClock(Clock({{Origin{1}, 1, 8}}), floor), "1:[1..9]");
  EXPECT_EQ(RecoveredClock(Clock({{Origin{1}, 1, 10}}), floor), "1:[1..9]");
  EXPECT_EQ(RecoveredClock(Clock({{Origin{1}, 1, 8}, {Origin{2}, 1, 1}}), floor), "1:[1..9]");
}

TEST_F(RecoveryTest, RecoversFloorAndRepair) {
  auto store = OpenMemoryStore(disk_).value();
  Rows rows;
  rows.raised = Floor({{Origin{1}, 5}, {Origin{2}, 1}});
  rows.repair = core::RepairProgress{.common = Clock({{Origin{3}, 1, 2}}),
                                     .floors = Floor({{Origin{3}, 1}}),
                                     .through = {"c", "a"},
                                     .chunks = 4};
  ASSERT_EQ(store->Commit(rows), absl::OkStatus());
  auto recovered = RecoverRows(engine_.get(), kDefaultDomain, Names());
  EXPECT_EQ(recovered->floor.ToString(), "{1:5 2:1}");
  EXPECT_EQ(recovered->clock.ToString(), "1:[1..5] 2:[1]");
  EXPECT_EQ(recovered->repair, rows.repair);
  Rows later;
  later.raised = Floor({{Origin{2}, 9}});
  later.repair_ended = true;
  ASSERT_EQ(store->Commit(later), absl::OkStatus());
  recovered = RecoverRows(engine_.get(), kDefaultDomain, Names());
  EXPECT_EQ(recovered->floor.ToString(), "{1:5 2:9}");
  EXPECT_FALSE(recovered->repair.has_value());
}

TEST_F(RecoveryTest, NumbersOfCommitsShowWhenOneIsMissing) {
  const auto read = [this] {
    const CommitCount count = ReadCommits(*engine_->TakeSnapshot(), kDefaultDomain).value();
    return absl::StrCat(count.last, count.missing.empty() ? " whole" : " with holes");
  };
  EXPECT_EQ(read(), "0 whole");
  auto store = OpenMemoryStore(disk_).value();
  ASSERT_EQ(store->Commit(Rows()), absl::OkStatus());
  ASSERT_EQ(store->Commit(Rows()), absl::OkStatus());
  store = OpenMemoryStore(disk_).value();
  ASSERT_EQ(store->Commit(Rows()), absl::OkStatus());
  EXPECT_EQ(read(), "3 whole");
  Erase(CommitKey(kDefaultDomain, 2));
  EXPECT_EQ(read(), "3 with holes");
  Put(CommitKey(kDefaultDomain, 2), EncodeNumber(2));
  Erase(CommitKey(kDefaultDomain, 3));
  EXPECT_EQ(read(), "2 whole");
  Put(CommitKey(kDefaultDomain, 1), EncodeNumber(2));
  EXPECT_TRUE(absl::IsDataLoss(OpenMemoryStore(disk_).status()));
}

TEST_F(RecoveryTest, NumbersOfCommitsTakeTurnsAtTheirKeys) {
  const auto batch = engine_->NewBatch();
  const uint64_t last = kCommitSlots + 5;
  for (uint64_t number = 1; number <= last; ++number) {
    batch->Put(CommitKey(kDefaultDomain, number), EncodeNumber(number));
  }
  ASSERT_EQ(engine_->Write(batch.get()), absl::OkStatus());
  EXPECT_EQ(ReadCommits(*engine_->TakeSnapshot(), kDefaultDomain)->last, last);
  EXPECT_TRUE(ReadCommits(*engine_->TakeSnapshot(), kDefaultDomain)->missing.empty());
  Put(CommitKey(kDefaultDomain, 3), EncodeNumber(3));  // the later one in that place is missing
  EXPECT_EQ(ReadCommits(*engine_->TakeSnapshot(), kDefaultDomain)->missing,
            std::vector<uint64_t>{kCommitSlots + 3});
}

TEST_F(RecoveryTest, CheckKeepsFloorAndRepairWhenNoCommitBeforeOthersIsMissing) {
  AddCommits(9, 0);
  AddDots(1, 1, 9);
  std::string record;
  core::Document stripped = MakeDocument({Origin{1}, 9}, 5, "{}");
  stripped.context = {};
  EncodeDocument(stripped, &record);
  Put(DocumentRowKey(kDefaultDomain, CollectionId{1}, "a"), record);
  Put(FloorKey(kDefaultDomain, Origin{1}), EncodeNumber(9));
  record.clear();
  const core::RepairProgress repair{.through = {"c", "a"}, .chunks = 4};
  EncodeRepair(repair, &record);
  Put(RepairKey(kDefaultDomain), record);
  ASSERT_EQ(CheckRows(engine_.get(), kDefaultDomain, Names()), absl::OkStatus());
  const auto recovered = RecoverRows(engine_.get(), kDefaultDomain, Names());
  EXPECT_EQ(recovered->floor.ToString(), "{1:9}");
  EXPECT_EQ(recovered->clock.ToString(), "1:[1..9]");
  EXPECT_EQ(recovered->repair, repair);
}

TEST_F(RecoveryTest, CheckForgetsFloorAndRepairThatMayRestOnAMissingCommit) {
  AddCommits(9, 4);
  AddDots(1, 1, 9);
  std::string record;
  EncodeDocument(MakeDocument({Origin{1}, 9}, 5, "{}"), &record);
  Put(DocumentRowKey(kDefaultDomain, CollectionId{1}, "a"), record);
  Put(FloorKey(kDefaultDomain, Origin{1}), EncodeNumber(7));
  Put(FloorKey(kDefaultDomain, Origin{2}), EncodeNumber(3));
  record.clear();
  EncodeRepair({.common = Clock({{Origin{1}, 1, 2}}), .through = {"c", "a"}, .chunks = 4}, &record);
  Put(RepairKey(kDefaultDomain), record);
  ASSERT_EQ(CheckRows(engine_.get(), kDefaultDomain, Names()), absl::OkStatus());
  const auto recovered = RecoverRows(engine_.get(), kDefaultDomain, Names());
  EXPECT_EQ(recovered->floor.ToString(), "{}");
  EXPECT_EQ(recovered->clock.ToString(), "1:[8..9]");
  EXPECT_EQ(recovered->repair, core::RepairProgress());
  EXPECT_TRUE(ReadCommits(*engine_->TakeSnapshot(), kDefaultDomain)->missing.empty());
}

TEST_F(RecoveryTest, CheckFindsDotWhoseDocumentIsMissingOrOlder) {
  AddDots(1, 1, 2);
  EXPECT_TRUE(absl::IsDataLoss(CheckRows(engine_.get(), kDefaultDomain, Names())));
  std::string record;
  EncodeDocument(MakeDocument({Origin{1}, 1}, 5, "{}"), &record);
  Put(DocumentRowKey(kDefaultDomain, CollectionId{1}, "a"), record);
  EXPECT_EQ(CheckRows(engine_.get(), kDefaultDomain, Names()),
            absl::DataLossError("the index holds write 1:2 of document a, which the document does "
                                "not account for"));
  record.clear();
  EncodeDocument(MakeDocument({Origin{1}, 2}, 5, "{}"), &record);
  Put(DocumentRowKey(kDefaultDomain, CollectionId{1}, "a"), record);
  EXPECT_EQ(CheckRows(engine_.get(), kDefaultDomain, Names()), absl::OkStatus());
}

TEST_F(RecoveryTest, CheckForgetsDotOfAStrippedDocumentWhenACommitIsMissing) {
  AddCommits(9, 4);
  AddDots(1, 1, 2);
  std::string record;
  EncodeDocument(MakeDocument({Origin{1}, 1}, 5, "{}"), &record);
  Put(DocumentRowKey(kDefaultDomain, CollectionId{1}, "a"), record);
  ASSERT_EQ(CheckRows(engine_.get(), kDefaultDomain, Names()), absl::OkStatus());
  EXPECT_EQ(RecoveredClock(Clock()), "1:[1]");
  Erase(CommitKey(kDefaultDomain, 5));
  record.clear();
  core::Document stripped = MakeDocument({Origin{1}, 1}, 5, "{}");
  stripped.context = {};
  EncodeDocument(stripped, &record);
  Put(DocumentRowKey(kDefaultDomain, CollectionId{1}, "a"), record);
  ASSERT_EQ(CheckRows(engine_.get(), kDefaultDomain, Names()), absl::OkStatus());
  EXPECT_EQ(RecoveredClock(Clock()), "");
}

TEST_F(RecoveryTest, CheckFindsCollectionWithoutName) {
  std::string record;
  EncodeDocument(MakeDocument({Origin{1}, 1}, 5, "{}"), &record);
  Put(DocumentRowKey(kDefaultDomain, CollectionId{2}, "a"), record);
  EXPECT_EQ(CheckRows(engine_.get(), kDefaultDomain, Names()),
            absl::DataLossError("the name of collection number 2 is missing"));
}

TEST_F(RecoveryTest, CheckCountsTotalsAndConflictsAnew) {
  std::mt19937_64 random(7);
  auto store = OpenMemoryStore(disk_).value();
  StoreModel model;
  for (int i = 0; i < 300; ++i) {
    const Rows rows = model.RandomRows(&random);
    ASSERT_EQ(store->Commit(rows), absl::OkStatus());
    model.Apply(rows);
  }
  // What skipped batches may leave behind: wrong totals, one conflict row too few and one too many.
  CollectionNames names;
  std::string conflict;
  ASSERT_EQ(ScanRows(*engine_->TakeSnapshot(), ConflictPrefix(kDefaultDomain),
                     ConflictPrefix(kDefaultDomain),
                     [&](absl::string_view key, absl::string_view) -> absl::StatusOr<bool> {
                       conflict = std::string(key);
                       return false;
                     }),
            absl::OkStatus());
  ASSERT_NE(conflict, "");
  Erase(conflict);
  Put(ConflictKey(kDefaultDomain, CollectionId{1}, "none"), "");
  for (uint32_t i = 1; i <= 5; ++i) {
    // The model writes to collections c0 to c4; which number is whose does not matter here.
    std::string name;
    std::string value;
    ASSERT_EQ(ScanRows(*engine_->TakeSnapshot(), CollectionPrefix(kDefaultDomain),
                       CollectionPrefix(kDefaultDomain),
                       [&](absl::string_view key, absl::string_view row) -> absl::StatusOr<bool> {
                         if (DecodeCollection(row)->local_id != CollectionId{i}) return true;
                         name = *DecodeCollectionKey(kDefaultDomain, key);
                         return false;
                       }),
              absl::OkStatus());
    ASSERT_EQ(names.Restore(name, CollectionId{i}), absl::OkStatus());
    EncodeCollection({CollectionId{i}, 9999, 9999, 9999}, &value);
    Put(CollectionKey(kDefaultDomain, name), value);
  }
  ASSERT_EQ(CheckRows(engine_.get(), kDefaultDomain, names), absl::OkStatus());
  model.ExpectEqual(*store->TakeSnapshot());
}

TEST_F(RecoveryTest, CheckRaisesTheHybridClockAboveEveryDocument) {
  std::string record;
  EncodeDocument(MakeDocument({Origin{1}, 1}, 500, "{}"), &record);
  Put(DocumentRowKey(kDefaultDomain, CollectionId{1}, "a"), record);
  ASSERT_EQ(CheckRows(engine_.get(), kDefaultDomain, Names()), absl::OkStatus());
  EXPECT_EQ(RecoverRows(engine_.get(), kDefaultDomain, Names())->hlc_upper, 501u);
}

}  // namespace
}  // namespace docstore::storage
