// BulkWrite: a stream of writes in, a stream of results out, with a bounded window between.
//
// An item holds its place in the window from when it is handed to the node until its result has
// left; a full window stops the reading of the stream, so a caller that does not read its results
// or a node that cannot keep up costs bounded memory. Items of one key are applied in stream order.
//
// Three kinds of thread meet here: gRPC's, ending a read or a write, and the node's, ending an
// item. One mutex guards the state; whoever changes it decides under the mutex what begins next and
// begins it after. The call ends when no item, read or write is open, so nothing outlives it.

#ifndef DOCSTORE_SERVER_RPC_BULK_WRITE_H_
#define DOCSTORE_SERVER_RPC_BULK_WRITE_H_

#include <grpcpp/grpcpp.h>

#include <cstddef>

#include "server/rpc/service_env.h"

namespace docstore::rpc {

inline constexpr size_t kBulkItemsOpenMax = 256;
inline constexpr size_t kBulkBytesOpenMax = 4 << 20;

// Begins the call. The reactor deletes itself. `env` must outlive it.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StartBulkWrite(
    const ServiceEnv& env, const grpc::CallbackServerContext* context);

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_BULK_WRITE_H_
