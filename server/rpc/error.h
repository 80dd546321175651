// Errors as clients of the public API get them: an absl::Status whose payloads are the google.rpc
// messages that end up in the trailer `grpc-status-details-bin`.
//
// Every error names the field and the limit at fault and ends in what to do. The reasons below are
// part of the API (proto/docstore/v1/document.proto): never rename one. Status values are safe to
// hand between threads.

#ifndef DOCSTORE_SERVER_RPC_ERROR_H_
#define DOCSTORE_SERVER_RPC_ERROR_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace docstore::rpc {

// ErrorInfo.domain of every error.
inline constexpr char kErrorDomain[] = "docstore";

// ErrorInfo.reason.
namespace reason {
inline constexpr char kBadName[] = "BAD_NAME";
inline constexpr char kBadId[] = "BAD_ID";
inline constexpr char kBadJson[] = "BAD_JSON";
inline constexpr char kTooLarge[] = "TOO_LARGE";
inline constexpr char kBadCondition[] = "BAD_CONDITION";
inline constexpr char kBadContext[] = "BAD_CONTEXT";
inline constexpr char kBadPage[] = "BAD_PAGE";
inline constexpr char kBadRequest[] = "BAD_REQUEST";
inline constexpr char kBadCount[] = "BAD_COUNT";
inline constexpr char kNotFound[] = "NOT_FOUND";
inline constexpr char kAlreadyExists[] = "ALREADY_EXISTS";
inline constexpr char kMoved[] = "MOVED";
inline constexpr char kTooManySiblings[] = "TOO_MANY_SIBLINGS";
inline constexpr char kUnknownOrigin[] = "UNKNOWN_ORIGIN";
inline constexpr char kNotCaughtUp[] = "NOT_CAUGHT_UP";
inline constexpr char kNotReady[] = "NOT_READY";
inline constexpr char kBusy[] = "BUSY";
inline constexpr char kDiskFull[] = "DISK_FULL";
inline constexpr char kStorage[] = "STORAGE";
}  // namespace reason

// ErrorInfo.metadata: key and value, both readable.
using ErrorMetadata = std::vector<std::pair<std::string, std::string>>;

// `code` with an ErrorInfo of `reason` and `metadata`.
absl::Status Error(absl::StatusCode code, const char* reason, absl::string_view message,
                   const ErrorMetadata& metadata = {});

// INVALID_ARGUMENT with an ErrorInfo and a BadRequest that names `field`, a path in the request as
// in "condition.if_version". `offset`: of the faulty byte in that field, -1 when it does not apply;
// it also stands in ErrorInfo.metadata["offset"].
absl::Status InvalidField(const char* reason, absl::string_view field, absl::string_view message,
                          int64_t offset = -1);

// UNAVAILABLE with an ErrorInfo and a RetryInfo of `retry_ms` milliseconds: it had no effect.
absl::Status RetryLater(const char* reason, absl::string_view message, int64_t retry_ms);

// What an error says beside code and message.
struct ErrorDetails {
  std::string reason;  // empty when it has no ErrorInfo
  std::string field;   // of the first violation, empty when there is none
  int64_t offset = -1;
};
ErrorDetails DetailsOf(const absl::Status& status);

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_ERROR_H_
