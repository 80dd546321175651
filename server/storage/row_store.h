// RowStore: node::Store over an engine; where documents, dots and collections become rows.
//
// One implementation for LevelDB and memory, so that the simulator and the tests exercise what
// production runs. Commit from one thread; the rest is thread-safe.

#ifndef DOCSTORE_SERVER_STORAGE_ROW_STORE_H_
#define DOCSTORE_SERVER_STORAGE_ROW_STORE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "server/node/env.h"
#include "server/storage/engine.h"

namespace docstore::storage {

// Opens the default domain of `engine`; an engine without rows becomes an empty store.
// FAILED_PRECONDITION when the rows were written with a newer schema; DATA_LOSS when they are
// damaged or not docstore's.
absl::StatusOr<std::unique_ptr<node::Store>> OpenRowStore(std::shared_ptr<Engine> engine);

}  // namespace docstore::storage

#endif  // DOCSTORE_SERVER_STORAGE_ROW_STORE_H_
