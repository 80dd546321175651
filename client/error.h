// What a failed call says beyond its code: reason, field, byte offset, and whether a write may have
// been applied all the same.
//
// A node sends google.rpc details in `grpc-status-details-bin`; they ride on absl::Status as
// payloads, so that statuses stay ordinary ones and nothing is parsed unless somebody asks.

#ifndef DOCSTORE_CLIENT_ERROR_H_
#define DOCSTORE_CLIENT_ERROR_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace docstore::client {

struct ErrorDetail {
  std::string reason;   // ErrorInfo.reason of domain "docstore"; empty when the node gave none
  std::string field;    // the request field at fault, for INVALID_ARGUMENT
  int64_t offset = -1;  // byte offset of the fault in the document's text, -1: none
  // True for a write that was sent and whose outcome is unknown: it may have been applied. Never
  // true for a read.
  bool ambiguous = false;
};

// The details of `status`; empty ones for statuses of other origin.
ErrorDetail DetailOf(const absl::Status& status);

// Attaches `detail` to `status`, which is not OK.
absl::Status WithDetail(absl::Status status, const ErrorDetail& detail);

// absl status with what a gRPC call ended with: `details_bin` are the bytes of
// grpc-status-details-bin (a google.rpc.Status), ignored where they are malformed.
absl::Status StatusFromCall(int code, const std::string& message, const std::string& details_bin);

// Of a write that was sent: marks the codes after which it may have been applied all the same
// (UNKNOWN, CANCELLED, DEADLINE_EXCEEDED, INTERNAL, and UNAVAILABLE without a reason of this API).
absl::Status MarkAmbiguous(absl::Status status);

}  // namespace docstore::client

#endif  // DOCSTORE_CLIENT_ERROR_H_
