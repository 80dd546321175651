#include "server/rpc/packet_stream.h"

#include <optional>
#include <string>
#include <utility>

#include "server/base/check.h"

namespace docstore::rpc {

class PacketStream::Handle final : public node::PeerStream {
 public:
  explicit Handle(std::shared_ptr<PacketStream> stream) : stream_(std::move(stream)) {}
  ~Handle() override { stream_->Abandon(); }
  void Send(core::Frame frame) override { stream_->Send(std::move(frame)); }
  void Close() override { stream_->Close(); }
  std::string Remote() const override { return stream_->Remote(); }

 private:
  const std::shared_ptr<PacketStream> stream_;
};

std::unique_ptr<node::PeerStream> PacketStream::MakeHandle() {
  return std::make_unique<Handle>(shared_from_this());
}

void PacketStream::Begin(node::PeerStreamEvents* events) {
  events_ = events;
  if (events_ == nullptr) Abandon();
  if (!released_) ReadPacket();
}

void PacketStream::PacketRead(bool ok, peer::v1::Packet packet) {
  if (!ok) {
    executor_->Post([self = shared_from_this()] { self->End(absl::OkStatus()); });
    return;
  }
  executor_->Post(
      [self = shared_from_this(), result = assembler_.Add(std::move(packet))]() mutable {
        self->HandlePacket(std::move(result));
      });
}

void PacketStream::PacketUnreadable(absl::Status why) {
  executor_->Post([self = shared_from_this(), why = std::move(why)]() mutable {
    self->HandlePacket(std::move(why));
  });
}

void PacketStream::PacketWritten(bool ok) {
  executor_->Post([self = shared_from_this(), ok] { self->HandleWritten(ok); });
}

void PacketStream::StreamDone(absl::Status status) {
  executor_->Post([self = shared_from_this(), status = std::move(status)] {
    self->done_ = true;
    self->released_ = true;
    if (self->abandoned_) return;
    self->events_->OnClosed(self->failure_.ok() ? status : self->failure_);
  });
}

void PacketStream::HandlePacket(absl::StatusOr<std::optional<AssembledFrame>> result) {
  if (released_) return;
  if (!result.ok()) {
    failure_ = result.status();
    End(failure_);
    return;
  }
  // Once it has asked for the end the node is told of nothing but the end.
  if (!closing_) {
    if (std::optional<AssembledFrame>& whole = *result; whole.has_value()) {
      events_->OnFrame(std::move(whole->frame), whole->bytes);
    } else {
      events_->OnProgress();
    }
  }
  if (!released_) ReadPacket();
}

void PacketStream::Send(core::Frame frame) {
  CHECK(!writing_);
  if (closing_ || released_) return;
  packets_ = EncodeFrame(frame);
  next_packet_ = 0;
  writing_ = true;
  WriteNext();
}

void PacketStream::WriteNext() { WritePacket(std::move(packets_[next_packet_++])); }

void PacketStream::HandleWritten(bool ok) {
  // A failed write means that the stream broke; the read in flight fails too and ends it.
  if (released_ || !ok) return;
  if (next_packet_ < packets_.size()) {
    WriteNext();
    return;
  }
  packets_.clear();
  writing_ = false;
  const bool last = closing_;
  events_->OnSent();
  if (last && !released_) EndWrites();
}

void PacketStream::Close() {
  if (closing_ || released_) return;
  closing_ = true;
  if (!writing_) EndWrites();
  executor_->PostAfter(kCloseTimeoutUs, [weak = weak_from_this()] {
    const std::shared_ptr<PacketStream> self = weak.lock();
    if (self != nullptr && !self->done_) self->Cancel();
  });
}

void PacketStream::Abandon() {
  abandoned_ = true;
  if (done_) return;
  Cancel();
  End(absl::CancelledError("the stream was given up"));
}

void PacketStream::End(const absl::Status& status) {
  if (released_) return;
  released_ = true;
  Release(status);
}

}  // namespace docstore::rpc
