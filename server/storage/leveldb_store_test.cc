// What only LevelDB can do wrong: locks, schema on disk, damage.

#include "server/storage/leveldb_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/effects.h"
#include "server/core/floor.h"
#include "server/core/replica.h"
#include "server/node/env.h"
#include "server/storage/engine.h"
#include "server/storage/key_schema.h"
#include "server/storage/store_model.h"

namespace docstore::storage {
namespace {

using core::ConflictRow;
using core::DocumentKey;
using core::Origin;
using core::Rows;
using testing::HasSubstr;

// Writes of kBodyBytes that fill several tables.
constexpr int kWrites = 200;
constexpr size_t kBodyBytes = 4000;
constexpr LevelDbOptions kSmall{.block_cache_bytes = 1 << 16, .write_buffer_bytes = 1 << 16};

class LevelDbStoreTest : public testing::Test {
 protected:
  LevelDbStoreTest() : path_(testing::TempDir() + "/leveldb_store_test") {
    std::filesystem::remove_all(path_);
  }
  ~LevelDbStoreTest() override { std::filesystem::remove_all(path_); }

  absl::StatusOr<std::unique_ptr<node::Store>> Open() { return OpenLevelDbStore(path_, kSmall); }

  static Rows Write(uint64_t seq, const std::string& id) {
    Rows rows;
    // Bodies that do not compress.
    std::string body(kBodyBytes, ' ');
    std::mt19937_64 random(seq);
    for (char& c : body) c = static_cast<char>('a' + random() % 26);
    rows.documents.push_back(
        {{"c", id}, MakeDocument({Origin{1}, seq}, seq, body), ConflictRow::kKeep});
    rows.dots.push_back({{Origin{1}, seq}, {"c", id}});
    rows.collections.push_back(
        {.name = "c", .documents = seq, .conflicts = 0, .body_bytes = seq * kBodyBytes});
    rows.clock_checkpoint = core::Clock({{Origin{1}, 1, seq}});
    return rows;
  }
  static std::string Id(uint64_t seq) { return absl::StrCat("id", 1000 + seq); }

  void Fill(int writes) {
    auto store = Open().value();
    for (int seq = 1; seq <= writes; ++seq) {
      ASSERT_EQ(store->Commit(Write(seq, Id(seq))), absl::OkStatus());
    }
  }

  std::vector<std::string> Files(absl::string_view suffix) {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      if (absl::EndsWith(entry.path().string(), suffix)) files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  static void Flip(const std::string& file, uint64_t offset) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(offset);
    const char byte = static_cast<char>(stream.get() ^ 0x55);
    stream.seekp(offset);
    stream.put(byte);
    ASSERT_TRUE(stream.good());
  }

