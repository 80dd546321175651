// LevelDbStore: a node::Store in a directory, on LevelDB.
//
// Every commit is one synced batch; every read verifies block checksums, and so does compaction.
// After a power failure LevelDB may find damage in the unsynced tail of its log: such batches are
// skipped, and all rows are checked against each other before the store answers (recovery.h).
// Nothing is ever repaired by guessing.

#ifndef DOCSTORE_SERVER_STORAGE_LEVELDB_STORE_H_
#define DOCSTORE_SERVER_STORAGE_LEVELDB_STORE_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/node/env.h"
#include "server/storage/engine.h"

namespace leveldb {
class Env;
}

namespace docstore::storage {

struct LevelDbOptions {
  // Bytes of uncompressed blocks kept in memory.
  size_t block_cache_bytes = size_t{64} << 20;
  // Bytes of rows collected in memory before they become a table; up to twice as much is held.
  size_t write_buffer_bytes = size_t{16} << 20;
  // The files and threads it works with, which must outlive it; null: the system's.
  leveldb::Env* env = nullptr;
};

// Opens the store in directory `path`, creating it and its parents. Fails with
//   FAILED_PRECONDITION  another process has it open, or a newer docstored wrote it
//   DATA_LOSS            it is damaged; the message names the file where LevelDB does, and says
//                        what to do
//   RESOURCE_EXHAUSTED   the disk is full
//   INTERNAL             any other failure of the file system, such as missing permission
absl::StatusOr<std::unique_ptr<node::Store>> OpenLevelDbStore(const std::string& path,
                                                              const LevelDbOptions& options);

// The same without documents on top.
absl::StatusOr<std::shared_ptr<Engine>> OpenLevelDbEngine(const std::string& path,
                                                          const LevelDbOptions& options);

}  // namespace docstore::storage

#endif  // DOCSTORE_SERVER_STORAGE_LEVELDB_STORE_H_
