// StoredReplica: a Replica with its rows in maps, for tests. What Step says is committed at once.
//
// It is its own Reader, ships states as a peer's link would, and can be restarted under a fresh
// origin with what it had stored. Not thread-safe.

#ifndef DOCSTORE_SERVER_CORE_REPLICA_TESTING_H_
#define DOCSTORE_SERVER_CORE_REPLICA_TESTING_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/clock.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/floor.h"
#include "server/core/reader.h"
#include "server/core/replica.h"

namespace docstore::core {

class StoredReplica : public Reader {
 public:
  static constexpr int64_t kStartMs = 1'700'000'000'000;

  explicit StoredReplica(uint64_t origin);

  absl::StatusOr<Document> ReadDocument(const DocumentKey& key) const override;

  absl::StatusOr<std::vector<DocumentKey>> ListKeys(const KeyRange& range,
                                                    size_t limit) const override;

  // One Step; its rows are stored.
  absl::StatusOr<Effects> TryStep(std::vector<Event> events);
  // As TryStep; a failure ends the test program.
  Effects Step(std::vector<Event> events);
  // One Step with one write, which must be answered in it.
  WriteResult Write(ClientWrite write);
  // One Step that merges `document` as from a peer.
  Effects Receive(RemoteDocument document);

  // The state of `key` with the dots a sender accounts for: those of `asked` that its index holds
  // under this key, and the versions it has in its clock.
  RemoteDocument Ship(const DocumentKey& key, const Clock& asked) const;
  // Ships `key` with all that the index holds under it.
  RemoteDocument Ship(const DocumentKey& key) const { return Ship(key, clock()); }

  // A frame of those documents, on a link of its own, with the floor of this moment.
  PeerDocuments Frame(std::vector<RemoteDocument> documents, uint64_t link) const;
  // What this replica holds in `range`, as a repair source sends it.
  RepairChunk Chunk(const KeyRange& range) const;
  // Raises the floor; nothing is stripped yet.
  Effects RaiseFloor(const Floor& floor);
  // Strips all that is at or below the floor.
  void StripAll();

  // The process ends and starts again as `origin`, with what was stored.
  void Restart(uint64_t origin);
  void Advance(int64_t milliseconds);

  const Document& document(const DocumentKey& key) const;
  const std::map<DocumentKey, Document>& documents() const { return documents_; }
  const std::map<Dot, DocumentKey>& dots() const { return dots_; }
  const std::map<std::string, CollectionRow>& collections() const { return collections_; }
  const Recovered& stored() const { return stored_; }
  const Clock& clock() const { return replica_->clock(); }
  const Replica& replica() const { return *replica_; }
  const Instant& now() const { return now_; }

 private:
  void Store(const Rows& rows);

  Instant now_{.wall_ms = kStartMs, .monotonic_ms = 1000};
  std::map<DocumentKey, Document> documents_;
  std::map<Dot, DocumentKey> dots_;
  std::map<std::string, CollectionRow> collections_;
  Recovered stored_;  // all but the clock and the collections
  std::unique_ptr<Replica> replica_;
};

// A put of `body`, or a delete when it is empty; ticket 1, may not wait.
ClientWrite MakeWrite(const DocumentKey& key, const std::string& body);
ClientWrite MakeWrite(const DocumentKey& key, const std::string& body, Guard guard, Token token);
// "{a:1 b:2+} ctx {a:1 b:2}": as Document::ToString without timestamps.
std::string Show(const Document& document);
// "APPLIED a:1", "MOVED a:1": verdict and the version named.
std::string Show(const WriteResult& result);

}  // namespace docstore::core

#endif  // DOCSTORE_SERVER_CORE_REPLICA_TESTING_H_
