// OneNode: a whole node on memory behind a real client port on loopback, for tests of the services.
//
// Commits and audits can be held back, so that a test sees calls wait.

#ifndef DOCSTORE_SERVER_RPC_ONE_NODE_TESTING_H_
#define DOCSTORE_SERVER_RPC_ONE_NODE_TESTING_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/base/mutex.h"
#include "server/core/dot.h"
#include "server/host/stderr_log.h"
#include "server/host/system_clock.h"
#include "server/node/env.h"
#include "server/node/node.h"
#include "server/rpc/cluster_service.h"
#include "server/rpc/collection_service.h"
#include "server/rpc/document_service.h"
#include "server/rpc/grpc_port.h"
#include "server/rpc/service_env.h"
#include "server/rpc/serving_node.h"
#include "server/rpc/token.h"
#include "server/storage/memory_store.h"
#include "server/thread/thread_executor.h"

namespace docstore::rpc {

// Passes tasks on, or keeps them until it is told to go on.
class HeldExecutor final : public node::Executor {
 public:
  void Post(Task task) override;
  void PostAfter(int64_t delay_us, Task task) override;
  void Hold();
  void Release();
  // Returns once `count` tasks wait. Only while held.
  void AwaitHeldTask(size_t count = 1);
  void Stop() { thread_.Stop(); }

 private:
  Mutex mutex_;
  bool holding_ ABSL_GUARDED_BY(mutex_) = false;
  CondVar changed_;
  std::vector<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  ThreadExecutor thread_;
};

// A network in which nobody answers.
class EmptyNetwork final : public node::PeerNetwork {
 public:
  explicit EmptyNetwork(node::Executor* executor) : executor_(executor) {}
  std::unique_ptr<node::PeerStream> Dial(const std::string& address,
                                         node::PeerStreamEvents* events) override;
  void Identify(const std::string& address, int64_t timeout_ms,
                absl::AnyInvocable<void(absl::StatusOr<Identity>)> done) override;

 private:
  node::Executor* const executor_;
};

struct OneNodeOptions {
  uint64_t document_bytes_max = 1 << 20;
  std::vector<std::string> seeds;
  std::shared_ptr<storage::MemoryDisk> disk;  // null: a fresh one
  node::DiskSpace* disk_space = nullptr;
  uint64_t min_free_disk_bytes = 0;
  bool await_ready = true;
  bool start_node = true;  // false: the port serves, the node does not exist yet
};

// The disk of a node that has the first write of `peer`, to c/peer, and knows of no other one.
std::shared_ptr<storage::MemoryDisk> DiskWithPeer(core::Origin peer);

class OneNode {
 public:
  explicit OneNode(OneNodeOptions options = {});
  ~OneNode();

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  std::string address() const;
  GrpcPort& port() { return *port_; }
  const ServiceEnv& env() const { return env_; }
  HeldExecutor& commits() { return commit_executor_; }
  HeldExecutor& audits() { return audit_executor_; }
  node::Node& node() { return *node_; }

 private:
  void StartNode(const OneNodeOptions& options);

  host::SystemClock clock_;
  host::SystemRandom random_;
  host::StderrLog log_{&clock_};
  std::unique_ptr<node::Store> store_;
  ThreadExecutor core_executor_;
  HeldExecutor commit_executor_;
  ThreadExecutor link_executor_;
  HeldExecutor audit_executor_;
  EmptyNetwork network_{&link_executor_};
  const TokenKeys tokens_ = TokenKeys::FromClusterName("test");
  std::unique_ptr<node::Node> node_;
  ServingNode serving_;
  ServiceEnv env_;
  std::unique_ptr<DocumentService> documents_;
  std::unique_ptr<CollectionService> collections_;
  std::unique_ptr<ClusterService> cluster_;
  std::unique_ptr<GrpcPort> port_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_ONE_NODE_TESTING_H_
