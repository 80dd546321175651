// PeerService: the service on the peer port, the accepting end of Sync streams.
//
// It knows nothing of what the streams carry: the node takes each over as a node::PeerStream.
// Sync takes raw bytes: gRPC would end a stream on bytes that are no message without a word to
// either side. Never registered beside the public services: whoever reaches the peer port may speak
// for a node.

#ifndef DOCSTORE_SERVER_RPC_PEER_SERVICE_H_
#define DOCSTORE_SERVER_RPC_PEER_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>

#include "docstore/peer/v1/peer.grpc.pb.h"
#include "server/node/env.h"

namespace docstore::rpc {

// Limits and keepalive of the server on the peer port, and no sharing of the port: without that a
// second process could listen on it unnoticed.
void ConfigurePeerServer(grpc::ServerBuilder* builder);

// Thread-safe. Must outlive its server; the link executor must run until the server has been shut
// down, for streams end on it.
class PeerService final
    : public peer::v1::PeerService::WithRawCallbackMethod_Sync<
          peer::v1::PeerService::WithCallbackMethod_Identify<peer::v1::PeerService::Service>> {
 public:
  // Takes over a stream and returns where its events go; called on the link executor. See
  // Node::AcceptStream.
  using Accept = std::function<node::PeerStreamEvents*(std::unique_ptr<node::PeerStream>)>;
  // Who lives here; called on any thread.
  using Whoami = std::function<node::PeerNetwork::Identity()>;

  PeerService(node::Executor* link_executor, Accept accept, Whoami whoami);

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Sync(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* Identify(grpc::CallbackServerContext* context,
                                     const peer::v1::IdentifyRequest* request,
                                     peer::v1::IdentifyResponse* response) override;

 private:
  node::Executor* const link_executor_;
  const Accept accept_;
  const Whoami whoami_;
};

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_PEER_SERVICE_H_
