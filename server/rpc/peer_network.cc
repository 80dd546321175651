#include "server/rpc/peer_network.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "docstore/peer/v1/peer.grpc.pb.h"
#include "server/base/mutex.h"
#include "server/rpc/packet_stream.h"
#include "server/rpc/status_mapping.h"

namespace docstore::rpc {

namespace wire = ::docstore::peer::v1;

// The calls that gRPC still works on, so that their end can be waited for. Thread-safe.
class OpenCalls {
 public:
  void Add(grpc::ClientContext* context) {
    MutexLock lock(&mutex_);
    contexts_.insert(context);
  }

  // The caller touches nothing of the network afterwards.
  void Remove(grpc::ClientContext* context) {
    MutexLock lock(&mutex_);
    contexts_.erase(context);
    changed_.SignalAll();
  }

  void CancelAndWait() {
    MutexLock lock(&mutex_);
    for (grpc::ClientContext* context : contexts_) context->TryCancel();
    while (!contexts_.empty()) changed_.Wait(&mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::set<grpc::ClientContext*> contexts_ ABSL_GUARDED_BY(mutex_);
};

namespace {

constexpr int kReconnectMinMs = 200;
constexpr int kReconnectMaxMs = 2000;
constexpr int kKeepaliveMs = 10'000;
constexpr int kKeepaliveTimeoutMs = 5000;

std::unique_ptr<wire::PeerService::Stub> MakeStub(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMinMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMaxMs);
  // Also the longest wait for a connection: gRPC's default is 20 s.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectMaxMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(kPeerMessageBytesMax);
  arguments.SetMaxSendMessageSize(kPeerMessageBytesMax);
  return wire::PeerService::NewStub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

// The dialling end of a Sync stream. A hold keeps gRPC from ending it while reads and writes may
// still be begun from the link executor.
class DialledStream final : public PacketStream,
                            public grpc::ClientBidiReactor<wire::SyncRequest, wire::SyncResponse> {
 public:
  DialledStream(const std::string& address, node::Executor* executor, OpenCalls* calls)
      : PacketStream(executor), calls_(calls), stub_(MakeStub(address)) {}

  void Start(node::PeerStreamEvents* events) {
    self_ = std::static_pointer_cast<DialledStream>(shared_from_this());
    calls_->Add(&context_);
    stub_->async()->Sync(&context_, this);
    AddHold();
    StartCall();
    Begin(events);
  }

 private:
  void ReadPacket() override { StartRead(&response_); }
  void WritePacket(wire::Packet packet) override {
    *request_.mutable_packet() = std::move(packet);
    StartWrite(&request_);
  }
  void EndWrites() override { StartWritesDone(); }
  void Cancel() override { context_.TryCancel(); }
  void Release(const absl::Status& status) override {
    // A half-closed stream that this side refuses cannot be told why: it is cut.
    if (!status.ok()) context_.TryCancel();
    RemoveHold();
  }

  void OnReadDone(bool ok) override { PacketRead(ok, std::move(*response_.mutable_packet())); }
  void OnWriteDone(bool ok) override { PacketWritten(ok); }
  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<DialledStream> self = std::move(self_);
    StreamDone(FromGrpc(status));
    calls_->Remove(&context_);
  }

  OpenCalls* const calls_;
  const std::unique_ptr<wire::PeerService::Stub> stub_;
  grpc::ClientContext context_;
  wire::SyncRequest request_;
  wire::SyncResponse response_;
  std::shared_ptr<DialledStream> self_;  // until OnDone
};

struct IdentifyCall {
  std::unique_ptr<wire::PeerService::Stub> stub;
  grpc::ClientContext context;
  wire::IdentifyRequest request;
  wire::IdentifyResponse response;
  absl::AnyInvocable<void(absl::StatusOr<node::PeerNetwork::Identity>)> done;
};

node::PeerNetwork::Identity ToIdentity(const wire::IdentifyResponse& response) {
  return {response.cluster_name(), response.name(), response.node_uuid(),
          core::Origin{response.origin()}};
}

}  // namespace

GrpcPeerNetwork::GrpcPeerNetwork(node::Executor* link_executor)
    : link_executor_(link_executor), calls_(std::make_unique<OpenCalls>()) {}

GrpcPeerNetwork::~GrpcPeerNetwork() { calls_->CancelAndWait(); }

std::unique_ptr<node::PeerStream> GrpcPeerNetwork::Dial(const std::string& address,
                                                        node::PeerStreamEvents* events) {
  const auto stream = std::make_shared<DialledStream>(address, link_executor_, calls_.get());
  std::unique_ptr<node::PeerStream> handle = stream->MakeHandle();
  stream->Start(events);
  return handle;
}

void GrpcPeerNetwork::Identify(const std::string& address, int64_t timeout_ms,
                               absl::AnyInvocable<void(absl::StatusOr<Identity>)> done) {
  auto call = std::make_shared<IdentifyCall>();
  call->stub = MakeStub(address);
  call->done = std::move(done);
  call->context.set_wait_for_ready(false);
  call->context.set_deadline(std::chrono::system_clock::now() +
                             std::chrono::milliseconds(timeout_ms));
  calls_->Add(&call->context);
  call->stub->async()->Identify(
      &call->context, &call->request, &call->response,
      [call, executor = link_executor_, calls = calls_.get()](grpc::Status status) {
        executor->Post([call, status = FromGrpc(status)] {
          if (status.ok()) {
            call->done(ToIdentity(call->response));
          } else {
            call->done(status);
          }
        });
        calls->Remove(&call->context);
      });
}

}  // namespace docstore::rpc
