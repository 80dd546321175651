// Replica: the replication core of one domain, a pure state machine with one door, Step.
//
// It performs no IO, starts no thread, reads no clock and draws no randomness: time, the origin and
// the reader of documents are arguments. The same events give the same effects in every build. One
// Replica is one replication domain; today a node has one. Rules: server/PROTOCOL.md.
// Not thread-safe: one thread owns it.

#ifndef DOCSTORE_SERVER_CORE_REPLICA_H_
#define DOCSTORE_SERVER_CORE_REPLICA_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/clock.h"
#include "server/core/document.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/floor.h"
#include "server/core/hybrid_clock.h"
#include "server/core/reader.h"
#include "server/core/repair.h"

namespace docstore::core {

// Most versions a document may hold after a client's write; merges may exceed it.
inline constexpr size_t kSiblingsMax = 64;
// Most writes that wait at once for a version they name.
inline constexpr size_t kWaitingWritesMax = 1024;

// Most documents withheld from one link; beyond, the link is rejected.
inline constexpr size_t kWithheldKeysMax = 1024;

// A clock checkpoint is written after so many dots: bounds the index scan at start.
inline constexpr uint64_t kCheckpointDots = 16384;

// What a node finds on its disk at start.
struct Recovered {
  std::string node_uuid;  // 16 bytes, empty on a fresh disk
  std::string cluster_name;
  uint64_t hlc_upper = 0;
  Clock clock;  // the floor's dots included
  Floor floor;
  std::optional<RepairProgress> repair;  // one is under way
  std::vector<CollectionRow> collections;
  std::vector<Member> members;
};

class Replica {
 public:
  // `origin`: random, fresh in this process.
  Replica(Origin origin, const Recovered& recovered);

  // Applies `events` in order, all as of `now`. Later events see earlier ones. `reader` must show
  // the rows of every earlier Step. Fails only when `reader` fails; the process must then end.
  absl::StatusOr<Effects> Step(const Instant& now, std::vector<Event> events, const Reader& reader);

  Origin origin() const { return origin_; }
  // Includes dots of Steps that are not committed yet; see effects.h.
  const Clock& clock() const { return clock_; }
  const Floor& floor() const { return floor_; }
  // Of the repair under way.
  const std::optional<RepairProgress>& repair() const { return repair_; }
  uint64_t hlc() const { return hybrid_clock_.last(); }
  const std::map<std::string, CollectionRow>& collections() const { return collections_; }
  const std::map<std::string, Member>& members() const { return members_; }

 private:
  class Group;

  const Origin origin_;
  uint64_t next_seq_ = 1;
  Clock clock_;
  Floor floor_;
  std::optional<RepairProgress> repair_;
  std::set<uint64_t> rejected_links_;  // until they end
  // By link, documents not taken from it, and the dot that names two different writes in each.
  std::map<uint64_t, std::map<DocumentKey, Dot>> withheld_;
  HybridClock hybrid_clock_;
  uint64_t hlc_upper_;
  uint64_t dots_since_checkpoint_ = 0;
  std::map<std::string, CollectionRow> collections_;
  std::map<std::string, Member> members_;  // by name
  std::vector<ClientWrite> waiting_;       // for a version they name
};

}  // namespace docstore::core

#endif  // DOCSTORE_SERVER_CORE_REPLICA_H_
