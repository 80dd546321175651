// How a Mesh judges the Hello of a peer: who may join, and who must yield.

#include <tuple>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/node/mesh.h"

namespace docstore::node {

std::string Mesh::Describe(const core::Member& member) const {
  return absl::StrCat("node \"", member.name, "\" (", member.peer_address, ", uuid ",
                      absl::BytesToHexString(member.node_uuid), ")");
}

void Mesh::OnHello(Link* link) {
  const core::Hello& hello = link->hello();
  if (stopping_) {
    link->Refuse({core::Refusal::Reason::kShutdown, "shutting down"});
    return;
  }
  if (hello.self.node_uuid == options_.self.node_uuid && hello.origin == options_.origin) {
    if (link->dialed()) addresses_.MarkSelf(link->address());
    link->Refuse({core::Refusal::Reason::kSelf, "this is the node itself"});
    return;
  }
  if (std::optional<core::Refusal> refusal = JudgeCluster(hello)) {
    const std::string about =
        link->dialed() ? link->address() : absl::StrCat("from ", hello.self.peer_address);
    LogChange(LogLevel::kError, about, absl::StrCat("refused a peer: ", refusal->text));
    link->Refuse(*std::move(refusal));
    return;
  }
  if (JudgeTwin(link)) return;
  if (const core::Member* const holder = FindHolder(hello.self)) {
    ProbeHolder(*link, *holder);
    return;
  }
  Admit(link);
}

std::optional<core::Refusal> Mesh::JudgeCluster(const core::Hello& hello) const {
  using Reason = core::Refusal::Reason;
  if (hello.protocol_version != core::kProtocolVersion) {
    return core::Refusal{
        Reason::kProtocolVersion,
        absl::StrCat(Describe(hello.self), " speaks peer protocol ", hello.protocol_version, ", ",
                     Describe(options_.self), " speaks ", core::kProtocolVersion,
                     ": run one release of docstored on all nodes")};
  }
  if (hello.cluster_name != options_.cluster_name) {
    return core::Refusal{
        Reason::kClusterName,
        absl::StrCat(Describe(hello.self), " belongs to cluster \"", hello.cluster_name, "\", ",
                     Describe(options_.self), " to \"", options_.cluster_name,
                     "\": give both the same --cluster, or take the address out of --seeds")};
  }
  if (!env_.verify_key(hello.key_proof)) {
    return core::Refusal{Reason::kKey,
                         absl::StrCat(Describe(hello.self), " and ", Describe(options_.self),
                                      " have different cluster secrets: give both the same "
                                      "--secret-file")};
  }
  return std::nullopt;
}

bool Mesh::JudgeTwin(Link* link) {
  const core::Hello& hello = link->hello();
  const bool same_uuid = hello.self.node_uuid == options_.self.node_uuid;
  if (hello.self.name != options_.self.name && !same_uuid) return false;
  const bool peer_is_second =
      std::tie(hello.started_at_ms, hello.origin) > std::tie(started_ms_, options_.origin);
  const core::Member& first = peer_is_second ? options_.self : hello.self;
  const core::Member& second = peer_is_second ? hello.self : options_.self;
  const std::string text = absl::StrCat(
      Describe(second),
      same_uuid ? " runs on a copy of the data of the live " : " has the name of the live ",
      Describe(first), " and must end: ",
      same_uuid ? "start it on an empty data directory under a name of its own"
                : "start it under another --name");
  if (!peer_is_second) {
    env_.fatal(absl::AlreadyExistsError(text));
    return true;
  }
  env_.log->Write(LogLevel::kError, absl::StrCat("refused a peer: ", text));
  link->Refuse({core::Refusal::Reason::kNameTaken, text});
  return true;
}

const core::Member* Mesh::FindHolder(const core::Member& claimant) const {
  for (const auto& [name, peer] : peers_) {
    const core::Member& member = peer.member;
    if (member.name != claimant.name && member.node_uuid != claimant.node_uuid) continue;
    // At the same address it is that node, or its successor there: the old process is gone.
    if (member.peer_address != claimant.peer_address) return &member;
  }
  return nullptr;
}

void Mesh::ProbeHolder(const Link& link, const core::Member& holder) {
  env_.network->Identify(
      holder.peer_address, kProbeMs,
      [this, id = link.id(), holder](absl::StatusOr<PeerNetwork::Identity> found) {
        OnProbed(id, holder, found);
      });
}

void Mesh::OnProbed(uint64_t id, const core::Member& holder,
                    const absl::StatusOr<PeerNetwork::Identity>& found) {
  Link* const link = FindLink(id);
  if (link == nullptr || link->state() != Link::State::kJudging) return;
  const core::Hello& hello = link->hello();
  const bool alive = found.ok() && found->cluster_name == options_.cluster_name &&
                     found->node_uuid == holder.node_uuid && found->origin != hello.origin;
  if (alive) {
    const std::string text = absl::StrCat(
        Describe(hello.self), " takes the place of ", Describe(holder),
        ", which still runs: start it under another --name on a data directory of its own, or "
        "stop the other");
    env_.log->Write(LogLevel::kError, absl::StrCat("refused a peer: ", text));
    link->Refuse({core::Refusal::Reason::kNameTaken, text});
    return;
  }
  env_.log->Write(LogLevel::kInfo, absl::StrCat(Describe(hello.self), " takes the place of ",
                                                Describe(holder), ", whose process is gone"));
  Admit(link);
}

bool Mesh::SurvivesDuplicate(Link* link) {
  const core::Hello& hello = link->hello();
  Link* const other = LinkTo(hello.self.node_uuid);
  if (other == nullptr) return true;
  const bool restarted = other->hello().origin != hello.origin;
  // A node dials again only when it holds the stream before for lost.
  const bool same_dialer = other->dialed() == link->dialed();
  const bool lower_dials = link->dialed() == (options_.self.node_uuid < hello.self.node_uuid);
  if (restarted || same_dialer || lower_dials) {
    other->Yield();
    return true;
  }
  link->Refuse({core::Refusal::Reason::kDuplicate, "a stream between the two nodes is up already"});
  return false;
}

void Mesh::Admit(Link* link) {
  const core::Hello hello = link->hello();
  const int64_t now_us = env_.clock->MonotonicUs();
  // Also of a duplicate: a second name of a linked peer is not dialled again and again.
  if (link->dialed()) addresses_.SetOwner(link->address(), hello.self.node_uuid, now_us);
  if (!SurvivesDuplicate(link)) return;
  Meet(hello.self, true);
  for (const core::Member& member : hello.members) Meet(member, false);
  joined_ = true;
  if (!joined_once_) joining_clocks_[link->id()] = hello.clock;
  LogChange(LogLevel::kInfo, absl::StrCat("link to ", Describe(hello.self)),
            absl::StrCat("linked to ", Describe(hello.self)));
  link->Accept();
  PullGaps({});
  PlanRepair();
  CheckReady(now_us);
  CheckBarriers();
}

void Mesh::Meet(const core::Member& member, bool directly) {
  if (member.name == options_.self.name || member.node_uuid == options_.self.node_uuid) return;
  const auto it = peers_.find(member.name);
  if (it != peers_.end() && (!directly || it->second.member == member)) return;
  if (it != peers_.end() && it->second.member.peer_address != member.peer_address) {
    addresses_.Forget(it->second.member.peer_address, it->second.member.node_uuid);
  }
  Peer& peer = peers_[member.name];
  // Another disk: what the one before had reported is no promise of this one's.
  if (peer.member.node_uuid != member.node_uuid) peer.reported.reset();
  peer.member = member;
  addresses_.SetOwner(member.peer_address, member.node_uuid, env_.clock->MonotonicUs());
  env_.pipeline->Submit(core::MemberMet{member});
}

}  // namespace docstore::node
