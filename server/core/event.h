// What goes into Replica::Step: client writes, documents from peers, members met, reclaiming,
// repair, time, and housekeeping.
//
// All are plain values, already decoded and validated at the edge: bodies are valid JSON objects,
// names and ids obey api limits, tokens were signed by this cluster.

#ifndef DOCSTORE_SERVER_CORE_EVENT_H_
#define DOCSTORE_SERVER_CORE_EVENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/base/hash.h"
#include "server/core/clock.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/floor.h"
#include "server/core/token.h"

namespace docstore::core {

enum class Guard {
  kNone,       // supersede what this node holds
  kIfAbsent,   // only if there is no live version
  kIfVersion,  // only if the document still stands as `token` names it
  kContext,    // supersede what `token` covers; a stale token makes a sibling
};

// One put or delete of a client.
struct ClientWrite {
  uint64_t ticket = 0;  // chosen by the caller, comes back in the Reply
  DocumentKey key;
  bool deleted = false;  // delete; body is null then
  Body body;
  Hash128 hash;  // of the body's bytes; zero for a delete
  Guard guard = Guard::kNone;
  Token token;  // read only for kIfVersion and kContext
  // Until when (monotonic ms) the write may wait for a version its token names and this node has
  // not seen yet.
  int64_t wait_until_ms = 0;
};

// The state of one document as a peer ships it. `resolved` are the dots that this state accounts
// for and that the receiver may add to its clock.
struct RemoteDocument {
  DocumentKey key;
  Document document;
  Ranges resolved;
};

// The documents of one peer frame; applied whole, or rejected when this node's clock does not cover
// `floor`. Once one was rejected, so are all later ones of its link: they may rest on it.
struct PeerDocuments {
  uint64_t link = 0;      // of the link that brought it; comes back in PeerApplied
  uint64_t sequence = 0;  // of the frame on that link
  uint64_t bytes = 0;     // size on the wire, credit to give back
  Floor floor;            // of the peer at the instant of the documents, never older
  std::vector<RemoteDocument> documents;
};

// That link is gone; nothing more comes from it.
struct LinkEnded {
  uint64_t link = 0;
};

// Every key above `after` and, with `through`, not above it; else to the end. Keys order by
// collection name, then id, both as bytes. The smallest `after` is empty: no key is that.
struct KeyRange {
  DocumentKey after;
  std::optional<DocumentKey> through;
  bool Contains(const DocumentKey& key) const {
    return after < key && (!through.has_value() || key <= *through);
  }
  friend bool operator==(const KeyRange&, const KeyRange&) = default;
};

// All documents that a repair source holds in `range`, as of one instant of it. The first chunk of
// a repair begins at the smallest key; each next one where the last ended; one without `through`
// ends it. From the first to the end of the last this node takes neither client writes nor
// documents of peers. A chunk that does not continue the repair under way changes nothing. Where
// this node itself holds more than kRepairKeysMax keys in `range`, only the part up to that many of
// them is taken: RepairProgress::through says how far.
struct RepairChunk {
  uint64_t link = 0;  // as in PeerDocuments
  uint64_t sequence = 0;
  uint64_t bytes = 0;
  Clock clock;  // of the source, at that instant
  Floor floor;
  KeyRange range;
  std::vector<RemoteDocument> documents;  // ascending by key, `resolved` empty
};

// Raises the floor, where `floor` is above it, up to the base of the clock at most. Ignored while
// a repair is under way.
struct RaiseFloor {
  Floor floor;
};

// Dots at or below the floor leave the dot index, and their documents, and those at `keys`, are
// stripped if settled. Dots above the floor are left alone.
struct DotRow {
  Dot dot;
  DocumentKey key;
};
struct StripRows {
  std::vector<DotRow> dots;
  std::vector<DocumentKey> keys;
};

// A node met in a Hello (its own, or named by a peer), as kept durably.
struct Member {
  std::string name;
  std::string node_uuid;  // 16 bytes
  std::string peer_address;
  std::string client_address;
  friend bool operator==(const Member&, const Member&) = default;
};
struct MemberMet {
  Member member;
};

// Time passed; emits what was waiting for it.
struct Tick {};

// Asks for a clock checkpoint now, for a quick next start.
struct Checkpoint {};

using Event = std::variant<ClientWrite, PeerDocuments, LinkEnded, RepairChunk, RaiseFloor,
                           StripRows, MemberMet, Tick, Checkpoint>;

// `now` of one Step.
struct Instant {
  int64_t wall_ms = 0;       // milliseconds since 1970
  int64_t monotonic_ms = 0;  // milliseconds since some fixed point, never goes back
};

}  // namespace docstore::core

#endif  // DOCSTORE_SERVER_CORE_EVENT_H_
