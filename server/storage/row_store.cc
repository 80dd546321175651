#include "server/storage/row_store.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/base/check.h"
#include "server/base/mutant.h"
#include "server/base/mutex.h"
#include "server/base/status_macros.h"
#include "server/core/clock.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/replica.h"
#include "server/storage/collection_names.h"
#include "server/storage/key_schema.h"
#include "server/storage/record.h"
#include "server/storage/recovery.h"
#include "server/storage/row_snapshot.h"

namespace docstore::storage {
namespace {

constexpr size_t kUuidBytes = 16;

class RowStore : public node::Store {
 public:
  RowStore(std::shared_ptr<Engine> engine, std::shared_ptr<const CollectionNames> names,
           uint64_t commits)
      : engine_(std::move(engine)), names_(std::move(names)), commits_(commits) {}

  absl::StatusOr<core::Recovered> Recover() override;
  absl::Status Initialize(absl::string_view node_uuid, absl::string_view cluster_name) override;
  absl::Status Commit(const core::Rows& rows) override;
  std::shared_ptr<const node::Snapshot> TakeSnapshot() const override;
  void Warm(const core::DocumentKey& key) const override;
  uint64_t BytesOnDisk() const override { return engine_->BytesOnDisk(); }

 private:
  class RowWriter;

  std::shared_ptr<const CollectionNames> names() const {
    MutexLock lock(&mutex_);
    return names_;
  }

  const std::shared_ptr<Engine> engine_;
  mutable Mutex mutex_;
  std::shared_ptr<const CollectionNames> names_ ABSL_GUARDED_BY(mutex_);
  // Of the commit thread.
  absl::Status commit_failure_;
  uint64_t commits_;  // number of the last one
};

// Puts the rows of one commit into a batch, numbering collections that are new.
class RowStore::RowWriter {
 public:
  // Both must outlive the writer.
  RowWriter(const CollectionNames& names, Batch* batch) : names_(names), batch_(batch) {}

  absl::Status Write(const core::Rows& rows) {
    for (const core::CollectionRow& row : rows.collections) RETURN_IF_ERROR(WriteCollection(row));
    for (const core::DocumentRow& row : rows.documents) RETURN_IF_ERROR(WriteDocument(row));
    for (const core::DotRow& row : rows.dots) RETURN_IF_ERROR(WriteDot(row));
    for (const core::Dot& dot : rows.erased_dots) batch_->Erase(DotKey(kDefaultDomain, dot));
    for (const core::Dot& dot : rows.raised.entries()) {
      batch_->Put(FloorKey(kDefaultDomain, dot.origin), EncodeNumber(dot.seq));
    }
    if (rows.repair_ended) {
      batch_->Erase(RepairKey(kDefaultDomain));
    } else if (rows.repair.has_value()) {
      scratch_.clear();
      EncodeRepair(*rows.repair, &scratch_);
      batch_->Put(RepairKey(kDefaultDomain), scratch_);
    }
    for (const core::Member& member : rows.members) {
      scratch_.clear();
      EncodeMember(member, &scratch_);
      batch_->Put(MemberKey(kDefaultDomain, member.name), scratch_);
    }
    if (rows.hlc_upper.has_value()) {
      batch_->Put(SettingKey(kDefaultDomain, kHlcUpperName), EncodeNumber(*rows.hlc_upper));
    }
    if (rows.clock_checkpoint.has_value()) {
      scratch_.clear();
      EncodeClock(*rows.clock_checkpoint, &scratch_);
      batch_->Put(CheckpointKey(kDefaultDomain), scratch_);
    }
    return absl::OkStatus();
  }

  // The names with those that this commit added; null when it added none.
  std::shared_ptr<const CollectionNames> grown() const { return grown_; }

 private:
  absl::StatusOr<CollectionId> IdOf(const std::string& name) {
    const CollectionNames& known = grown_ != nullptr ? *grown_ : names_;
    const std::optional<CollectionId> id = known.Find(name);
    if (id.has_value()) return *id;
    if (grown_ == nullptr) grown_ = std::make_shared<CollectionNames>(names_);
    ASSIGN_OR_RETURN(const CollectionId added, grown_->Add(name));
    PutCollection(name, CollectionRecord{.local_id = added});
    return added;
  }

  void PutCollection(const std::string& name, const CollectionRecord& record) {
    scratch_.clear();
    EncodeCollection(record, &scratch_);
    batch_->Put(CollectionKey(kDefaultDomain, name), scratch_);
  }

  absl::Status WriteCollection(const core::CollectionRow& row) {
    ASSIGN_OR_RETURN(const CollectionId id, IdOf(row.name));
    PutCollection(row.name, CollectionRecord{.local_id = id,
                                             .documents = row.documents,
                                             .conflicts = row.conflicts,
                                             .body_bytes = row.body_bytes});
    return absl::OkStatus();
  }

  absl::Status WriteDocument(const core::DocumentRow& row) {
    ASSIGN_OR_RETURN(const CollectionId id, IdOf(row.key.collection));
    const std::string key = DocumentRowKey(kDefaultDomain, id, row.key.id);
    if (row.document.empty()) {
      batch_->Erase(key);
    } else {
      scratch_.clear();
      EncodeDocument(row.document, &scratch_);
      batch_->Put(key, scratch_);
    }
    if (row.conflict_row == core::ConflictRow::kAdd) {
      batch_->Put(ConflictKey(kDefaultDomain, id, row.key.id), "");
    } else if (row.conflict_row == core::ConflictRow::kRemove) {
      batch_->Erase(ConflictKey(kDefaultDomain, id, row.key.id));
    }
    return absl::OkStatus();
  }

