// Frame: what two nodes say to each other on a Sync stream, as plain values.
//
// server/rpc/frame_codec.h turns them into bytes. Frames of one stream are first in, first out; a
// receiver that does not apply a Docs frame closes the stream. What each is for: PROTOCOL.md,
// synchronisation.

#ifndef DOCSTORE_SERVER_CORE_FRAME_H_
#define DOCSTORE_SERVER_CORE_FRAME_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "server/core/clock.h"
#include "server/core/dot.h"
#include "server/core/event.h"
#include "server/core/floor.h"

namespace docstore::core {

// First frame in each direction, sent once.
struct Hello {
  uint32_t protocol_version = 0;
  std::string cluster_name;
  Member self;
  Origin origin{};
  int64_t started_at_ms = 0;  // wall clock, milliseconds since 1970; the younger twin yields
  uint64_t hlc = 0;
  Clock clock;                  // durable
  Floor floor;                  // of the same instant
  std::vector<Member> members;  // all the sender has met
  uint64_t credit_bytes = 0;    // Docs bytes the receiver may send before more credit comes
  // Proof of the cluster key: see server/rpc/token.h. Empty bytes never prove anything.
  std::string key_proof;
};

// Documents: pushed when fresh, or asked for by Want.
struct Docs {
  Floor floor;  // of the sender at the instant of the documents, never older
  std::vector<RemoteDocument> documents;
};

// What changed in the sender's durable clock since its Hello or last Delta; also the heartbeat.
struct Delta {
  Ranges added;
  uint64_t hlc = 0;
  uint64_t credit_bytes = 0;  // more credit, given back for Docs frames that are now durable
  uint64_t answers = 0;       // nonce of the ClockRequest this answers, 0 for none
};

// Asks for documents of these dots. Replaces the sender's earlier Want.
struct Want {
  Ranges ranges;
};

// Every 10 s: hash of the sender's durable clock. A receiver whose mirror of it differs asks for
// the whole clock.
struct Have {
  uint64_t clock_hash = 0;
};

// Asks for a Delta that stands for the receiver's durable clock at or after this frame's arrival.
struct ClockRequest {
  uint64_t nonce = 0;  // not 0
  bool whole = false;  // answer with a WholeClock before the Delta
};

// The sender's whole durable clock; replaces the receiver's mirror.
struct WholeClock {
  Clock clock;
};

// The sender's floor has passed what the receiver knows: no documents come from it until the
// receiver's clock covers `floor`, by way of other peers or of a repair.
struct NeedRepair {
  Floor floor;
};

// Asks for one RepairChunk: the documents in `range`, or in as large a beginning of it as fits one
// frame. `started`: the sender already repairs and can serve nobody.
struct RepairRequest {
  uint64_t session = 0;  // random; the same in all requests of one repair over one link
  KeyRange range;
  bool started = false;
};

// Answers a RepairRequest: all documents in `range`, and clock and floor of the same instant.
struct RepairDocs {
  uint64_t session = 0;
  Clock clock;
  Floor floor;
  KeyRange range;
  std::vector<RemoteDocument> documents;  // ascending by key; `resolved` is empty
};

// Last frame of a stream that is refused.
struct Refusal {
  enum class Reason {
    kUnspecified,
    kClusterName,      // other cluster
    kProtocolVersion,  // cannot talk to each other
    kKey,              // other cluster secret
    kNameTaken,        // the receiver is a second live process under one name: it must end
    kDuplicate,        // a second stream between the same two nodes
    kSelf,             // the receiver dialled itself
    kBadFrame,         // the sender could not make sense of a frame
    kShutdown,         // the sender is going away
  };
  Reason reason = Reason::kUnspecified;
  std::string text;  // for people, names both sides
};

using Frame = std::variant<Hello, Docs, Delta, Want, Have, ClockRequest, WholeClock, NeedRepair,
                           RepairRequest, RepairDocs, Refusal>;

inline constexpr uint32_t kProtocolVersion = 1;

}  // namespace docstore::core

#endif  // DOCSTORE_SERVER_CORE_FRAME_H_
