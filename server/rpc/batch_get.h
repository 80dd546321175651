// BatchGet: many documents of one collection as a stream, one answer for each id, in order.
//
// A document is read when the answer before it has left, so a slow caller costs one document of
// memory.

#ifndef DOCSTORE_SERVER_RPC_BATCH_GET_H_
#define DOCSTORE_SERVER_RPC_BATCH_GET_H_

#include <grpcpp/grpcpp.h>

#include "server/rpc/service_env.h"

namespace docstore::rpc {

inline constexpr int kBatchGetIdsMax = 10'000;

// Begins the call. The reactor deletes itself. `env` must outlive it.
grpc::ServerWriteReactor<grpc::ByteBuffer>* StartBatchGet(const ServiceEnv& env,
                                                          const grpc::ByteBuffer& request);

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_BATCH_GET_H_
