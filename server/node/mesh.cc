#include "server/node/mesh.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "server/base/check.h"

namespace docstore::node {
namespace {

void AddTraffic(const Link::Traffic& more, Link::Traffic* sum) {
  sum->sent_frames += more.sent_frames;
  sum->sent_bytes += more.sent_bytes;
  sum->received_frames += more.received_frames;
  sum->received_bytes += more.received_bytes;
}

}  // namespace

Mesh::Mesh(Options options, Env env)
    : options_(std::move(options)),
      env_(std::move(env)),
      started_ms_(env_.clock->WallMs()),
      started_us_(env_.clock->MonotonicUs()),
      addresses_(options_.self.node_uuid),
      gaps_([this] { return env_.random->Next(); }),
      floor_keeper_(options_.floor, started_us_),
      reclaimer_(options_.floor.sweep_us),
      repairer_(
          options_.self.node_uuid, [this] { return env_.random->Next(); }, started_us_),
      alone_since_us_(started_us_) {
  addresses_.MarkSelf(options_.self.peer_address);
  for (const std::string& seed : options_.seeds) addresses_.AddSeed(seed, started_us_);
  for (const core::Member& member : options_.members) {
    if (member.name == options_.self.name) continue;
    peers_[member.name].member = member;
    addresses_.SetOwner(member.peer_address, member.node_uuid, started_us_);
  }
}

Mesh::~Mesh() = default;

void Mesh::Start() {
  FollowRepair();
  Tick();
}

void Mesh::Stop(absl::AnyInvocable<void()> done) {
  constexpr int64_t kGoodbyeUs = 1'000'000;
  stopping_ = true;
  stopped_ = std::move(done);
  for (auto& [id, link] : links_) {
    link->Refuse({core::Refusal::Reason::kShutdown,
                  absl::StrCat(Describe(options_.self), " is shutting down")});
  }
  const auto finish = [this] {
    if (stopped_ != nullptr) std::exchange(stopped_, nullptr)();
  };
  if (links_.empty()) {
    env_.executor->Post(finish);
  } else {
    env_.executor->PostAfter(kGoodbyeUs, finish);
  }
}

PeerStreamEvents* Mesh::Accept(std::unique_ptr<PeerStream> stream) {
  const uint64_t id = next_link_++;
  Link* const link =
      links_.emplace(id, std::make_unique<Link>(id, "", this, env_.clock)).first->second.get();
  // The transport learns where its events go before the first of them.
  env_.executor->Post([this, id, stream = std::move(stream)]() mutable {
    if (Link* const opened = FindLink(id)) opened->Start(std::move(stream));
  });
  return link;
}

void Mesh::Tick() {
  if (stopping_) return;
  const int64_t now_us = env_.clock->MonotonicUs();
  std::vector<Link*> links;
  for (auto& [id, link] : links_) links.push_back(link.get());
  for (Link* const link : links) link->Tick();
  CheckDisk(now_us);
  Dial(now_us);
  if (refusing_seen_ && !gaps_scheduled_) PullGaps({});
  PlanRepair();
  KeepFloor(now_us);
  ReclaimRows();
  SweepDocuments(now_us);
  CheckReady(now_us);
  CheckBarriers();
  env_.executor->PostAfter(kTickUs, [this] { Tick(); });
}

void Mesh::Dial(int64_t now_us) {
  const auto linked = [this](const std::string& uuid) {
    return absl::c_any_of(links_, [&uuid](const auto& entry) {
      const Link& link = *entry.second;
      return link.has_hello() && link.hello().self.node_uuid == uuid &&
             (link.up() || link.state() == Link::State::kJudging);
    });
  };
  for (const std::string& address : addresses_.Due(now_us, linked)) {
    const uint64_t id = next_link_++;
    Link* const link = links_.emplace(id, std::make_unique<Link>(id, address, this, env_.clock))
                           .first->second.get();
    link->Start(env_.network->Dial(address, link));
  }
}

void Mesh::CheckDisk(int64_t now_us) {
  const bool was_low = disk_low_;
  env_.disk_reserve->Check(now_us);
  disk_low_ = env_.disk_reserve->low();
  if (disk_low_ == was_low) return;
  if (disk_low_) {
    env_.log->Write(LogLevel::kError, env_.disk_reserve->Describe());
    return;
  }
  env_.log->Write(LogLevel::kInfo, "the disk has room again: takes writes, replication resumes");
  Resume();
}

void Mesh::Resume() {
  if (!applies()) return;
  for (auto& [id, link] : links_) link->ApplyPaused();
  PullGaps({});
}

void Mesh::CheckReady(int64_t now_us) {
  if (joined_once_) return;
  if (options_.seeds.empty() && peers_.empty()) {
    joined_once_ = true;
    return;
  }
  const bool linked = absl::c_any_of(links_, [](const auto& entry) { return entry.second->up(); });
  if (!linked) {
    // Alone since the only peers left, which for a seed list of this node itself is at once.
    const bool only_self =
        peers_.empty() && absl::c_all_of(options_.seeds, [this](const auto& seed) {
          return addresses_.IsSelf(seed);
        });
    if (!only_self && now_us - alone_since_us_ < kAloneUs) return;
    env_.log->Write(LogLevel::kInfo, only_self ? "ready: the only member so far"
                                               : "ready: no peer reachable, serving alone");
    joined_once_ = true;
    return;
  }
  // A peer that still opens may be the one that has everything.
  const bool opening = absl::c_any_of(links_, [](const auto& entry) {
    const Link::State state = entry.second->state();
    return state == Link::State::kOpening || state == Link::State::kJudging;
  });
  if (opening && now_us - started_us_ < kAloneUs) return;
  const std::shared_ptr<const View> now = view();
  if (!joined_ || !absl::c_all_of(joining_clocks_, [&now](const auto& entry) {
        return now->clock->Covers(entry.second);
      })) {
    return;
  }
  joining_clocks_.clear();
  env_.log->Write(LogLevel::kInfo, "ready: caught up with the peers met at start");
  joined_once_ = true;
}

void Mesh::OnCommitted(CommitNotice notice) {
  for (auto& push : notice.pushes) recent_pushes_.Add(std::move(push));
  for (const std::string& line : notice.alarms) Alarm(line);
  for (const core::PeerApplied& applied : notice.applied) {
    if (Link* const link = FindLink(applied.link)) link->OnApplied(applied.bytes);
  }
  for (const core::PeerApplied& applied : notice.applied) {
    if (repairer_.OnApplied(env_.clock->MonotonicUs(), applied.link, applied.sequence)) {
      FollowRepair();
    }
  }
  CloseRejected(notice.rejected);
  if (notice.dots_erased) reclaimer_.OnErased();
  if (notice.floor_changed || notice.dots_erased) ReclaimRows();
  if (!notice.wanted.empty()) PullGaps(notice.wanted);
  if (!notice.clock_changed && notice.applied.empty()) return;
  for (auto& [id, link] : links_) link->OnCommitted();
  ScheduleDeltas();
  CheckReady(env_.clock->MonotonicUs());
  CheckBarriers();
}

void Mesh::ScheduleDeltas() {
  if (std::exchange(deltas_scheduled_, true)) return;
  env_.executor->PostAfter(kDeltaDelayUs, [this] {
    deltas_scheduled_ = false;
    for (auto& [id, link] : links_) {
      if (link->up()) link->SendDelta();
    }
  });
}

void Mesh::PullGaps(const core::Ranges& urgent) {
  constexpr int64_t kAgainUs = 100'000;
  if (!applies()) return;  // it would only be held back
  const std::shared_ptr<const View> now = view();
  std::vector<PullSource> sources;
  refusing_seen_ = false;
  for (const auto& [id, link] : links_) {
    if (!link->up()) continue;
    if (Refuses(*link, *now)) {
      refusing_seen_ = true;
    } else {
      sources.push_back({id, link->hello().origin, &link->durable_mirror()});
    }
  }
  for (auto& [id, ranges] : gaps_.Plan(env_.clock->MonotonicUs(), *now->clock, sources, urgent)) {
    FindLink(id)->Want(std::move(ranges));
  }
  if (gaps_.idle() || std::exchange(gaps_scheduled_, true)) return;
  env_.executor->PostAfter(kAgainUs, [this] {
    gaps_scheduled_ = false;
    PullGaps({});
  });
}

void Mesh::CheckBarriers() {
  if (barriers_.empty()) return;
  const std::shared_ptr<const View> now = view();
  std::vector<MemberSight> sights = Sights();
  // This node can be the one that is behind.
  sights.push_back({.name = options_.self.name, .durable = now->clock.get()});
  const int64_t now_ms = env_.clock->MonotonicUs() / 1000;
  barriers_.remove_if([&](Barrier& barrier) { return barrier.Check(now_ms, *now->clock, sights); });
}

void Mesh::WaitConverged(int64_t timeout_ms, absl::AnyInvocable<void(Convergence)> done) {
  const uint64_t nonce = next_nonce_++;
  const int64_t now_ms = env_.clock->MonotonicUs() / 1000;
  std::set<uint64_t> asked;
  for (auto& [id, link] : links_) {
    if (link->up()) asked.insert(id);
  }
  barriers_.emplace_back(nonce, now_ms, now_ms + timeout_ms, asked, std::move(done));
  for (const uint64_t id : asked) FindLink(id)->RequestClock(nonce);
  CheckBarriers();
  env_.executor->PostAfter(timeout_ms * 1000, [this] { CheckBarriers(); });
}

core::Hello Mesh::MakeHello() {
  const std::shared_ptr<const View> now = view();
  core::Hello hello{.protocol_version = core::kProtocolVersion,
                    .cluster_name = options_.cluster_name,
                    .self = options_.self,
                    .origin = options_.origin,
                    .started_at_ms = started_ms_,
                    .hlc = now->hlc,
                    .clock = *now->clock,
                    .floor = *now->floor,
                    .credit_bytes = Link::kCreditBytes,
                    .key_proof = options_.key_proof};
  for (const auto& [name, peer] : peers_) hello.members.push_back(peer.member);
  return hello;
}

std::shared_ptr<const View> Mesh::view() const { return env_.pipeline->view(); }

void Mesh::SubmitDocuments(core::PeerDocuments documents) {
  env_.pipeline->Submit(std::move(documents));
}

void Mesh::OnMirror(Link* link) {
  CheckBarriers();
  if (gaps_scheduled_ || view()->clock->Covers(link->durable_mirror())) return;
  PullGaps({});
}

void Mesh::OnAnswer(Link* link, uint64_t nonce) {
  for (Barrier& barrier : barriers_) {
    if (barrier.nonce() == nonce) barrier.OnAnswer(link->id());
  }
  CheckBarriers();
}

void Mesh::OnRefused(Link* link, const core::Refusal& refusal) {
  if (refusal.reason == core::Refusal::Reason::kSelf && link->dialed()) {
    addresses_.MarkSelf(link->address());
  }
  if (refusal.reason == core::Refusal::Reason::kNameTaken) {
    env_.fatal(absl::AlreadyExistsError(refusal.text));
  }
}

void Mesh::OnLinkClosed(Link* link, const absl::Status& status) {
  const int64_t now_us = env_.clock->MonotonicUs();
  const uint64_t id = link->id();
  const bool was_up = link->was_up();
  const std::string who = link->has_hello()
                              ? absl::StrCat("link to ", Describe(link->hello().self))
                              : absl::StrCat("peer at ", link->dialed() ? link->address() : "?");
  if (link->has_hello()) {
    const auto it = peers_.find(link->hello().self.name);
    if (it != peers_.end()) {
      AddTraffic(link->traffic(), &it->second.traffic);
      it->second.last_error = std::string(status.message());
      it->second.last_heard_us = link->last_heard_us();
      if (was_up) it->second.reported = link->durable_mirror();
    }
  }
  if (!stopping_ && link->dialed() && !addresses_.IsSelf(link->address())) {
    LogChange(link->ended_orderly() ? LogLevel::kInfo : LogLevel::kWarning, who,
              absl::StrCat(who, " closed: ", status.message()));
  }
  if (!stopping_ && !link->dialed() && !link->has_hello()) LogStranger(*link, status, now_us);
  if (link->dialed()) addresses_.Done(link->address(), was_up, now_us);
  if (was_up) env_.pipeline->Submit(core::LinkEnded{id});
  repairer_.OnLinkClosed(id);
  joining_clocks_.erase(id);
  for (Barrier& barrier : barriers_) barrier.OnLinkClosed(id);
  links_.erase(id);
  // A dial that fails takes nothing away: only the end of a link starts the time anew.
  if (was_up) alone_since_us_ = now_us;
  if (stopping_ && links_.empty() && stopped_ != nullptr) std::exchange(stopped_, nullptr)();
  CheckBarriers();
}

void Mesh::FillStatus(ClusterStatus* status) const {
  const std::shared_ptr<const View> now = view();
  const int64_t now_us = env_.clock->MonotonicUs();
  status->ready = ready();
  status->converged = true;
  status->alarms = alarms_;
  if (env_.disk_reserve->low()) status->alarms.push_back(env_.disk_reserve->Describe());
  FillReclaiming(*now, status);
  status->members.push_back(
      {.member = options_.self, .state = MemberState::kSelf, .last_heard_ms = 0});
  for (const auto& [name, peer] : peers_) {
    MemberStatus member{.member = peer.member, .last_error = peer.last_error};
    Link::Traffic traffic = peer.traffic;
    int64_t heard_us = peer.last_heard_us;
    const core::Clock* reported = peer.reported.has_value() ? &*peer.reported : nullptr;
    if (const Link* const link = LinkTo(peer.member.node_uuid)) {
      member.state = MemberState::kConnected;
      reported = &link->durable_mirror();
      member.last_error.clear();
      heard_us = link->last_heard_us();
      AddTraffic(link->traffic(), &traffic);
    }
    if (reported != nullptr) {
      member.behind = core::CountDots(now->clock->Minus(*reported));
      member.ahead = core::CountDots(reported->Minus(*now->clock));
    }
    if (heard_us >= 0) member.last_heard_ms = (now_us - heard_us) / 1000;
    member.sent_frames = traffic.sent_frames;
    member.sent_bytes = traffic.sent_bytes;
    member.received_frames = traffic.received_frames;
    member.received_bytes = traffic.received_bytes;
    if (member.state != MemberState::kConnected || member.behind > 0 || member.ahead > 0) {
      status->converged = false;
    }
    status->members.push_back(std::move(member));
  }
  absl::c_sort(status->members, [](const MemberStatus& a, const MemberStatus& b) {
    return a.member.name < b.member.name;
  });
}

std::vector<MemberSight> Mesh::Sights() const {
  std::vector<MemberSight> sights;
  for (const auto& [name, peer] : peers_) {
    MemberSight sight{.name = name};
    if (const Link* const link = LinkTo(peer.member.node_uuid)) {
      sight.link = link->id();
      sight.durable = &link->durable_mirror();
    }
    sights.push_back(std::move(sight));
  }
  return sights;
}

Link* Mesh::FindLink(uint64_t id) const {
  const auto it = links_.find(id);
  return it == links_.end() ? nullptr : it->second.get();
}

Link* Mesh::LinkTo(const std::string& node_uuid) const {
  for (const auto& [id, link] : links_) {
    if (link->up() && link->hello().self.node_uuid == node_uuid) return link.get();
  }
  return nullptr;
}

void Mesh::Alarm(const std::string& line) {
  if (!alarms_.empty() && alarms_.back() == line) return;
  env_.log->Write(LogLevel::kError, line);
  alarms_.push_back(line);
  if (alarms_.size() > kAlarmsMax) alarms_.erase(alarms_.begin());
}

void Mesh::LogStranger(const Link& link, const absl::Status& status, int64_t now_us) {
  if (stranger_logged_us_.has_value() && now_us - *stranger_logged_us_ < kStrangerLogUs) {
    ++strangers_unlogged_;
    return;
  }
  stranger_logged_us_ = now_us;
  const std::string more =
      strangers_unlogged_ == 0
          ? ""
          : absl::StrCat(" (and ", std::exchange(strangers_unlogged_, 0), " like it before)");
  env_.log->Write(LogLevel::kWarning,
                  absl::StrCat("a stream from ", link.remote(), " ended before it said Hello: ",
                               status.ok() ? "by its other end" : status.message(), more));
}

void Mesh::LogChange(LogLevel level, const std::string& about, const std::string& line) {
  std::string& last = last_lines_[about];
  if (last == line) return;
  last = line;
  env_.log->Write(level, line);
}

}  // namespace docstore::node
