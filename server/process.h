// Process: all parts of one running docstored, and the order in which they start and end.
//
// Ports open first: a taken one ends the start before anything is written, and the node tells its
// peers the real ones. What arrives before the node is open waits, or is told to come back.

#ifndef DOCSTORE_SERVER_PROCESS_H_
#define DOCSTORE_SERVER_PROCESS_H_

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "server/host/data_directory.h"
#include "server/host/disk_space.h"
#include "server/host/system_clock.h"
#include "server/http/http_port.h"
#include "server/node/env.h"
#include "server/node/node.h"
#include "server/options/options.h"
#include "server/rpc/cluster_service.h"
#include "server/rpc/collection_service.h"
#include "server/rpc/document_service.h"
#include "server/rpc/grpc_port.h"
#include "server/rpc/peer_network.h"
#include "server/rpc/peer_service.h"
#include "server/rpc/service_env.h"
#include "server/rpc/serving_node.h"
#include "server/rpc/token.h"
#include "server/thread/thread_executor.h"

namespace docstore {

class Process {
 public:
  // How often FollowReadiness is worth calling.
  static constexpr int64_t kReadyPollMs = 50;
  // Running calls get so long to end when the process is asked to.
  static constexpr int64_t kDrainMs = 10'000;

  // `clock` and `log` must outlive the process.
  Process(options::Options options, host::DataDirectory directory, host::SystemClock* clock,
          node::Log* log);

  // Returns when everything serves. After a failure the process can only exit.
  absl::Status Start();

  // Says in the log and by grpc.health.v1 when the node begins or ceases to take calls.
  void FollowReadiness();

  // Ends everything in order: no new calls, running ones drained, writes durable, store closed.
  void Stop();

 private:
  absl::Status ReadKeys();
  absl::Status OpenPorts();
  absl::Status OpenNode();
  void LogServing(const host::ServedAddresses& addresses);
  // A listening address with its real port, loopback for a wildcard: for this machine.
  static std::string LocalAddress(options::Address listen, uint16_t port);

  options::Options options_;
  const host::DataDirectory directory_;
  host::DiskSpace disk_space_;
  const std::string host_name_ = host::HostName();
  host::SystemClock& clock_;
  node::Log& log_;
  host::SystemRandom random_;
  std::optional<rpc::TokenKeys> keys_;

  ThreadExecutor core_executor_;
  ThreadExecutor commit_executor_;
  ThreadExecutor link_executor_;
  ThreadExecutor audit_executor_;
  std::promise<node::Node*> opened_;
  const std::shared_future<node::Node*> node_when_open_ = opened_.get_future().share();
  rpc::ServingNode serving_;
  bool taking_calls_ = false;  // as said last
  rpc::ServiceEnv env_;

  std::unique_ptr<node::Store> store_;
  std::unique_ptr<rpc::GrpcPeerNetwork> network_;
  std::unique_ptr<node::Node> node_;
  rpc::DocumentService documents_{&env_};
  rpc::CollectionService collections_{&env_};
  rpc::ClusterService cluster_{&env_};
  rpc::PeerService peers_;
  std::unique_ptr<rpc::GrpcPort> client_port_;
  std::unique_ptr<rpc::GrpcPort> peer_port_;
  std::unique_ptr<http::HttpPort> http_port_;
};

}  // namespace docstore

#endif  // DOCSTORE_SERVER_PROCESS_H_
