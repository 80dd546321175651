// Repair: how a node takes over, key by key, everything that another one holds.
//
// It is the one algorithm for an empty node, one that was away for longer than its peers keep their
// dot index, and a restored backup. Chunks come in key order, each with the source's clock and
// floor of the moment; the source may change between chunks. What all those clocks have in common
// is known once the last chunk is in. Rules and proof: server/PROTOCOL.md, repair.
// Value type; part of Replica's state, kept durably so that a restart goes on where it was.

#ifndef DOCSTORE_SERVER_CORE_REPAIR_H_
#define DOCSTORE_SERVER_CORE_REPAIR_H_

#include <cstddef>
#include <cstdint>

#include "server/core/clock.h"
#include "server/core/document.h"
#include "server/core/event.h"
#include "server/core/floor.h"

namespace docstore::core {

// Own keys that one step of a repair compares with the source's.
inline constexpr size_t kRepairKeysMax = 4096;

struct RepairProgress {
  Clock common;         // intersection of the clocks of all chunks so far
  Floor floors;         // join of their floors
  DocumentKey through;  // every key up to and including this one is done; empty: none is
  uint64_t chunks = 0;  // so far, 0 when it has to begin anew
  friend bool operator==(const RepairProgress&, const RepairProgress&) = default;

  // `chunk` goes on where this stands.
  bool ContinuedBy(const RepairChunk& chunk) const;
  // Counts `range`, which continues this, as merged with a source of that clock and floor.
  void Advance(const Clock& clock, const Floor& floor, const KeyRange& range);
  // What is known when the last chunk is in: the bases of `common`.
  Floor Known() const { return BaseOf(common); }
  // False when a chunk's floor is above Known: its source had dropped what another one still
  // showed, and the repair must begin anew.
  bool Sound() const { return Known().Covers(floors); }
};

}  // namespace docstore::core

#endif  // DOCSTORE_SERVER_CORE_REPAIR_H_
