// Group: the events of one Step at work: an overlay of documents over the reader, and the effects
// gathered so far. Internal to Replica; one Group lives for one Step.

#ifndef DOCSTORE_SERVER_CORE_GROUP_H_
#define DOCSTORE_SERVER_CORE_GROUP_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/document.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/reader.h"
#include "server/core/replica.h"

namespace docstore::core {

class Replica::Group {
 public:
  // All must outlive the Group.
  Group(Replica* replica, const Instant& now, const Reader& reader)
      : replica_(*replica), now_(now), reader_(reader) {}

  absl::Status Apply(ClientWrite write);
  absl::Status Apply(const PeerDocuments& frame);
  absl::Status Apply(const LinkEnded& ended);
  absl::Status Apply(const RepairChunk& chunk);
  absl::Status Apply(const RaiseFloor& raise);
  absl::Status Apply(const StripRows& rows);
  absl::Status Apply(MemberMet met);
  absl::Status Apply(const Tick&) { return absl::OkStatus(); }
  absl::Status Apply(const Checkpoint&);

  // Tries waiting writes again, then hands out everything; the Group is spent.
  absl::StatusOr<Effects> Finish();

 private:
  // One document this Step has touched.
  struct Entry {
    Document before;  // as of the start of the Step
    Document now;
    Ranges minted;  // own dots of this Step on this key, ascending
  };
  // What a write does to a document: what its guard and token come down to.
  struct Plan {
    enum class Kind { kRefuse, kWait, kReplaceCovered, kReplaceOne } kind = Kind::kRefuse;
    WriteVerdict verdict = WriteVerdict::kApplied;  // kRefuse: why; kWait: when it lasts too long
    VersionVector context;                          // kReplaceCovered
    Dot replaced;                                   // kReplaceOne
    uint64_t hlc = 0;                               // the token's; the new version's is above
  };

  absl::StatusOr<Entry*> Load(const DocumentKey& key);
  // Applies or refuses `write` at once, or says that it must wait (false).
  absl::StatusOr<bool> TryWrite(const ClientWrite& write);
  Plan PlanWrite(const ClientWrite& write, const Document& document) const;
  Plan PlanByVersion(const ClientWrite& write, const VersionToken& token,
                     const Document& document) const;
  Plan PlanByResolve(const ClientWrite& write, const ResolveToken& token,
                     const Document& document) const;
  bool FromTheFuture(const Dot& dot, uint64_t hlc) const;
  Version Mint(const ClientWrite& write, uint64_t after, Entry* entry);
  void Refuse(const ClientWrite& write, WriteVerdict verdict, const Document& document);
  // FAILED_PRECONDITION when a peer holds a dot of this process that it never issued.
  absl::Status CheckOwnDots(const RemoteDocument& remote) const;
  // A dot by which `mine` and `remote` name different writes.
  static std::optional<Dot> Equivocated(const Document& mine, const RemoteDocument& remote);
  void AlarmOfEquivocation(const Dot& dot, const DocumentKey& key);
  // The documents of `frame` may be taken.
  absl::StatusOr<bool> Admits(const PeerDocuments& frame);
  // `remote` equivocates, or rests on a state of that link that did: neither is it merged nor do
  // its dots enter the clock.
  absl::StatusOr<bool> Withhold(uint64_t link, const RemoteDocument& remote);
  absl::Status MergeRemote(const RemoteDocument& remote,
                           absl::FunctionRef<bool(const Dot&)> remote_covers);
  void LearnDots(const RemoteDocument& remote);
  // The own keys of `range`, the first `limit` of them.
  absl::StatusOr<std::vector<DocumentKey>> KeysIn(const KeyRange& range, size_t limit) const;
  // FAILED_PRECONDITION when `own`, a write of this process that a peer knows, was never issued.
  absl::Status CheckIssued(uint64_t own) const;
  void EndRepair();
  // Raises floor entries to those of `floor`, which the clock covers.
  void Raise(const Floor& floor);
  absl::Status RetryWaiting();
  void CollectDocuments();
  void Account(const DocumentKey& key, const Document& before, const Document& now);

  Replica& replica_;
  const Instant now_;
  const Reader& reader_;
  std::map<DocumentKey, Entry> entries_;
  std::map<std::string, const CollectionRow*> touched_collections_;
  Effects effects_;
};

}  // namespace docstore::core

#endif  // DOCSTORE_SERVER_CORE_GROUP_H_
