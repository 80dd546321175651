// The one place where absl::Status meets grpc::Status.
//
// Both have the same canonical codes. Payloads of the absl::Status (error.h) become the details of
// a google.rpc.Status in the trailer `grpc-status-details-bin`. An error without details is one
// that the services did not foresee: it keeps its code and text.

#ifndef DOCSTORE_SERVER_RPC_STATUS_MAPPING_H_
#define DOCSTORE_SERVER_RPC_STATUS_MAPPING_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace docstore::rpc {

// What a call ends with.
grpc::Status ToGrpc(const absl::Status& status);

// What a call to another node ended with; details become payloads again.
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_STATUS_MAPPING_H_
