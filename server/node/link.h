// Link: one Sync stream to one peer, from Hello to its end.
//
// A link keeps no queue. What the peer lacks is a subtraction: this node's committed clock minus
// the mirror of the peer's. There are two mirrors: `sent` also counts what is under way on this
// stream and moves the cursor; `durable` counts what the peer has reported or sent and answers
// "does it have this". The next frame is composed only when the one before has left, so a slow peer
// costs no memory here. Frames are first in, first out, and a frame that is not applied ends the
// stream: the `sent` mirror dies with it. Documents go only to a peer whose `sent` mirror covers
// the floor that they were read with; any other is told that floor. Rules: PROTOCOL.md,
// synchronisation and reclaiming.
//
// Everything happens on the link executor.

#ifndef DOCSTORE_SERVER_NODE_LINK_H_
#define DOCSTORE_SERVER_NODE_LINK_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/core/clock.h"
#include "server/core/floor.h"
#include "server/core/frame.h"
#include "server/node/env.h"
#include "server/node/recent_pushes.h"
#include "server/node/view.h"

namespace docstore::node {

// What a document counts for in a frame: the same number at both ends.
uint64_t DocumentCost(const core::RemoteDocument& remote);
// Credit that Docs frame `docs` uses up.
uint64_t DocsCost(const core::Docs& docs);

class Link : public PeerStreamEvents {
 public:
  // Bytes of Docs a peer may have under way to this node.
  static constexpr uint64_t kCreditBytes = 8 << 20;
  // A Docs frame is closed when it reaches this; only a single larger document exceeds it.
  static constexpr uint64_t kDocsBytesMax = 256 << 10;
  static constexpr size_t kDocsDotsMax = 2048;
  // Keys whose state went out on this stream: a later dot of theirs goes as a name alone.
  static constexpr size_t kSentKeysMax = 65536;
  static constexpr int64_t kHeartbeatUs = 1'000'000;
  static constexpr int64_t kHaveUs = 10'000'000;
  // A peer silent for so long is taken for gone.
  static constexpr int64_t kSilenceUsMax = 10'000'000;

  enum class State {
    kOpening,  // until the peer's Hello is here
    kJudging,  // until the owner calls Accept or Refuse
    kUp,
    kClosing,
    kClosed,
  };

  // Who owns the link. May destroy it only from OnClosed, or after it.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual core::Hello MakeHello() = 0;
    virtual std::shared_ptr<const View> view() const = 0;
    virtual const RecentPushes& recent_pushes() const = 0;
    virtual core::Origin own_origin() const = 0;
    // False while replication is paused: documents wait in the link, see ApplyPaused.
    virtual bool applies() const = 0;
    virtual void SubmitDocuments(core::PeerDocuments documents) = 0;
    // The peer's Hello is in link->hello(); answer with Accept or Refuse, now or later.
    virtual void OnHello(Link* link) = 0;
    // The durable mirror grew or was replaced.
    virtual void OnMirror(Link* link) = 0;
    // The peer's Delta answers the ClockRequest with this nonce.
    virtual void OnAnswer(Link* link, uint64_t nonce) = 0;
    // The peer asks to be repaired; answer with AnswerRepair, or not at all.
    virtual void OnRepairRequest(Link* link, const core::RepairRequest& request) = 0;
    // The answer to a request that the owner accepted, read now. Nothing to send when it is not to
    // be answered any more.
    virtual std::optional<core::RepairDocs> MakeRepairDocs(Link* link,
                                                           const core::RepairRequest& request) = 0;
    // `sequence` is of the frame on this link, as for documents.
    virtual void OnRepairDocs(Link* link, uint64_t sequence, core::RepairDocs docs) = 0;
    // The peer refuses this stream and will close it.
    virtual void OnRefused(Link* link, const core::Refusal& refusal) = 0;
    // The store cannot be read: the process must end.
    virtual void OnStoreFailed(const absl::Status& status) = 0;
    virtual void OnLinkClosed(Link* link, const absl::Status& status) = 0;
  };

  // Traffic since the link opened.
  struct Traffic {
    uint64_t sent_frames = 0;
    uint64_t sent_bytes = 0;  // cost of Docs
    uint64_t received_frames = 0;
    uint64_t received_bytes = 0;  // on the wire
  };

  // `owner` and `clock` must outlive the link. `address`: dialled, "" for an accepted stream.
  Link(uint64_t id, std::string address, Owner* owner, Clock* clock);

  // Takes the stream and says Hello.
  void Start(std::unique_ptr<PeerStream> stream);
  // The owner's answers to OnHello.
  void Accept();
  void Refuse(core::Refusal refusal);
  // Ends the link because another one takes its place; OnLinkClosed follows.
  void Yield();
  // Ends the link; OnLinkClosed follows.
  void Close(std::string why);

  // A group was committed: sends what is new.
  void OnCommitted() { Pump(); }
  // Frame documents of this link, `cost` bytes of credit, are durable.
  void OnApplied(uint64_t cost);
  // Submits what came while the owner did not apply. What waits gives no credit back, so the peer
  // stops at its credit.
  void ApplyPaused();
  // Sends a Delta as soon as the stream is free.
  void SendDelta();
  // Asks the peer for `ranges`, in place of what was asked before.
  void Want(core::Ranges ranges);
  // Asks the peer for a part of its documents, in place of what was asked before.
  void RequestRepair(core::RepairRequest request);
  // Sends what the owner makes of `request` as soon as the stream is free.
  void AnswerRepair(core::RepairRequest request);
  // Asks for a Delta that answers `nonce`.
  void RequestClock(uint64_t nonce);
  // Heartbeat, mirror check and silence; about once a second.
  void Tick();

