#include "server/rpc/peer_service.h"

#include <atomic>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/base/mutex.h"
#include "server/rpc/message_bytes.h"
#include "server/rpc/packet_stream.h"
#include "server/rpc/peer_network.h"
#include "server/rpc/status_mapping.h"

namespace docstore::rpc {

namespace wire = ::docstore::peer::v1;

namespace {

// Pings up to this often are let pass.
constexpr int kPingIntervalMinMs = 5000;

// The accepting end of a Sync stream. gRPC keeps it until Finish has been called.
class AcceptedStream final : public PacketStream,
                             public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  AcceptedStream(node::Executor* executor, grpc::CallbackServerContext* context)
      : PacketStream(executor), remote_(context->peer()), context_(context) {}

  void KeepUntilDone() { self_ = std::static_pointer_cast<AcceptedStream>(shared_from_this()); }

 private:
  void ReadPacket() override { StartRead(&request_); }
  void WritePacket(wire::Packet packet) override {
    wire::SyncResponse response;
    *response.mutable_packet() = std::move(packet);
    response_ = SerializeMessage(response);
    StartWrite(&response_);
  }
  void EndWrites() override { End(absl::OkStatus()); }
  void Cancel() override {
    // gRPC runs no callback inside TryCancel, so the lock is held only for the flag it sets.
    MutexLock lock(&mutex_);
    if (context_ != nullptr) context_->TryCancel();
  }
  std::string Remote() const override { return remote_; }
  void Release(const absl::Status& status) override { Finish(ToGrpc(status)); }

  void OnReadDone(bool ok) override {
    wire::SyncRequest request;
    if (ok &&
        !grpc::SerializationTraits<wire::SyncRequest>::Deserialize(&request_, &request).ok()) {
      PacketUnreadable(
          absl::InvalidArgumentError(absl::StrCat("a message that is no ", request.GetTypeName())));
      return;
    }
    PacketRead(ok, std::move(*request.mutable_packet()));
  }
  void OnWriteDone(bool ok) override { PacketWritten(ok); }
  void OnCancel() override { cancelled_ = true; }
  void OnDone() override {
    const std::shared_ptr<AcceptedStream> self = std::move(self_);
    {
      MutexLock lock(&mutex_);
      context_ = nullptr;
    }
    StreamDone(cancelled_ ? absl::UnavailableError("the connection from the peer broke")
                          : absl::OkStatus());
  }

  const std::string remote_;
  std::atomic<bool> cancelled_ = false;
  Mutex mutex_;
  // gRPC's, which frees it after OnDone.
  grpc::CallbackServerContext* context_ ABSL_GUARDED_BY(mutex_);
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  std::shared_ptr<AcceptedStream> self_;  // until OnDone
};

}  // namespace

void ConfigurePeerServer(grpc::ServerBuilder* builder) {
  builder->SetMaxReceiveMessageSize(kPeerMessageBytesMax);
  builder->SetMaxSendMessageSize(kPeerMessageBytesMax);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                              kPingIntervalMinMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

PeerService::PeerService(node::Executor* link_executor, Accept accept, Whoami whoami)
    : link_executor_(link_executor), accept_(std::move(accept)), whoami_(std::move(whoami)) {}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* PeerService::Sync(
    grpc::CallbackServerContext* context) {
  const auto stream = std::make_shared<AcceptedStream>(link_executor_, context);
  stream->KeepUntilDone();
  link_executor_->Post([this, stream] { stream->Begin(accept_(stream->MakeHandle())); });
  return stream.get();
}

grpc::ServerUnaryReactor* PeerService::Identify(grpc::CallbackServerContext* context,
                                                const wire::IdentifyRequest* request,
                                                wire::IdentifyResponse* response) {
  const node::PeerNetwork::Identity identity = whoami_();
  response->set_cluster_name(identity.cluster_name);
  response->set_name(identity.name);
  response->set_node_uuid(identity.node_uuid);
  response->set_origin(static_cast<uint64_t>(identity.origin));
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

}  // namespace docstore::rpc
