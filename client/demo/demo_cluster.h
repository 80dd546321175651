// DemoCluster: three nodes of one cluster that live as long as this object, and what is done to
// them: cut off, killed, started again, asked how they are.
//
// Nodes are numbered from 0 here and named node1, node2, node3. One thread; waits end early, with
// CANCELLED, once `interrupted` is true.

#ifndef DOCSTORE_CLIENT_DEMO_DEMO_CLUSTER_H_
#define DOCSTORE_CLIENT_DEMO_DEMO_CLUSTER_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/client.h"
#include "client/demo/cuttable_network.h"
#include "client/demo/node_process.h"
#include "client/demo/scratch_directory.h"

namespace docstore::client::demo {

inline constexpr size_t kNodes = 3;

// How one node is, by what all that answer say.
struct NodeSurvey {
  bool running = false;
  bool cut = false;
  std::optional<ClusterStatus> status;  // what the node itself says, if it answers
  std::vector<std::string> linked;      // names of those it is linked to
  // By the last reports that the nodes had of each other:
  uint64_t behind = 0;  // writes that it lacks, at most what one of the others has
  uint64_t ahead = 0;   // writes it has and one of the others lacks
};

struct Survey {
  std::array<NodeSurvey, kNodes> nodes;
  bool converged = false;  // all three run, are linked and say so
};

class DemoCluster {
 public:
  // Starts the nodes and waits until all take calls and see each other. `program` is the path of
  // docstored; `interrupted` must outlive the cluster. Fails as NodeProcess does, and with
  // DEADLINE_EXCEEDED.
  static absl::StatusOr<std::unique_ptr<DemoCluster>> Start(const std::string& program,
                                                            const std::atomic<bool>* interrupted);

  const std::string& name(size_t node) const { return processes_[node]->name(); }
  const std::string& client_address(size_t node) const {
    return processes_[node]->client_address();
  }
  bool running(size_t node) { return processes_[node]->Running(); }
  bool cut(size_t node) const { return network_->cut(node); }
  // No link between the two is possible.
  bool separated(size_t a, size_t b) const { return a != b && (cut(a) || cut(b)); }
  // A client of this node alone; made anew by each start of the node.
  Client* client(size_t node) { return clients_[node].get(); }

  void Cut(size_t node) { network_->SetCut(node, true); }
  void Heal(size_t node) { network_->SetCut(node, false); }
  void Kill(size_t node);
  // Starts a node that does not run and waits until it takes calls.
  absl::Status Restart(size_t node);

  Survey Look();

  // Waits until every node has everything; OK then. Needs all to run and none to be cut.
  // DEADLINE_EXCEEDED after `timeout_ms`.
  absl::Status AwaitConverged(int64_t timeout_ms);

 private:
  explicit DemoCluster(const std::atomic<bool>* interrupted) : interrupted_(*interrupted) {}
  absl::Status Open(const std::string& program, const std::atomic<bool>* interrupted);
  absl::Status Launch(size_t node);
  absl::Status AwaitReady(size_t node);
  // Calls `done` until it returns true or an error.
  template <typename Done>
  absl::Status Await(int64_t timeout_ms, const std::string& what, const Done& done);

  const std::atomic<bool>& interrupted_;
  std::unique_ptr<ScratchDirectory> directory_;
  std::unique_ptr<CuttableNetwork> network_;
  std::vector<std::unique_ptr<NodeProcess>> processes_;  // before its directory and network
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace docstore::client::demo

#endif  // DOCSTORE_CLIENT_DEMO_DEMO_CLUSTER_H_
