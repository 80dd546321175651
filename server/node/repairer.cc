#include "server/node/repairer.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "server/base/status_macros.h"
#include "server/core/floor.h"
#include "server/core/repair.h"
#include "server/node/link.h"

namespace docstore::node {
namespace {

const Repairer::Peer* Find(const std::vector<Repairer::Peer>& peers, uint64_t link) {
  const auto it =
      absl::c_find_if(peers, [link](const Repairer::Peer& peer) { return peer.link == link; });
  return it == peers.end() ? nullptr : &*it;
}

// `peer` can go on with a repair that stands at `progress`. One whose clock does not hold what
// other sources had dropped would make it begin anew.
bool Continues(const Repairer::Peer& peer, const core::RepairProgress& progress) {
  return core::CoversFloor(*peer.durable, progress.floors);
}

// Less is better: one that refuses knows what this node cannot get otherwise.
int Rank(const Repairer::Peer& peer, const core::RepairProgress& progress) {
  return (Continues(peer, progress) ? 0 : 2) + (peer.refuses ? 0 : 1);
}

bool Answers(const core::RepairDocs& docs, const core::RepairRequest& request) {
  if (docs.range.after != request.range.after) return false;
  if (!request.range.through.has_value()) return true;
  return docs.range.through.has_value() && *docs.range.through <= *request.range.through;
}

absl::Status CheckSound(const core::RepairDocs& docs) {
  const core::DocumentKey* last = &docs.range.after;
  for (const core::RemoteDocument& remote : docs.documents) {
    if (remote.key <= *last || !docs.range.Contains(remote.key) || !remote.resolved.empty()) {
      return absl::InvalidArgumentError("repair documents out of their order or range");
    }
    last = &remote.key;
  }
  if (docs.range.through.has_value() && *docs.range.through <= docs.range.after) {
    return absl::InvalidArgumentError("repair documents of an empty range");
  }
  if (!core::CoversFloor(docs.clock, docs.floor)) {
    return absl::InvalidArgumentError("repair documents with a floor above their clock");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<Repairer::Ask>> Repairer::Plan(int64_t now_us, const View& view,
                                                            const std::vector<Peer>& peers) {
  FollowLacking(now_us, *view.clock, peers);
  if (applying_.has_value() || !MayAsk(now_us, peers)) return std::nullopt;
  const bool started = view.repair != nullptr;
  if (!started && Serving(now_us)) return std::nullopt;
  const Peer* const chosen = Choose(now_us, view, peers);
  if (chosen == nullptr) return std::nullopt;
  core::RepairRequest request{.started = started};
  if (started) request.range.after = view.repair->through;
  ASSIGN_OR_RETURN(const std::vector<core::DocumentKey> own,
                   view.snapshot->ListKeys(request.range, kOwnKeysMax));
  if (own.size() >= kOwnKeysMax) request.range.through = own.back();
  if (chosen->link != source_) session_ = random_();
  request.session = session_;
  source_ = chosen->link;
  waiting_ = true;
  asked_us_ = now_us;
  asked_[source_] = request;
  return Ask{source_, std::move(request)};
}

void Repairer::FollowLacking(int64_t now_us, const core::Clock& own,
                             const std::vector<Peer>& peers) {
  std::map<uint64_t, Lacking> lacking;
  core::Clock served;
  if (absl::c_any_of(peers, [](const Peer& peer) { return peer.refuses; })) {
    for (const Peer& peer : peers) {
      if (!peer.refuses) served.Add(*peer.durable);
    }
  }
  for (const Peer& peer : peers) {
    if (!peer.refuses) continue;
    core::Clock dots(core::Clock(peer.durable->Minus(own)).Minus(served));
    if (dots.empty()) continue;
    const auto known = lacking_.find(peer.link);
    int64_t since_us = now_us;
    if (known != lacking_.end()) {
      // Of those it had before; when all have come, it is no longer the only one by which they can.
      core::Clock still = known->second.dots.Intersect(dots);
      if (!still.empty()) {
        dots = std::move(still);
        since_us = known->second.since_us;
      }
    }
    lacking[peer.link] = {std::move(dots), since_us};
  }
  lacking_ = std::move(lacking);
}

bool Repairer::MayAsk(int64_t now_us, const std::vector<Peer>& peers) {
  if (waiting_) {
    const bool gone = Find(peers, source_) == nullptr;
    if (!gone && now_us - asked_us_ < kAnswerUs) return false;
    if (!gone) {
      given_up_ = source_;
      retry_us_ =
          now_us + kRetryUsMin + static_cast<int64_t>(random_() % (kRetryUsMax - kRetryUsMin));
    }
    waiting_ = false;
    source_ = 0;
  }
  return now_us >= retry_us_;
}

bool Repairer::Triggers(int64_t now_us, const core::Clock& own, const Peer& peer) const {
  const auto lacking = lacking_.find(peer.link);
  if (lacking == lacking_.end()) return false;
  // Of two that refuse each other the lower one begins; the other serves it and is next.
  if (peer.refused && own_uuid_ > peer.node_uuid) return false;
  return own.empty() || now_us - lacking->second.since_us >= kTriggerUs;
}

std::vector<const Repairer::Peer*> Repairer::Candidates(int64_t now_us, const View& view,
                                                        const std::vector<Peer>& peers) const {
  std::vector<const Peer*> candidates;
  for (const Peer& peer : peers) {
    const bool fits = view.repair == nullptr
                          ? Triggers(now_us, *view.clock, peer)
                          : Continues(peer, *view.repair) || now_us - progress_us_ >= kStuckUs;
    if (fits) candidates.push_back(&peer);
  }
  return candidates;
}

const Repairer::Peer* Repairer::Choose(int64_t now_us, const View& view,
                                       const std::vector<Peer>& peers) {
  if (view.repair != nullptr) {
    if (const Peer* const source = Find(peers, source_)) return source;
  }
  std::vector<const Peer*> candidates = Candidates(now_us, view, peers);
  if (candidates.size() > 1) {
    std::erase_if(candidates, [this](const Peer* peer) { return peer->link == given_up_; });
  }
  if (candidates.empty()) return nullptr;
  if (view.repair != nullptr) {
    int best = Rank(*candidates.front(), *view.repair);
    for (const Peer* peer : candidates) best = std::min(best, Rank(*peer, *view.repair));
    std::erase_if(candidates,
                  [best, &view](const Peer* peer) { return Rank(*peer, *view.repair) != best; });
  }
  return candidates[random_() % candidates.size()];
}

absl::StatusOr<std::optional<core::RepairChunk>> Repairer::Take(uint64_t link, uint64_t sequence,
                                                                core::RepairDocs docs) {
  const auto asked = asked_.find(link);
  if (applying_.has_value() || asked == asked_.end()) return std::nullopt;
  if (asked->second.session != docs.session) return std::nullopt;
  RETURN_IF_ERROR(CheckSound(docs));
  if (!Answers(docs, asked->second)) {
    return absl::InvalidArgumentError("repair documents of another range than was asked for");
  }
  asked_.clear();
  waiting_ = false;
  given_up_ = 0;
  retry_us_ = 0;
  if (source_ != link) {
    source_ = link;
    session_ = docs.session;
  }
  applying_ = {link, sequence};
  return core::RepairChunk{.link = link,
                           .sequence = sequence,
                           .clock = std::move(docs.clock),
                           .floor = std::move(docs.floor),
                           .range = std::move(docs.range),
                           .documents = std::move(docs.documents)};
}

bool Repairer::OnApplied(int64_t now_us, uint64_t link, uint64_t sequence) {
  if (applying_ != std::pair(link, sequence)) return false;
  applying_.reset();
  progress_us_ = now_us;
  return true;
}

bool Repairer::Serves(int64_t now_us, const View& view, const Peer& peer,
                      const core::RepairRequest& request) {
  if (applying_.has_value()) return false;
  if (view.repair != nullptr) return request.started && now_us - progress_us_ >= kForsakenUs;
  const bool asks_back = source_ == peer.link && peer.node_uuid < own_uuid_;
  if (waiting_ && !request.started && !asks_back) return false;
  // It cannot be both: an answer that comes now is too late.
  asked_.clear();
  waiting_ = false;
  source_ = 0;
  sessions_[peer.node_uuid] = {peer.link, now_us};
  return true;
}

bool Repairer::Serving(int64_t now_us) const {
  return absl::c_any_of(sessions_, [now_us](const auto& entry) {
    return entry.second.link != 0 && now_us - entry.second.asked_us < kServingUs;
  });
}

bool Repairer::Pins(int64_t now_us) const {
  return absl::c_any_of(
      sessions_, [now_us](const auto& entry) { return now_us - entry.second.asked_us < kPinUs; });
}

void Repairer::OnLinkClosed(uint64_t link) {
  asked_.erase(link);
  lacking_.erase(link);
  for (auto& [uuid, session] : sessions_) {
    if (session.link == link) session.link = 0;
  }
}

absl::StatusOr<core::RepairDocs> ReadRepairDocs(const View& view,
                                                const core::RepairRequest& request) {
  constexpr size_t kKeysAtOnce = 256;
  core::RepairDocs docs{.session = request.session,
                        .clock = *view.clock,
                        .floor = *view.floor,
                        .range = request.range};
  core::KeyRange rest = request.range;
  uint64_t cost = 0;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<core::DocumentKey> keys,
                     view.snapshot->ListKeys(rest, kKeysAtOnce));
    for (const core::DocumentKey& key : keys) {
      ASSIGN_OR_RETURN(core::Document document, view.snapshot->ReadDocument(key));
      if (document.empty()) continue;
      docs.documents.push_back({.key = key, .document = std::move(document)});
      cost += DocumentCost(docs.documents.back());
      if (cost >= Link::kDocsBytesMax) {
        docs.range.through = key;
        return docs;
      }
    }
    if (keys.size() < kKeysAtOnce) return docs;
    rest.after = keys.back();
  }
}

}  // namespace docstore::node
