#include "server/core/replica_testing.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/check.h"
#include "server/base/hash.h"

namespace docstore::core {

StoredReplica::StoredReplica(uint64_t origin) { Restart(origin); }

absl::StatusOr<Document> StoredReplica::ReadDocument(const DocumentKey& key) const {
  return document(key);
}

absl::StatusOr<std::vector<DocumentKey>> StoredReplica::ListKeys(const KeyRange& range,
                                                                 size_t limit) const {
  std::vector<DocumentKey> keys;
  for (const auto& [key, document] : documents_) {
    if (range.Contains(key) && keys.size() < limit) keys.push_back(key);
  }
  return keys;
}

absl::StatusOr<Effects> StoredReplica::TryStep(std::vector<Event> events) {
  absl::StatusOr<Effects> effects = replica_->Step(now_, std::move(events), *this);
  if (effects.ok()) Store(effects->rows);
  return effects;
}

Effects StoredReplica::Step(std::vector<Event> events) {
  absl::StatusOr<Effects> effects = TryStep(std::move(events));
  CHECK_OK(effects.status());
  return *std::move(effects);
}

WriteResult StoredReplica::Write(ClientWrite write) {
  const Effects effects = Step({std::move(write)});
  CHECK(effects.replies.size() == 1);
  return effects.replies[0].result;
}

Effects StoredReplica::Receive(RemoteDocument document) {
  return Step({PeerDocuments{.link = 1, .sequence = 1, .documents = {std::move(document)}}});
}

RemoteDocument StoredReplica::Ship(const DocumentKey& key, const Clock& asked) const {
  RemoteDocument remote{.key = key, .document = document(key)};
  Clock resolved;
  for (const auto& [dot, indexed] : dots_) {
    if (indexed == key && asked.Contains(dot)) resolved.Add(dot);
  }
  for (const Version& version : remote.document.versions) {
    if (replica().floor().Covers(version.dot)) continue;
    if (clock().Contains(version.dot)) resolved.Add(version.dot);
  }
  remote.resolved = resolved.ToRanges();
  return remote;
}

PeerDocuments StoredReplica::Frame(std::vector<RemoteDocument> documents, uint64_t link) const {
  return {.link = link,
          .sequence = 1,
          .bytes = 100,
          .floor = replica().floor(),
          .documents = std::move(documents)};
}

RepairChunk StoredReplica::Chunk(const KeyRange& range) const {
  RepairChunk chunk{.link = 1,
                    .sequence = 1,
                    .bytes = 100,
                    .clock = clock(),
                    .floor = replica().floor(),
                    .range = range};
  for (const auto& [key, document] : documents_) {
    if (range.Contains(key)) chunk.documents.push_back({.key = key, .document = document});
  }
  return chunk;
}

Effects StoredReplica::RaiseFloor(const Floor& floor) {
  return Step({core::RaiseFloor{.floor = floor}});
}

void StoredReplica::StripAll() {
  StripRows strip;
  for (const auto& [dot, key] : dots_) {
    if (replica().floor().Covers(dot)) strip.dots.push_back({dot, key});
  }
  for (const auto& [key, document] : documents_) strip.keys.push_back(key);
  Step({std::move(strip)});
}

void StoredReplica::Restart(uint64_t origin) {
  Recovered recovered = stored_;
  recovered.clock = ClockOf(stored_.floor);
  for (const auto& [dot, key] : dots_) recovered.clock.Add(dot);
  for (const auto& [name, row] : collections_) recovered.collections.push_back(row);
  replica_ = std::make_unique<Replica>(Origin{origin}, recovered);
}

void StoredReplica::Advance(int64_t milliseconds) {
  now_.wall_ms += milliseconds;
  now_.monotonic_ms += milliseconds;
}

const Document& StoredReplica::document(const DocumentKey& key) const {
  static const Document kNone;
  const auto it = documents_.find(key);
  return it == documents_.end() ? kNone : it->second;
}

void StoredReplica::Store(const Rows& rows) {
  for (const DocumentRow& row : rows.documents) {
    if (row.document.empty()) {
      documents_.erase(row.key);
    } else {
      documents_[row.key] = row.document;
    }
  }
  for (const DotRow& row : rows.dots) {
    // A dot wrote one key, once.
    CHECK(dots_.emplace(row.dot, row.key).second);
  }
  for (const CollectionRow& row : rows.collections) collections_[row.name] = row;
  for (const Member& member : rows.members) stored_.members.push_back(member);
  for (const Dot& dot : rows.erased_dots) dots_.erase(dot);
  stored_.floor.Join(rows.raised);
  if (rows.repair.has_value()) stored_.repair = rows.repair;
  if (rows.repair_ended) stored_.repair.reset();
  if (rows.hlc_upper.has_value()) stored_.hlc_upper = *rows.hlc_upper;
}

ClientWrite MakeWrite(const DocumentKey& key, const std::string& body) {
  ClientWrite write{.ticket = 1, .key = key, .deleted = body.empty()};
  if (!body.empty()) {
    write.body = std::make_shared<const std::string>(body);
    write.hash = HashBytes128(body);
  }
  return write;
}

ClientWrite MakeWrite(const DocumentKey& key, const std::string& body, Guard guard, Token token) {
  ClientWrite write = MakeWrite(key, body);
  write.guard = guard;
  write.token = std::move(token);
  return write;
}

std::string Show(const Document& document) {
  std::string text = "{";
  for (const Version& version : document.versions) {
    absl::StrAppend(&text, text.size() > 1 ? " " : "", ToString(version.dot),
                    version.deleted ? "+" : "");
  }
  return absl::StrCat(text, "} ctx ", document.context.ToString());
}

std::string Show(const WriteResult& result) {
  static constexpr const char* kNames[] = {"APPLIED",        "NOT_FOUND",         "ALREADY_EXISTS",
                                           "MOVED",          "NOT_CAUGHT_UP",     "BAD_TOKEN",
                                           "UNKNOWN_ORIGIN", "TOO_MANY_SIBLINGS", "REPAIRING"};
  const std::string name = kNames[static_cast<int>(result.verdict)];
  return result.version.dot.seq == 0 ? name : absl::StrCat(name, " ", ToString(result.version.dot));
}

}  // namespace docstore::core