  uint64_t id() const { return id_; }
  const std::string& address() const { return address_; }
  bool dialed() const { return !address_.empty(); }
  State state() const { return state_; }
  bool up() const { return state_ == State::kUp; }
  bool was_up() const { return was_up_; }
  // Whether it ended as healthy links do: for another stream, or because a node shuts down.
  bool ended_orderly() const { return ended_orderly_; }
  // See PeerStream.
  std::string remote() const { return stream_ == nullptr ? "" : stream_->Remote(); }
  // Valid from OnHello on.
  const core::Hello& hello() const { return *hello_; }
  bool has_hello() const { return hello_.has_value(); }
  const core::Clock& durable_mirror() const { return durable_; }
  // The highest floor that the peer has told. It sends no documents until this node's clock covers
  // it.
  const core::Floor& told_floor() const { return told_floor_; }
  bool repair_answer_due() const { return repair_answer_due_.has_value(); }
  int64_t last_heard_us() const { return last_heard_us_; }
  int64_t last_docs_us() const { return last_docs_us_; }
  const Traffic& traffic() const { return traffic_; }

  // PeerStreamEvents:
  void OnFrame(core::Frame frame, uint64_t bytes) override;
  void OnSent() override;
  void OnProgress() override;
  void OnClosed(const absl::Status& status) override;

 private:
  // One document of a frame that is read from the store.
  struct StoredItem {
    core::RemoteDocument remote;
    std::vector<core::Dot> dots;  // asked for and found in the index under this key
    bool has_state = false;       // else its state went out on this stream before
  };

  void Handle(core::Hello hello);
  void Handle(core::Docs docs);
  void Handle(core::Delta delta);
  void Handle(core::Want want);
  void Handle(core::Have have);
  void Handle(core::ClockRequest request);
  void Handle(core::WholeClock whole);
  void Handle(const core::NeedRepair& need);
  void Handle(const core::RepairRequest& request);
  void Handle(core::RepairDocs docs);
  void Handle(core::Refusal refusal);

  void BeginClosing();
  // Ends the stream, once.
  void CloseStream();
  // Sends the next frame unless one is in flight.
  void Pump();
  std::optional<core::Frame> NextFrame();
  // The next answer, request or report that is due.
  std::optional<core::Frame> NextNotice();
  core::Delta MakeDelta();
  std::optional<core::Docs> NextDocs();
  // The peer may get documents of `floor`; else it is told that floor, once.
  bool MayPass(const std::shared_ptr<const core::Floor>& floor);
  core::Docs FromPushes(const core::Range& missing);
  core::Docs FromStore(const View& view, const core::Range& range);
  absl::Status Take(const View& view, const core::Dot& dot, StoredItem* item) const;
  core::Docs FinishItems(const View& view, std::vector<StoredItem> items);

  const uint64_t id_;
  const std::string address_;
  Owner* const owner_;
  Clock* const clock_;
  std::unique_ptr<PeerStream> stream_;
  State state_ = State::kOpening;
  bool was_up_ = false;
  std::string close_reason_;
  bool ended_orderly_ = false;
  std::optional<core::Hello> hello_;
  std::deque<core::Frame> held_;  // arrived while the owner judged; bounded by credit

  std::deque<core::PeerDocuments> paused_;  // came while the owner did not apply
  uint64_t paused_bytes_ = 0;               // their credit

  core::Clock durable_;
  core::Clock sent_;
  std::shared_ptr<const core::Clock> told_;  // own clock as the peer knows it
  int64_t credit_ = 0;                       // bytes of Docs this side may still send
  uint64_t credit_back_ = 0;                 // to give back with the next Delta
  core::Ranges serving_;                     // the peer's Want
  core::Ranges asked_;                       // own Want
  std::map<core::DocumentKey, std::shared_ptr<const core::Clock>> sent_keys_;
  std::shared_ptr<const core::Floor> passed_;  // the last floor found to be covered by sent_
  core::Floor blocked_;                        // floors that were not, as told to the peer
  core::Floor told_floor_;
  uint64_t next_sequence_ = 1;  // of received Docs and RepairDocs

  bool sending_ = false;
  bool stream_closed_ = false;  // by this side
  bool hello_due_ = false;
  bool delta_due_ = false;
  bool want_due_ = false;
  bool have_due_ = false;
  bool whole_due_ = false;
  bool need_repair_due_ = false;
  std::optional<core::RepairRequest> repair_request_due_;
  std::optional<core::RepairRequest> repair_answer_due_;
  std::optional<core::Refusal> refusal_due_;
  std::deque<core::ClockRequest> requests_due_;  // one a barrier
  std::deque<uint64_t> answers_due_;             // nonces of the peer's requests

  int64_t last_heard_us_ = 0;
  int64_t last_sent_us_ = 0;
  int64_t last_docs_us_ = 0;
  int64_t last_have_us_ = 0;
  int64_t closing_since_us_ = 0;
  Traffic traffic_;
};

}  // namespace docstore::node

#endif  // DOCSTORE_SERVER_NODE_LINK_H_
