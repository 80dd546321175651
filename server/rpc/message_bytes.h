// Protobuf messages to and from the bytes that gRPC carries.
//
// The services take raw bytes and parse them here, so that a message that is no message, or a name
// that is not UTF-8, gets an answer that says so; see server/rpc/raw.

#ifndef DOCSTORE_SERVER_RPC_MESSAGE_BYTES_H_
#define DOCSTORE_SERVER_RPC_MESSAGE_BYTES_H_

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/byte_buffer.h>

#include "absl/status/status.h"

namespace docstore::rpc {

// INVALID_ARGUMENT (BAD_REQUEST) when `bytes` are no such message.
absl::Status ParseMessage(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite* message);

grpc::ByteBuffer SerializeMessage(const google::protobuf::MessageLite& message);

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_MESSAGE_BYTES_H_
