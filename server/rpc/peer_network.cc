#include "server/rpc/peer_network.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "docstore/peer/v1/peer.grpc.pb.h"
#include "server/base/check.h"
#include "server/base/mutex.h"
#include "server/rpc/packet_stream.h"
#include "server/rpc/status_mapping.h"

namespace docstore::rpc {

namespace wire = ::docstore::peer::v1;

namespace {

constexpr int kReconnectMinMs = 200;
constexpr int kReconnectMaxMs = 2000;

std::unique_ptr<wire::PeerService::Stub> MakeStub(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMinMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMaxMs);
  // Also the longest wait for a connection: gRPC's default is 20 s.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectMaxMs);
  // No keepalive: a link has its own heartbeat and limit of silence, while gRPC's ping waits behind
  // all that a slow wire has still to carry and would break the link off.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(kPeerMessageBytesMax);
  arguments.SetMaxSendMessageSize(kPeerMessageBytesMax);
  return wire::PeerService::NewStub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

// A channel for one call, and the call's context, which refers to it.
struct Line {
  explicit Line(const std::string& address) : stub(MakeStub(address)) {}
  const std::unique_ptr<wire::PeerService::Stub> stub;
  grpc::ClientContext context;
};

}  // namespace

// The lines of calls that gRPC still works on, so that their end can be waited for, and of calls
// that have just ended. A line is never destroyed on a thread of gRPC's: the last channel of a
// process joins those threads, and one that joined itself would free gRPC's queue twice.
// Thread-safe.
class OpenCalls : public std::enable_shared_from_this<OpenCalls> {
 public:
  explicit OpenCalls(node::Executor* executor) : executor_(executor) {}

  std::shared_ptr<Line> Open(const std::string& address) {
    auto line = std::make_shared<Line>(address);
    MutexLock lock(&mutex_);
    open_.emplace(line.get(), line);
    return line;
  }

  // gRPC is done with the call of `line`. On a thread of gRPC's, which keeps no reference to the
  // line and touches nothing of the network afterwards.
  void Retire(Line* line) {
    MutexLock lock(&mutex_);
    auto owner = open_.extract(line);
    CHECK(!owner.empty());
    retired_.push_back(std::move(owner.mapped()));
    executor_->Post([self = shared_from_this()] { self->Collect(); });
    changed_.SignalAll();
  }

  // Returns when gRPC is done with every call and all lines are let go.
  void CancelAndWait() {
    {
      MutexLock lock(&mutex_);
      for (const auto& [line, owner] : open_) line->context.TryCancel();
      while (!open_.empty()) changed_.Wait(&mutex_);
    }
    Collect();
  }

 private:
  void Collect() {
    // Destroyed after the lock is let go.
    std::vector<std::shared_ptr<Line>> retired;
    MutexLock lock(&mutex_);
    retired.swap(retired_);
  }

  node::Executor* const executor_;
  Mutex mutex_;
  CondVar changed_;
  std::map<Line*, std::shared_ptr<Line>> open_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Line>> retired_ ABSL_GUARDED_BY(mutex_);
};

namespace {

// The dialling end of a Sync stream. A hold keeps gRPC from ending it while reads and writes may
// still be begun from the link executor.
class DialledStream final : public PacketStream,
                            public grpc::ClientBidiReactor<wire::SyncRequest, wire::SyncResponse> {
 public:
  DialledStream(const std::string& address, node::Executor* executor, OpenCalls* calls)
      : PacketStream(executor), calls_(calls), line_(calls->Open(address)) {}

  void Start(node::PeerStreamEvents* events) {
    self_ = std::static_pointer_cast<DialledStream>(shared_from_this());
    line_->stub->async()->Sync(&line_->context, this);
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
  void Cancel() override { line_->context.TryCancel(); }
  void Release(const absl::Status& status) override {
    // A half-closed stream that this side refuses cannot be told why: it is cut.
    if (!status.ok()) line_->context.TryCancel();
    RemoveHold();
  }

  void OnReadDone(bool ok) override { PacketRead(ok, std::move(*response_.mutable_packet())); }
  void OnWriteDone(bool ok) override { PacketWritten(ok); }
  void OnDone(const grpc::Status& status) override {
    OpenCalls* const calls = calls_;
    Line* const line = line_.get();
    StreamDone(FromGrpc(status));
    // May destroy this stream, and with it all but the last reference to the line.
    std::shared_ptr<DialledStream>(std::move(self_)).reset();
    calls->Retire(line);
  }

  OpenCalls* const calls_;
  const std::shared_ptr<Line> line_;
  wire::SyncRequest request_;
  wire::SyncResponse response_;
  std::shared_ptr<DialledStream> self_;  // until OnDone
};

struct IdentifyCall {
  std::shared_ptr<Line> line;
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
    : link_executor_(link_executor), calls_(std::make_shared<OpenCalls>(link_executor)) {}

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
  call->line = calls_->Open(address);
  call->done = std::move(done);
  grpc::ClientContext& context = call->line->context;
  context.set_wait_for_ready(false);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(timeout_ms));
  IdentifyCall* const raw = call.get();
  raw->line->stub->async()->Identify(
      &context, &raw->request, &raw->response,
      [call = std::move(call), executor = link_executor_,
       calls = calls_.get()](grpc::Status status) mutable {
        Line* const line = call->line.get();
        executor->Post([call = std::move(call), status = FromGrpc(status)] {
          if (status.ok()) {
            call->done(ToIdentity(call->response));
          } else {
            call->done(status);
          }
        });
        calls->Retire(line);
      });
}

}  // namespace docstore::rpc
