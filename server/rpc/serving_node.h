// ServingNode: the node that the services work with, once there is one.
//
// The ports open before the node does: a node tells its peers the real port it listens on. Until
// then, and while the node catches up with the peers it met at start, calls are refused with
// UNAVAILABLE and have no effect. Thread-safe.

#ifndef DOCSTORE_SERVER_RPC_SERVING_NODE_H_
#define DOCSTORE_SERVER_RPC_SERVING_NODE_H_

#include <atomic>

#include "absl/status/statusor.h"
#include "server/node/node.h"

namespace docstore::rpc {

class ServingNode {
 public:
  // `node` must outlive every call that the services take.
  void Set(node::Node* node) { node_.store(node, std::memory_order_release); }

  // The node, ready to serve documents. UNAVAILABLE (NOT_READY) otherwise.
  absl::StatusOr<node::Node*> Ready() const;

  // The node, ready or not. UNAVAILABLE (NOT_READY) before Set.
  absl::StatusOr<node::Node*> Any() const;

  bool ready() const;

 private:
  std::atomic<node::Node*> node_ = nullptr;
};

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_SERVING_NODE_H_
