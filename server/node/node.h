// Node: a whole docstore node without its network edge; what the gRPC services call.
//
// It joins the write pipeline (pipeline.h) and the mesh of peers (mesh.h). Public calls are
// thread-safe and never block on disk or network, except that View reads go to the store.

#ifndef DOCSTORE_SERVER_NODE_NODE_H_
#define DOCSTORE_SERVER_NODE_NODE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/clock.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/node/disk_reserve.h"
#include "server/node/env.h"
#include "server/node/floor_keeper.h"
#include "server/node/group_commit.h"
#include "server/node/mesh.h"
#include "server/node/pipeline.h"
#include "server/node/status.h"
#include "server/node/view.h"

namespace docstore::node {

struct NodeOptions {
  std::string name;
  std::string cluster_name;
  std::string peer_address;    // as advertised to peers, host:port
  std::string client_address;  // as advertised to clients, host:port
  std::vector<std::string> seeds;
  // Free bytes below which the node refuses writes and pauses replication; 0: it never does.
  uint64_t min_free_disk_bytes = 0;
  std::string key_proof;  // see core::Hello
  FloorOptions floor;
  // Judges the key proof of a peer's Hello.
  std::function<bool(const std::string& key_proof)> verify_key;
};

// The outside world; all must outlive the Node.
struct NodeEnv {
  Clock* clock = nullptr;
  Random* random = nullptr;
  Log* log = nullptr;
  Store* store = nullptr;
  PeerNetwork* network = nullptr;
  DiskSpace* disk_space = nullptr;      // null: not watched
  Executor* core_executor = nullptr;    // runs Step
  Executor* commit_executor = nullptr;  // runs commits
  Executor* link_executor = nullptr;    // runs all links
  // Called once, from any executor, when the node cannot go on: the process must end. `status` says
  // why, for the operator.
  std::function<void(const absl::Status& status)> fatal;
};

class Node {
 public:
  // Recovers from the store. FAILED_PRECONDITION when the disk belongs to another cluster or to a
  // node of another name.
  static absl::StatusOr<std::unique_ptr<Node>> Open(NodeOptions options, NodeEnv env);

  // The executors must have stopped.
  ~Node();

  // Dials seeds and members from here on.
  void Start();
  // Takes no more writes (they get NOT_CAUGHT_UP... never an effect), tells peers goodbye, and
  // calls `done` when everything accepted is durable.
  void Shutdown(absl::AnyInvocable<void()> done);

  // Applies one write; `done` runs on an internal thread after the write is durable or refused, and
  // must not block. `write.ticket` is ignored. Fails without effect: with UNAVAILABLE when the node
  // shuts down, is being repaired or its queue is full, with RESOURCE_EXHAUSTED while the disk has
  // too little room.
  void Write(core::ClientWrite write, WriteDone done);

  // The last committed state. Cheap.
  std::shared_ptr<const View> view() const;

  // What this node sees of the cluster, as of now; `done` runs on the link executor.
  void GetStatus(absl::AnyInvocable<void(ClusterStatus)> done);

  // Barrier: waits until every member has everything that any reachable member had when this was
  // called, or until `timeout_ms` passed. `done` runs on the link executor.
  void WaitConverged(int64_t timeout_ms, absl::AnyInvocable<void(Convergence)> done);

  // For the peer service: takes over a stream that a peer opened. Call on the link executor.
  // Returns the sink of its events.
  PeerStreamEvents* AcceptStream(std::unique_ptr<PeerStream> stream);

  PeerNetwork::Identity identity() const;

  // Reads `key` into memory so that a write of it, sent next, finds it there. Thread-safe.
  void Warm(const core::DocumentKey& key) const { env_.store->Warm(key); }

  // Joined and caught up with the clocks of its first Hellos, or no peer reachable for 10 s; and
  // not being repaired. Else the node may lack most documents: clients must be turned away with
  // UNAVAILABLE.
  bool ready() const;

 private:
  Node(NodeOptions options, NodeEnv env, core::Recovered recovered);

  NodeOptions options_;
  NodeEnv env_;
  PeerNetwork::Identity identity_;
  std::unique_ptr<DiskReserve> disk_reserve_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<Mesh> mesh_;
};

}  // namespace docstore::node

#endif  // DOCSTORE_SERVER_NODE_NODE_H_
