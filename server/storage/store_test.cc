// One suite over both engines: what every node::Store must do.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/core/clock.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/effects.h"
#include "server/core/replica.h"
#include "server/node/env.h"
#include "server/storage/leveldb_store.h"
#include "server/storage/memory_store.h"
#include "server/storage/store_model.h"

namespace docstore::storage {
namespace {

using core::ConflictRow;
using core::Document;
using core::DocumentKey;
using core::Dot;
using core::Origin;
using core::Rows;

const std::string kUuid = "0123456789abcdef";

// A disk that stores are opened on, one after the other.
class LevelDbDisk {
 public:
  LevelDbDisk() : path_(testing::TempDir() + "/store_test") { std::filesystem::remove_all(path_); }
  ~LevelDbDisk() { std::filesystem::remove_all(path_); }
  absl::StatusOr<std::unique_ptr<node::Store>> Open() {
    // Small buffers, so that rows lie in tables too.
    return OpenLevelDbStore(path_, {.block_cache_bytes = 1 << 16, .write_buffer_bytes = 1 << 16});
  }

 private:
  const std::string path_;
};

class InMemoryDisk {
 public:
  absl::StatusOr<std::unique_ptr<node::Store>> Open() { return OpenMemoryStore(disk_); }

 private:
  const std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
};

template <typename Disk>
class StoreTest : public testing::Test {
 protected:
  StoreTest() { Reopen(); }

  void Reopen() {
    store_.reset();
    auto opened = disk_.Open();
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }
  void Commit(const Rows& rows) { ASSERT_EQ(store_->Commit(rows), absl::OkStatus()); }
  Document Read(const DocumentKey& key) {
    return store_->TakeSnapshot()->ReadDocument(key).value();
  }

