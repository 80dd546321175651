// What comes out of Replica::Step, and the order in which it must be carried out.
//
// The order is the contract:
//   1. `rows` are committed as one batch with fsync, after the rows of every earlier Step;
//   2. only then, and only after every earlier Step's, do `replies`, `applied`, `push` and the
//   clock
//      that stands after the Step become visible to anybody.
// A Step without rows keeps its place in that order: its replies may rest on rows of a Step that is
// not committed yet. A failed commit ends the process: memory must never be ahead of disk.

#ifndef DOCSTORE_SERVER_CORE_EFFECTS_H_
#define DOCSTORE_SERVER_CORE_EFFECTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/event.h"
#include "server/core/floor.h"
#include "server/core/repair.h"
#include "server/core/token.h"

namespace docstore::core {

enum class ConflictRow { kKeep, kAdd, kRemove };

// The state of one document. An empty document erases the row.
struct DocumentRow {
  DocumentKey key;
  Document document;
  ConflictRow conflict_row = ConflictRow::kKeep;
};

// Totals of one collection on this node.
struct CollectionRow {
  std::string name;
  uint64_t documents = 0;   // with a live winner
  uint64_t conflicts = 0;   // documents with a live winner and other versions beside it
  uint64_t body_bytes = 0;  // of all versions
  friend bool operator==(const CollectionRow&, const CollectionRow&) = default;
};

// All rows of one Step, or of several in a row; one atomic, synced batch. Of rows of one key the
// last counts.
struct Rows {
  std::vector<DocumentRow> documents;
  // Dot index: this dot is in the clock, and wrote that key.
  std::vector<DotRow> dots;
  std::vector<Dot> erased_dots;  // leave the dot index
  std::vector<CollectionRow> collections;
  std::vector<Member> members;
  std::optional<uint64_t> hlc_upper;      // no timestamp at or above it was handed out
  std::optional<Clock> clock_checkpoint;  // shortens the scan of the dot index at start
  Floor raised;                           // entries of the floor that rose, as they are now
  std::optional<RepairProgress> repair;   // replaces what was stored
  bool repair_ended = false;              // nothing of a repair is stored any more

  bool empty() const {
    return documents.empty() && dots.empty() && erased_dots.empty() && collections.empty() &&
           members.empty() && !hlc_upper.has_value() && !clock_checkpoint.has_value() &&
           raised.empty() && !repair.has_value() && !repair_ended;
  }
};

enum class WriteVerdict {
  kApplied,          // durable under WriteResult::dot
  kNotFound,         // delete of a document that this node does not hold
  kAlreadyExists,    // kIfAbsent failed
  kMoved,            // kIfVersion failed
  kNotCaughtUp,      // the token names a version that did not arrive in time
  kBadToken,         // the token names a write this node has not issued, or a time in the future
  kUnknownOrigin,    // the token's context names an origin this cluster never met
  kTooManySiblings,  // the write would leave more than kSiblingsMax versions
  kRepairing,        // this node is being repaired and takes no writes
};

struct WriteResult {
  WriteVerdict verdict = WriteVerdict::kApplied;
  VersionToken version;        // kApplied: the new version; kMoved, kAlreadyExists: the winner now
  uint64_t superseded = 0;     // kApplied: versions shown beside the winner that it replaced
  uint64_t sibling_count = 0;  // kApplied: versions shown beside the winner afterwards
};

struct Reply {
  uint64_t ticket = 0;
  WriteResult result;
};

// Of each PeerDocuments and RepairChunk: it is dealt with, or PeerRejected.
struct PeerApplied {
  uint64_t link = 0;
  uint64_t sequence = 0;
  uint64_t bytes = 0;
};

// A frame whose documents were not taken: the link must end.
struct PeerRejected {
  uint64_t link = 0;
  uint64_t sequence = 0;
};

struct Effects {
  Rows rows;
  std::vector<Reply> replies;
  std::vector<PeerApplied> applied;
  std::vector<PeerRejected> rejected;
  // Documents with dots minted by this Step: state and dots of one instant, ready for any peer.
  std::vector<RemoteDocument> push;
  // Dots that waiting writes need; asked of peers at once.
  Ranges wanted;
  // Step must be called again no later than this (monotonic ms).
  std::optional<int64_t> wake_at_ms;
  // What an operator must see; one line each.
  std::vector<std::string> alarms;
  bool clock_changed = false;
  bool floor_changed = false;
  bool repair_changed = false;  // began, moved on or ended
};

}  // namespace docstore::core

#endif  // DOCSTORE_SERVER_CORE_EFFECTS_H_
