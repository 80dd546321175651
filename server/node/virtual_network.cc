#include "server/node/virtual_network.h"

#include <algorithm>
#include <deque>
#include <optional>

#include "absl/strings/str_cat.h"
#include "docstore/peer/v1/frame.pb.h"
#include "server/base/check.h"
#include "server/rpc/frame_codec.h"

namespace docstore::node {
namespace {

constexpr int64_t kStallRetryUs = 20'000;
// As gRPC's flow control does, a stream takes no more while so much is unread.
constexpr uint64_t kWindowBytes = 1 << 20;
// Field 1000, a number: 1.
constexpr char kUnknownField[] = "\xc0\x3e\x01";

}  // namespace

// One stream: two ends, and what is under way to each of them.
class VirtualConnection : public std::enable_shared_from_this<VirtualConnection> {
 public:
  struct End {
    const VirtualNetwork::Host* host = nullptr;  // null once its process is gone
    std::string address;
    PeerStreamEvents* events = nullptr;
    bool closed = false;   // says nothing more, hears nothing more but OnClosed
    bool sending = false;  // OnSent is due
    bool waiting = false;  // OnSent waits for the window
    rpc::FrameAssembler assembler;
    std::deque<std::string> arriving;  // encoded packets under way to this end, in order
    uint64_t unread_bytes = 0;
    int64_t last_arrival_us = 0;
  };

  VirtualConnection(VirtualNetwork* network, VirtualTime* time) : network_(network), time_(time) {}

  End& end(int side) { return ends_[side]; }
  bool open() const { return !ends_[0].closed && !ends_[1].closed; }

  void Send(int side, const core::Frame& frame);
  void Close(int side);
  // Both ends hear that the connection is lost, with nothing of what is under way.
  void Kill(const std::string& why);
  // The process of `side` is gone.
  void Abandon(int side);
  // Calls `task` on the executor of `side` in `delay_us`, if that process still runs.
  void PostTo(int side, int64_t delay_us, Executor::Task task);
  void DeliverAll(int side);
  void EndClosed(int side, const absl::Status& status, int64_t delay_us);
  // Of a packet to `side`.
  int64_t Latency(int side) {
    return network_->Latency(ends_[1 - side].address, ends_[side].address);
  }

 private:
  void Arrive(int side, std::string packet, int64_t sent_us);
  void Deliver(int side);
  void Read(int side);
  void OnRead(int side, uint64_t bytes);

  VirtualNetwork* const network_;
  VirtualTime* const time_;
  End ends_[2];
};

namespace {

// One end of a connection, as its link holds it.
class VirtualStream : public PeerStream {
 public:
  VirtualStream(std::shared_ptr<VirtualConnection> connection, int side)
      : connection_(std::move(connection)), side_(side) {}
  ~VirtualStream() override {
    connection_->end(side_).events = nullptr;
    connection_->Close(side_);
  }
  void Send(core::Frame frame) override { connection_->Send(side_, frame); }
  void Close() override { connection_->Close(side_); }