  Disk disk_;
  std::unique_ptr<node::Store> store_;
};

using Disks = testing::Types<LevelDbDisk, InMemoryDisk>;
TYPED_TEST_SUITE(StoreTest, Disks);

Rows OneDocument(const DocumentKey& key, const Document& document) {
  Rows rows;
  rows.documents.push_back({key, document, ConflictRow::kKeep});
  return rows;
}

std::vector<std::string> Conflicts(const node::Snapshot& snapshot, const std::string& collection,
                                   const DocumentKey& from, size_t limit = 100) {
  std::vector<std::string> found;
  EXPECT_EQ(snapshot.ScanConflicts(collection, from,
                                   [&](const DocumentKey& key) {
                                     found.push_back(absl::StrCat(key.collection, "/", key.id));
                                     return found.size() < limit;
                                   }),
            absl::OkStatus());
  return found;
}

std::vector<std::string> Ids(const node::Snapshot& snapshot, const std::string& collection,
                             const std::string& from, size_t limit = 100) {
  std::vector<std::string> found;
  EXPECT_EQ(snapshot.ScanDocuments(collection, from,
                                   [&](absl::string_view id, Document) {
                                     found.emplace_back(id);
                                     return found.size() < limit;
                                   }),
            absl::OkStatus());
  return found;
}

TYPED_TEST(StoreTest, HoldsNothingWhenFresh) {
  const auto recovered = this->store_->Recover();
  ASSERT_TRUE(recovered.ok()) << recovered.status();
  EXPECT_EQ(recovered->node_uuid, "");
  EXPECT_EQ(recovered->cluster_name, "");
  EXPECT_EQ(recovered->hlc_upper, 0u);
  EXPECT_TRUE(recovered->clock.empty());
  EXPECT_TRUE(recovered->members.empty());
  EXPECT_TRUE(this->Read({"c", "a"}).empty());
  EXPECT_TRUE(this->store_->TakeSnapshot()->ListCollections()->empty());
  EXPECT_TRUE(Ids(*this->store_->TakeSnapshot(), "c", "").empty());
  EXPECT_TRUE(Conflicts(*this->store_->TakeSnapshot(), "", {}).empty());
}

TYPED_TEST(StoreTest, KeepsItsIdentityWhenReopened) {
  ASSERT_EQ(this->store_->Initialize(kUuid, "prod"), absl::OkStatus());
  this->Reopen();
  const auto recovered = this->store_->Recover();
  ASSERT_TRUE(recovered.ok()) << recovered.status();
  EXPECT_EQ(recovered->node_uuid, kUuid);
  EXPECT_EQ(recovered->cluster_name, "prod");
}

TYPED_TEST(StoreTest, ErasesTheRowWhenTheDocumentIsEmpty) {
  this->Commit(OneDocument({"c", "a"}, MakeDocument({Origin{1}, 1}, 5, "{}")));
  EXPECT_EQ(Print(this->Read({"c", "a"})), Print(MakeDocument({Origin{1}, 1}, 5, "{}")));
  this->Commit(OneDocument({"c", "a"}, Document()));
  EXPECT_TRUE(this->Read({"c", "a"}).empty());
  EXPECT_TRUE(Ids(*this->store_->TakeSnapshot(), "c", "").empty());
}

TYPED_TEST(StoreTest, SnapshotStaysAsItWasTaken) {
  this->Commit(OneDocument({"c", "a"}, MakeDocument({Origin{1}, 1}, 5, "{\"v\":1}")));
  const auto before = this->store_->TakeSnapshot();
  this->Commit(OneDocument({"c", "a"}, MakeDocument({Origin{1}, 2}, 6, "{\"v\":2}")));
  this->Commit(OneDocument({"new", "b"}, MakeDocument({Origin{1}, 3}, 7, "{\"v\":3}")));
  EXPECT_EQ(*before->ReadDocument({"c", "a"})->versions[0].body, "{\"v\":1}");
  EXPECT_TRUE(before->ReadDocument({"new", "b"})->empty());
  EXPECT_EQ(before->ListCollections()->size(), 1u);
  EXPECT_EQ(this->store_->TakeSnapshot()->ListCollections()->size(), 2u);
}

TYPED_TEST(StoreTest, SnapshotOutlivesItsStore) {
  this->Commit(OneDocument({"c", "a"}, MakeDocument({Origin{1}, 1}, 5, "{}")));
  const auto snapshot = this->store_->TakeSnapshot();
  this->store_.reset();
  EXPECT_FALSE(snapshot->ReadDocument({"c", "a"})->empty());
}

TYPED_TEST(StoreTest, ScansDocumentsFromAnIdUntilToldToStop) {
  Rows rows;
  const std::vector<std::string> ids = {"a", std::string("a\0", 2), "ab", "b", "\xff"};
  for (uint64_t i = 0; i < ids.size(); ++i) {
    rows.documents.push_back(
        {{"c", ids[i]}, MakeDocument({Origin{1}, i + 1}, 1, "{}"), ConflictRow::kKeep});
  }
  rows.documents.push_back({{"d", "z"}, MakeDocument({Origin{1}, 9}, 1, ""), ConflictRow::kKeep});
  this->Commit(rows);
  const auto snapshot = this->store_->TakeSnapshot();
  EXPECT_EQ(Ids(*snapshot, "c", ""), ids);
  EXPECT_EQ(Ids(*snapshot, "c", "a", 2), (std::vector<std::string>{ids[0], ids[1]}));
  EXPECT_EQ(Ids(*snapshot, "c", "aa"), (std::vector<std::string>{"ab", "b", "\xff"}));
  EXPECT_EQ(Ids(*snapshot, "d", ""), (std::vector<std::string>{"z"}));
  EXPECT_TRUE(Ids(*snapshot, "none", "").empty());
}

TYPED_TEST(StoreTest, ScansDotsOfOneOriginWithinTheRange) {
  Rows rows;
  for (const uint64_t seq : {1, 2, 4, 5}) rows.dots.push_back({{Origin{7}, seq}, {"c", "a"}});
  rows.dots.push_back({{Origin{8}, 1}, {"d", "b"}});
  this->Commit(rows);
  std::string seen;
  const auto scan = [&](const core::Range& range, size_t limit) {
    seen.clear();
    size_t count = 0;
    EXPECT_EQ(this->store_->TakeSnapshot()->ScanDots(range,
                                                     [&](const Dot& dot, const DocumentKey& key) {
                                                       absl::StrAppend(&seen, core::ToString(dot),
                                                                       "=", key.collection, "/",
                                                                       key.id, " ");
                                                       return ++count < limit;
                                                     }),
              absl::OkStatus());
    return seen;
  };
  EXPECT_EQ(scan({Origin{7}, 2, 4}, 9), "7:2=c/a 7:4=c/a ");
  EXPECT_EQ(scan({Origin{7}, 3, 3}, 9), "");
  EXPECT_EQ(scan({Origin{7}, 1, ~uint64_t{0}}, 3), "7:1=c/a 7:2=c/a 7:4=c/a ");
  EXPECT_EQ(scan({Origin{8}, 1, 9}, 9), "8:1=d/b ");
  EXPECT_EQ(scan({Origin{9}, 1, 9}, 9), "");
}

TYPED_TEST(StoreTest, ScansConflictsInOrderOfFirstWrites) {
  Rows rows;
  const std::vector<DocumentKey> keys = {{"z", "1"}, {"z", "2"}, {"a", "1"}, {"a", "3"}};
  for (uint64_t i = 0; i < keys.size(); ++i) {
    rows.documents.push_back(
        {keys[i], MakeDocument({Origin{1}, i + 1}, 1, "{}"), ConflictRow::kAdd});
  }
  this->Commit(rows);
  using Found = std::vector<std::string>;
  auto snapshot = this->store_->TakeSnapshot();
  EXPECT_EQ(Conflicts(*snapshot, "", {}), (Found{"z/1", "z/2", "a/1", "a/3"}));
  EXPECT_EQ(Conflicts(*snapshot, "", {"z", "2"}), (Found{"z/2", "a/1", "a/3"}));
  EXPECT_EQ(Conflicts(*snapshot, "", {"a", "2"}), (Found{"a/3"}));
  EXPECT_EQ(Conflicts(*snapshot, "", {}, 2), (Found{"z/1", "z/2"}));
  EXPECT_EQ(Conflicts(*snapshot, "a", {}), (Found{"a/1", "a/3"}));
  EXPECT_EQ(Conflicts(*snapshot, "a", {"z", "2"}), (Found{"a/1", "a/3"}));
  EXPECT_EQ(Conflicts(*snapshot, "z", {"z", "2"}), (Found{"z/2"}));
  EXPECT_EQ(Conflicts(*snapshot, "z", {"a", "1"}), (Found{}));
  EXPECT_EQ(Conflicts(*snapshot, "none", {}), (Found{}));
  rows.documents[0].conflict_row = ConflictRow::kRemove;
  rows.documents[1].conflict_row = ConflictRow::kKeep;
  this->Commit(rows);
  snapshot = this->store_->TakeSnapshot();
  EXPECT_EQ(Conflicts(*snapshot, "", {}), (Found{"z/2", "a/1", "a/3"}));
}

TYPED_TEST(StoreTest, NumbersCollectionsOnceAcrossRestarts) {
  for (uint64_t i = 1; i <= 30; ++i) {
    const DocumentKey key{absl::StrCat("c", 40 - i % 10), "id"};
    this->Commit(OneDocument(key, MakeDocument({Origin{1}, i}, i, absl::StrCat(i))));
    if (i % 7 == 0) this->Reopen();
    EXPECT_EQ(*this->Read(key).versions[0].body, absl::StrCat(i));
  }
  EXPECT_EQ(this->store_->TakeSnapshot()->ListCollections()->size(), 10u);
  EXPECT_EQ(*this->Read({"c40", "id"}).versions[0].body, "30");
  EXPECT_EQ(*this->Read({"c31", "id"}).versions[0].body, "29");
}

TYPED_TEST(StoreTest, WarmDropsItsResult) {
  this->Commit(OneDocument({"c", "a"}, MakeDocument({Origin{1}, 1}, 5, "{}")));
  this->store_->Warm({"c", "a"});
  this->store_->Warm({"c", "none"});
  this->store_->Warm({"none", "a"});
  EXPECT_GT(this->store_->BytesOnDisk(), 2u);
}

TYPED_TEST(StoreTest, HoldsWhatTheModelHoldsUnderRandomCommits) {
  std::mt19937_64 random(4);
  StoreModel model;
  StoreModel old_model;
  std::shared_ptr<const node::Snapshot> old_snapshot = this->store_->TakeSnapshot();
  for (int i = 0; i < 400; ++i) {
    const Rows rows = model.RandomRows(&random);
    this->Commit(rows);
    model.Apply(rows);
    if (random() % 20 == 0) {
      old_model.ExpectEqual(*old_snapshot);
      old_model = model;
      old_snapshot = this->store_->TakeSnapshot();
    }
    if (random() % 20 == 0) {
      old_snapshot.reset();
      this->Reopen();
      const auto recovered = this->store_->Recover();
      ASSERT_TRUE(recovered.ok()) << recovered.status();
      model.ExpectEqual(*recovered);
      model.ExpectEqual(*this->store_->TakeSnapshot());
      old_model = model;
      old_snapshot = this->store_->TakeSnapshot();
    }
    if (this->HasFailure()) return;
  }
}

TEST(MemoryStore, LosesUnsyncedTailAndNothingElse) {
  std::mt19937_64 random(5);
  const auto disk = std::make_shared<MemoryDisk>();
  disk->set_sync_on_commit(false);
  std::vector<StoreModel> states(1);  // after the last sync and after each commit since
  auto store = OpenMemoryStore(disk).value();
  disk->Sync();
  for (int i = 0; i < 500; ++i) {
    const Rows rows = states.back().RandomRows(&random);
    ASSERT_EQ(store->Commit(rows), absl::OkStatus());
    states.push_back(states.back());
    states.back().Apply(rows);
    ASSERT_EQ(disk->unsynced(), states.size() - 1);
    if (random() % 5 == 0) {
      disk->Sync();
      states = {states.back()};
    }
    if (random() % 10 == 0) {
      store.reset();
      const size_t kept = random() % 4;
      disk->LoseUnsynced(kept);
      states = {states[std::min(kept, states.size() - 1)]};
      store = OpenMemoryStore(disk).value();
      states.back().ExpectEqual(*store->Recover());
      states.back().ExpectEqual(*store->TakeSnapshot());
    }
  }
}

}  // namespace
}  // namespace docstore::storage
