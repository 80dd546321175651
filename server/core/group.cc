#include "server/core/group.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "server/base/check.h"
#include "server/base/mutant.h"
#include "server/base/status_macros.h"

namespace docstore::core {
namespace {

// A token's timestamp further ahead than this is refused, not followed.
constexpr int64_t kTokenFutureMsMax = 3'600'000;

VersionVector FullContext(const Document& document) {
  VersionVector context = document.context;
  for (const Version& version : document.versions) context.Join(version.dot);
  return context;
}

// Versions that were shown beside the winner and are gone.
uint64_t CountSuperseded(const Document& before, const Document& after) {
  const std::vector<const Version*> shown = before.Shown();
  uint64_t replaced = 0;
  for (size_t i = 1; i < shown.size(); ++i) {
    if (after.Find(shown[i]->dot) == nullptr) ++replaced;
  }
  return replaced;
}

}  // namespace

absl::StatusOr<Replica::Group::Entry*> Replica::Group::Load(const DocumentKey& key) {
  const auto it = entries_.find(key);
  if (it != entries_.end()) return &it->second;
  ASSIGN_OR_RETURN(Document document, reader_.ReadDocument(key));
  Entry& entry = entries_[key];
  entry.before = document;
  entry.now = std::move(document);
  return &entry;
}

bool Replica::Group::FromTheFuture(const Dot& dot, uint64_t hlc) const {
  return (dot.origin == replica_.origin_ && dot.seq >= replica_.next_seq_) ||
         hlc > HlcFromMs(now_.wall_ms + kTokenFutureMsMax);
}

Replica::Group::Plan Replica::Group::PlanByVersion(const ClientWrite& write,
                                                   const VersionToken& token,
                                                   const Document& document) const {
  if (FromTheFuture(token.dot, token.hlc)) {
    return {.kind = Plan::Kind::kRefuse, .verdict = WriteVerdict::kBadToken};
  }
  const bool guard = write.guard == Guard::kIfVersion;
  if (document.Find(token.dot) != nullptr) {
    if (guard && document.winner()->dot != token.dot) {
      return {.kind = Plan::Kind::kRefuse, .verdict = WriteVerdict::kMoved};
    }
    if (MUTANT("version-as-vector")) {
      return {.kind = Plan::Kind::kReplaceCovered, .context = VersionVector({token.dot})};
    }
    return {.kind = Plan::Kind::kReplaceOne, .replaced = token.dot, .hlc = token.hlc};
  }
  if (!replica_.clock_.Contains(token.dot) && !document.context.Covers(token.dot)) {
    return {.kind = Plan::Kind::kWait, .verdict = WriteVerdict::kNotCaughtUp};
  }
  // Seen and gone. An empty document matches no token: a guard read before a delete fails also when
  // nothing is left of the document.
  if (guard) return {.kind = Plan::Kind::kRefuse, .verdict = WriteVerdict::kMoved};
  return {.kind = Plan::Kind::kReplaceCovered, .hlc = token.hlc};
}

Replica::Group::Plan Replica::Group::PlanByResolve(const ClientWrite& write,
                                                   const ResolveToken& token,
                                                   const Document& document) const {
  for (const Dot& dot : token.context.entries()) {
    if (FromTheFuture(dot, token.hlc)) {
      return {.kind = Plan::Kind::kRefuse, .verdict = WriteVerdict::kBadToken};
    }
  }
  for (const Dot& dot : token.context.entries()) {
    if (dot.origin != replica_.origin_ && !replica_.clock_.Knows(dot.origin)) {
      return {.kind = Plan::Kind::kWait, .verdict = WriteVerdict::kUnknownOrigin};
    }
  }
  if (write.guard == Guard::kIfVersion) {
    if (document.versions.empty() || document.dots() != token.dots) {
      const bool seen = absl::c_all_of(token.dots, [&](const Dot& dot) {
        return replica_.clock_.Contains(dot) || document.context.Covers(dot);
      });
      return seen ? Plan{.kind = Plan::Kind::kRefuse, .verdict = WriteVerdict::kMoved}
                  : Plan{.kind = Plan::Kind::kWait, .verdict = WriteVerdict::kNotCaughtUp};
    }
  }
  return {.kind = Plan::Kind::kReplaceCovered, .context = token.context, .hlc = token.hlc};
}

Replica::Group::Plan Replica::Group::PlanWrite(const ClientWrite& write,
                                               const Document& document) const {
  switch (write.guard) {
    case Guard::kIfAbsent:
      if (document.live()) {
        return {.kind = Plan::Kind::kRefuse, .verdict = WriteVerdict::kAlreadyExists};
      }
      break;
    case Guard::kNone:
      if (write.deleted && !document.live()) {
        return {.kind = Plan::Kind::kRefuse, .verdict = WriteVerdict::kNotFound};
      }
      break;
    case Guard::kIfVersion:
    case Guard::kContext:
      if (const auto* version = std::get_if<VersionToken>(&write.token)) {
        return PlanByVersion(write, *version, document);
      }
      return PlanByResolve(write, std::get<ResolveToken>(write.token), document);
  }
  return {.kind = Plan::Kind::kReplaceCovered, .context = FullContext(document)};
}

void Replica::Group::Refuse(const ClientWrite& write, WriteVerdict verdict,
                            const Document& document) {
  WriteResult result{.verdict = verdict};
  if (const Version* winner = document.winner()) {
    result.version = {.dot = winner->dot, .hlc = winner->hlc};
  }
  effects_.replies.push_back({write.ticket, result});
}

Version Replica::Group::Mint(const ClientWrite& write, uint64_t after, Entry* entry) {
  Version version{.dot = {replica_.origin_, replica_.next_seq_++},
                  .hlc = replica_.hybrid_clock_.Tick(now_.wall_ms, after),
                  .deleted = write.deleted,
                  .hash = write.hash,
                  .body = write.body};
  replica_.clock_.Add(version.dot);
  effects_.clock_changed = true;
  effects_.rows.dots.push_back({version.dot, write.key});
  const uint64_t seq = version.dot.seq;
  if (!entry->minted.empty() && entry->minted.back().last + 1 == seq) {
    entry->minted.back().last = seq;
  } else {
    entry->minted.push_back({version.dot.origin, seq, seq});
  }
  return version;
}

absl::StatusOr<bool> Replica::Group::TryWrite(const ClientWrite& write) {
  if (replica_.repair_.has_value()) {
    Refuse(write, WriteVerdict::kRepairing, Document());
    return true;
  }
  ASSIGN_OR_RETURN(Entry* const entry, Load(write.key));
  const Plan plan = PlanWrite(write, entry->now);
  if (plan.kind == Plan::Kind::kWait) {
    if (now_.monotonic_ms < write.wait_until_ms) return false;
    Refuse(write, plan.verdict, entry->now);
    return true;
  }
  if (plan.kind == Plan::Kind::kRefuse) {
    Refuse(write, plan.verdict, entry->now);
    return true;
  }
  const size_t replaced =
      plan.kind == Plan::Kind::kReplaceOne
          ? 1
          : absl::c_count_if(entry->now.versions, [&plan](const Version& version) {
              return plan.context.Covers(version.dot);
            });
  if (replaced == 0 && entry->now.versions.size() >= kSiblingsMax) {
    Refuse(write, WriteVerdict::kTooManySiblings, entry->now);
    return true;
  }
  Version version = Mint(write, std::max(plan.hlc, entry->now.max_hlc()), entry);
  WriteResult result{.version = {.dot = version.dot, .hlc = version.hlc}};
  Document after = plan.kind == Plan::Kind::kReplaceOne
                       ? ReplaceOne(entry->now, plan.replaced, std::move(version))
                       : ReplaceCovered(entry->now, plan.context, std::move(version));
  result.superseded = CountSuperseded(entry->now, after);
  result.sibling_count = after.Shown().size() - 1;
  entry->now = std::move(after);
  effects_.replies.push_back({write.ticket, result});
  return true;
}

absl::Status Replica::Group::Apply(ClientWrite write) {
  CHECK(write.deleted == (write.body == nullptr));
  ASSIGN_OR_RETURN(const bool done, TryWrite(write));
  if (done) return absl::OkStatus();
  if (replica_.waiting_.size() >= kWaitingWritesMax) {
    Refuse(write, WriteVerdict::kNotCaughtUp, Document());
    return absl::OkStatus();
  }
  if (const auto* version = std::get_if<VersionToken>(&write.token)) {
    effects_.wanted.push_back({version->dot.origin, version->dot.seq, version->dot.seq});
  } else {
    for (const Dot& dot : std::get<ResolveToken>(write.token).dots) {
      effects_.wanted.push_back({dot.origin, dot.seq, dot.seq});
    }
  }
  replica_.waiting_.push_back(std::move(write));
  return absl::OkStatus();
}

absl::Status Replica::Group::CheckIssued(uint64_t own) const {
  if (own < replica_.next_seq_) return absl::OkStatus();
  // This process was rolled back to an earlier image: its next writes would reuse names that peers
  // know. A restart takes a fresh origin.
  return absl::FailedPreconditionError(absl::StrCat(
      "a peer holds write ", own, " of this process, which has issued only ",
      replica_.next_seq_ - 1, ": the running image was rolled back; restart the node"));
}

absl::Status Replica::Group::CheckOwnDots(const RemoteDocument& remote) const {
  uint64_t own = remote.document.context.Get(replica_.origin_);
  for (const Version& version : remote.document.versions) {
    if (version.dot.origin == replica_.origin_) own = std::max(own, version.dot.seq);
  }
  for (const Range& range : remote.resolved) {
    if (range.origin == replica_.origin_) own = std::max(own, range.last);
  }
  return CheckIssued(own);
}

std::optional<Dot> Replica::Group::Equivocated(const Document& mine, const RemoteDocument& remote) {
  for (const Version& version : remote.document.versions) {
    const Version* same = mine.Find(version.dot);
    if (same != nullptr && !(*same == version)) return version.dot;
  }
  return std::nullopt;
}

void Replica::Group::AlarmOfEquivocation(const Dot& dot, const DocumentKey& key) {
  effects_.alarms.push_back(absl::StrCat("EQUIVOCATION: two different writes are both named ",
                                         core::ToString(dot), " in collection ", key.collection,
                                         "; write the document again to end it"));
}

absl::StatusOr<bool> Replica::Group::Withhold(uint64_t link, const RemoteDocument& remote) {
  ASSIGN_OR_RETURN(const Entry* const entry, Load(remote.key));
  const std::optional<Dot> dot = Equivocated(entry->now, remote);
  if (dot.has_value()) {
    if (replica_.withheld_[link].emplace(remote.key, *dot).second) {
      AlarmOfEquivocation(*dot, remote.key);
    }
    return true;
  }
  const auto on_link = replica_.withheld_.find(link);
  if (on_link == replica_.withheld_.end()) return false;
  // A name alone rests on a state that was not taken.
  if (remote.document.empty()) return on_link->second.contains(remote.key);
  on_link->second.erase(remote.key);
  return false;
}

absl::StatusOr<bool> Replica::Group::Admits(const PeerDocuments& frame) {
  if (replica_.repair_.has_value() || replica_.rejected_links_.contains(frame.link)) return false;
  // Below its floor a sender has dropped contexts and tombstones. They are no loss to a receiver
  // that knows all they stood for, and to no other.
  if (!CoversFloor(replica_.clock_, frame.floor)) return false;
  const auto withheld = replica_.withheld_.find(frame.link);
  if (withheld == replica_.withheld_.end()) return true;
  if (withheld->second.size() >= kWithheldKeysMax) return false;
  for (const auto& [key, dot] : withheld->second) {
    // Somebody has written it again: on a new link its state comes whole.
    ASSIGN_OR_RETURN(const Entry* const entry, Load(key));
    if (entry->now.Find(dot) == nullptr) return false;
  }
  return true;
}

absl::Status Replica::Group::MergeRemote(const RemoteDocument& remote,
                                         absl::FunctionRef<bool(const Dot&)> remote_covers) {
  ASSIGN_OR_RETURN(Entry* const entry, Load(remote.key));
  for (const Version& version : remote.document.versions) {
    if (!replica_.hybrid_clock_.Observe(version.hlc, now_.wall_ms)) {
      effects_.alarms.push_back(
          "CLOCK_DRIFT: a peer's timestamps are over 500 ms ahead of this node's clock");
    }
  }
  entry->now = Merge(entry->now, remote.document, replica_.clock_, remote_covers);
  LearnDots(remote);
  // A late duplicate must not leave behind a context that nothing would ever strip.
  entry->now = Strip(std::move(entry->now), replica_.floor_);
  return absl::OkStatus();
}

void Replica::Group::LearnDots(const RemoteDocument& remote) {
  for (const Range& fresh : replica_.clock_.MissingFrom(remote.resolved)) {
    for (uint64_t seq = fresh.first; seq <= fresh.last; ++seq) {
      effects_.rows.dots.push_back({{fresh.origin, seq}, remote.key});
    }
    effects_.clock_changed = true;
  }
  replica_.clock_.Add(remote.resolved);
}

absl::Status Replica::Group::Apply(const PeerDocuments& frame) {
  ASSIGN_OR_RETURN(const bool admitted, Admits(frame));
  if (!admitted) {
    replica_.rejected_links_.insert(frame.link);
    effects_.rejected.push_back({frame.link, frame.sequence});
    return absl::OkStatus();
  }
  for (const RemoteDocument& remote : frame.documents) {
    RETURN_IF_ERROR(CheckOwnDots(remote));
    ASSIGN_OR_RETURN(const bool withheld, Withhold(frame.link, remote));
    if (withheld) continue;
    // What lies below that floor was either overwritten here too, or still lives at the sender; its
    // floor decides nothing, for a name alone comes without the state it stands for.
    RETURN_IF_ERROR(MergeRemote(remote, [](const Dot&) { return false; }));
  }
  effects_.applied.push_back({frame.link, frame.sequence, frame.bytes});
  return absl::OkStatus();
}

absl::Status Replica::Group::Apply(const LinkEnded& ended) {
  replica_.rejected_links_.erase(ended.link);
  replica_.withheld_.erase(ended.link);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<DocumentKey>> Replica::Group::KeysIn(const KeyRange& range,
                                                                size_t limit) const {
  ASSIGN_OR_RETURN(std::vector<DocumentKey> keys, reader_.ListKeys(range, limit));
  for (const auto& [key, entry] : entries_) {
    if (range.Contains(key)) keys.push_back(key);
  }
  absl::c_sort(keys);
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  if (keys.size() > limit) keys.resize(limit);
  return keys;
}

absl::Status Replica::Group::Apply(const RepairChunk& chunk) {
  effects_.applied.push_back({chunk.link, chunk.sequence, chunk.bytes});
  const RepairProgress before = replica_.repair_.value_or(RepairProgress());
  if (!before.ContinuedBy(chunk)) return absl::OkStatus();
  RETURN_IF_ERROR(CheckIssued(chunk.clock.of(replica_.origin_).max()));
  KeyRange range = chunk.range;
  ASSIGN_OR_RETURN(std::vector<DocumentKey> keys, KeysIn(range, kRepairKeysMax + 1));
  if (keys.size() > kRepairKeysMax) {
    keys.pop_back();
    range.through = keys.back();
  }
  std::map<DocumentKey, RemoteDocument> states;
  // What the source does not hold, it has seen go as far as it knows of it.
  for (const DocumentKey& key : keys) states[key].key = key;
  for (const RemoteDocument& remote : chunk.documents) {
    CHECK(chunk.range.Contains(remote.key) && remote.resolved.empty());
    if (range.Contains(remote.key)) states[remote.key] = remote;
  }
  for (const auto& [key, state] : states) {
    RETURN_IF_ERROR(CheckOwnDots(state));
    ASSIGN_OR_RETURN(const Entry* const entry, Load(key));
    if (const auto dot = Equivocated(entry->now, state)) AlarmOfEquivocation(*dot, key);
    RETURN_IF_ERROR(
        MergeRemote(state, [&chunk](const Dot& dot) { return chunk.clock.Contains(dot); }));
  }
  replica_.repair_ = before;
  replica_.repair_->Advance(chunk.clock, chunk.floor, range);
  effects_.repair_changed = true;
  if (!range.through.has_value()) EndRepair();
  effects_.rows.repair = replica_.repair_;
  effects_.rows.repair_ended = !replica_.repair_.has_value();
  return absl::OkStatus();
}

void Replica::Group::EndRepair() {
  if (!replica_.repair_->Sound()) {
    replica_.repair_ = RepairProgress();  // once more, from the first key
    return;
  }
  const Floor known = replica_.repair_->Known();
  replica_.repair_.reset();
  const Clock dots = ClockOf(known);
  if (!replica_.clock_.Covers(dots)) effects_.clock_changed = true;
  replica_.clock_.Add(dots);
  // What the sources had stripped can be told from what is missing only by a floor as high.
  Raise(known);
}

void Replica::Group::Raise(const Floor& floor) {
  for (const Dot& dot : floor.entries()) {
    if (replica_.floor_.Covers(dot)) continue;
    replica_.floor_.Join(dot);
    effects_.rows.raised.Join(dot);
    effects_.floor_changed = true;
  }
}

absl::Status Replica::Group::Apply(const RaiseFloor& raise) {
  if (!replica_.repair_.has_value()) Raise(Lower(raise.floor, BaseOf(replica_.clock_)));
  return absl::OkStatus();
}

absl::Status Replica::Group::Apply(const StripRows& rows) {
  for (const DotRow& row : rows.dots) {
    if (!replica_.floor_.Covers(row.dot)) continue;
    effects_.rows.erased_dots.push_back(row.dot);
    ASSIGN_OR_RETURN(Entry* const entry, Load(row.key));
    entry->now = Strip(std::move(entry->now), replica_.floor_);
  }
  for (const DocumentKey& key : rows.keys) {
    ASSIGN_OR_RETURN(Entry* const entry, Load(key));
    entry->now = Strip(std::move(entry->now), replica_.floor_);
  }
  return absl::OkStatus();
}

absl::Status Replica::Group::Apply(MemberMet met) {
  Member& known = replica_.members_[met.member.name];
  if (known == met.member) return absl::OkStatus();
  known = met.member;
  effects_.rows.members.push_back(std::move(met.member));
  return absl::OkStatus();
}

absl::Status Replica::Group::Apply(const Checkpoint&) {
  effects_.rows.clock_checkpoint = replica_.clock_;
  replica_.dots_since_checkpoint_ = 0;
  return absl::OkStatus();
}

absl::Status Replica::Group::RetryWaiting() {
  if (replica_.waiting_.empty()) return absl::OkStatus();
  std::vector<ClientWrite> waiting = std::exchange(replica_.waiting_, {});
  for (ClientWrite& write : waiting) {
    ASSIGN_OR_RETURN(const bool done, TryWrite(write));
    if (!done) replica_.waiting_.push_back(std::move(write));
  }
  for (const ClientWrite& write : replica_.waiting_) {
    effects_.wake_at_ms =
        std::min(effects_.wake_at_ms.value_or(write.wait_until_ms), write.wait_until_ms);
  }
  return absl::OkStatus();
}

void Replica::Group::Account(const DocumentKey& key, const Document& before, const Document& now) {
  CollectionRow& row = replica_.collections_[key.collection];
  row.name = key.collection;
  row.documents += now.live() - before.live();
  row.conflicts += now.conflicted() - before.conflicted();
  row.body_bytes += now.body_bytes() - before.body_bytes();
  touched_collections_[key.collection] = &row;
}

void Replica::Group::CollectDocuments() {
  for (auto& [key, entry] : entries_) {
    if (!entry.minted.empty()) {
      RemoteDocument push{.key = key, .document = entry.now, .resolved = entry.minted};
      Clock resolved(entry.minted);
      for (const Version& version : entry.now.versions) {
        if (replica_.floor_.Covers(version.dot)) continue;
        if (replica_.clock_.Contains(version.dot)) resolved.Add(version.dot);
      }
      push.resolved = resolved.ToRanges();
      effects_.push.push_back(std::move(push));
    }
    if (entry.now == entry.before) continue;
    Account(key, entry.before, entry.now);
    ConflictRow conflict_row = ConflictRow::kKeep;
    if (entry.now.conflicted() != entry.before.conflicted()) {
      conflict_row = entry.now.conflicted() ? ConflictRow::kAdd : ConflictRow::kRemove;
    }
    effects_.rows.documents.push_back({key, std::move(entry.now), conflict_row});
  }
  for (const auto& [name, row] : touched_collections_) effects_.rows.collections.push_back(*row);
}

absl::StatusOr<Effects> Replica::Group::Finish() {
  RETURN_IF_ERROR(RetryWaiting());
  CollectDocuments();
  if (replica_.hybrid_clock_.last() >= replica_.hlc_upper_) {
    constexpr int64_t kUpperAheadMs = 1000;
    replica_.hlc_upper_ = replica_.hybrid_clock_.last() + HlcFromMs(kUpperAheadMs);
    effects_.rows.hlc_upper = replica_.hlc_upper_;
  }
  replica_.dots_since_checkpoint_ += effects_.rows.dots.size();
  if (replica_.dots_since_checkpoint_ >= kCheckpointDots) {
    RETURN_IF_ERROR(Apply(Checkpoint{}));
  }
  return std::move(effects_);
}

}  // namespace docstore::core
