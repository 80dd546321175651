// Recovery: what a restarted node knows, read back from its rows.
//
// The clock is defined by the floor ('F' rows) and the dot index ('X' rows); the checkpoint only
// shortens the scan. When LevelDB had to skip damaged batches, the checkpoint is erased and the
// rows are checked against each other first: a batch is lost whole, so documents and dots still
// agree, but totals and conflict rows, which later batches carry on, are counted anew. Most often
// it is the last batch alone, which nobody was told of. When a commit is missing before others,
// floor and progress of a repair are forgotten too: they say that all up to a number is here, in a
// later batch than the one that brought it. What is forgotten is learnt again from peers; what is
// claimed wrongly nobody would ever send.

#ifndef DOCSTORE_SERVER_STORAGE_RECOVERY_H_
#define DOCSTORE_SERVER_STORAGE_RECOVERY_H_

#include <cstdint>
#include <vector>

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

// The commits of which rows tell; they are numbered from 1.
struct CommitCount {
  uint64_t last = 0;
  std::vector<uint64_t> missing;  // of the last kCommitSlots
};
absl::StatusOr<CommitCount> ReadCommits(const EngineSnapshot& rows, Domain domain);

// After lost batches: erases the checkpoint and corrects totals, conflict rows and the bound of the
// hybrid clock. When a commit is missing, also forgets the floor, and dots that the floor covers or
// that their document does not account for, and lets a repair begin anew; else DATA_LOSS when a
// document does not account for a dot above the floor. DATA_LOSS when a row is damaged or a
// collection's name is missing. Reads every row.
absl::Status CheckRows(Engine* engine, Domain domain, const CollectionNames& names);

}  // namespace docstore::storage

#endif  // DOCSTORE_SERVER_STORAGE_RECOVERY_H_
