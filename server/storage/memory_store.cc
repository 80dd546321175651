#include "server/storage/memory_store.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/base/check.h"
#include "server/base/mutant.h"
#include "server/storage/row_store.h"

namespace docstore::storage {
namespace {

class MemoryCursor : public Cursor {
 public:
  explicit MemoryCursor(PersistentMap rows) : rows_(std::move(rows)) {}

  void Seek(absl::string_view key) override { entry_ = rows_.LowerBound(key); }
  void Next() override {
    CHECK(valid());
    entry_ = rows_.UpperBound(entry_->key);
  }
  bool valid() const override { return entry_ != nullptr; }
  absl::string_view key() const override { return entry_->key; }
  absl::string_view value() const override { return entry_->value; }
  absl::Status status() const override { return absl::OkStatus(); }

 private:
  const PersistentMap rows_;
  const PersistentMap::Entry* entry_ = nullptr;
};

class MemorySnapshot : public EngineSnapshot {
 public:
  explicit MemorySnapshot(PersistentMap rows) : rows_(std::move(rows)) {}

  absl::StatusOr<std::optional<std::string>> Get(absl::string_view key) const override {
    const PersistentMap::Entry* entry = rows_.Find(key);
    if (entry == nullptr) return std::nullopt;
    return entry->value;
  }
  std::unique_ptr<Cursor> NewCursor() const override {
    return std::make_unique<MemoryCursor>(rows_);
  }

 private:
  const PersistentMap rows_;
};

class MemoryBatch : public Batch {
 public:
  struct Change {
    std::string key;
    std::optional<std::string> value;  // nullopt erases
  };

  void Put(absl::string_view key, absl::string_view value) override {
    changes_.push_back({std::string(key), std::string(value)});
  }
  void Erase(absl::string_view key) override {
    changes_.push_back({std::string(key), std::nullopt});
  }
  const std::vector<Change>& changes() const { return changes_; }

 private:
  std::vector<Change> changes_;
};

class MemoryEngine : public Engine {
 public:
  explicit MemoryEngine(std::shared_ptr<MemoryDisk> disk) : disk_(std::move(disk)) {}

  std::unique_ptr<Batch> NewBatch() const override { return std::make_unique<MemoryBatch>(); }
  absl::Status Write(Batch* batch) override {
    PersistentMap rows = disk_->rows();
    for (const MemoryBatch::Change& change : static_cast<MemoryBatch*>(batch)->changes()) {
      if (change.value.has_value()) {
        rows.Put(change.key, *change.value);
      } else {
        rows.Erase(change.key);
      }
    }
    if (MUTANT("skip-fsync")) disk_->set_sync_on_commit(false);
    disk_->Commit(std::move(rows));
    if (MUTANT("skip-fsync") && disk_->unsynced() > 8) disk_->Sync();
    return absl::OkStatus();
  }
  std::unique_ptr<EngineSnapshot> TakeSnapshot() const override {
    return std::make_unique<MemorySnapshot>(disk_->rows());
  }
  uint64_t BytesOnDisk() const override { return disk_->rows().bytes(); }
  std::string location() const override { return "memory"; }
  // A MemoryDisk loses its tail, never a batch in the middle.
  bool needs_check() const override { return false; }
  absl::Status MarkChecked() override { return absl::OkStatus(); }

 private:
  const std::shared_ptr<MemoryDisk> disk_;
};

}  // namespace

void MemoryDisk::set_sync_on_commit(bool sync_on_commit) {
  MutexLock lock(&mutex_);
  sync_on_commit_ = sync_on_commit;
}

void MemoryDisk::Sync() {
  MutexLock lock(&mutex_);
  states_.erase(states_.begin(), states_.end() - 1);
}

void MemoryDisk::LoseUnsynced(size_t kept) {
  MutexLock lock(&mutex_);
  states_.resize(std::min(states_.size(), kept + 1));
  states_.erase(states_.begin(), states_.end() - 1);
}

size_t MemoryDisk::unsynced() const {
  MutexLock lock(&mutex_);
  return states_.size() - 1;
}

PersistentMap MemoryDisk::rows() const {
  MutexLock lock(&mutex_);
  return states_.back();
}

void MemoryDisk::Commit(PersistentMap rows) {
  MutexLock lock(&mutex_);
  states_.push_back(std::move(rows));
  if (sync_on_commit_) states_.erase(states_.begin(), states_.end() - 1);
}

std::shared_ptr<Engine> NewMemoryEngine(std::shared_ptr<MemoryDisk> disk) {
  return std::make_shared<MemoryEngine>(std::move(disk));
}

absl::StatusOr<std::unique_ptr<node::Store>> OpenMemoryStore(std::shared_ptr<MemoryDisk> disk) {
  return OpenRowStore(NewMemoryEngine(std::move(disk)));
}

}  // namespace docstore::storage
