// MemoryStore: a node::Store in memory, for tests and the simulator.
//
// The rows live on a MemoryDisk, which outlives the store as a disk outlives a process: open a new
// store on it to restart a node, call LoseUnsynced first to make it a power failure.

#ifndef DOCSTORE_SERVER_STORAGE_MEMORY_STORE_H_
#define DOCSTORE_SERVER_STORAGE_MEMORY_STORE_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "server/base/mutex.h"
#include "server/node/env.h"
#include "server/storage/engine.h"
#include "server/storage/persistent_map.h"

namespace docstore::storage {

// Thread-safe.
class MemoryDisk {
 public:
  MemoryDisk() = default;
  // A disk that holds `rows`, durably: another one's image.
  explicit MemoryDisk(PersistentMap rows) : states_{std::move(rows)} {}

  // With false, commits return before they are durable and stay so until Sync. True at first.
  void set_sync_on_commit(bool sync_on_commit);
  // Makes everything committed durable.
  void Sync();
  // What a power failure leaves: the durable commits and the first `kept` of those after them. Call
  // with no store open on this disk. Everything that is left is durable then.
  void LoseUnsynced(size_t kept = 0);
  // Commits that LoseUnsynced(0) would drop.
  size_t unsynced() const;

  // For the engine.
  PersistentMap rows() const;
  void Commit(PersistentMap rows);

 private:
  mutable Mutex mutex_;
  bool sync_on_commit_ ABSL_GUARDED_BY(mutex_) = true;
  // The durable rows, then the rows after each commit since.
  std::deque<PersistentMap> states_ ABSL_GUARDED_BY(mutex_) = {PersistentMap()};
};

// The rows of `disk` as an engine.
std::shared_ptr<Engine> NewMemoryEngine(std::shared_ptr<MemoryDisk> disk);

// As OpenLevelDbStore. At most one store at a time may be open on one disk.
absl::StatusOr<std::unique_ptr<node::Store>> OpenMemoryStore(std::shared_ptr<MemoryDisk> disk);

}  // namespace docstore::storage

#endif  // DOCSTORE_SERVER_STORAGE_MEMORY_STORE_H_
