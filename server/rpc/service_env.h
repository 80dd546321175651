// ServiceEnv: what the services for clients work with.
//
// One for all services of a process. Everything it points to must outlive them and be thread-safe.

#ifndef DOCSTORE_SERVER_RPC_SERVICE_ENV_H_
#define DOCSTORE_SERVER_RPC_SERVICE_ENV_H_

#include <cstdint>
#include <string>

#include "server/node/env.h"
#include "server/rpc/serving_node.h"
#include "server/rpc/token.h"

namespace docstore::rpc {

struct ServiceEnv {
  const ServingNode* node = nullptr;
  const node::Store* store = nullptr;  // only to warm what a write will read
  const TokenKeys* tokens = nullptr;
  const node::Clock* clock = nullptr;
  node::Random* random = nullptr;
  node::Executor* audit_executor = nullptr;  // runs the slices of audits
  std::string node_name;
  std::string server_version;
  uint64_t document_bytes_max = 0;
  bool exposed = false;  // without TLS and authentication on other than loopback
};

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_SERVICE_ENV_H_
