// What the client library returns about the cluster, as plain structs; the contract is
// proto/docstore/v1/cluster.proto.

#ifndef DOCSTORE_CLIENT_CLUSTER_H_
#define DOCSTORE_CLIENT_CLUSTER_H_

#include <cstdint>
#include <string>
#include <vector>

namespace docstore::client {

struct Node {
  std::string name;
  std::string state;  // "self", "connected", "unreachable" or "unknown"
  std::string role;   // "master" or "unknown"
  std::string client_address;
  std::string peer_address;
  std::string node_uuid;
  uint64_t behind = 0;         // writes the answering node has and this one has not
  uint64_t ahead = 0;          // writes this one has and the answering node has not
  int64_t last_heard_ms = -1;  // -1: never
  uint64_t sent_frames = 0;
  uint64_t sent_bytes = 0;
  uint64_t received_frames = 0;
  uint64_t received_bytes = 0;
  std::string last_error;
};

struct ClusterStatus {
  std::string cluster_name;
  std::string seen_by;
  int64_t seen_at_ms = 0;
  std::vector<Node> nodes;  // by name
  bool converged = false;   // by last reports; WaitConverged is the barrier
  bool ready = false;
  uint64_t collection_count = 0;
  uint64_t document_count = 0;
  uint64_t conflict_count = 0;
  uint64_t bytes_on_disk = 0;
  std::vector<std::string> alarms;
  std::string server_version;
  bool insecure = false;
};

struct NodeBehind {
  std::string name;
  bool reachable = false;
  uint64_t missing = 0;
};

struct Convergence {
  bool converged = false;
  int64_t waited_ms = 0;
  std::vector<NodeBehind> behind;
  std::string served_by;
};

}  // namespace docstore::client

#endif  // DOCSTORE_CLIENT_CLUSTER_H_
