// How a Mesh repairs and is repaired, raises the floor and reclaims what lies below it.

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/core/floor.h"
#include "server/node/mesh.h"

namespace docstore::node {

bool Mesh::Refuses(const Link& link, const View& now) const {
  return !core::CoversFloor(*now.clock, link.told_floor());
}

void Mesh::CloseRejected(const std::vector<core::PeerRejected>& rejected) {
  for (const core::PeerRejected& frame : rejected) {
    // It dials again, and Hello tells both how they stand.
    if (Link* const link = FindLink(frame.link)) {
      link->Close("the peer's floor has passed what this node knows: its documents were not taken");
    }
  }
}

std::vector<Repairer::Peer> Mesh::RepairPeers(const View& now) const {
  std::vector<Repairer::Peer> peers;
  for (const auto& [id, link] : links_) {
    if (!link->up()) continue;
    peers.push_back({.link = id,
                     .node_uuid = link->hello().self.node_uuid,
                     .durable = &link->durable_mirror(),
                     .refuses = Refuses(*link, now),
                     .refused = !core::CoversFloor(link->durable_mirror(), *now.floor)});
  }
  return peers;
}

void Mesh::PlanRepair() {
  if (stopping_ || env_.disk_reserve->low()) return;
  const std::shared_ptr<const View> now = view();
  absl::StatusOr<std::optional<Repairer::Ask>> ask =
      repairer_.Plan(env_.clock->MonotonicUs(), *now, RepairPeers(*now));
  if (!ask.ok()) {
    OnStoreFailed(ask.status());
  } else if (ask->has_value()) {
    FindLink((*ask)->link)->RequestRepair(std::move((*ask)->request));
  }
}

void Mesh::OnRepairRequest(Link* link, const core::RepairRequest& request) {
  const std::shared_ptr<const View> now = view();
  for (const Repairer::Peer& peer : RepairPeers(*now)) {
    if (peer.link != link->id()) continue;
    if (repairer_.Serves(env_.clock->MonotonicUs(), *now, peer, request)) {
      link->AnswerRepair(request);
    }
    return;
  }
}

std::optional<core::RepairDocs> Mesh::MakeRepairDocs(Link* link,
                                                     const core::RepairRequest& request) {
  const std::shared_ptr<const View> now = view();
  if (repairing() && !request.started) return std::nullopt;
  absl::StatusOr<core::RepairDocs> docs = ReadRepairDocs(*now, request);
  if (!docs.ok()) {
    OnStoreFailed(docs.status());
    return std::nullopt;
  }
  if (!docs->range.through.has_value()) repairer_.OnServed(link->hello().self.node_uuid);
  return *std::move(docs);
}

void Mesh::OnRepairDocs(Link* link, uint64_t sequence, core::RepairDocs docs) {
  absl::StatusOr<std::optional<core::RepairChunk>> chunk =
      repairer_.Take(link->id(), sequence, std::move(docs));
  if (!chunk.ok()) {
    link->Refuse({core::Refusal::Reason::kBadFrame, std::string(chunk.status().message())});
    return;
  }
  if (!chunk->has_value()) return;
  // What comes from peers behind this chunk waits until the repair has ended.
  FollowRepair();
  env_.pipeline->Submit(**std::move(chunk));
}

void Mesh::FollowRepair() {
  const std::shared_ptr<const View> now = view();
  const bool was = repairing();
  repairing_ = repairer_.applying() || now->repair != nullptr;
  if (repairing() && !was) {
    const Link* const source = FindLink(repairer_.source());
    env_.log->Write(
        LogLevel::kWarning,
        absl::StrCat(
            "being repaired",
            source == nullptr ? "" : absl::StrCat(" from ", Describe(source->hello().self)),
            ": takes no calls until it is through"));
  }
  if (!repairing() && was) {
    env_.log->Write(LogLevel::kInfo, "repaired: takes calls and replicates again");
    reclaimer_.OnRepaired();
    Resume();
  }
  if (repairing()) PlanRepair();
}

std::vector<FloorKeeper::Member> Mesh::FloorMembers() const {
  std::vector<FloorKeeper::Member> members;
  for (const auto& [name, peer] : peers_) {
    FloorKeeper::Member member{.name = name, .heard_us = peer.last_heard_us};
    if (const Link* const link = LinkTo(peer.member.node_uuid)) {
      member.durable = &link->durable_mirror();
      member.connected = true;
      member.heard_us = link->last_heard_us();
    } else if (peer.reported.has_value()) {
      member.durable = &*peer.reported;
    }
    members.push_back(std::move(member));
  }
  return members;
}

void Mesh::KeepFloor(int64_t now_us) {
  const std::shared_ptr<const View> now = view();
  const bool pinned = repairing() || env_.disk_reserve->low() || repairer_.Pins(now_us);
  std::optional<core::Floor> floor =
      floor_keeper_.Check(now_us, *now->clock, *now->floor, FloorMembers(), pinned);
  if (floor.has_value()) env_.pipeline->Submit(core::RaiseFloor{*std::move(floor)});
}

void Mesh::ReclaimRows() {
  if (reclaim_scheduled_ || stopping_ || !applies()) return;
  absl::StatusOr<std::optional<core::StripRows>> rows = reclaimer_.NextRows(*view());
  if (!rows.ok()) {
    OnStoreFailed(rows.status());
    return;
  }
  if (!rows->has_value()) return;
  env_.pipeline->Submit(**std::move(rows));
  reclaim_scheduled_ = true;
  env_.executor->PostAfter(kReclaimUs, [this] {
    reclaim_scheduled_ = false;
    ReclaimRows();
  });
}

void Mesh::SweepDocuments(int64_t now_us) {
  if (!applies()) return;
  absl::StatusOr<std::optional<core::StripRows>> rows = reclaimer_.NextDocuments(now_us, *view());
  if (!rows.ok()) {
    OnStoreFailed(rows.status());
  } else if (rows->has_value()) {
    env_.pipeline->Submit(**std::move(rows));
  }
}

void Mesh::FillReclaiming(const View& now, ClusterStatus* status) const {
  const int64_t now_us = env_.clock->MonotonicUs();
  status->indexed_dots = CountAbove(*now.clock, *now.floor);
  if (const std::optional<FloorKeeper::Blocker> blocker = floor_keeper_.blocker(now_us)) {
    status->floor_blocked_by = blocker->name;
    status->floor_blocked_ms = (now_us - blocker->since_us) / 1000;
    if (now_us - blocker->since_us >= kBlockedAlarmUs) {
      status->alarms.push_back(
          absl::StrCat("member \"", blocker->name, "\" has not caught up for ",
                       status->floor_blocked_ms / 60'000, " min: ", status->indexed_dots,
                       " writes are kept indexed for it, with deleted documents and contexts"));
    }
  }
  status->repairing = repairing();
  status->repair_chunks = now.repair == nullptr ? 0 : now.repair->chunks;
  if (!status->repairing) return;
  status->alarms.push_back(absl::StrCat(
      "being repaired by its peers, takes no calls: ", status->repair_chunks,
      status->repair_chunks == 0
          ? " chunks so far"
          : absl::StrCat(" chunks so far, up to document ", now.repair->through.collection, "/",
                         now.repair->through.id)));
}

}  // namespace docstore::node
