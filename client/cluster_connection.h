// ClusterConnection: a Connection to real nodes, any of which may take any call.
//
// A call goes to the node that answered last. It goes on to the next endpoint only while it is
// known to have had no effect: the node could not be connected to, or said UNAVAILABLE with a
// reason of this API. A read also goes on after any other UNAVAILABLE. A write whose connection
// broke after it was sent is never sent again: its error says ambiguous (error.h). Thread-safe.

#ifndef DOCSTORE_CLIENT_CLUSTER_CONNECTION_H_
#define DOCSTORE_CLIENT_CLUSTER_CONNECTION_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "client/connection.h"

namespace docstore::client {

struct ConnectionOptions {
  // For one call with all its endpoints, in milliseconds.
  int64_t deadline_ms = 10'000;
  // For connecting to one endpoint while others are left to try.
  int64_t connect_timeout_ms = 2'000;
  // A bulk stream or an audit without any answer or progress for so long counts as broken.
  int64_t stall_timeout_ms = 60'000;
  // Calls end with CANCELLED soon after it becomes true. May be null; must outlive the connection.
  const std::atomic<bool>* interrupted = nullptr;
};

// `endpoints` as ParseEndpoints gives them, at least one. Connects when first needed.
std::unique_ptr<Connection> MakeClusterConnection(const std::vector<std::string>& endpoints,
                                                  const ConnectionOptions& options);

}  // namespace docstore::client

#endif  // DOCSTORE_CLIENT_CLUSTER_CONNECTION_H_