 private:
  const std::shared_ptr<VirtualConnection> connection_;
  const int side_;
};

}  // namespace

void VirtualConnection::PostTo(int side, int64_t delay_us, Executor::Task task) {
  time_->After(delay_us, [self = shared_from_this(), side, task = std::move(task)]() mutable {
    if (self->ends_[side].host == nullptr) return;
    self->ends_[side].host->executor->Post([self, task = std::move(task)]() mutable { task(); });
  });
}

void VirtualConnection::Send(int side, const core::Frame& frame) {
  End& from = ends_[side];
  End& to = ends_[1 - side];
  CHECK(!from.sending);
  if (from.closed) return;
  from.sending = true;
  for (const peer::v1::Packet& packet : rpc::EncodeFrame(frame)) {
    std::string bytes = packet.SerializeAsString();
    if (network_->unknown_fields_) bytes.append(kUnknownField);
    to.unread_bytes += bytes.size();
    const int64_t arrival_us =
        std::max(to.last_arrival_us, time_->MonotonicUs() + Latency(1 - side)) +
        static_cast<int64_t>(bytes.size() * 1000 /
                             network_->SpeedOf(from.address, to.address).bytes_per_ms);
    to.last_arrival_us = arrival_us;
    to.arriving.push_back(std::move(bytes));
    time_->After(arrival_us - time_->MonotonicUs(),
                 [self = shared_from_this(), side] { self->Deliver(1 - side); });
  }
  network_->unread_bytes_max_ = std::max(network_->unread_bytes_max_, to.unread_bytes);
  if (to.unread_bytes > kWindowBytes) {
    from.waiting = true;
    return;
  }
  OnRead(1 - side, 0);
}

// The packets of a stalled link wait where they are.
void VirtualConnection::Deliver(int side) {
  End& to = ends_[side];
  if (to.arriving.empty() || to.closed || to.events == nullptr) return;
  if (network_->IsStalled(ends_[1 - side].address, to.address)) {
    time_->After(kStallRetryUs, [self = shared_from_this(), side] { self->Deliver(side); });
    return;
  }
  PostTo(side, 0, [self = shared_from_this(), side] { self->Read(side); });
}

// What came before the stream was accepted.
void VirtualConnection::DeliverAll(int side) {
  for (size_t i = 0; i < ends_[side].arriving.size(); ++i) Deliver(side);
}

void VirtualConnection::Read(int side) {
  End& to = ends_[side];
  if (to.closed || to.events == nullptr || to.arriving.empty()) return;
  const std::string bytes = std::move(to.arriving.front());
  to.arriving.pop_front();
  OnRead(side, bytes.size());
  peer::v1::Packet packet;
  CHECK(packet.ParseFromString(bytes));
  absl::StatusOr<std::optional<rpc::AssembledFrame>> frame = to.assembler.Add(std::move(packet));
  if (!frame.ok()) {
    Kill(absl::StrCat("malformed frame: ", frame.status().message()));
    return;
  }
  if (!frame->has_value()) {
    to.events->OnProgress();
    return;
  }
  const bool die =
      network_->CountFrame(ends_[1 - side].address, to.address, (*frame)->frame, (*frame)->bytes);
  if (std::holds_alternative<core::Docs>((*frame)->frame) && network_->duplicate_percent_ > 0 &&
      time_->random().Chance(network_->duplicate_percent_)) {
    to.events->OnFrame((*frame)->frame, (*frame)->bytes);
    if (to.closed || to.events == nullptr) return;
  }
  to.events->OnFrame(std::move((*frame)->frame), (*frame)->bytes);
  if (die) Kill("killed by the test");
}

// `side` has read `bytes`: the other end's frame counts as sent when the window allows.
void VirtualConnection::OnRead(int side, uint64_t bytes) {
  End& to = ends_[side];
  End& from = ends_[1 - side];
  to.unread_bytes -= bytes;
  const bool fresh = bytes == 0;
  if (to.unread_bytes > kWindowBytes || (!fresh && !from.waiting)) return;
  from.waiting = false;
  PostTo(1 - side, Latency(1 - side) / 4, [self = shared_from_this(), side] {
    End& sender = self->ends_[1 - side];
    if (!sender.sending || sender.closed || sender.events == nullptr) return;
    sender.sending = false;
    sender.events->OnSent();
  });
}

void VirtualConnection::EndClosed(int side, const absl::Status& status, int64_t delay_us) {
  End& end = ends_[side];
  if (std::exchange(end.closed, true)) return;
  end.arriving.clear();
  PostTo(side, delay_us, [self = shared_from_this(), side, status] {
    PeerStreamEvents* const events = std::exchange(self->ends_[side].events, nullptr);
    if (events != nullptr) events->OnClosed(status);
  });
}

void VirtualConnection::Close(int side) {
  End& other = ends_[1 - side];
  const int64_t until_us = std::max<int64_t>(other.last_arrival_us - time_->MonotonicUs(), 0);
  EndClosed(side, absl::CancelledError("closed by this side"), Latency(side));
  // What is in flight arrives first; the end of the stream comes behind it, in order.
  time_->After(until_us, [self = shared_from_this(), side] {
    self->PostTo(1 - side, 0, [self, side] {
      self->EndClosed(1 - side, absl::UnavailableError("closed by the peer"), 0);
    });
  });
}

void VirtualConnection::Kill(const std::string& why) {
  for (int side = 0; side < 2; ++side) {
    EndClosed(side, absl::UnavailableError(why), Latency(side));
  }
}

void VirtualConnection::Abandon(int side) {
  ends_[side].host = nullptr;
  ends_[side].events = nullptr;
  ends_[side].closed = true;
  EndClosed(1 - side, absl::UnavailableError("connection reset"), Latency(1 - side));
}

// The network as one process sees it.
class VirtualNetwork::Port : public PeerNetwork {
 public:
  Port(VirtualNetwork* network, const Host* host) : network_(network), host_(host) {}
  std::unique_ptr<PeerStream> Dial(const std::string& address, PeerStreamEvents* events) override {
    return network_->Dial(host_, address, events);
  }
  void Identify(const std::string& address, int64_t timeout_ms,
                absl::AnyInvocable<void(absl::StatusOr<Identity>)> done) override {
    network_->Identify(host_, address, timeout_ms, std::move(done));
  }