  const std::string path_;
};

TEST_F(LevelDbStoreTest, CreatesMissingParents) {
  ASSERT_TRUE(OpenLevelDbStore(path_ + "/a/b", kSmall).ok());
}

TEST_F(LevelDbStoreTest, RefusesDirectoryThatIsOpen) {
  const auto first = Open();
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = Open();
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(second.status().message(), HasSubstr(absl::StrCat("data directory ", path_)));
  EXPECT_THAT(second.status().message(), HasSubstr("in use by another process"));
}

TEST_F(LevelDbStoreTest, SaysWhyADirectoryCannotBeMade) {
  std::ofstream(path_) << "a file";
  const auto opened = Open();
  EXPECT_EQ(opened.status().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(opened.status().message(), HasSubstr(path_));
}

TEST_F(LevelDbStoreTest, RefusesNewerSchemaNamingBothVersions) {
  ASSERT_TRUE(Open().ok());
  {
    auto engine = OpenLevelDbEngine(path_, kSmall).value();
    const auto batch = engine->NewBatch();
    batch->Put(SettingKey(kNodeDomain, kSchemaName), "\x07");
    ASSERT_EQ(engine->Write(batch.get()), absl::OkStatus());
  }
  const auto opened = Open();
  EXPECT_EQ(opened.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(opened.status().message(), HasSubstr("schema version 7"));
  EXPECT_THAT(opened.status().message(), HasSubstr("knows version 1"));
}

TEST_F(LevelDbStoreTest, RefusesForeignLevelDb) {
  {
    auto engine = OpenLevelDbEngine(path_, kSmall).value();
    const auto batch = engine->NewBatch();
    batch->Put("some", "row");
    ASSERT_EQ(engine->Write(batch.get()), absl::OkStatus());
  }
  EXPECT_EQ(Open().status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(LevelDbStoreTest, NamesTheDamagedTableOnReadAndScan) {
  Fill(kWrites);
  Open().value().reset();  // moves the log into tables
  const std::vector<std::string> tables = Files(".ldb");
  ASSERT_GE(tables.size(), 1u);
  const std::string victim = tables.back();
  // Past the first rows, so that opening the store does not meet it.
  Flip(victim, std::filesystem::file_size(victim) / 2);
  auto store = Open().value();
  const auto snapshot = store->TakeSnapshot();
  const std::string name = std::filesystem::path(victim).filename().string();
  absl::Status read;
  for (int seq = 1; seq <= kWrites && read.ok(); ++seq) {
    read = snapshot->ReadDocument({"c", Id(seq)}).status();
  }
  EXPECT_EQ(read.code(), absl::StatusCode::kDataLoss) << read;
  EXPECT_THAT(read.message(), HasSubstr(name + ":"));
  EXPECT_THAT(read.message(), HasSubstr(path_));
  EXPECT_THAT(read.message(), HasSubstr("refills from its peers"));
  int visited = 0;
  const absl::Status scan = snapshot->ScanDocuments("c", "", [&](absl::string_view, auto) {
    ++visited;
    return true;
  });
  EXPECT_EQ(scan.code(), absl::StatusCode::kDataLoss) << scan;
  EXPECT_THAT(scan.message(), HasSubstr(name + ":"));
  EXPECT_LT(visited, kWrites);
}

// Compaction must not give damaged rows a fresh checksum.
TEST_F(LevelDbStoreTest, NeverLaundersDamageByCompaction) {
  Fill(kWrites);
  Open().value().reset();
  for (const std::string& table : Files(".ldb")) {
    Flip(table, std::filesystem::file_size(table) / 2);
  }
  auto store = Open().value();
  absl::Status status;
  for (int seq = kWrites + 1; seq <= 4 * kWrites && status.ok(); ++seq) {
    status = store->Commit(Write(seq, Id(seq % kWrites)));
  }
  if (status.ok()) {
    status =
        store->TakeSnapshot()->ScanDocuments("c", "", [](absl::string_view, auto) { return true; });
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
}

TEST_F(LevelDbStoreTest, FailedCommitIsTheLast) {
  Fill(kWrites);
  Open().value().reset();
  for (const std::string& table : Files(".ldb")) {
    Flip(table, std::filesystem::file_size(table) / 2);
  }
  auto store = Open().value();
  absl::Status status;
  int seq = kWrites + 1;
  for (; seq <= 20 * kWrites && status.ok(); ++seq) {
    status = store->Commit(Write(seq, Id(seq % kWrites)));
  }
  ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_EQ(store->Commit(Write(seq, "other")), status);
}

TEST_F(LevelDbStoreTest, RefusesDirectoryWhoseCurrentFileIsGone) {
  Fill(kWrites);
  Open().value().reset();
  const size_t tables = Files(".ldb").size();
  std::filesystem::remove(path_ + "/CURRENT");
  const auto opened = Open();
  EXPECT_EQ(opened.status().code(), absl::StatusCode::kDataLoss) << opened.status();
  EXPECT_THAT(opened.status().message(), HasSubstr("CURRENT"));
  EXPECT_EQ(Files(".ldb").size(), tables);
}

TEST_F(LevelDbStoreTest, NamesTheMissingTable) {
  Fill(kWrites);
  Open().value().reset();
  const std::string victim = Files(".ldb").back();
  std::filesystem::remove(victim);
  const auto opened = Open();
  EXPECT_EQ(opened.status().code(), absl::StatusCode::kDataLoss) << opened.status();
  EXPECT_THAT(opened.status().message(),
              HasSubstr(std::filesystem::path(victim).filename().string()));
}

// LevelDB writes its log in blocks of 32 KiB and skips the rest of a damaged one: batches in the
// middle are lost and later ones are not, so the last checkpoint claims what is gone.
TEST_F(LevelDbStoreTest, SkipsDamagedBatchesAndCountsAnew) {
  constexpr uint64_t kBatches = 40;
  const LevelDbOptions in_log;  // all of it stays in the log
  {
    auto store = OpenLevelDbStore(path_, in_log).value();
    for (uint64_t seq = 1; seq <= kBatches; ++seq) {
      ASSERT_EQ(store->Commit(Write(seq, Id(seq))), absl::OkStatus());
    }
  }
  const std::vector<std::string> logs = Files(".log");
  ASSERT_EQ(logs.size(), 1u);
  Flip(logs[0], 40000);  // in the second block of several
  auto store = OpenLevelDbStore(path_, in_log).value();
  EXPECT_TRUE(std::filesystem::exists(path_ + "/UNCHECKED"));
  const auto recovered = store->Recover();
  ASSERT_TRUE(recovered.ok()) << recovered.status();
  EXPECT_FALSE(std::filesystem::exists(path_ + "/UNCHECKED"));
  const uint64_t kept = recovered->clock.CountDots();
  EXPECT_TRUE(recovered->clock.Contains({Origin{1}, 1}));
  EXPECT_TRUE(recovered->clock.Contains({Origin{1}, kBatches}));
  EXPECT_LT(kept, kBatches);
  ASSERT_EQ(recovered->collections.size(), 1u);
  EXPECT_EQ(recovered->collections[0].documents, kept);
  EXPECT_EQ(recovered->collections[0].body_bytes, kept * kBodyBytes);
  for (uint64_t seq = 1; seq <= kBatches; ++seq) {
    const auto document = store->TakeSnapshot()->ReadDocument({"c", Id(seq)});
    ASSERT_TRUE(document.ok()) << document.status();
    EXPECT_EQ(document->live(), recovered->clock.Contains({Origin{1}, seq})) << seq;
  }
  // The old checkpoint must not come back to life.
  store.reset();
  store = OpenLevelDbStore(path_, in_log).value();
  EXPECT_EQ(store->Recover()->clock.ToString(), recovered->clock.ToString());
}

TEST_F(LevelDbStoreTest, ForgetsTheFloorWhenABatchBeforeOthersIsLostAndNotWhenTheLastIs) {
  const LevelDbOptions in_log;
  for (const bool last : {false, true}) {
    std::filesystem::remove_all(path_);
    {
      auto store = OpenLevelDbStore(path_, in_log).value();
      for (uint64_t seq = 1; seq <= 40; ++seq) {
        Rows rows = Write(seq, Id(seq));
        if (seq == 39) rows.raised = core::Floor({{Origin{1}, 39}});
        ASSERT_EQ(store->Commit(rows), absl::OkStatus());
      }
    }
    const std::string log = Files(".log")[0];
    Flip(log, last ? std::filesystem::file_size(log) - 100 : 40000);
    auto store = OpenLevelDbStore(path_, in_log).value();
    ASSERT_TRUE(std::filesystem::exists(path_ + "/UNCHECKED"));
    const auto recovered = store->Recover();
    ASSERT_TRUE(recovered.ok()) << recovered.status();
    EXPECT_EQ(recovered->floor.ToString(), last ? "{1:39}" : "{}");
    EXPECT_EQ(recovered->clock.ToString(), last ? "1:[1..39]" : "1:[40]");
  }
}

TEST_F(LevelDbStoreTest, ChecksAgainWhenTheFirstCheckWasCutShort) {
  Fill(15);
  Flip(Files(".log")[0], 40000);
  Open().value().reset();  // opened, never recovered: as if killed in between
  auto store = Open().value();
  const auto recovered = store->Recover();
  ASSERT_TRUE(recovered.ok()) << recovered.status();
  EXPECT_EQ(recovered->collections[0].documents, recovered->clock.CountDots());
}

TEST_F(LevelDbStoreTest, TakesATornTailForUnwritten) {
  Fill(15);
  const std::string log = Files(".log")[0];
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 10);
  auto store = Open().value();
  EXPECT_FALSE(std::filesystem::exists(path_ + "/UNCHECKED"));
  EXPECT_EQ(store->Recover()->clock.ToString(), "1:[1..14]");
}

}  // namespace
}  // namespace docstore::storage
