// The one place where leveldb::Status becomes absl::Status.
// The one place where the two meet: above storage nobody sees a leveldb::Status.

#ifndef DOCSTORE_SERVER_STORAGE_LEVELDB_STATUS_H_
#define DOCSTORE_SERVER_STORAGE_LEVELDB_STATUS_H_

#include <leveldb/status.h>

#include "absl/status/status.h"

namespace docstore::storage {

//   corruption        DATA_LOSS
//   IO error          RESOURCE_EXHAUSTED when the disk is full, else INTERNAL
//   not found         NOT_FOUND
//   not supported     UNIMPLEMENTED
//   invalid argument  INVALID_ARGUMENT
// The message is LevelDB's.
absl::Status FromLevelDb(const leveldb::Status& status);

}  // namespace docstore::storage

#endif  // DOCSTORE_SERVER_STORAGE_LEVELDB_STATUS_H_