 private:
  VirtualNetwork* const network_;
  const Host* const host_;
};

std::unique_ptr<PeerNetwork> VirtualNetwork::Attach(const Host* host) {
  CHECK(hosts_.emplace(host->address, host).second);
  return std::make_unique<Port>(this, host);
}

void VirtualNetwork::Detach(const Host* host) {
  const auto it = hosts_.find(host->address);
  if (it == hosts_.end() || it->second != host) return;
  hosts_.erase(it);
  for (const auto& connection : connections_) {
    for (int side = 0; side < 2; ++side) {
      if (connection->end(side).host == host) connection->Abandon(side);
    }
  }
  ForgetClosed();
}

void VirtualNetwork::AddAlias(const std::string& alias, const std::string& address) {
  aliases_[alias] = address;
}

const VirtualNetwork::Host* VirtualNetwork::Find(const std::string& address) const {
  const auto alias = aliases_.find(address);
  const auto it = hosts_.find(alias == aliases_.end() ? address : alias->second);
  return it == hosts_.end() ? nullptr : it->second;
}

std::unique_ptr<PeerStream> VirtualNetwork::Dial(const Host* from, const std::string& address,
                                                 PeerStreamEvents* events) {
  ++dials_;
  ForgetClosed();
  auto connection = std::make_shared<VirtualConnection>(this, time_);
  connections_.push_back(connection);
  const Host* const to = Find(address);
  connection->end(0).host = from;
  connection->end(0).address = from->address;
  connection->end(0).events = events;
  connection->end(1).address = to == nullptr ? address : to->address;
  if (to == nullptr || IsCut(from->address, to->address)) {
    connection->end(1).closed = true;
    connection->EndClosed(0, absl::UnavailableError(absl::StrCat("cannot reach ", address)),
                          10 * Latency(from->address, address));
    return std::make_unique<VirtualStream>(connection, 0);
  }
  connection->end(1).host = to;
  const int64_t latency_us = Latency(from->address, to->address);
  connection->end(1).last_arrival_us = time_->MonotonicUs() + latency_us + 1;
  connection->PostTo(1, latency_us, [connection, to] {
    if (connection->end(1).closed) return;
    connection->end(1).events = to->accept(std::make_unique<VirtualStream>(connection, 1));
    connection->DeliverAll(1);
  });
  return std::make_unique<VirtualStream>(connection, 0);
}

void VirtualNetwork::Identify(
    const Host* from, const std::string& address, int64_t timeout_ms,
    absl::AnyInvocable<void(absl::StatusOr<PeerNetwork::Identity>)> done) {
  struct Call {
    absl::AnyInvocable<void(absl::StatusOr<PeerNetwork::Identity>)> done;
    bool over = false;
  };
  auto call = std::make_shared<Call>();
  call->done = std::move(done);
  const auto finish = [call, executor = from->executor](auto result, int64_t delay_us) {
    executor->PostAfter(delay_us, [call, result = std::move(result)] {
      if (!std::exchange(call->over, true)) call->done(result);
    });
  };
  using Result = absl::StatusOr<PeerNetwork::Identity>;
  finish(Result(absl::DeadlineExceededError("no answer")), timeout_ms * 1000);
  const Host* const to = Find(address);
  if (to == nullptr || IsCut(from->address, to->address)) {
    finish(Result(absl::UnavailableError(absl::StrCat("cannot reach ", address))),
           Latency(from->address, address));
    return;
  }
  // Answered by a thread of the transport unless the process stands still.
  if (!to->executor->paused()) {
    finish(Result(to->identity()), 2 * Latency(from->address, to->address));
  }
}

void VirtualNetwork::Cut(const std::string& a, const std::string& b) {
  cut_.insert(PairOf(a, b));
  for (const auto& connection : connections_) {
    if (PairOf(connection->end(0).address, connection->end(1).address) == PairOf(a, b)) {
      connection->Kill("the link was cut");
    }
  }
}

void VirtualNetwork::Stall(const std::string& a, const std::string& b) {
  StallOneWay(a, b);
  StallOneWay(b, a);
}

void VirtualNetwork::StallOneWay(const std::string& from, const std::string& to) {
  stalled_.emplace(from, to);
}

void VirtualNetwork::Heal(const std::string& a, const std::string& b) {
  cut_.erase(PairOf(a, b));
  stalled_.erase(Pair(a, b));
  stalled_.erase(Pair(b, a));
}

void VirtualNetwork::HealAll() {
  cut_.clear();
  stalled_.clear();
  kill_after_ = 0;
}

bool VirtualNetwork::IsCut(const std::string& a, const std::string& b) const {
  return cut_.contains(PairOf(a, b));
}

bool VirtualNetwork::IsStalled(const std::string& a, const std::string& b) const {
  return stalled_.contains(Pair(a, b));
}

size_t VirtualNetwork::open_streams() const {
  return std::count_if(connections_.begin(), connections_.end(),
                       [](const auto& connection) { return connection->open(); });
}

void VirtualNetwork::SetSpeed(const std::string& from, const std::string& to, const Speed& speed) {
  speeds_[Pair(from, to)] = speed;
}

const VirtualNetwork::Speed& VirtualNetwork::SpeedOf(const std::string& from,
                                                     const std::string& to) const {
  static constexpr Speed kUsual;
  if (speeds_.empty()) return kUsual;
  const auto it = speeds_.find(Pair(from, to));
  return it == speeds_.end() ? kUsual : it->second;
}

int64_t VirtualNetwork::Latency(const std::string& from, const std::string& to) {
  const Speed& speed = SpeedOf(from, to);
  const uint64_t spread = static_cast<uint64_t>(speed.latency_us_max - speed.latency_us_min);
  return speed.latency_us_min + static_cast<int64_t>(time_->random().Below(spread + 1));
}

bool VirtualNetwork::CountFrame(const std::string& from, const std::string& to,
                                const core::Frame& frame, uint64_t bytes) {
  ++frames_;
  bytes_ += bytes;
  if (observer_ != nullptr) observer_(from, to, frame);
  return kill_after_ > 0 && --kill_after_ == 0;
}

void VirtualNetwork::ForgetClosed() {
  // No stream and no event under way holds it any more.
  std::erase_if(connections_, [](const auto& connection) { return connection.use_count() == 1; });
}

}  // namespace docstore::node
