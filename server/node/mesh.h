// Mesh: all links of one node, the members it has met, and what follows from their clocks.
//
// It dials seeds and members, judges every Hello, keeps one link per peer, asks for what is missing
// (gap_puller.h), raises the floor and reclaims below it (floor_keeper.h, row_reclaimer.h), repairs
// and is repaired (repairer.h) and answers "has everybody everything" (barrier.h). Members are all
// nodes ever met in a Hello, kept durably. Everything happens on the link executor unless it says
// otherwise.

#ifndef DOCSTORE_SERVER_NODE_MESH_H_
#define DOCSTORE_SERVER_NODE_MESH_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/event.h"
#include "server/core/frame.h"
#include "server/node/address_book.h"
#include "server/node/barrier.h"
#include "server/node/disk_reserve.h"
#include "server/node/env.h"
#include "server/node/floor_keeper.h"
#include "server/node/gap_puller.h"
#include "server/node/group_commit.h"
#include "server/node/link.h"
#include "server/node/pipeline.h"
#include "server/node/recent_pushes.h"
#include "server/node/repairer.h"
#include "server/node/row_reclaimer.h"
#include "server/node/status.h"

namespace docstore::node {

class Mesh : public Link::Owner {
 public:
  // Not joined for so long although peers are known: nobody can be reached, serve alone.
  static constexpr int64_t kAloneUs = 10'000'000;
  static constexpr int64_t kTickUs = 200'000;
  static constexpr int64_t kDeltaDelayUs = 20'000;
  static constexpr int64_t kProbeMs = 5'000;
  static constexpr size_t kAlarmsMax = 32;
  static constexpr int64_t kStrangerLogUs = 10'000'000;
  // Between two steps that erase dot rows, so that client writes go between them.
  static constexpr int64_t kReclaimUs = 20'000;
  // A member that holds the floor back for so long is an operator's business.
  static constexpr int64_t kBlockedAlarmUs = int64_t{3600} * 1'000'000;

  struct Options {
    core::Member self;
    std::string cluster_name;
    core::Origin origin{};
    std::string key_proof;
    std::vector<std::string> seeds;
    std::vector<core::Member> members;  // as recovered, without self
    FloorOptions floor;
  };
  struct Env {
    Clock* clock = nullptr;
    Random* random = nullptr;
    Log* log = nullptr;
    PeerNetwork* network = nullptr;
    Executor* executor = nullptr;
    Pipeline* pipeline = nullptr;
    DiskReserve* disk_reserve = nullptr;
    // Judges the key proof of a peer's Hello.
    std::function<bool(const std::string& key_proof)> verify_key;
    std::function<void(const absl::Status&)> fatal;
  };

  Mesh(Options options, Env env);
  ~Mesh() override;

  void Start();
  // Says goodbye on all links and dials no more; `done` runs when they have closed, or after 1 s.
  void Stop(absl::AnyInvocable<void()> done);
  PeerStreamEvents* Accept(std::unique_ptr<PeerStream> stream);
  void OnCommitted(CommitNotice notice);
  // Fills in what the mesh knows of members and links.
  void FillStatus(ClusterStatus* status) const;
  void WaitConverged(int64_t timeout_ms, absl::AnyInvocable<void(Convergence)> done);
  // Thread-safe. Joined and caught up once, and not being repaired now.
  bool ready() const { return joined_once_.load(std::memory_order_relaxed) && !repairing(); }
  // Thread-safe. This node is being repaired: it takes no writes, and applies nothing from peers
  // but the repair.
  bool repairing() const { return repairing_.load(std::memory_order_relaxed); }
  void Alarm(const std::string& line);

  // Link::Owner:
  core::Hello MakeHello() override;
  std::shared_ptr<const View> view() const override;
  const RecentPushes& recent_pushes() const override { return recent_pushes_; }
  core::Origin own_origin() const override { return options_.origin; }
  bool applies() const override { return !env_.disk_reserve->low() && !repairing(); }
  void SubmitDocuments(core::PeerDocuments documents) override;
  void OnHello(Link* link) override;
  void OnMirror(Link* link) override;
  void OnAnswer(Link* link, uint64_t nonce) override;
  void OnRefused(Link* link, const core::Refusal& refusal) override;
  void OnRepairRequest(Link* link, const core::RepairRequest& request) override;
  std::optional<core::RepairDocs> MakeRepairDocs(Link* link,
                                                 const core::RepairRequest& request) override;
  void OnRepairDocs(Link* link, uint64_t sequence, core::RepairDocs docs) override;
  void OnStoreFailed(const absl::Status& status) override { env_.fatal(status); }
  void OnLinkClosed(Link* link, const absl::Status& status) override;

