// GrpcPort: one listening gRPC server with its services.
//
// A taken port is an error that names it: gRPC would otherwise share it silently. The port for
// clients also has grpc.health.v1 and server reflection; the one for peers has neither.

#ifndef DOCSTORE_SERVER_RPC_GRPC_PORT_H_
#define DOCSTORE_SERVER_RPC_GRPC_PORT_H_

#include <grpcpp/grpcpp.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace docstore::rpc {

struct NamedService {
  std::string name;  // as grpc.health.v1 knows it
  grpc::Service* service = nullptr;
};

struct GrpcPortOptions {
  std::string address;  // host:port; port 0 takes any free one
  std::string flag;     // that sets it, for error texts
  bool is_public = false;
  size_t receive_bytes_max = 4 << 20;  // of one message
  // Must outlive the port; at least one.
  std::vector<NamedService> services;
  // Has the last word on limits and keepalive.
  std::function<void(grpc::ServerBuilder*)> configure;
};

// What a client port must accept for documents of `document_bytes_max`, names and tags included:
// one over the limit must still arrive to be refused with its field.
size_t ReceiveBytesFor(uint64_t document_bytes_max);

class GrpcPort {
 public:
  // Serves from here on. UNAVAILABLE when it cannot listen.
  static absl::StatusOr<std::unique_ptr<GrpcPort>> Start(const GrpcPortOptions& options);
  // Ends calls still running at once; Shutdown first for an orderly end.
  ~GrpcPort();
  GrpcPort(const GrpcPort&) = delete;
  GrpcPort& operator=(const GrpcPort&) = delete;

  // The port really listened on.
  uint16_t port() const { return port_; }

  // What grpc.health.v1 says of every service; false until first set. On a public port only.
  void SetServing(bool serving);

  // Takes no new calls, waits for running ones and cancels those that still run after
  // `drain_ms`. Thread-safe; blocks.
  void Shutdown(int64_t drain_ms);

 private:
  GrpcPort(std::unique_ptr<grpc::Server> server, uint16_t port,
           std::vector<std::string> health_names)
      : server_(std::move(server)), port_(port), health_names_(std::move(health_names)) {}

  std::unique_ptr<grpc::Server> server_;
  const uint16_t port_;
  const std::vector<std::string> health_names_;  // the whole server's, "", included
};

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_GRPC_PORT_H_