  absl::Status WriteDot(const core::DotRow& row) {
    ASSIGN_OR_RETURN(const CollectionId id, IdOf(row.key.collection));
    batch_->Put(DotKey(kDefaultDomain, row.dot), EncodeLocalKey(id, row.key.id));
    return absl::OkStatus();
  }

  const CollectionNames& names_;
  Batch* const batch_;
  std::shared_ptr<CollectionNames> grown_;
  std::string scratch_;  // one record at a time, its memory reused
};

absl::StatusOr<core::Recovered> RowStore::Recover() {
  absl::StatusOr<core::Recovered> recovered = RecoverRows(engine_.get(), kDefaultDomain, *names());
  if (!recovered.ok()) return ExplainDamage(engine_->location(), recovered.status());
  return recovered;
}

absl::Status RowStore::Initialize(absl::string_view node_uuid, absl::string_view cluster_name) {
  CHECK(node_uuid.size() == kUuidBytes);
  const std::unique_ptr<Batch> batch = engine_->NewBatch();
  batch->Put(SettingKey(kNodeDomain, kNodeUuidName), node_uuid);
  batch->Put(SettingKey(kNodeDomain, kClusterNameName), cluster_name);
  return ExplainDamage(engine_->location(), engine_->Write(batch.get()));
}

absl::Status RowStore::Commit(const core::Rows& rows) {
  if (!commit_failure_.ok()) return commit_failure_;
  const std::shared_ptr<const CollectionNames> before = names();
  const std::unique_ptr<Batch> batch = engine_->NewBatch();
  RowWriter writer(*before, batch.get());
  absl::Status status = writer.Write(rows);
  if (status.ok() && writer.grown() != nullptr) {
    // Before the rows: a snapshot must never hold rows of a collection that it cannot name.
    MutexLock lock(&mutex_);
    names_ = writer.grown();
  }
  if (status.ok() && MUTANT("index-outside-batch")) {
    const std::unique_ptr<Batch> index = engine_->NewBatch();
    status = RowWriter(*before, index.get()).Write({.dots = rows.dots});
    if (status.ok()) status = engine_->Write(index.get());
  }
  // Whether a commit is missing shows by their numbers.
  ++commits_;
  batch->Put(CommitKey(kDefaultDomain, commits_), EncodeNumber(commits_));
  if (status.ok()) status = engine_->Write(batch.get());
  if (!status.ok()) commit_failure_ = ExplainDamage(engine_->location(), status);
  return commit_failure_;
}

std::shared_ptr<const node::Snapshot> RowStore::TakeSnapshot() const {
  // In this order, so that the names are never older than the rows.
  std::unique_ptr<EngineSnapshot> rows = engine_->TakeSnapshot();
  return std::make_shared<RowSnapshot>(engine_, std::move(rows), names(), kDefaultDomain);
}

void RowStore::Warm(const core::DocumentKey& key) const {
  // The read that follows reports what is wrong, with a caller to tell.
  const std::optional<CollectionId> collection = names()->Find(key.collection);
  if (!collection.has_value()) return;
  (void)engine_->TakeSnapshot()->Get(DocumentRowKey(kDefaultDomain, *collection, key.id)).ok();
}

// Writes the schema of a new store, checks that of an old one.
absl::Status CheckSchema(Engine* engine) {
  const std::unique_ptr<EngineSnapshot> rows = engine->TakeSnapshot();
  ASSIGN_OR_RETURN(const std::optional<std::string> schema,
                   rows->Get(SettingKey(kNodeDomain, kSchemaName)));
  if (!schema.has_value()) {
    const std::unique_ptr<Cursor> cursor = rows->NewCursor();
    cursor->Seek("");
    RETURN_IF_ERROR(cursor->status());
    if (cursor->valid()) return absl::DataLossError("the schema version is missing");
    const std::unique_ptr<Batch> batch = engine->NewBatch();
    batch->Put(SettingKey(kNodeDomain, kSchemaName), EncodeNumber(kSchemaVersion));
    return engine->Write(batch.get());
  }
  ASSIGN_OR_RETURN(const uint64_t version, DecodeNumber(*schema));
  if (version > kSchemaVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat(engine->location(), " was written with schema version ", version,
                     "; this docstored knows version ", kSchemaVersion,
                     " only: start the newer docstored again, or give this one another directory"));
  }
  if (version == 0) return absl::DataLossError("the schema version is 0");
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<node::Store>> OpenDefaultDomain(std::shared_ptr<Engine> engine) {
  RETURN_IF_ERROR(CheckSchema(engine.get()));
  auto names = std::make_shared<CollectionNames>();
  ASSIGN_OR_RETURN(const std::vector<NamedCollection> collections,
                   ReadCollections(*engine->TakeSnapshot(), kDefaultDomain));
  for (const NamedCollection& collection : collections) {
    RETURN_IF_ERROR(names->Restore(collection.name, collection.record.local_id));
  }
  ASSIGN_OR_RETURN(const CommitCount commits, ReadCommits(*engine->TakeSnapshot(), kDefaultDomain));
  return std::make_unique<RowStore>(std::move(engine), std::move(names), commits.last);
}

}  // namespace

absl::StatusOr<std::unique_ptr<node::Store>> OpenRowStore(std::shared_ptr<Engine> engine) {
  const std::string location = engine->location();
  absl::StatusOr<std::unique_ptr<node::Store>> store = OpenDefaultDomain(std::move(engine));
  if (!store.ok()) return ExplainDamage(location, store.status());
  return store;
}

}  // namespace docstore::storage
