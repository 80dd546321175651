// GrpcPeerNetwork: node::PeerNetwork over gRPC, the dialling end.
//
// Every Dial has a channel, and so a TCP connection, of its own: a stream that broke says so at
// once instead of waiting in another's back-off. Plain text for now; the peer port belongs on
// loopback or a trusted network.

#ifndef DOCSTORE_SERVER_RPC_PEER_NETWORK_H_
#define DOCSTORE_SERVER_RPC_PEER_NETWORK_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "server/node/env.h"

namespace docstore::rpc {

// Largest message on the peer port, either way: a piece and what goes around it, with room.
inline constexpr int kPeerMessageBytesMax = 1 << 20;

class OpenCalls;

class GrpcPeerNetwork final : public node::PeerNetwork {
 public:
  // `link_executor` must outlive this; all calls but the destructor come from it.
  explicit GrpcPeerNetwork(node::Executor* link_executor);
  // Every stream handle must be gone. Returns when gRPC has let go of the last call; results of
  // Identify that are still open arrive before as CANCELLED. The executor may have been stopped.
  ~GrpcPeerNetwork() override;

  // OnClosed says UNAVAILABLE when nobody listens at `address`, INVALID_ARGUMENT when the peer sent
  // what is no frame, otherwise what the peer ended with.
  std::unique_ptr<node::PeerStream> Dial(const std::string& address,
                                         node::PeerStreamEvents* events) override;
  // UNAVAILABLE when nobody listens, DEADLINE_EXCEEDED when nobody answers in time.
  void Identify(const std::string& address, int64_t timeout_ms,
                absl::AnyInvocable<void(absl::StatusOr<Identity>)> done) override;

 private:
  node::Executor* const link_executor_;
  const std::shared_ptr<OpenCalls> calls_;
};

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_PEER_NETWORK_H_
