// RowReclaimer: finds what the floor has passed, for the core to drop.
//
// Rows of the dot index at or below the floor go, and each gives its document one chance to be
// stripped of context and tombstones. What has no such row (after a repair, or when a late frame
// brought it) is found by a slow sweep over all documents. Reads committed views only; the core
// judges again what is proposed here. Owned by the link executor. Rules: PROTOCOL.md, reclaiming.

#ifndef DOCSTORE_SERVER_NODE_ROW_RECLAIMER_H_
#define DOCSTORE_SERVER_NODE_ROW_RECLAIMER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "absl/status/statusor.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/event.h"
#include "server/node/view.h"

namespace docstore::node {

class RowReclaimer {
 public:
  // Rows of one step: bounds how long client writes wait behind it.
  static constexpr size_t kRowsMax = 512;
  // Documents, and bytes of their bodies, that one look of a sweep reads.
  static constexpr size_t kSweepKeysMax = 512;
  static constexpr uint64_t kSweepBytesMax = 4 << 20;

  explicit RowReclaimer(int64_t sweep_us) : sweep_us_(sweep_us) {}

  // The next rows of the dot index to erase; none while the last ones are not erased. Fails with
  // DATA_LOSS when the store cannot be read.
  absl::StatusOr<std::optional<core::StripRows>> NextRows(const View& view);
  // The rows that NextRows returned are gone.
  void OnErased() { outstanding_ = false; }

  // The next documents to strip. Sweeps once there is a floor, after each repair, and every
  // sweep_us.
  absl::StatusOr<std::optional<core::StripRows>> NextDocuments(int64_t now_us, const View& view);
  // Repaired documents have no rows in the index that would lead to them.
  void OnRepaired();

 private:
  const int64_t sweep_us_;
  bool outstanding_ = false;
  std::map<core::Origin, uint64_t> erased_;  // no rows are left up to and including that number
  bool sweeping_ = false;
  core::DocumentKey swept_;  // up to and including it
  int64_t next_sweep_us_ = 0;
};

}  // namespace docstore::node

#endif  // DOCSTORE_SERVER_NODE_ROW_RECLAIMER_H_
