// Recovery: what a restarted node knows, read back from its rows.
//
// The clock is defined by the floor ('F' rows) and the dot index ('X' rows); the checkpoint only
// shortens the scan. When LevelDB had to skip damaged batches, the checkpoint is erased and the
// rows are checked against each other first: a batch is lost whole, so documents and dots still
// agree, but totals and conflict rows, which later batches carry on, are counted anew. The floor,
// what the index still holds below it, and the progress of a repair are forgotten then: they say
// that all up to a number is here, in a later batch than the one that brought it and may be lost.
// What is forgotten is learnt again from peers; what is claimed wrongly nobody would ever send.

#ifndef DOCSTORE_SERVER_STORAGE_RECOVERY_H_
#define DOCSTORE_SERVER_STORAGE_RECOVERY_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/clock.h"
#include "server/core/floor.h"
#include "server/core/replica.h"
#include "server/storage/collection_names.h"
#include "server/storage/engine.h"
#include "server/storage/key_schema.h"

namespace docstore::storage {

// Everything that a Replica of `domain` starts from. Checks the rows first if the engine asks for
// it. DATA_LOSS when rows are damaged or contradict each other.
absl::StatusOr<core::Recovered> RecoverRows(Engine* engine, Domain domain,
                                            const CollectionNames& names);

// The floors of all origins.
absl::StatusOr<core::Floor> RecoverFloor(const EngineSnapshot& rows, Domain domain);

// The dots of `floor` and of the index. Skips those that the floor or `checkpoint` holds without a
// gap, so that with a recent one the cost is in origins and new dots. A checkpoint that floor and
// index do not bear out is ignored.
absl::StatusOr<core::Clock> RecoverClock(const EngineSnapshot& rows, Domain domain,
                                         const core::Floor& floor, const core::Clock& checkpoint);

// After lost batches: forgets the checkpoint, the floor, and dots that the floor covers or that
// their document does not account for, lets a repair begin anew, and corrects totals, conflict rows
// and the bound of the hybrid clock. DATA_LOSS when a row is damaged or a collection's name is
// missing. Reads every row.
absl::Status CheckRows(Engine* engine, Domain domain, const CollectionNames& names);

}  // namespace docstore::storage

#endif  // DOCSTORE_SERVER_STORAGE_RECOVERY_H_
