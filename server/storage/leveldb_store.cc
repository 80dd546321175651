#include "server/storage/leveldb_store.h"

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/filter_policy.h>
#include <leveldb/iterator.h>
#include <leveldb/options.h>
#include <leveldb/write_batch.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/base/check.h"
#include "server/base/status_macros.h"
#include "server/storage/leveldb_env.h"
#include "server/storage/leveldb_status.h"
#include "server/storage/row_store.h"

namespace docstore::storage {
namespace {

// With 10 bits a key a lookup of an absent row reads a block in vain once in a hundred times.
constexpr int kBloomBitsPerKey = 10;
// Stands in the directory while skipped batches have not been checked for.
constexpr absl::string_view kCheckMark = "UNCHECKED";

leveldb::Slice ToSlice(absl::string_view bytes) { return {bytes.data(), bytes.size()}; }
absl::string_view ToView(const leveldb::Slice& slice) { return {slice.data(), slice.size()}; }

// Names the damaged file, which LevelDB does not.
absl::Status NameDamage(const leveldb::Status& status, const std::string& directory) {
  if (!status.IsCorruption() || !RecentReads::any()) return FromLevelDb(status);
  return absl::DataLossError(
      absl::StrCat("file ", RecentReads::DamagedFiles(directory), ": ", status.ToString()));
}

class LevelDbBatch : public Batch {
 public:
  void Put(absl::string_view key, absl::string_view value) override {
    batch_.Put(ToSlice(key), ToSlice(value));
  }
  void Erase(absl::string_view key) override { batch_.Delete(ToSlice(key)); }
  leveldb::WriteBatch* get() { return &batch_; }

 private:
  leveldb::WriteBatch batch_;
};

// Damage is looked for after every move that read a table: LevelDB's iterator passes over a damaged
// block and only its status tells.
class LevelDbCursor : public Cursor {
 public:
  LevelDbCursor(std::unique_ptr<leveldb::Iterator> rows, const std::string& directory)
      : rows_(std::move(rows)), directory_(directory) {}

  void Seek(absl::string_view key) override {
    RecentReads::Clear();
    rows_->Seek(ToSlice(key));
    CheckMove();
  }
  void Next() override {
    CHECK(valid());
    RecentReads::Clear();
    rows_->Next();
    CheckMove();
  }
  bool valid() const override { return status_.ok() && rows_->Valid(); }
  absl::string_view key() const override { return ToView(rows_->key()); }
  absl::string_view value() const override { return ToView(rows_->value()); }
  absl::Status status() const override { return status_; }

 private:
  void CheckMove() {
    if (!status_.ok() || (rows_->Valid() && !RecentReads::any())) return;
    const leveldb::Status status = rows_->status();
    if (!status.ok()) status_ = NameDamage(status, directory_);
  }

  const std::unique_ptr<leveldb::Iterator> rows_;
  const std::string& directory_;
  absl::Status status_;
};

class LevelDbSnapshot : public EngineSnapshot {
 public:
  // Both must outlive the snapshot.
  LevelDbSnapshot(leveldb::DB* db, const std::string& directory)
      : db_(db), directory_(directory), snapshot_(db->GetSnapshot()) {
    read_options_.verify_checksums = true;
    read_options_.snapshot = snapshot_;
  }
  ~LevelDbSnapshot() override { db_->ReleaseSnapshot(snapshot_); }

  absl::StatusOr<std::optional<std::string>> Get(absl::string_view key) const override {
    RecentReads::Clear();
    std::string value;
    const leveldb::Status status = db_->Get(read_options_, ToSlice(key), &value);
    if (status.ok()) return value;
    if (status.IsNotFound()) return std::nullopt;
    return NameDamage(status, directory_);
  }
  std::unique_ptr<Cursor> NewCursor() const override {
    return std::make_unique<LevelDbCursor>(
        std::unique_ptr<leveldb::Iterator>(db_->NewIterator(read_options_)), directory_);
  }

 private:
  leveldb::DB* const db_;
  const std::string& directory_;
  const leveldb::Snapshot* const snapshot_;
  leveldb::ReadOptions read_options_;
};

class LevelDbEngine : public Engine {
 public:
  LevelDbEngine(const std::string& directory, const LevelDbOptions& options)
      : directory_(directory),
        mark_path_(absl::StrCat(directory, "/", kCheckMark)),
        env_(options.env == nullptr ? leveldb::Env::Default() : options.env),
        cache_(leveldb::NewLRUCache(options.block_cache_bytes)),
        filter_policy_(leveldb::NewBloomFilterPolicy(kBloomBitsPerKey)) {
    options_.create_if_missing = true;
    options_.env = &env_;
    options_.block_cache = cache_.get();
    options_.filter_policy = filter_policy_.get();
    options_.write_buffer_size = options.write_buffer_bytes;
  }

  // Once, before everything else.
  absl::Status Open();

