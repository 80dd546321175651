// Recovery: what a restarted node knows, read back from its rows.
//
// The clock is defined by the dot index ('X' rows); the checkpoint only shortens the scan. When
// LevelDB had to skip damaged batches, the checkpoint is erased and the rows are checked against
// each other first: a batch is lost whole, so documents and dots still agree, but totals and
// conflict rows, which later batches carry on, are counted anew.

#ifndef DOCSTORE_SERVER_STORAGE_RECOVERY_H_
#define DOCSTORE_SERVER_STORAGE_RECOVERY_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/clock.h"
#include "server/core/replica.h"
#include "server/storage/collection_names.h"
#include "server/storage/engine.h"
#include "server/storage/key_schema.h"

namespace docstore::storage {

// Everything that a Replica of `domain` starts from. Checks the rows first if the engine asks for
// it. DATA_LOSS when rows are damaged or contradict each other.
absl::StatusOr<core::Recovered> RecoverRows(Engine* engine, Domain domain,
                                            const CollectionNames& names);

// The dots of the index. Skips those that `checkpoint` holds without a gap, so that with a recent
// one the cost is in origins and new dots. A checkpoint that the index does not bear out is
// ignored.
absl::StatusOr<core::Clock> RecoverClock(const EngineSnapshot& rows, Domain domain,
                                         const core::Clock& checkpoint);

// Checks that each dot's document accounts for it, corrects totals, conflict rows and the bound of
// the hybrid clock after lost batches, and erases the checkpoint. DATA_LOSS when a document or a
// collection's name is missing. Reads every row.
absl::Status CheckRows(Engine* engine, Domain domain, const CollectionNames& names);

}  // namespace docstore::storage

#endif  // DOCSTORE_SERVER_STORAGE_RECOVERY_H_