 private:
  struct Peer {
    core::Member member;
    int64_t last_heard_us = -1;
    std::string last_error;
    Link::Traffic traffic;  // of closed links
    // What it last reported durable, of the last link that was up; nothing before the first.
    std::optional<core::Clock> reported;
  };

  void Tick();
  void Dial(int64_t now_us);
  // Says when replication pauses and resumes for want of disk space, and resumes it.
  void CheckDisk(int64_t now_us);
  // Submits what waited in the links while replication was paused, and pulls again.
  void Resume();
  void CheckReady(int64_t now_us);
  void PullGaps(const core::Ranges& urgent);
  void ScheduleDeltas();
  void CheckBarriers();

  // The peer's floor is not covered by what this node knows: it sends no documents.
  bool Refuses(const Link& link, const View& now) const;
  void CloseRejected(const std::vector<core::PeerRejected>& rejected);
  // Repair.
  std::vector<Repairer::Peer> RepairPeers(const View& now) const;
  void PlanRepair();
  // Sets `repairing_` anew, says so, and resumes when the repair has ended.
  void FollowRepair();
  // Reclaiming.
  std::vector<FloorKeeper::Member> FloorMembers() const;
  void KeepFloor(int64_t now_us);
  void ReclaimRows();
  void SweepDocuments(int64_t now_us);
  void FillReclaiming(const View& now, ClusterStatus* status) const;

  // Judging a Hello, in this order.
  std::optional<core::Refusal> JudgeCluster(const core::Hello& hello) const;
  // Decides, and returns true, when the peer claims this node's own name or uuid.
  bool JudgeTwin(Link* link);
  // The member that holds the peer's name or uuid at another place, null when there is none.
  const core::Member* FindHolder(const core::Member& claimant) const;
  // Asks that place whether its process still lives, then admits or refuses the link.
  void ProbeHolder(const Link& link, const core::Member& holder);
  void OnProbed(uint64_t link, const core::Member& holder,
                const absl::StatusOr<PeerNetwork::Identity>& found);
  // Of two links to one peer one must go. False when `link` was the one.
  bool SurvivesDuplicate(Link* link);
  void Admit(Link* link);
  void Meet(const core::Member& member, bool directly);

  Link* FindLink(uint64_t id) const;
  Link* LinkTo(const std::string& node_uuid) const;
  std::vector<MemberSight> Sights() const;
  std::string Describe(const core::Member& member) const;
  // Logs that an accepted stream ended without a Hello, which no peer does, and where it came from:
  // one line in kStrangerLogUs at most.
  void LogStranger(const Link& link, const absl::Status& status, int64_t now_us);
  // Logs `line` unless it was the last one about `about`.
  void LogChange(LogLevel level, const std::string& about, const std::string& line);

  const Options options_;
  const Env env_;
  const int64_t started_ms_;
  const int64_t started_us_;
  AddressBook addresses_;
  GapPuller gaps_;
  FloorKeeper floor_keeper_;
  RowReclaimer reclaimer_;
  Repairer repairer_;
  RecentPushes recent_pushes_;
  std::map<uint64_t, std::unique_ptr<Link>> links_;
  std::map<std::string, Peer> peers_;               // by name, without self
  std::map<uint64_t, core::Clock> joining_clocks_;  // by link: to catch up with before ready
  std::list<Barrier> barriers_;
  std::vector<std::string> alarms_;
  std::map<std::string, std::string> last_lines_;  // LogChange
  std::optional<int64_t> stranger_logged_us_;
  uint64_t strangers_unlogged_ = 0;
  uint64_t next_link_ = 1;
  uint64_t next_nonce_ = 1;
  bool deltas_scheduled_ = false;
  bool gaps_scheduled_ = false;
  bool refusing_seen_ = false;  // a peer was left out when gaps were last looked at
  bool reclaim_scheduled_ = false;
  bool joined_ = false;  // a Hello was admitted in this process
  int64_t alone_since_us_;
  bool disk_low_ = false;  // and said so in the log
  bool stopping_ = false;
  absl::AnyInvocable<void()> stopped_;
  std::atomic<bool> joined_once_ = false;
  std::atomic<bool> repairing_ = false;
};

}  // namespace docstore::node

#endif  // DOCSTORE_SERVER_NODE_MESH_H_