  std::unique_ptr<Batch> NewBatch() const override { return std::make_unique<LevelDbBatch>(); }
  absl::Status Write(Batch* batch) override {
    leveldb::WriteOptions options;
    options.sync = true;
    return FromLevelDb(db_->Write(options, static_cast<LevelDbBatch*>(batch)->get()));
  }
  std::unique_ptr<EngineSnapshot> TakeSnapshot() const override {
    return std::make_unique<LevelDbSnapshot>(db_.get(), directory_);
  }
  uint64_t BytesOnDisk() const override;
  std::string location() const override { return absl::StrCat("data directory ", directory_); }
  bool needs_check() const override { return options_.env->FileExists(mark_path_); }
  absl::Status MarkChecked() override { return FromLevelDb(options_.env->RemoveFile(mark_path_)); }

 private:
  absl::Status CreateDirectory();
  absl::Status OpenLog();
  leveldb::Status OpenDatabase(bool paranoid);

  const std::string directory_;
  const std::string mark_path_;
  TracingEnv env_;
  const std::unique_ptr<leveldb::Cache> cache_;
  const std::unique_ptr<const leveldb::FilterPolicy> filter_policy_;
  std::unique_ptr<DropLogger> log_;
  leveldb::Options options_;
  std::unique_ptr<leveldb::DB> db_;  // last: the others must outlive it
};

absl::Status LevelDbEngine::CreateDirectory() {
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  if (error) {
    return absl::InternalError(
        absl::StrCat("cannot create data directory ", directory_, ": ", error.message()));
  }
  // Without CURRENT LevelDB would start anew and delete the tables that are there.
  if (env_.FileExists(absl::StrCat(directory_, "/CURRENT"))) return absl::OkStatus();
  std::vector<std::string> names;
  RETURN_IF_ERROR(FromLevelDb(env_.GetChildren(directory_, &names)));
  for (const std::string& name : names) {
    if (absl::EndsWith(name, ".ldb")) {
      return absl::DataLossError(absl::StrCat("the file CURRENT is missing beside ", name));
    }
  }
  return absl::OkStatus();
}

absl::Status LevelDbEngine::OpenLog() {
  const std::string path = absl::StrCat(directory_, "/LOG");
  if (env_.FileExists(path)) {
    RETURN_IF_ERROR(FromLevelDb(env_.RenameFile(path, absl::StrCat(path, ".old"))));
  }
  leveldb::Logger* opened = nullptr;
  RETURN_IF_ERROR(FromLevelDb(env_.NewLogger(path, &opened)));
  log_ = std::make_unique<DropLogger>(std::unique_ptr<leveldb::Logger>(opened), &env_, mark_path_);
  options_.info_log = log_.get();
  return absl::OkStatus();
}

leveldb::Status LevelDbEngine::OpenDatabase(bool paranoid) {
  options_.paranoid_checks = paranoid;
  leveldb::DB* opened = nullptr;
  const leveldb::Status status = leveldb::DB::Open(options_, directory_, &opened);
  db_.reset(opened);
  return status;
}

absl::Status LevelDbEngine::Open() {
  RETURN_IF_ERROR(CreateDirectory());
  RETURN_IF_ERROR(OpenLog());
  RecentReads::Clear();
  // LevelDB verifies what it compacts only with paranoid_checks; without, it would give damaged
  // rows a fresh checksum. But paranoid_checks also refuses a log whose unsynced tail a power
  // failure damaged: such a log is first read without, which skips what is damaged.
  leveldb::Status status = OpenDatabase(true);
  if (status.IsCorruption()) {
    status = OpenDatabase(false);
    db_.reset();
    if (status.ok()) status = OpenDatabase(true);
  }
  if (log_->failed()) {
    return absl::InternalError(absl::StrCat("cannot write ", mark_path_));
  }
  if (status.ok()) return absl::OkStatus();
  if (status.IsIOError() && absl::StrContains(status.ToString(), "IO error: lock ")) {
    return absl::FailedPreconditionError(
        absl::StrCat(location(), " is in use by another process (", status.ToString(),
                     "): stop that one, or give this one another directory"));
  }
  return NameDamage(status, directory_);
}

uint64_t LevelDbEngine::BytesOnDisk() const {
  uint64_t bytes = 0;
  std::vector<std::string> names;
  if (!options_.env->GetChildren(directory_, &names).ok()) return 0;
  for (const std::string& name : names) {
    uint64_t size = 0;
    // A file may be gone again by now.
    if (options_.env->GetFileSize(absl::StrCat(directory_, "/", name), &size).ok()) bytes += size;
  }
  return bytes;
}

}  // namespace

absl::StatusOr<std::shared_ptr<Engine>> OpenLevelDbEngine(const std::string& path,
                                                          const LevelDbOptions& options) {
  auto engine = std::make_shared<LevelDbEngine>(path, options);
  const absl::Status status = engine->Open();
  if (!status.ok()) return ExplainDamage(engine->location(), status);
  return engine;
}

absl::StatusOr<std::unique_ptr<node::Store>> OpenLevelDbStore(const std::string& path,
                                                              const LevelDbOptions& options) {
  ASSIGN_OR_RETURN(std::shared_ptr<Engine> engine, OpenLevelDbEngine(path, options));
  return OpenRowStore(std::move(engine));
}

}  // namespace docstore::storage
