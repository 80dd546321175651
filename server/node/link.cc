#include "server/node/link.h"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/check.h"

namespace docstore::node {
namespace {

// Frames of a peer that is being judged, and requests of a peer, beyond which it is misbehaving.
constexpr size_t kHeldFramesMax = 4096;
constexpr size_t kAnswersMax = 1024;
// Asks for a whole clock; no barrier waits for the answer.
constexpr uint64_t kMirrorNonce = ~uint64_t{0};
// A refusal that the transport has not taken for so long is not waited for.
constexpr int64_t kGoodbyeUsMax = 2'000'000;

bool IsOrderly(core::Refusal::Reason reason) {
  return reason == core::Refusal::Reason::kDuplicate || reason == core::Refusal::Reason::kShutdown;
}

}  // namespace

Link::Link(uint64_t id, std::string address, Owner* owner, Clock* clock)
    : id_(id),
      address_(std::move(address)),
      owner_(owner),
      clock_(clock),
      told_(std::make_shared<const core::Clock>()),
      last_heard_us_(clock->MonotonicUs()),
      last_sent_us_(last_heard_us_),
      last_docs_us_(last_heard_us_),
      last_have_us_(last_heard_us_) {}

void Link::Start(std::unique_ptr<PeerStream> stream) {
  stream_ = std::move(stream);
  if (state_ == State::kClosing && !refusal_due_.has_value()) {
    CloseStream();
    return;
  }
  hello_due_ = true;
  Pump();
}

void Link::Accept() {
  CHECK(state_ == State::kJudging);
  state_ = State::kUp;
  was_up_ = true;
  durable_ = hello_->clock;
  sent_ = hello_->clock;
  told_floor_ = hello_->floor;
  credit_ = static_cast<int64_t>(hello_->credit_bytes);
  while (state_ == State::kUp && !held_.empty()) {
    core::Frame frame = std::move(held_.front());
    held_.pop_front();
    std::visit([this](auto& f) { Handle(std::move(f)); }, frame);
  }
  Pump();
}

void Link::Refuse(core::Refusal refusal) {
  if (state_ == State::kClosing || state_ == State::kClosed) return;
  close_reason_ = refusal.text;
  ended_orderly_ = IsOrderly(refusal.reason);
  BeginClosing();
  refusal_due_ = std::move(refusal);
  Pump();
}

void Link::Yield() {
  ended_orderly_ = true;
  Close("replaced by a newer stream to the same node");
}

void Link::Close(std::string why) {
  if (state_ == State::kClosing || state_ == State::kClosed) return;
  close_reason_ = std::move(why);
  BeginClosing();
  CloseStream();
}

void Link::BeginClosing() {
  state_ = State::kClosing;
  closing_since_us_ = clock_->MonotonicUs();
  held_.clear();
  paused_.clear();
  paused_bytes_ = 0;
}

void Link::CloseStream() {
  if (stream_ == nullptr || std::exchange(stream_closed_, true)) return;
  stream_->Close();
}

void Link::OnApplied(uint64_t cost) {
  credit_back_ += cost;
  if (credit_back_ >= kCreditBytes / 4) SendDelta();
}

void Link::ApplyPaused() {
  for (core::PeerDocuments& documents : paused_) owner_->SubmitDocuments(std::move(documents));
  paused_.clear();
  paused_bytes_ = 0;
}

void Link::SendDelta() {
  delta_due_ = true;
  Pump();
}

void Link::Want(core::Ranges ranges) {
  asked_ = std::move(ranges);
  want_due_ = true;
  Pump();
}

void Link::RequestRepair(core::RepairRequest request) {
  repair_request_due_ = std::move(request);
  Pump();
}

void Link::AnswerRepair(core::RepairRequest request) {
  repair_answer_due_ = std::move(request);
  Pump();
}

void Link::RequestClock(uint64_t nonce) {
  requests_due_.push_back({.nonce = nonce});
  Pump();
}

void Link::Tick() {
  const int64_t now_us = clock_->MonotonicUs();
  if (state_ == State::kClosing && now_us - closing_since_us_ > kGoodbyeUsMax) CloseStream();
  if (state_ == State::kClosed || state_ == State::kClosing) return;
  if (now_us - last_heard_us_ > kSilenceUsMax) {
    Close(absl::StrCat("silent for ", kSilenceUsMax / 1'000'000, " s"));
    return;
  }
  if (state_ != State::kUp) return;
  if (now_us - last_have_us_ >= kHaveUs) {
    last_have_us_ = now_us;
    have_due_ = true;
  }
  if (now_us - last_sent_us_ >= kHeartbeatUs) delta_due_ = true;
  Pump();
}

void Link::OnFrame(core::Frame frame, uint64_t bytes) {
  last_heard_us_ = clock_->MonotonicUs();
  ++traffic_.received_frames;
  traffic_.received_bytes += bytes;
  if (state_ == State::kClosing || state_ == State::kClosed) return;
  const bool opening =
      std::holds_alternative<core::Hello>(frame) || std::holds_alternative<core::Refusal>(frame);
  if (state_ == State::kOpening && !opening) {
    Refuse({core::Refusal::Reason::kBadFrame, "the first frame of a stream must be Hello"});
    return;
  }
  if (state_ == State::kJudging && !std::holds_alternative<core::Refusal>(frame)) {
    if (held_.size() >= kHeldFramesMax) {
      Refuse({core::Refusal::Reason::kBadFrame, "too many frames before this side has answered"});
      return;
    }
    held_.push_back(std::move(frame));
    return;
  }
  std::visit([this](auto& f) { Handle(std::move(f)); }, frame);
}

void Link::OnProgress() { last_heard_us_ = clock_->MonotonicUs(); }

void Link::OnSent() {
  sending_ = false;
  last_sent_us_ = clock_->MonotonicUs();
  if (state_ == State::kClosing && !refusal_due_.has_value()) {
    CloseStream();
    return;
  }
  Pump();
}

void Link::OnClosed(const absl::Status& status) {
  state_ = State::kClosed;
  owner_->OnLinkClosed(this, close_reason_.empty() ? status : absl::CancelledError(close_reason_));
}

void Link::Handle(core::Hello hello) {
  if (hello_.has_value()) {
    Refuse({core::Refusal::Reason::kBadFrame, "a second Hello on one stream"});
    return;
  }
  hello_ = std::move(hello);
  state_ = State::kJudging;
  owner_->OnHello(this);
}

void Link::Handle(core::Docs docs) {
  last_docs_us_ = last_heard_us_;
  const uint64_t cost = DocsCost(docs);
  for (const core::RemoteDocument& remote : docs.documents) {
    // The peer reads from its committed state: what it ships, it has on disk.
    durable_.Add(remote.resolved);
    sent_.Add(remote.resolved);
  }
  core::PeerDocuments documents = {.link = id_,
                                   .sequence = next_sequence_++,
                                   .bytes = cost,
                                   .floor = std::move(docs.floor),
                                   .documents = std::move(docs.documents)};
  if (paused_.empty() && owner_->applies()) {
    owner_->SubmitDocuments(std::move(documents));
  } else if (paused_bytes_ >= kCreditBytes) {
    Refuse({core::Refusal::Reason::kBadFrame, "more documents than there was credit for"});
    return;
  } else {
    paused_bytes_ += cost;
    paused_.push_back(std::move(documents));
  }
  owner_->OnMirror(this);
}

void Link::Handle(core::Delta delta) {
  credit_ += static_cast<int64_t>(delta.credit_bytes);
  durable_.Add(delta.added);
  sent_.Add(delta.added);
  if (!delta.added.empty()) owner_->OnMirror(this);
  if (delta.answers != 0) owner_->OnAnswer(this, delta.answers);
  Pump();
}

void Link::Handle(core::Want want) {
  serving_ = std::move(want.ranges);
  Pump();
}

void Link::Handle(core::Have have) {
  if (have.clock_hash == durable_.Hash64()) return;
  requests_due_.push_back({.nonce = kMirrorNonce, .whole = true});
  Pump();
}

void Link::Handle(core::ClockRequest request) {
  if (answers_due_.size() >= kAnswersMax) {
    Refuse({core::Refusal::Reason::kBadFrame, "too many clock requests at once"});
    return;
  }
  if (request.whole) whole_due_ = true;
  if (request.nonce != 0) answers_due_.push_back(request.nonce);
  Pump();
}

void Link::Handle(core::WholeClock whole) {
  // Replaced, not joined: a peer may know less than was thought.
  durable_ = std::move(whole.clock);
  sent_.Add(durable_);
  owner_->OnMirror(this);
}

void Link::Handle(const core::NeedRepair& need) { told_floor_.Join(need.floor); }

void Link::Handle(const core::RepairRequest& request) { owner_->OnRepairRequest(this, request); }

void Link::Handle(core::RepairDocs docs) {
  told_floor_.Join(docs.floor);
  owner_->OnRepairDocs(this, next_sequence_++, std::move(docs));
}

void Link::Handle(core::Refusal refusal) {
  close_reason_ = absl::StrCat("refused by the peer: ", refusal.text);
  ended_orderly_ = IsOrderly(refusal.reason);
  BeginClosing();
  owner_->OnRefused(this, refusal);
  CloseStream();
}

void Link::Pump() {
  if (sending_ || stream_ == nullptr || stream_closed_ || state_ == State::kClosed) return;
  std::optional<core::Frame> frame = NextFrame();
  if (!frame.has_value()) return;
  sending_ = true;
  ++traffic_.sent_frames;
  stream_->Send(*std::move(frame));
}

std::optional<core::Frame> Link::NextFrame() {
  if (hello_due_) {
    hello_due_ = false;
    core::Hello hello = owner_->MakeHello();
    told_ = std::make_shared<const core::Clock>(hello.clock);
    return hello;
  }
  if (refusal_due_.has_value()) return std::exchange(refusal_due_, std::nullopt);
  if (state_ != State::kUp) return std::nullopt;
  if (std::optional<core::Frame> notice = NextNotice()) return notice;
  if (std::optional<core::Docs> docs = NextDocs()) {
    const uint64_t cost = DocsCost(*docs);
    credit_ -= static_cast<int64_t>(cost);
    traffic_.sent_bytes += cost;
    return *std::move(docs);
  }
  if (std::exchange(need_repair_due_, false)) return core::NeedRepair{blocked_};
  return std::nullopt;
}

std::optional<core::Frame> Link::NextNotice() {
  if (whole_due_) {
    whole_due_ = false;
    told_ = owner_->view()->clock;
    return core::WholeClock{*told_};
  }
  if (delta_due_ || !answers_due_.empty()) return MakeDelta();
  if (!requests_due_.empty()) {
    const core::ClockRequest request = requests_due_.front();
    requests_due_.pop_front();
    return request;
  }
  if (std::exchange(want_due_, false)) return core::Want{asked_};
  if (std::exchange(have_due_, false)) return core::Have{told_->Hash64()};
  if (repair_request_due_.has_value()) {
    return *std::exchange(repair_request_due_, std::nullopt);
  }
  if (repair_answer_due_.has_value()) {
    const core::RepairRequest request = *std::exchange(repair_answer_due_, std::nullopt);
    return owner_->MakeRepairDocs(this, request);
  }
  return std::nullopt;
}

core::Delta Link::MakeDelta() {
  const std::shared_ptr<const View> view = owner_->view();
  core::Delta delta{.hlc = view->hlc, .credit_bytes = std::exchange(credit_back_, 0)};
  if (view->clock != told_) {
    delta.added = view->clock->Minus(*told_);
    told_ = view->clock;
  }
  if (!answers_due_.empty()) {
    delta.answers = answers_due_.front();
    answers_due_.pop_front();
  }
  delta_due_ = false;
  return delta;
}

}  // namespace docstore::node
