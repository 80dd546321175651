#include "server/rpc/message_bytes.h"

#include <grpcpp/support/slice.h>

#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "server/base/check.h"
#include "server/rpc/error.h"

namespace docstore::rpc {
namespace {

bool Parse(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite* message) {
  grpc::Slice slice;
  // One slice is the rule for messages below gRPC's 8 KiB reads; the rest is joined first.
  if (!bytes.TrySingleSlice(&slice).ok() && !bytes.DumpToSingleSlice(&slice).ok()) return false;
  return slice.size() <= std::numeric_limits<int>::max() &&
         message->ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
}

}  // namespace

absl::Status ParseMessage(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite* message) {
  if (Parse(bytes, message)) return absl::OkStatus();
  return InvalidField(reason::kBadRequest, "request",
                      absl::StrCat("the bytes of the request are no ", message->GetTypeName(),
                                   "; send a protobuf message of docstore/v1"));
}

grpc::ByteBuffer SerializeMessage(const google::protobuf::MessageLite& message) {
  const size_t size = message.ByteSizeLong();
  CHECK(size <= std::numeric_limits<int>::max());
  grpc::Slice slice(size);
  // A fresh slice has no other owner yet.
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace docstore::rpc
